"""The clock, the settings, the schedules and the way out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from dangol import config
from dangol.adapters.clock import SystemClock
from dangol.adapters.opt_outs import LedgerOptOuts
from dangol.adapters.schedules import Schedules, Target, at_time, utc
from dangol.config import Settings, SettingsError
from dangol.domain.ledger import Ledger
from dangol.domain.schedule import Expression
from dangol.domain.tracking import UNSUBSCRIBE_LINK, Mark
from tests.fakes import FakeDefinitions, FakeLedgers, FakeRuns
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


def test_an_opt_out_is_in_the_ledger_and_may_come_again():
    ledgers = FakeLedgers(FakeRuns(), entry("u1"))
    way_out = LedgerOptOuts(ledgers, FakeDefinitions(definition()))

    way_out.opt_out(MARK, NOW)
    way_out.opt_out(MARK, NOW)

    assert ledgers.ledgers["u1"].consents == {"email": -int(NOW.timestamp())}
    assert ledgers.writes == 1
    assert way_out.sender() == ("단골상점", "ko")


def test_an_opt_out_outlives_a_consent_dated_into_the_future():
    future = Ledger("u1", 1, {"email": int(NOW.timestamp()) + 999}, entries=entry("u1").entries)
    ledgers = FakeLedgers(FakeRuns(), future)

    LedgerOptOuts(ledgers, FakeDefinitions(definition())).opt_out(MARK, NOW)

    assert not ledgers.ledgers["u1"].consented("email")


def test_an_opt_out_of_a_message_that_nobody_got_changes_nothing():
    ledgers = FakeLedgers(FakeRuns())

    LedgerOptOuts(ledgers, FakeDefinitions(definition())).opt_out(MARK, NOW)

    assert ledgers.ledgers == {}


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
