"""Every stage is built from the variables that template.yaml gives its function, and from nothing else."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from dangol import bootstrap
from dangol.bootstrap import process, track
from dangol.bootstrap.channels import channel_of
from dangol.bootstrap.preferences import preferences
from dangol.bootstrap.process import remembered
from dangol.bootstrap.showing import shower
from dangol.channels.console import ConsoleChannel
from dangol.channels.email import EmailChannel
from dangol.channels.session import SessionChannel
from dangol.config import Settings, SettingsError, variable
from dangol.domain.errors import DefinitionError
from dangol.domain.project import Sender
from dangol.pipeline.control import Controller
from dangol.pipeline.dispatch import Dispatcher
from dangol.pipeline.notices import Notifier
from dangol.pipeline.person import PersonKeeper
from dangol.pipeline.record import Recorder
from dangol.pipeline.report import Reporter
from dangol.pipeline.segment import Segmenter
from dangol.pipeline.track import Tracker
from dangol.pipeline.trial import Trial
from dangol.pipeline.why import Inquiry
from tests.fakes import FakeClock
from tests.unit.test_template import STAGES, TEMPLATE, function

BUILT = {"segment": Segmenter, "dispatch": Dispatcher, "track": Tracker, "record": Recorder, "report": Reporter}
BUILDERS = ("segmenter", "dispatcher", "tracker", "recorder", "reporter")
CACHED = [preferences, *(getattr(bootstrap, name) for name in (*BUILDERS, "clock", "report_key", "notifier", "trial"))]
SENDER = Sender(name="x", email="x@y.z")
SETTINGS = Settings("dangol", "ap-northeast-2", "/dangol/dangol", lake_bucket="b", endpoint="http://127.0.0.1:1")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of this machine, and nothing that another test built."""
    for field in fields(Settings):
        monkeypatch.delenv(variable(field.name), raising=False)
    monkeypatch.setenv("AWS_REGION", "ap-northeast-2")
    bootstrap.use_credentials("test", "test")
    _forget()
    yield
    _forget()


def _forget() -> None:
    for builder in CACHED:
        builder.cache_clear()


def give(monkeypatch: pytest.MonkeyPatch, stage: str, local: str) -> None:
    """Set what the template sets for a stage."""
    names = {*TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]}
    names |= {*function(stage)["Environment"]["Variables"]}
    values = {"LOCAL": local, "FUNCTION_TIMEOUT": "30", "CLOCK_FILE": ""}
    for name in names:
        monkeypatch.setenv(name, values.get(name, name.lower()))


@pytest.mark.parametrize("local", ["true", "false"])
@pytest.mark.parametrize(("stage", "builder"), list(zip(STAGES, BUILDERS, strict=True)))
def test_a_stage_has_all_the_settings_it_needs(monkeypatch, stage, builder, local):
    give(monkeypatch, stage, local)

    assert isinstance(getattr(bootstrap, builder)(), BUILT[stage])


def test_a_stage_without_a_setting_says_which(monkeypatch):
    give(monkeypatch, "segment", "false")
    monkeypatch.delenv("LAKE_BUCKET")

    with pytest.raises(SettingsError, match="LAKE_BUCKET"):
        bootstrap.segmenter()


def test_the_way_out_and_the_report_key_are_built_when_they_are_needed(monkeypatch):
    give(monkeypatch, "track", "false")

    assert track._preferences() is preferences()
    assert track._shower() is shower()
    assert bootstrap.report_key() is bootstrap.report_key()


@pytest.mark.parametrize(
    ("name", "provider", "kind"),
    [
        ("email", "ses", EmailChannel),
        ("email", "console", ConsoleChannel),
        ("console", "console", ConsoleChannel),
        ("in_web", "console", SessionChannel),
        ("in_app", "console", SessionChannel),
    ],
)
def test_a_channel_leads_to_its_provider(name, provider, kind):
    assert isinstance(channel_of(SETTINGS, name, provider, SENDER), kind)


def test_notices_are_sent_with_what_dispatch_has(monkeypatch):
    give(monkeypatch, "dispatch", "false")

    assert isinstance(bootstrap.notifier(), Notifier)


def test_test_sends_are_made_with_what_dispatch_has(monkeypatch):
    give(monkeypatch, "dispatch", "false")

    assert isinstance(bootstrap.trial(), Trial)


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize(
    ("builder", "kind"),
    [("build_controller", Controller), ("build_inquiry", Inquiry), ("build_person_keeper", PersonKeeper)],
)
def test_what_the_command_line_asks_for_is_built_on_any_stack(builder, kind, local):
    named: dict[str, Any] = {
        f.name: f.name for f in fields(Settings) if f.default == "" and f.name not in ("endpoint", "clock_file")
    }

    assert isinstance(getattr(bootstrap, builder)(replace(SETTINGS, local=local, **named)), kind)


def test_a_provider_that_nobody_wrote_is_told_with_its_field():
    with pytest.raises(DefinitionError) as told:
        channel_of(SETTINGS, "sms", "pigeon", SENDER)

    assert told.value.field == "channels.sms.provider"


def test_ses_is_called_once_whatever_happens():
    channel = channel_of(SETTINGS, "email", "ses", SENDER)

    assert channel._client.meta.config.retries == {"mode": "standard", "total_max_attempts": 1}  # type: ignore[attr-defined]


def test_a_rotated_key_is_taken_up_after_a_while(monkeypatch):
    clock, keys = FakeClock(), iter(["old", "new"])
    monkeypatch.setattr(process, "clock", lambda: clock)
    key = remembered(lambda: next(keys))
    assert (key(), key()) == ("old", "old")

    clock.pass_by(seconds=301)

    assert key() == "new"


def test_every_builder_is_where_the_root_says_and_nothing_else_is_there():
    builders = [getattr(bootstrap, name) for name in bootstrap._MODULES]

    assert all(map(callable, builders))
    with pytest.raises(AttributeError, match="sender_of_pigeons"):
        _ = bootstrap.sender_of_pigeons
