"""Every stage is built from the variables that template.yaml gives its function, and from nothing else."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from dangol import bootstrap
from dangol.adapters.parameters import SsmParameters
from dangol.bootstrap import channels, process, track
from dangol.bootstrap.channels import channel_of
from dangol.bootstrap.preferences import preferences
from dangol.bootstrap.process import remembered
from dangol.bootstrap.showing import shower
from dangol.channels.aws_sms import AwsSmsChannel
from dangol.channels.console import ConsoleChannel
from dangol.channels.email import EmailChannel
from dangol.channels.nhn import NhnChannel
from dangol.channels.session import SessionChannel
from dangol.channels.solapi import SolapiChannel
from dangol.channels.webhook import WebhookChannel
from dangol.config import Settings, SettingsError, variable
from dangol.domain.errors import DefinitionError
from dangol.domain.project import ChannelSettings, Project, Sender
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
SOLAPI_KEYS = '{"api_key": "k", "api_secret": "s", "base_url": "http://127.0.0.1:9"}'
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


def told(name: str, provider: str | None, **more: str) -> Project:
    """A project with one channel, whatever a project would say to it."""
    settings = ChannelSettings.model_validate({"provider": provider, **more})
    return Project(project="x", sender=SENDER).model_copy(update={"channels": {name: settings}})


@pytest.mark.parametrize(
    ("name", "provider", "kind"),
    [
        ("email", "ses", EmailChannel),
        ("email", "console", ConsoleChannel),
        ("console", None, ConsoleChannel),
        ("sms", "solapi", SolapiChannel),
        ("sms", "aws", AwsSmsChannel),
        ("alimtalk", "solapi", SolapiChannel),
        ("alimtalk", "nhn", NhnChannel),
        ("sms", None, ConsoleChannel),
        ("webhook", "endpoint", WebhookChannel),
        ("in_web", None, SessionChannel),
        ("in_app", None, SessionChannel),
    ],
)
def test_a_channel_leads_to_its_provider(monkeypatch, name, provider, kind):
    give(monkeypatch, "dispatch", "false")
    monkeypatch.setattr(channels, "_secret", lambda config, provider: lambda: "{}")

    assert isinstance(channel_of(SETTINGS, name, told(name, provider)), kind)


def test_the_keys_of_a_provider_are_fetched_once_and_its_connections_are_kept(monkeypatch):
    give(monkeypatch, "dispatch", "false")
    asked: list[str] = []

    def secret(_: object, name: str) -> str:
        asked.append(name)
        return SOLAPI_KEYS

    monkeypatch.setattr(SsmParameters, "secret", secret)
    channels._secret.cache_clear()

    one, other = (channel_of(SETTINGS, "sms", told("sms", "solapi", **{"from": "02-1"})) for _ in range(2))

    assert asked == ["providers/solapi"]
    assert one._http is other._http  # type: ignore[attr-defined]
    assert one._http._base == "http://127.0.0.1:9"  # type: ignore[attr-defined]
    assert one._keys().api_key == "k"  # type: ignore[attr-defined]
    channels._secret.cache_clear()


@pytest.mark.parametrize(
    ("name", "provider", "more", "loaded"),
    [
        ("email", "ses", {}, {"dangol.channels.email"}),
        ("sms", "aws", {}, {"dangol.channels.aws_sms"}),
        ("sms", "solapi", {"from": "1"}, {"dangol.channels.solapi"}),
        ("alimtalk", "nhn", {"profile": "p"}, {"dangol.channels.nhn"}),
        ("push", "fcm", {}, {"dangol.channels.fcm", "h2", "cryptography"}),
        ("web_push", "vapid", {}, {"dangol.channels.web_push", "cryptography"}),
        ("webhook", "endpoint", {"url": "https://hooks.shop.example/"}, {"dangol.channels.webhook"}),
    ],
)
def test_dispatch_imports_the_providers_that_are_configured_and_no_other(name, provider, more, loaded):
    code = (
        "import sys; from dangol.bootstrap import channels; from dangol.config import Settings; "
        "from dangol.domain.project import Project; channels._secret = lambda *_: lambda: '{}'; "
        f"told = Project(project='x', sender={{'name': 'x', 'email': 'x@y.z'}}, channels={{{name!r}: "
        f"{ {'provider': provider, **more}!r} }}); "
        f"channels.channel_of(Settings('s', 'us-east-1', '/p'), {name!r}, told); "
        "print(*(m for m in sys.modules if m in ('h2', 'cryptography', 'httpx') or m.startswith('dangol.channels.')))"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert set(told) == loaded


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
    with pytest.raises(DefinitionError) as refused:
        channel_of(SETTINGS, "sms", told("sms", "ses"))

    assert refused.value.field == "channels.sms.provider"


def test_ses_is_called_once_whatever_happens():
    channel = channel_of(SETTINGS, "email", told("email", "ses"))

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
