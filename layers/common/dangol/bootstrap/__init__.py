"""The composition root: builds each stage from its adapters, once per process.

One module for each stage, or question, of that name; each loads only what its own builder needs, and is loaded when
that is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dangol.bootstrap.aws import client as client, session as session, use_credentials as use_credentials
    from dangol.bootstrap.channels import build_templates as build_templates
    from dangol.bootstrap.control import build_controller as build_controller
    from dangol.bootstrap.dispatch import dispatcher as dispatcher
    from dangol.bootstrap.lake import athena_lake as athena_lake
    from dangol.bootstrap.notices import notifier as notifier
    from dangol.bootstrap.person import build_person_keeper as build_person_keeper
    from dangol.bootstrap.process import clock as clock, clock_of as clock_of
    from dangol.bootstrap.record import build_recorder as build_recorder, recorder as recorder
    from dangol.bootstrap.report import build_reporter as build_reporter, report_key as report_key, reporter as reporter
    from dangol.bootstrap.segment import athena_queries as athena_queries, reminder as reminder, segmenter as segmenter
    from dangol.bootstrap.track import tracker as tracker
    from dangol.bootstrap.trials import trial as trial
    from dangol.bootstrap.why import build_inquiry as build_inquiry

# Where each of them is; what mypy reads stands above.
_MODULES: Final = {
    "athena_lake": "lake",
    "athena_queries": "segment",
    "build_controller": "control",
    "build_inquiry": "why",
    "build_person_keeper": "person",
    "build_recorder": "record",
    "build_reporter": "report",
    "build_templates": "channels",
    "client": "aws",
    "clock": "process",
    "clock_of": "process",
    "dispatcher": "dispatch",
    "notifier": "notices",
    "recorder": "record",
    "reminder": "segment",
    "report_key": "report",
    "reporter": "report",
    "segmenter": "segment",
    "session": "aws",
    "tracker": "track",
    "trial": "trials",
    "use_credentials": "aws",
}


def __getattr__(name: str) -> Any:
    """A builder, from its own module."""
    if name not in _MODULES:
        raise AttributeError(name)
    return getattr(import_module(f"dangol.bootstrap.{_MODULES[name]}"), name)
