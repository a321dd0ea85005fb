"""Dead letters go back once, in bounded steps, with progress."""

from typing import Any, cast

import pytest

from cli.redriving import redrive
from dangol.adapters.queues import DeadLetters


class Letters:
    """A dead-letter queue that answers as it is told."""

    def __init__(self, waiting: int, *answers: int) -> None:
        self._waiting = waiting
        self._answers = list(answers)
        self.asked: list[int] = []

    def waiting(self) -> int:
        return self._waiting

    def redrive(self, most: int) -> int:
        self.asked.append(most)
        return min(most, self._answers.pop(0))


def run(letters: Letters, most: int | None = None) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    seen: list[tuple[int, int]] = []
    told = redrive(cast("DeadLetters", letters), most, lambda *step: seen.append(step))
    return told, seen


def test_what_waits_goes_back_in_steps_of_ten():
    letters = Letters(25, 10, 10, 10)

    told, seen = run(letters)

    assert told == {"moved": 25, "left": 0}
    assert letters.asked == [10, 10, 5]
    assert seen == [(10, 25), (20, 25), (25, 25)]


def test_no_more_go_back_than_were_asked_for():
    letters = Letters(25, 10, 10)

    assert run(letters, 12)[0] == {"moved": 12, "left": 13}
    assert letters.asked == [10, 2]


def test_an_empty_answer_is_not_the_end_but_three_are():
    assert run(Letters(5, 0, 0, 3, 0, 0, 0))[0] == {"moved": 3, "left": 2}


@pytest.mark.parametrize("most", [None, 7])
def test_an_empty_queue_is_left_alone(most):
    letters = Letters(0)

    assert run(letters, most)[0] == {"moved": 0, "left": 0}
    assert letters.asked == []
