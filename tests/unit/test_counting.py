from collections import Counter
from decimal import Decimal

import pytest

from dangol.domain.ledger import HOLDOUT_VARIANT, Flag, State
from dangol.pipeline.counting import arm_key, arm_total, label_bits, of_claim, of_flag, of_skip
from tests.actors import entry


@pytest.mark.parametrize("state", [State.SENT, State.FAILED, State.UNKNOWN, State.CANCELLED])
def test_everyone_claimed_counts_for_their_arm(state):
    assert of_claim(entry(variant=2, state=state))[f"arm:2:{state.name.lower()}"] == 1


def test_the_holdout_is_an_arm_of_its_own():
    held_out = entry(variant=HOLDOUT_VARIANT, state=State.HELD_OUT, labels=1)

    assert arm_key(held_out) == "holdout"
    assert of_claim(held_out) == Counter({"arm:holdout:held_out": 1, "label:0:audience": 1})


def test_a_failure_counts_with_its_reason():
    failed = entry(state=State.FAILED)

    assert of_claim(failed, "bad_address")["failed:bad_address"] == 1
    assert of_claim(failed)["failed:unknown"] == 1


def test_a_person_under_two_labels_counts_under_both():
    assert of_claim(entry(labels=0b101)) == Counter(
        {"arm:0:sent": 1, "label:0:audience": 1, "label:0:sent": 1, "label:2:audience": 1, "label:2:sent": 1}
    )


def test_a_label_s_sent_are_those_who_were_sent_to():
    assert "label:0:sent" not in of_claim(entry(labels=1, state=State.UNKNOWN))


def test_a_skip_counts_with_its_reason_and_labels():
    assert of_skip("no_consent", 0b10) == Counter({"skipped:no_consent": 1, "label:1:audience": 1})


def test_a_click_counts_for_arm_and_labels():
    assert of_flag(entry(labels=1), Flag.CLICKED) == Counter({"arm:0:clicked": 1, "label:0:clicked": 1})


@pytest.mark.parametrize("flag", [flag for flag in Flag if flag is not Flag.CLICKED])
def test_other_flags_count_for_the_arm_alone(flag):
    assert of_flag(entry(labels=1), flag) == Counter({f"arm:0:{flag.name.lower()}": 1})


def test_bits_are_read_from_the_lowest():
    assert list(label_bits(0)) == []
    assert list(label_bits(0b10000001)) == [0, 7]


def test_a_counter_is_summed_over_the_arms():
    counts = {
        "arm:0:sent": Decimal(2),
        "arm:1:sent": Decimal(3),
        "label:0:sent": Decimal(9),
        "arm:0:failed": Decimal(7),
    }

    assert arm_total(counts, "sent") == 5
