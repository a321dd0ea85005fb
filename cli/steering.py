"""Pause, resume and cancel: what the three commands share."""

from collections.abc import Callable
from typing import Any, Final

from cli.connecting import project_and_stack
from cli.invocation import Invocation
from cli.output import emit
from cli.status_view import render_status
from cli.words import words
from dangol import bootstrap
from dangol.domain.errors import ConflictError
from dangol.pipeline.control import Controller
from dangol.ports import RunItem

_OVER: Final = frozenset({"finished"})


def steer(invocation: Invocation, name: str, wish: Callable[[Controller, RunItem], None], *, as_json: bool) -> None:
    """Do what is wished with a run, named by itself or by its campaign for the latest; print its status then.

    Raises:
        NotFoundError: there is no such run.
        ConflictError: the run is over.
    """
    project, stack = project_and_stack(invocation)
    reporter = bootstrap.build_reporter(stack.settings)
    before = reporter.status(name)
    if before["state"] in _OVER:
        raise ConflictError(f"{before['run']} is finished: dangol run starts another")
    wish(bootstrap.build_controller(stack.settings), stack.runs.get(before["run"]))
    status: dict[str, Any] = reporter.status(before["run"])
    emit(as_json, status, lambda console: render_status(console, status, words(project.locale)))
