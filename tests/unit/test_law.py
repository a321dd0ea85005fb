"""The law of the recipient's country keeps its hours, whatever the project says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dangol.domain.countries import _PREFIXES, EVIDENCE, by_phone
from dangol.domain.decision import Hold, Reason, Send, Skip, decide
from dangol.domain.law import silent_until
from dangol.domain.ledger import UNDATED, Ledger
from dangol.domain.run import Run
from dangol.domain.stop_words import is_stop_word
from tests.actors import ANN, NEW_YORK, SEOUL
from tests.shop_campaign import campaign, project

HONOLULU = ZoneInfo("Pacific/Honolulu")


def at(zone: ZoneInfo, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 12, 1, hour, minute, second, tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize("channel", ["sms", "lms", "mms", "kakao", "brand_message", "push", "web_push"])
@pytest.mark.parametrize(("now", "until"), [((21, 0, 0), 32), ((23, 59, 59), 32), ((0, 0, 0), 8), ((7, 59, 59), 8)])
def test_korea_s_night_is_silent_by_its_own_clock(channel, now, until):
    """Wherever the person's clock stands: the act names no other."""
    end = at(SEOUL, 0) + timedelta(hours=until)

    assert silent_until("KR", channel, NEW_YORK, at(SEOUL, *now), night=False) == end


@pytest.mark.parametrize("hour", [8, 12, 20])
def test_korea_s_day_is_not(hour):
    assert silent_until("KR", "sms", None, at(SEOUL, hour), night=False) is None


@pytest.mark.parametrize("channel", ["email", "console", "webhook", "in_app", "in_web"])
def test_mail_and_what_is_shown_inside_a_session_may_come_at_night(channel):
    assert silent_until("KR", channel, None, at(SEOUL, 23), night=False) is None


def test_a_consent_to_the_night_waives_the_law_and_not_kakao():
    assert silent_until("KR", "sms", None, at(SEOUL, 23), night=True) is None
    assert silent_until("KR", "brand_message", None, at(SEOUL, 23), night=True) == at(SEOUL, 8) + timedelta(days=1)


def test_kakao_ends_its_day_ten_minutes_earlier():
    assert silent_until("KR", "brand_message", None, at(SEOUL, 20, 49, 59), night=False) is None
    assert silent_until("KR", "brand_message", None, at(SEOUL, 20, 50), night=False) == at(SEOUL, 32 - 24) + timedelta(
        1
    )


def test_in_the_united_states_the_reader_s_own_clock_counts_where_it_is_known():
    """47 CFR 64.1200(c)(1)."""
    assert silent_until("US", "sms", HONOLULU, at(HONOLULU, 20, 59, 59), night=False) is None
    assert silent_until("US", "sms", HONOLULU, at(HONOLULU, 7, 59), night=True) == at(HONOLULU, 8)
    assert silent_until("US", "push", HONOLULU, at(HONOLULU, 3), night=False) is None


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(NEW_YORK, 13), None),
        (at(NEW_YORK, 20, 59), None),
        (at(NEW_YORK, 21), at(NEW_YORK, 8) + timedelta(days=1)),
        (at(NEW_YORK, 8), at(HONOLULU, 8)),
        (at(NEW_YORK, 12, 59), at(HONOLULU, 8)),
    ],
)
def test_where_it_is_not_known_it_must_be_day_from_new_york_to_honolulu(now, until):
    assert silent_until("US", "sms", None, now, night=False) == until


@pytest.mark.parametrize("country", ["DE", "GB", None])
def test_other_countries_set_no_hours(country):
    assert silent_until(country, "sms", None, at(SEOUL, 3), night=False) is None


def texting(**changed: object) -> Run:
    text = campaign(**changed).model_copy(update={"channel": "sms"})
    return Run(7, "launch", text, project(), at(SEOUL, 20))


def ledger(**changed: int) -> Ledger:
    return Ledger("ann", 1, {"sms": 1_700_000_000}, **changed)  # type: ignore[arg-type]


def test_whoever_lives_in_korea_waits_for_the_morning_though_the_project_sets_no_hours():
    ann = replace(ANN, country="KR", zone=NEW_YORK)
    decided = decide(texting(), ann, ledger(), at(SEOUL, 23))

    assert decided == Hold(at(SEOUL, 8) + timedelta(days=1))
    assert isinstance(decide(texting(), ann, ledger(), decided.until), Send)
    assert isinstance(decide(texting(), ann, ledger(night=1_700_000_000), at(SEOUL, 23)), Send)
    assert isinstance(decide(texting(), replace(ann, country="DE"), ledger(), at(SEOUL, 23)), Send)


def test_information_may_come_at_any_hour():
    assert isinstance(decide(texting(purpose="information"), replace(ANN, country="KR"), ledger(), at(SEOUL, 3)), Send)


def test_whoever_would_wait_beyond_the_campaign_s_end_is_left_out():
    run = texting(limits={"expires": "6h"})

    assert decide(run, replace(ANN, country="KR"), ledger(), at(SEOUL, 23)) == Skip(Reason.QUIET_HOURS)


@pytest.mark.parametrize(
    ("country", "decision"), [("DE", Skip), ("GB", Skip), ("NO", Skip), ("KR", Send), (None, Send)]
)
def test_in_europe_a_consent_counts_that_can_be_shown(country, decision):
    """GDPR Art. 7(1): one that was imported without a date has nothing that shows it."""
    run, now = Run(1, "launch", campaign(), project(), at(SEOUL, 12)), at(SEOUL, 12)
    person = replace(ANN, country=country)

    assert isinstance(decide(run, person, Ledger("ann", 1, {"email": UNDATED}), now), decision)
    assert isinstance(decide(run, person, Ledger("ann", 1, {"email": UNDATED + 1}), now), Send)


def test_in_europe_what_is_shown_inside_a_session_needs_no_consent_either():
    run = Run(1, "launch", campaign(channel="in_web", message={"text": "안녕"}), project(), at(SEOUL, 12))

    assert isinstance(decide(run, replace(ANN, country="DE"), Ledger("ann", 1), at(SEOUL, 12)), Send)


def test_every_country_of_the_union_and_the_area_is_known_by_its_prefix():
    assert len(EVIDENCE) == 27 + 3 + 1
    assert {by_phone(f"{prefix}123", None) for prefix in _PREFIXES} >= EVIDENCE


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop. ",
        "Quit!",
        "END",
        "revoke",
        "Opt out",
        "opt-out",
        "OPTOUT",
        "cancel",
        "Unsubscribe",
        "수신 거부",
    ],
)
def test_an_answer_that_revokes_is_told_however_it_is_written(text):
    """47 CFR 64.1200(a)(10)."""
    assert is_stop_word(text)


@pytest.mark.parametrize("text", ["", "don't stop", "stop by at 5?", "the end", "stopwatch", "yes"])
def test_an_answer_that_says_more_is_for_people_to_read(text):
    assert not is_stop_word(text)
