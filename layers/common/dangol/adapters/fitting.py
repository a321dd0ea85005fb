"""The narrowest test that AWS takes as a filter, of one that it may not take."""

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from dangol.domain.sieve import (
    ALWAYS,
    NEVER,
    All,
    Check,
    Not,
    Relation,
    Scalar,
    Some,
    Subject,
    Test,
    Times,
    all_of,
    checks,
    negate,
    some_of,
)

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_EXPRESSION: Final = 4_096
MAX_OPERATORS: Final = 300
MAX_VARIABLES: Final = 2 * 1024 * 1024
MAX_IN: Final = 100
MAX_NAME: Final = 255
# Of MAX_VARIABLES; a filter travels with every page.
# What keeps merged visitors out stands before every filter: two operators and these characters.
_RESERVED: Final = 64
_MAX_VALUES: Final = 64 * 1024
# Up to here whole numbers and their text mean the same to DynamoDB's decimals and to Python's floats.
_PLAIN_NUMBERS: Final = 2**53
_SMALLEST: Final = 1e-100
_LAST: Final = chr(sys.maxunicode)
# In characters: a placeholder with what separates it from the next; the words of a test, and those that join it.
_ROOM: Final = 6
_EXISTS: Final = 56
_COMPARES: Final = 20
# Where a profile keeps what is asked for.
PATHS: Final = {
    "trait": "traits.{}",
    "last": "did.{}.l",
    "gone": "watermarks.{}",
    "consent": "consents.{}",
    "list": "lists.{}",
}


def fitted(test: Test) -> Test:
    """The narrowest test that AWS takes as a filter and that lets everybody through whom `test` does."""
    return _fit(_sayable(test), 1.0)


def _sayable(test: Test) -> Test:
    """Leave out what DynamoDB cannot be asked, or would answer otherwise than Python."""
    match test:
        case All():
            return all_of(map(_sayable, test.parts))
        case Some():
            return some_of(map(_sayable, test.parts))
        case Check():
            spelled = _spelled(test)
            return _sayable(spelled) if spelled else test if _known(test) else ALWAYS
        case Not():
            spelled = _spelled(test.check)
            return _sayable(negate(spelled)) if spelled else test if _known(test.check) else ALWAYS


def _spelled(check: Check) -> Test | None:
    """What says the same in other words, where DynamoDB is better asked that."""
    match check:
        case Check(operand=Subject() as other) if other == check.subject:
            # AWS refuses to compare an attribute with itself.
            return Check(other, "exists") if check.relation in ("=", "<=", ">=") else NEVER
        case Check(relation="in", operand=tuple(operands)) if len(operands) > MAX_IN:
            parts = [operands[n : n + MAX_IN] for n in range(0, len(operands), MAX_IN)]
            return some_of(Check(check.subject, "in", part) for part in parts)
        case Check(relation="begins", operand=str(start)):
            return all_of(Check(check.subject, relation, bound) for relation, bound in _range(start))
        case _:
            return None


def _range(start: str) -> list[tuple[Relation, str]]:
    """Between which texts those stand that begin with `start`: DynamoDB orders text by its code points.

    MiniStack refuses a whole scan where `begins_with` comes to an attribute that is no text; AWS says no to that one.
    """
    kept = start.rstrip(_LAST)
    if not kept:
        return [(">=", start)]
    following = ord(kept[-1]) + 1
    # Between these two are the surrogates, which are no text.
    end = kept[:-1] + chr(0xE000 if following == 0xD800 else following)  # noqa: PLR2004
    return [(">=", start), ("<", end)]


def _known(check: Check) -> bool:
    operand = check.operand
    if isinstance(operand, Times):
        # It stands in the packed history.
        return False
    if isinstance(operand, Subject):
        return short(operand.name) and short(check.subject.name)
    operands = operand if isinstance(operand, tuple) else () if operand is None else (operand,)
    return short(check.subject.name) and all(map(_plain, operands))


def _plain(value: Scalar) -> bool:
    if isinstance(value, str):
        return _encodable(value)
    return value == 0 or _SMALLEST <= abs(value) <= _PLAIN_NUMBERS


def short(name: str) -> bool:
    """Whether a name may stand in an expression: AWS takes 255 bytes."""
    return _encodable(name) and len(name.encode()) <= MAX_NAME


def _encodable(text: str) -> bool:
    # A lone surrogate, which YAML may bring in, is no text to DynamoDB.
    return text.isascii() or text == text.encode(errors="ignore").decode()


def _fit(test: Test, room: float) -> Test:
    """Widen a test until its share of what AWS allows is at most `room`."""
    if _share(test) <= room:
        return test
    match test:
        case All():
            return all_of(_most(test.parts, room))
        case Some():
            return some_of(_every(test.parts, room))
        case _:
            return ALWAYS


def _most(parts: Sequence[Test], room: float) -> Iterable[Test]:
    """The small parts first, and of the others what still fits: any of them may be left out."""
    for part in sorted(parts, key=_share):
        fitting = _fit(part, room - _share(ALWAYS))
        if fitting != ALWAYS:
            room -= _share(fitting)
            yield fitting


def _every(parts: Sequence[Test], room: float) -> Iterable[Test]:
    """Each part within its share of the room: leaving one out would lose people."""
    for done, part in enumerate(sorted(parts, key=_share)):
        fitting = _fit(part, room / (len(parts) - done))
        room -= _share(fitting)
        yield fitting


def _share(test: Test) -> float:
    """How much of what AWS allows a test takes up, with the word that joins it to the next."""
    match test:
        case All() | Some():
            return _weight(2, 0, 0) + sum(map(_share, test.parts))
        case Not():
            return _weight(4, 1, 0) + _share(test.check)
        case Check():
            return _check_share(test)


def _check_share(check: Check) -> float:
    operands = check.operand if isinstance(check.operand, tuple) else (check.operand,)
    texts = [operand.name if isinstance(operand, Subject) else str(operand) for operand in operands]
    size = len(check.subject.name.encode()) + sum(len(text.encode()) for text in texts)
    path = len(PATHS[check.subject.kind]) + _ROOM
    if check.relation == "exists":
        return _weight(_EXISTS + 2 * path, 4, size)
    others = [len(PATHS[o.kind]) if isinstance(o, Subject) else 0 for o in operands]
    return _weight(_COMPARES + path + sum(others) + _ROOM * len(operands), 2, size)


def _weight(length: int, operators: int, size: int) -> float:
    return max(length / (MAX_EXPRESSION - _RESERVED), operators / (MAX_OPERATORS - 2), size / _MAX_VALUES)


def exactly_said(test: Test) -> bool:
    """Whether the filter of a test says all of it, so that who passes can be counted without being read."""
    return all(map(_known, checks(test))) and _share(test) <= 1.0
