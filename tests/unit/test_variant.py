from collections import Counter

import pytest
from hypothesis import given, strategies as st

from dangol.domain.campaign import Campaign, Variant
from dangol.domain.draw import point
from dangol.domain.variant import HOLDOUT, Arm, _weighted, arm_for, arms, holdout_share, weighted_variant
from tests.actors import campaign

PEOPLE = [f"person-{number}" for number in range(10_000)]
# Four standard errors of a share of a half.
TOLERANCE = 0.02


def split(of: Campaign, holdout: float = 0.0) -> Counter[int | None]:
    found = [arm_for(user, "sale", of, holdout, None) for user in PEOPLE]
    return Counter(arm.variant for arm in found if arm)


def weighing(*weights: int) -> Campaign:
    return campaign(variants=[{"name": f"v{i}", "weight": weight} for i, weight in enumerate(weights)])


@given(st.text(), st.text())
def test_a_point_lies_from_nought_to_below_one(salt, user_id):
    assert 0 <= point(salt, user_id) < 1


def test_even_the_last_point_is_below_one(monkeypatch):
    class Last:
        def __init__(self, _raw: bytes) -> None: ...

        def digest(self) -> bytes:
            return b"\xff" * 32

    monkeypatch.setattr("dangol.domain.draw.sha256", Last)

    assert point("salt", "ann") < 1


def test_points_stay_where_they_were_drawn():
    # A campaign that is running must not be dealt again by a new version.
    assert point("sale:holdout", "person-1") == pytest.approx(0.8699794914813622, abs=1e-15)


@pytest.mark.parametrize("weights", [(1,), (1, 1), (1, 3), (1, 2, 7), (5, 0, 5)])
@pytest.mark.parametrize("holdout", [0.0, 0.1, 0.5, 1.0])
def test_shares_are_as_weighed_and_the_holdout_as_large_as_said(weights, holdout):
    counted = split(weighing(*weights), holdout)

    assert counted[None] / len(PEOPLE) == pytest.approx(holdout, abs=TOLERANCE)
    for index, weight in enumerate(weights):
        share = (1 - holdout) * weight / sum(weights)
        assert counted[index] / len(PEOPLE) == pytest.approx(share, abs=TOLERANCE if share else 0)


def test_the_same_person_gets_the_same_arm_each_time():
    assert split(weighing(1, 1), 0.2) == split(weighing(1, 1), 0.2)


def test_two_campaigns_hold_different_people_out():
    of = campaign()
    held = [{u for u in PEOPLE if arm_for(u, name, of, 0.1, None) == Arm(None)} for name in ("a", "b")]

    assert len(held[0] & held[1]) / len(PEOPLE) == pytest.approx(0.01, abs=0.005)


def test_a_larger_holdout_holds_the_same_people_and_more():
    of = campaign()
    small, large = ({u for u in PEOPLE if arm_for(u, "s", of, share, None) == Arm(None)} for share in (0.1, 0.2))

    assert small < large


def test_the_arm_does_not_depend_on_who_is_held_out():
    of = weighing(1, 1)

    for user in PEOPLE[:1_000]:
        arm = arm_for(user, "sale", of, 0.3, None)
        assert arm == (Arm(None) if arm and arm.held_out else Arm(weighted_variant(user, "sale", of)))


def test_a_point_at_the_very_end_falls_to_the_last_with_a_weight():
    tenths = [Variant(name=str(i)) for i in range(10)]

    assert _weighted([*tenths, Variant(name="none", weight=0)], 1.0) == 9


def test_a_campaign_without_variants_has_one():
    assert [v.name for v in arms(campaign())] == ["A"]
    assert split(campaign()) == {0: len(PEOPLE)}


def test_a_split_that_was_drawn_elsewhere_is_taken_over():
    of = campaign(assign_by={"trait": "arm", "holdout": "No E-Mail"}, variants=[{"name": "Mens"}, {"name": "Womens"}])

    assert arm_for("ann", "sale", of, 0.5, "No E-Mail") == Arm(None)
    assert arm_for("ann", "sale", of, 0.5, "Womens") == Arm(1)
    assert arm_for("ann", "sale", of, 0.5, "Other") is None
    assert arm_for("ann", "sale", of, 0.5, None) is None


def test_a_split_drawn_elsewhere_without_a_holdout_holds_nobody_out():
    of = campaign(assign_by={"trait": "arm"}, variants=[{"name": "Mens"}])

    assert arm_for("ann", "sale", of, 0.5, None) is None
    assert arm_for("ann", "sale", of, 0.5, "Mens") == Arm(0)


def test_the_project_s_holdout_is_for_marketing_that_says_nothing_else():
    assert holdout_share(campaign(), 0.1) == 0.1
    assert holdout_share(campaign(holdout="20%"), 0.1) == 0.2
    assert holdout_share(campaign(holdout="0%"), 0.1) == 0.0
    assert holdout_share(campaign(purpose="information"), 0.1) == 0.0


def test_the_holdout_is_the_arm_that_gets_nothing():
    assert Arm(None).held_out
    assert not Arm(0).held_out
    assert HOLDOUT == "holdout"
