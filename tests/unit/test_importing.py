"""An import of events asks for the project first: what it declares of them cannot be added later."""

from types import SimpleNamespace
from typing import Any

import pytest

from cli.importing import import_events
from dangol.domain.errors import NotFoundError
from tests.fakes import FakeDefinitions


def test_events_are_not_imported_before_a_project_is_applied():
    stack: Any = SimpleNamespace(definitions=FakeDefinitions())

    with pytest.raises(NotFoundError, match="dangol apply"):
        import_events(stack, iter(()), "orders.csv", lambda _: None)
