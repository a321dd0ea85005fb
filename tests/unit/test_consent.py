"""What somebody says about permission, and what of it the ledger takes in."""

import pytest
from hypothesis import given, strategies as st

from dangol.domain.consent import Word, hear, news
from dangol.domain.ledger import Ledger
from tests.actors import DAY, NOON

AGREED = Ledger("ann", rev=4, consents={"email": NOON - DAY}, night=NOON - DAY)


def test_a_statement_of_many_parts_raises_rev_by_one():
    after = hear(AGREED, Word(NOON, {"email": False, "sms": True}, night=False, pace=7))

    assert (after.consents, after.night, after.pace) == ({"email": -NOON, "sms": NOON}, -NOON, 7)
    assert after.rev == 5


@pytest.mark.parametrize(
    "word",
    [
        Word(NOON - 2 * DAY, {"email": False}, night=False),
        Word(NOON, {"email": True}, night=True, live=True),
        Word(NOON, pace=0),
        Word(NOON),
    ],
)
def test_what_is_old_or_known_changes_nothing(word):
    assert hear(AGREED, word) is AGREED


def test_what_is_said_now_is_newer_than_a_date_in_the_future_and_than_this_very_second():
    ahead = Ledger("ann", consents={"email": NOON + DAY})

    out = hear(ahead, Word(NOON, {"email": False}, live=True))
    back = hear(out, Word(NOON, {"email": True}, live=True))

    assert out.consents == {"email": -NOON - DAY}
    assert back.consents == {"email": NOON + DAY + 1}
    assert hear(ahead, Word(NOON, {"email": False})) is ahead


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"consents": {"email": 5}}, Word(0, {"email": True})),
        ({}, {"consents": {"email": -5}}, Word(0, {"email": False})),
        ({"consents": {"email": 5}}, {"consents": {"email": -9}}, Word(0, {"email": False})),
        ({"consents": {"email": 5}, "night": 5}, {"consents": {"email": 9}, "night": 9}, Word(0)),
        ({"night": 5, "pace": 7}, {"night": -9, "pace": 0}, Word(0, night=False, pace=0)),
    ],
)
def test_news_is_what_is_otherwise_and_not_what_only_has_a_later_date(before, after, expected):
    assert news(Ledger("ann", **before), Ledger("ann", **after)) == expected


_WORDS = st.lists(
    st.builds(Word, st.integers(1, 9), st.dictionaries(st.sampled_from(["email", "sms"]), st.booleans()), st.booleans())
)


@given(_WORDS, st.randoms())
def test_statements_come_to_the_same_in_any_order_and_however_often(words, random):
    def told(said):
        ledger = Ledger("ann")
        for word in said:
            ledger = hear(ledger, word)
        return ledger.consents, ledger.night

    shuffled = [*words, *words[:2]]
    random.shuffle(shuffled)

    assert told(shuffled) == told(words)
