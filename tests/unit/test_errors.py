import inspect
import re

import pytest

from dangol.domain import errors
from dangol.domain.errors import DangolError, DefinitionError, InputError, SendError

CLASSES = {name: cls for name, cls in vars(errors).items() if inspect.isclass(cls) and issubclass(cls, Exception)}


def drawn() -> dict[str, str]:
    """Every class in the docstring's tree, with the one it hangs from."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"((?:[│├└─ ]{4})*)([A-Z]\w+Error)\b", line):
            path = [*path[: len(match[1]) // 4], match[2]]
            parents[match[2]] = path[-2] if len(path) > 1 else "Exception"
    return parents


def test_the_tree_in_the_docstring_is_the_tree_of_classes():
    assert drawn() == {name: cls.__mro__[1].__name__ for name, cls in CLASSES.items()}


def test_every_error_says_what_it_means():
    assert all(cls.__doc__ for cls in CLASSES.values())


def test_only_what_a_provider_certainly_did_not_take_is_repeated():
    assert {n for n, c in CLASSES.items() if getattr(c, "retryable", False)} == {"ThrottledError", "UnavailableError"}
    assert SendError.retryable is False


def test_a_definition_error_tells_field_problem_and_hint_in_one_line():
    error = DefinitionError("is not a share", field="holdout", hint="write it like 10%")

    assert str(error) == "holdout: is not a share: write it like 10%"
    assert (error.field, error.problem, error.hint) == ("holdout", "is not a share", "write it like 10%")
    assert str(DefinitionError("is empty")) == "is empty"


def test_an_input_error_tells_the_field_at_fault():
    assert str(InputError("is missing", field="userId")) == "userId: is missing"
    assert str(InputError("is missing")) == "is missing"
    with pytest.raises(DangolError):
        raise InputError("is missing")
