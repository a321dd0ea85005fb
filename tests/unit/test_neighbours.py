"""What a person's clicks say of each other."""

from itertools import permutations

import pytest
from hypothesis import given, strategies as st

from dangol.domain.ledger import CLICKS_KEPT, Click, Entry, Ledger, pack_clicks, unpack_clicks
from dangol.domain.neighbours import bot_clicks
from dangol.domain.tracking import HIDDEN_LINK

SENT = 1_796_000_000
ENTRY = Entry(run=1, claimed_at=SENT, variant=0, channel="email", purpose="marketing")


def click(link: int = 0, after: float = 3_600) -> Click:
    return Click(1, link, int((SENT + after) * 1000))


def test_one_click_or_many_on_one_link_are_a_person_s():
    assert bot_clicks(ENTRY, []) == frozenset()
    assert bot_clicks(ENTRY, [click(after=3_600 + n / 10) for n in range(9)]) == frozenset()


@pytest.mark.parametrize(
    ("clicks", "bots"),
    [
        ([click(0), click(1, 3_602)], 2),
        ([click(0), click(1, 3_602.001)], 0),
        ([click(0), click(1, 3_605), click(2, 3_610)], 3),
        ([click(0), click(1, 3_605), click(2, 3_610.001)], 0),
        ([click(0), click(1, 3_601), click(1, 7_200)], 2),
        ([click(0, 9.999)], 1),
        ([click(0, 10)], 0),
        # A clock that goes wrong makes no bot.
        ([click(0, -0.001)], 0),
        ([click(HIDDEN_LINK)], 1),
        ([click(0), click(HIDDEN_LINK, 3_660)], 2),
        ([click(0), click(HIDDEN_LINK, 3_660.001)], 1),
        ([click(HIDDEN_LINK), click(0, 3_660)], 2),
    ],
)
def test_links_within_seconds_the_hidden_link_and_haste_are_a_bot_s(clicks, bots):
    for order in permutations(clicks):
        assert len(bot_clicks(ENTRY, order)) == bots


@pytest.mark.parametrize(("channel", "soon"), [("email", 10), ("sms", 3), ("push", 0), ("console", 0)])
def test_how_soon_is_too_soon_depends_on_the_channel(channel, soon):
    sent = Entry(run=1, claimed_at=SENT, variant=0, channel=channel, purpose="marketing")

    assert [bool(bot_clicks(sent, [click(0, after)])) for after in range(12)] == [after < soon for after in range(12)]


CLICKS = st.builds(click, st.sampled_from([0, 1, 2, HIDDEN_LINK]), st.integers(0, 100))


@given(st.lists(CLICKS, max_size=8), st.lists(CLICKS, max_size=8))
def test_more_clicks_never_give_one_back_to_the_person(some, more):
    assert bot_clicks(ENTRY, some) <= bot_clicks(ENTRY, some + more)


@given(st.lists(st.builds(click, st.integers(0, 3), st.integers(0, 300)), max_size=90), st.randoms())
def test_the_clicks_that_are_kept_do_not_depend_on_their_order(clicks, random):
    whole = Ledger("u").clicks_with(1, clicks)
    shuffled = [*clicks, *clicks]
    random.shuffle(shuffled)
    kept = Ledger("u")
    for each in shuffled:
        kept = Ledger("u", clicks=kept.clicks_with(1, [each]))

    assert kept.clicks == whole
    assert len(whole) == min(len(set(clicks)), 2 * CLICKS_KEPT)
    assert unpack_clicks(pack_clicks(whole)) == whole
