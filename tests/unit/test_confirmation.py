"""Every two years people are told what they consented to, before the day comes round; two years pass here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from cli.applying import apply_confirmations
from dangol.domain.campaign import SLUG
from dangol.domain.channel import CHANNELS
from dangol.domain.confirmation import IDS, confirmations, consents_given
from dangol.domain.decision import Person, Send, decide, entry_for
from dangol.domain.ledger import UNDATED, Ledger
from dangol.domain.notice import channel_name
from dangol.domain.profile import Profile
from dangol.domain.project import Project
from dangol.domain.run import Run
from dangol.domain.text_bytes import TITLE_BYTES, foreign, text_bytes
from dangol.domain.tracking import Keys
from dangol.pipeline.audience import Question
from dangol.pipeline.messages import Renderer, Rendering
from dangol.ports import Definition, Message
from tests.actors import SEOUL
from tests.fakes import FakeLists, FakeRuns
from tests.shop_campaign import project

BASE = "https://go.shop.example"
TUESDAY = datetime(2024, 12, 3, 10, tzinfo=SEOUL)
WEEK = timedelta(weeks=1)
SHOP = project(consent_confirmation=True, channels={"email": {"provider": "ses"}, "sms": {"provider": "aws"}})


def given(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, 15, tzinfo=SEOUL).timestamp())


@dataclass
class World:
    """One person, and what they are told each Tuesday."""

    profile: Profile
    shop: Project = SHOP
    told: list[tuple[datetime, str, Message]] = field(default_factory=list)

    def pass_weeks(self, weeks: int) -> list[datetime]:
        """Start every campaign once a week; the days on which the person was told."""
        campaigns = confirmations(self.shop)
        runs = {campaign_id: dict[int, datetime]() for campaign_id in campaigns}
        ledger = Ledger(self.profile.user_id, 1, self.profile.consents)
        for week in range(weeks):
            now = TUESDAY + week * WEEK
            for place, (campaign_id, campaign) in enumerate(campaigns.items()):
                definition = Definition(campaign_id, 1, campaign, self.shop, BASE)
                question = Question.of(definition, now, FakeLists(), FakeRuns())
                number = 1 + week * 10 + place
                runs[campaign_id][number] = now
                if not question.answer(self.profile):
                    continue
                recipient = question.recipient(self.profile)
                run = Run(number, campaign_id, campaign, self.shop, now, siblings=runs[campaign_id])
                person = Person(recipient.user_id, recipient.address, country=recipient.country)
                decision = decide(run, person, ledger, now)
                if isinstance(decision, Send):
                    ledger = ledger.with_entry(entry_for(run, person, decision, now), now)
                    rendering = Rendering(number, campaign, self.shop, BASE, Keys(1, {1: bytes(32)}))
                    self.told.append((now, campaign_id, Renderer(rendering).message(recipient, 0)))
        return [at for at, _, _ in self.told]


def ann(consents: Mapping[str, int], **traits: str) -> Profile:
    return Profile("ann", rev=1, traits=traits or {"email": "ann@example.com"}, consents=dict(consents))


def test_a_consent_is_confirmed_once_before_each_second_year_is_over():
    world = World(ann({"email": given(2024, 2, 29)}))

    days = world.pass_weeks(52 * 6)

    # Before 29 February of 2026, 2028 and 2030; the ledger forgets after 400 days, and nobody is told twice.
    assert [f"{day:%Y-%m}" for day in days] == ["2026-01", "2028-01", "2030-01"]
    for day, year in zip(days, (2026, 2028, 2030), strict=True):
        assert timedelta(0) < datetime(year, 2, 28, tzinfo=SEOUL) - day < timedelta(days=35)


def test_what_is_told_is_sender_fact_and_day_and_how_to_keep_or_withdraw_and_no_advertising():
    world = World(ann({"email": given(2025, 1, 20), "push": given(2025, 3, 1), "sms": -given(2025, 3, 1), "kakao": 1}))

    world.pass_weeks(120)

    message = next(message for _, campaign, message in world.told if campaign == "_consent-confirmation-email")
    assert message.subject == "[단골상점] 광고성 정보 수신동의 확인 안내"
    assert not message.advertising
    for told in ("전송자: 단골상점", "이메일: 2025-01-20", "앱 알림: 2025-03-01", "카카오톡: 날짜 기록 없음"):
        assert told in message.text
    assert "문자:" not in message.text
    assert f"그만 받으시려면: {BASE}/u/" in message.text
    assert "아무것도 하지 않으셔도 됩니다" in message.text


def test_every_channel_has_its_own_two_years():
    world = World(ann({"email": given(2024, 12, 20), "push": given(2025, 6, 1)}))

    days = world.pass_weeks(52 * 3)

    assert [f"{day:%Y-%m}" for day in days] == ["2026-11", "2027-05"]


@pytest.mark.parametrize("consents", [{}, {"email": -given(2024, 12, 20)}, {"in_app": given(2024, 12, 20)}])
def test_who_consented_to_nothing_is_told_nothing(consents):
    assert World(ann(consents)).pass_weeks(120) == []


def test_a_consent_without_a_day_is_confirmed_at_once_and_then_every_year():
    world = World(ann({"email": UNDATED}))

    days = world.pass_weeks(110)

    assert days[0] == TUESDAY
    assert {later - earlier for earlier, later in pairwise(days)} == {53 * WEEK}
    assert "이메일: 날짜 기록 없음" in world.told[0][2].text


def test_who_has_a_phone_alone_is_told_by_a_text_message_that_fits():
    world = World(ann({"sms": given(2024, 12, 20)}, phone="010-1234-5678"))

    world.pass_weeks(110)

    ((_, campaign, message),) = world.told
    assert (campaign, message.kind, message.address) == ("_consent-confirmation-sms", "lms", "+821012345678")
    assert text_bytes(message.subject) <= TITLE_BYTES
    assert not foreign(message.text)
    assert f"{BASE}/s/" in message.text


def test_who_has_both_is_told_once_and_by_mail():
    world = World(ann({"sms": given(2024, 12, 20)}, phone="010-1234-5678", email="ann@example.com"))

    world.pass_weeks(110)

    assert [campaign for _, campaign, _ in world.told] == ["_consent-confirmation-email"]


def test_in_english_too_whatever_the_sender_is_called():
    shop = SHOP.model_copy(
        update={"locale": "en", "sender": SHOP.sender.model_copy(update={"name": '{{ x }} "Shop" {% y'})}
    )
    world = World(ann({"email": given(2024, 12, 20), "web_push": 1}), shop)

    world.pass_weeks(110)

    text = world.told[-1][2].text
    assert 'notice from {{ x }} "Shop" {% y.' in text
    assert "e-mail: 2024-12-20" in text
    assert "web notification: no date on record" in text


def test_a_project_that_does_not_ask_for_it_has_none():
    assert confirmations(project()) == {}
    assert set(confirmations(project(consent_confirmation=True))) == {
        "_consent-confirmation-email",
        "_consent-undated-email",
    }


def test_no_file_can_have_their_ids():
    assert set(confirmations(SHOP)) == IDS
    assert not any(SLUG.fullmatch(campaign_id) for campaign_id in IDS)


def test_the_day_is_that_of_the_project_s_calendar():
    midnight = int(datetime(2026, 1, 1, 0, 30, tzinfo=SEOUL).timestamp())

    assert consents_given(ann({"email": midnight}), project()) == [{"channel": "이메일", "day": "2026-01-01"}]
    assert consents_given(ann({"email": midnight}), project(timezone="Etc/UTC"))[0]["day"] == "2025-12-31"


@pytest.mark.parametrize("locale", ["ko", "en", "fr"])
def test_every_channel_has_a_name(locale):
    assert all(channel_name(channel, locale) for channel in CHANNELS)
    assert channel_name("sms", locale) == ("문자" if locale == "ko" else "text message")


class Stack:
    """As much of a stack as applying needs."""

    def __init__(self) -> None:
        self.known: dict[str, Definition] = {}
        self.planned: dict[str, object] = {}
        self.definitions = self.schedules = self.clock = self.settings = self
        self.local, self.api_url = True, BASE

    def campaigns(self) -> list[str]:
        return list(self.known)

    def current(self, campaign_id: str) -> Definition:
        return self.known[campaign_id]

    def save(self, wanted: Definition, _at: datetime) -> Definition:
        self.known[wanted.campaign_id] = replace(wanted, version=1)
        return self.known[wanted.campaign_id]

    def now(self) -> datetime:
        return TUESDAY

    def put(self, campaign_id: str, planned: object) -> str:
        self.planned[campaign_id] = planned
        return "weekly"

    def remove(self, campaign_id: str) -> None:
        self.planned.pop(campaign_id, None)


def test_applying_plans_them_and_taking_the_line_out_takes_them_away():
    stack, shop = (
        Stack(),
        SHOP.model_copy(update={"always_exclude": (confirmations(SHOP)["_consent-undated-sms"].audience,)}),
    )

    applied = apply_confirmations(stack, shop)  # type: ignore[arg-type]  # a fake

    assert {each.campaign for each in applied} == IDS == set(stack.planned)
    assert all(definition.project.always_exclude == () for definition in stack.known.values())
    assert apply_confirmations(stack, project()) == []  # type: ignore[arg-type]  # a fake
    assert stack.planned == {}
