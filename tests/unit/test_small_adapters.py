"""The clock, the settings, the schedules and the way out."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from dangol import config
from dangol.adapters.clock import SystemClock
from dangol.adapters.opt_outs import LedgerPreferences
from dangol.adapters.schedules import Schedules, Target, at_time, utc
from dangol.config import Settings, SettingsError
from dangol.domain.ledger import Ledger
from dangol.domain.profile import Profile
from dangol.domain.schedule import Expression
from dangol.domain.tracking import UNSUBSCRIBE_LINK, Mark
from dangol.pipeline.wishes import Wish
from tests.fakes import FakeDefinitions, FakeLedgers, FakeProfiles, FakeRuns
from tests.fakes.world import NOW
from tests.shop_campaign import definition
from tests.unit.test_pipeline_record import entry

MARK = Mark(1, "u1", 0, UNSUBSCRIBE_LINK)


def test_a_file_moves_the_clock_and_not_the_seconds(tmp_path):
    file = tmp_path / "clock"
    clock = SystemClock(str(file))
    before = clock.now()
    file.write_text("-3600\n")

    assert 3_595 < (before - clock.now()).total_seconds() < 3_605
    assert abs(clock.seconds() - before.timestamp()) < 5


def test_waiting_until_a_moment_ends_not_before_it():
    clock = SystemClock()
    until = clock.seconds() + 0.02

    clock.wait_until(until)
    clock.wait_until(until - 10)

    assert clock.seconds() >= until


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in config.Settings.__dataclass_fields__:
        monkeypatch.delenv(config.variable(name), raising=False)
    told = {"STACK": "dangol", "AWS_REGION": "ap-northeast-2", "PARAMETERS_PREFIX": "/dangol/dangol"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_settings_come_from_the_environment(environment):
    environment.setenv("LOCAL", "true")
    environment.setenv("FUNCTION_TIMEOUT", "10")
    environment.setenv("CLOCK_FILE", "/x")
    environment.setenv("LEDGER_TABLE", "ledger")

    settings = config.settings()

    assert (settings.local, settings.timeout, settings.clock_file) == (True, 10, "/x")
    assert settings.need("ledger_table") == "ledger"
    with pytest.raises(SettingsError, match="PROFILES_TABLE"):
        settings.need("profiles_table")


def test_a_missing_setting_is_told_by_its_name(environment):
    environment.delenv("STACK")

    with pytest.raises(SettingsError, match="STACK"):
        config.settings()


def test_the_clock_moves_on_a_local_stack_alone():
    with pytest.raises(SettingsError, match="CLOCK_FILE"):
        Settings("dangol", "r", "/", clock_file="/x")


def test_credentials_are_those_that_lambda_hands_in(environment):
    environment.setenv("AWS_ACCESS_KEY_ID", "a")
    environment.setenv("AWS_SECRET_ACCESS_KEY", "b")
    environment.delenv("AWS_SESSION_TOKEN", raising=False)

    assert config.credentials() == ("a", "b", "")


OUT = Wish({"email": False})


def preferences(ledgers: FakeLedgers, *people: Profile) -> LedgerPreferences:
    return LedgerPreferences(ledgers, FakeProfiles(*people), FakeDefinitions(definition()))


def test_an_opt_out_is_in_the_ledger_and_may_come_again():
    ledgers = FakeLedgers(FakeRuns(), entry("u1"))
    way_out = preferences(ledgers)

    assert way_out.apply(MARK, OUT, NOW) == OUT
    assert way_out.apply(MARK, OUT, NOW) == Wish()

    assert ledgers.ledgers["u1"].consents == {"email": -int(NOW.timestamp())}
    assert ledgers.writes == 1


def test_an_opt_out_outlives_a_consent_dated_into_the_future():
    future = Ledger("u1", 1, {"email": int(NOW.timestamp()) + 999}, entries=entry("u1").entries)
    ledgers = FakeLedgers(FakeRuns(), future)

    preferences(ledgers).apply(MARK, OUT, NOW)

    assert not ledgers.ledgers["u1"].consented("email")


def test_an_opt_out_that_loses_against_another_writer_is_said_again():
    ledgers = FakeLedgers(FakeRuns(), entry("u1"))

    def somebody_is_quicker() -> None:
        ledgers.before_write = lambda: None
        ledgers.ledgers["u1"] = replace(ledgers.ledgers["u1"], rev=2, night=5)

    ledgers.before_write = somebody_is_quicker

    assert preferences(ledgers).apply(MARK, OUT, NOW) == OUT
    assert (ledgers.ledgers["u1"].night, ledgers.ledgers["u1"].consented("email")) == (5, False)


def test_a_ledger_that_never_takes_an_opt_out_is_an_outage_and_no_silence():
    ledgers = FakeLedgers(FakeRuns(), entry("u1"))

    def somebody_is_always_quicker() -> None:
        stored = ledgers.ledgers["u1"]
        ledgers.ledgers["u1"] = replace(stored, rev=stored.rev + 1)

    ledgers.before_write = somebody_is_always_quicker

    with pytest.raises(OSError, match="the ledger is busy"):
        preferences(ledgers).apply(MARK, OUT, NOW)


class Unreachable:
    """Stores that DynamoDB does not answer for."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_many(self, user_ids: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="x"),
        ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "down"}}, "BatchGetItem"),
    ],
)
def test_a_table_that_does_not_answer_is_an_outage(error):
    stores: Any = Unreachable(error)
    way_out = LedgerPreferences(stores, stores, FakeDefinitions(definition()))

    for ask in (
        lambda: way_out.standing(MARK),
        lambda: way_out.apply(MARK, OUT, NOW),
        lambda: way_out.languages("u1"),
    ):
        with pytest.raises(OSError, match="preferences: "):
            ask()


def test_everything_that_changed_is_told():
    ledgers = FakeLedgers(FakeRuns(), entry("u1"))
    wish = Wish({"email": True, "sms": False}, night=True, pace=7)

    assert preferences(ledgers).apply(MARK, wish, NOW) == Wish({"sms": False}, night=True, pace=7)


def test_whoever_tries_out_the_links_of_a_test_send_speaks_for_nobody():
    ledgers = FakeLedgers(FakeRuns(), entry("u1"))

    assert preferences(ledgers).apply(replace(MARK, run=0), OUT, NOW) == Wish()
    assert ledgers.writes == 0


def test_how_things_stand_names_the_messages_channel_and_all_that_was_ever_said():
    ledgers = FakeLedgers(FakeRuns(), replace(entry("u1"), consents={"sms": -5, "push": 6}, night=9, pace=7))

    standing = preferences(ledgers).standing(MARK)

    assert (standing.sender, standing.channel, standing.night, standing.pace) == ("단골상점", "email", True, 7)
    assert standing.consents == {"email": False, "sms": False, "push": True}
    assert preferences(ledgers).standing(replace(MARK, run=99)).channel is None


@pytest.mark.parametrize(
    ("traits", "language"), [({}, ""), ({"locale": "en-US"}, "en-US"), ({"locale": "", "language": "ko"}, "ko")]
)
def test_a_persons_language_is_a_trait(traits, language):
    person = Profile("u1", traits=traits, rev=1)

    assert preferences(FakeLedgers(FakeRuns()), person).languages("u1") == (language, "ko")


class Scheduler:
    """EventBridge Scheduler in memory."""

    class exceptions:  # noqa: N801 - as boto3 calls it
        class ResourceNotFoundException(Exception):  # noqa: N818 - as AWS calls it
            pass

    def __init__(self) -> None:
        self.schedules: dict[str, dict[str, Any]] = {}

    def update_schedule(self, **wanted: Any) -> None:
        if wanted["Name"] not in self.schedules:
            raise self.exceptions.ResourceNotFoundException
        self.create_schedule(**wanted)

    def create_schedule(self, **wanted: Any) -> None:
        self.schedules[wanted["Name"]] = wanted

    def delete_schedule(self, Name: str, GroupName: str) -> None:  # noqa: N803 - as AWS calls them
        if Name not in self.schedules:
            raise self.exceptions.ResourceNotFoundException
        del self.schedules[Name]


ONCE = Expression("at(2026-12-01T10:00:00)", "Asia/Seoul", None, once=True)
DAILY = Expression("cron(0 10 * * ? *)", "Asia/Seoul", datetime(2026, 12, 31, tzinfo=UTC), once=False)


def test_a_schedule_is_created_changed_and_removed():
    client = Scheduler()
    schedules = Schedules(client, Target("function", "role", "group"), in_utc=False)  # type: ignore[arg-type]

    schedules.put("launch", ONCE)
    told = client.schedules["launch"]
    schedules.put("launch", DAILY)

    assert told["ActionAfterCompletion"] == "DELETE"
    assert '"scheduled_at": "2026-12-01T10:00:00+09:00"' in told["Target"]["Input"]
    changed = client.schedules["launch"]
    assert (changed["ScheduleExpressionTimezone"], changed["EndDate"]) == ("Asia/Seoul", DAILY.until)
    assert "<aws.scheduler.scheduled-time>" in changed["Target"]["Input"]
    assert schedules.remove("launch")
    assert not schedules.remove("launch")


def test_an_emulator_without_zones_gets_utc():
    client = Scheduler()

    told = Schedules(client, Target("f", "r", "g"), in_utc=True).put("launch", ONCE, name="other")  # type: ignore[arg-type]

    assert told == "at(2026-12-01T01:00:00) UTC"
    assert "other" in client.schedules
    assert utc(DAILY) == ("cron(0 1 * * ? *)", "UTC")
    assert utc(Expression("cron(0/5 * * * ? *)", "Asia/Seoul", None, once=False))[0] == "cron(0/5 * * * ? *)"
    assert utc(Expression("rate(1 day)", "UTC", None, once=False)) == ("rate(1 day)", "UTC")
    assert at_time(DAILY) is None
