"""SMS, LMS and MMS: three channels of a campaign, one medium for whoever is written to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dangol.domain.channel import CHANNELS
from dangol.domain.compiling import sieve
from dangol.domain.consent import Word, hear
from dangol.domain.contact_rules import Cap, QuietHours
from dangol.domain.decision import Hold, Reason, Send, Skip, decide
from dangol.domain.frequency import frees_at
from dangol.domain.ledger import Entry, Ledger
from dangol.domain.medium import medium, permission, within
from dangol.domain.moment import Moment
from dangol.domain.neighbours import TOO_SOON
from dangol.domain.permission import ConsentedCondition
from dangol.domain.profile import ADDRESS_TRAITS, Profile
from dangol.domain.short_links import SHORTENED
from dangol.domain.suppression import address_hash
from tests.actors import ANN, NOW, SEOUL, campaign, ledger, project, run
from tests.unit.test_text_messages import rendered

TEXTS = ("sms", "lms", "mms")


@given(st.sampled_from(CHANNELS))
def test_a_medium_is_its_own_and_so_is_a_permission(channel):
    assert medium(medium(channel)) == medium(channel)
    assert permission(permission(channel)) == permission(channel)
    assert ADDRESS_TRAITS.get(channel) == ADDRESS_TRAITS.get(medium(channel))
    assert TOO_SOON.get(channel) == TOO_SOON.get(medium(channel))
    assert (channel in SHORTENED) == (medium(channel) in SHORTENED)


@pytest.mark.parametrize("channel", TEXTS)
def test_every_text_message_has_the_settings_the_suppressions_and_the_consent_of_sms(channel):
    told = project(channels={"sms": {"provider": "solapi", "from": "1588-0000"}}).settings(channel)

    assert (told.provider, told.from_) == ("solapi", "1588-0000")
    assert address_hash(channel, "010-1234-5678") == address_hash("sms", "01012345678")
    for known in (ledger(consents={"sms": 1}), Ledger("ann").with_consent(channel, given=True, at=1)):
        assert all(known.consented(each) for each in TEXTS)
    withdrawn = hear(ledger(consents={"sms": 1}), Word(2, {channel: False}, live=True))
    assert withdrawn.consents == {"sms": -2}


def test_a_consent_to_kakaotalk_holds_for_brand_messages_and_no_consent_to_texts_does():
    assert Ledger("ann").with_consent("brand_message", given=True, at=1).consents == {"kakao": 1}
    assert ledger(consents={"kakao": 1}).consented("brand_message")
    assert not ledger(consents={"sms": 1}).consented("brand_message")


def test_an_audience_that_asks_for_a_consent_to_lms_gets_those_who_consented_to_texts():
    person = Profile("ann", consents={"sms": 1})
    asked = [ConsentedCondition(consented=channel) for channel in TEXTS]

    assert all(person.consented(condition.consented) for condition in asked)
    assert len({repr(sieve(condition, Moment(NOW, SEOUL))) for condition in asked}) == 1


@pytest.mark.parametrize(
    ("name", "counted"), [("sms", TEXTS), ("lms", ("lms",)), (None, (*TEXTS, "email")), ("email", ("email",))]
)
def test_a_cap_for_sms_counts_every_text_and_one_for_lms_counts_those_alone(name, counted):
    cap = Cap(max=1, per="day", channel=name)

    for sent in (*TEXTS, "email"):
        known = ledger(Entry(1, int(NOW.timestamp()) - 60, 0, sent, "marketing"))
        for wanted in (*TEXTS, "email"):
            full = frees_at(cap, wanted, "marketing", known, NOW.astimezone(SEOUL)) is not None
            assert full == (sent in counted and wanted in counted)


def test_quiet_hours_for_sms_hold_for_every_text_and_those_for_lms_for_those_alone():
    every: Any = {"from": "22:00", "to": "23:00"}

    assert [QuietHours(**every, channels=("sms",)).on(channel) for channel in TEXTS] == [True, True, True]
    assert [QuietHours(**every, channels=("lms",)).on(channel) for channel in TEXTS] == [False, True, False]
    assert [QuietHours(**every, **{"except": ("sms",)}).on(channel) for channel in TEXTS] == [False, False, False]


@pytest.mark.parametrize("channel", ["lms", "mms"])
def test_a_short_text_is_what_its_channel_says(channel):
    assert rendered(channel, text="가" * 45).kind == channel


def test_an_lms_is_decided_as_a_text_message_and_claimed_as_what_it_is():
    of = replace(run(), campaign=campaign().model_copy(update={"channel": "lms"}))
    number = replace(ANN, address="+821012345678", country="KR")
    suppressed = ledger(consents={"sms": 1}, suppressed=frozenset({address_hash("sms", "010-1234-5678")}))

    assert decide(of, number, ledger(consents={"sms": 1}), NOW) == Send(0)
    assert decide(of, number, ledger(consents={"email": 1}), NOW) == Skip(Reason.NO_CONSENT)
    assert decide(of, number, suppressed, NOW) == Skip(Reason.SUPPRESSED)
    assert isinstance(decide(of, number, ledger(consents={"sms": 1}), NOW + timedelta(hours=10)), Hold)


def test_a_rule_for_everything_is_for_everything():
    assert within("lms", None)
    assert not within("sms", "lms")
