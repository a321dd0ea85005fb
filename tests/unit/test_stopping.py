"""A run pauses itself by its last thousand hand-overs."""

import pytest

from dangol.domain.campaign import StopWhen
from dangol.domain.stopping import Tally, base, slide, too_many

LIMITS = StopWhen.model_validate({"failed": "5%", "unsubscribed": "1%"})
START = (Tally(),)


def walked(*steps: tuple[int, int, int], marks: tuple[Tally, ...] = START) -> tuple[tuple[Tally, ...], Tally]:
    """The marks, and where the run stands, after `steps` of (handed, failed, unsubscribed)."""
    now = marks[-1]
    for handed, failed, unsubscribed in steps:
        now = Tally(now.handed + handed, now.failed + failed, now.unsubscribed + unsubscribed)
        marks = slide(marks, now)
    return marks, now


@pytest.mark.parametrize(
    ("now", "because"),
    [
        (Tally(100, 6, 0), "too_many_failed"),
        (Tally(100, 5, 1), None),
        (Tally(100, 0, 2), "too_many_unsubscribed"),
        (Tally(99, 99, 99), None),
    ],
)
def test_the_share_must_be_passed_by_a_hundred_at_least(now, because):
    assert too_many(LIMITS, START, now) == because


def test_one_share_alone_may_be_limited():
    limits = StopWhen.model_validate({"failed": "5%"})

    assert too_many(limits, START, Tally(200, 0, 200)) is None


def test_what_went_well_long_ago_does_not_hide_what_goes_wrong_now():
    marks, now = walked(*[(100, 0, 0)] * 200)
    assert too_many(LIMITS, marks, now) is None

    marks, now = walked((100, 60, 0), marks=marks)

    assert now.failed / now.handed < 0.05
    assert too_many(LIMITS, marks, now) == "too_many_failed"


def test_what_went_wrong_long_ago_is_forgotten():
    marks, now = walked((1_000, 50, 0), *[(100, 0, 0)] * 10, (100, 5, 0))

    assert too_many(LIMITS, marks, now) is None
    assert base(marks, now).failed == 50


def test_the_window_is_a_thousand_long_and_a_chunk_more_at_most():
    marks, now = walked(*[(33, 0, 0)] * 300)

    assert 1_000 <= now.handed - base(marks, now).handed < 1_000 + 100
    assert len(marks) <= 22


def test_marks_too_close_together_are_not_kept():
    assert slide(START, Tally(49)) == START
    assert slide(START, Tally(50)) == (Tally(), Tally(50))
