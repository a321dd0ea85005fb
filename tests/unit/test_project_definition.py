from datetime import time, timedelta

import pytest
from pydantic import ValidationError

from dangol.domain.project import Project

SHOP = {"project": "shop", "sender": {"name": "단골상점", "email": "hello@shop.example"}}


def project(**changes):
    return Project.model_validate({**SHOP, **changes})


def stored(model):
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)


def test_a_project_needs_no_more_than_a_name_and_a_sender():
    shop = project()

    assert (shop.timezone, shop.locale, shop.currency, shop.holdout) == ("Asia/Seoul", "ko", "KRW", 0.0)
    assert shop.zone.key == "Asia/Seoul"


def test_a_whole_project_survives_being_stored():
    shop = project(
        country="KR",
        links={"domain": "https://go.shop.example"},
        events={"purchase": {"title": "구매", "facets": ["category"], "value": "value", "keep": 128}},
        always_exclude=[{"did_not": "page_view", "within": "365d"}],
        holdout="12.5%",
        caps=[{"max": 1, "per": "day"}, {"max": 3, "per": "168h", "purpose": "marketing", "channel": "lms"}],
        quiet_hours={"marketing": {"from": "21:00", "to": "08:00", "except": ["email"], "then": "drop"}},
        merge_tags={"이름": {"trait": "name", "default": ""}},
        prices={"sms": 12, "lms": 39.5},
        channels={"email": {"provider": "ses", "rate": "200/s"}},
    )

    assert Project.model_validate(stored(shop)) == shop
    assert Project.model_validate_json(shop.model_dump_json(by_alias=True, exclude_unset=True)) == shop
    assert stored(shop)["quiet_hours"]["marketing"]["from"] == "21:00"
    assert stored(shop)["caps"][1]["per"] == "7d"


def test_what_is_not_said_of_an_event_is_the_default():
    shop = project(events={"view": {"keep": 8}})

    assert (shop.event("view").keep, shop.event("other").keep) == (8, 64)


def test_an_unconfigured_channel_is_the_console():
    shop = project(channels={"email": {"provider": "ses"}})

    assert (shop.settings("email").provider, shop.settings("email").messages_per_second) == ("ses", 14)
    assert shop.settings("console").provider == "console"


def test_text_messages_come_from_their_own_number_or_from_the_senders():
    own = project(channels={"sms": {"provider": "solapi", "from": "02-123-4567", "rate": "20/s"}})

    assert (own.number, own.settings("sms").messages_per_second) == ("02-123-4567", 20)
    assert project(sender={"name": "x", "email": "x@y.z", "phone": "1588-0000"}).number == "1588-0000"
    assert Project.model_validate(stored(own)) == own


@pytest.mark.parametrize(
    ("changes", "country"), [({}, "KR"), ({"timezone": "Etc/UTC"}, None), ({"country": "US"}, "US")]
)
def test_the_home_country_is_stated_or_follows_from_seoul(changes, country):
    assert project(**changes).home_country == country


def test_quiet_hours_and_caps_are_times_and_windows():
    shop = project(quiet_hours={"marketing": {"from": time(21), "to": "08:00"}}, caps=[{"max": 1, "per": "7d"}])

    assert shop.quiet_hours.marketing[0].from_ == time(21)
    assert shop.caps[0].per == timedelta(days=7)


@pytest.mark.parametrize(
    "written",
    [
        "korea",
        {"preset": "korea", "information": {"from": "22:00", "to": "07:00"}},
        {"marketing": [{"from": "21:00", "to": "08:00", "except": ["email"]}, {"from": "12:00", "to": "13:00"}]},
    ],
)
def test_quiet_hours_are_a_preset_one_rule_or_several_and_are_stored_as_they_are_meant(written):
    shop = project(quiet_hours=written)

    assert Project.model_validate(stored(shop)) == shop
    assert Project.model_validate_json(shop.model_dump_json(by_alias=True)) == shop


def test_quiet_hours_are_found_by_purpose_and_channel():
    night, noon = {"from": "22:00", "to": "07:00"}, {"from": "12:00", "to": "13:00", "channels": ["sms"]}
    rules = project(quiet_hours={"preset": "korea", "marketing": [night, noon]}).quiet_hours

    assert [hours.from_.hour for hours in rules.of("marketing", "sms")] == [21, 22, 12]
    assert [hours.from_.hour for hours in rules.of("marketing", "email")] == [22]
    assert rules.of("information", "sms") == ()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"project": "가게"}, "write it like my-shop"),
        ({"project": 7}, "is not text"),
        ({"stack": "1"}, "write it like my-shop"),
        ({"timezone": "Asia/Soul"}, "'Asia/Soul' is not a time zone"),
        ({"timezone": "Asia"}, "is not a time zone"),
        ({"timezone": "../etc"}, "is not a time zone"),
        ({"locale": "de"}, "'ko' or 'en'"),
        ({"country": "Korea"}, "write it like KR"),
        ({"currency": "won"}, "write it like KRW"),
        ({"sender": {"name": "x", "email": "shop"}}, "write it like hello@shop.example"),
        ({"sender": {"name": "x", "email": "a@b.c", "phone": 1012345670}}, "is not text; put it in quotes"),
        ({"links": {"domain": "go.shop.example/x"}}, "write it like https://go.shop.example"),
        ({"events": {"view": {"keep": 0}}}, "greater than or equal to 1"),
        ({"events": {"view": {"keep": "64"}}}, "valid integer"),
        ({"events": {"view": {"remember": ["item_id"]}}}, "Extra inputs"),
        ({"holdout": 0.1}, "is not a share"),
        ({"caps": [{"max": 1, "per": "31d"}]}, "at most 30d"),
        ({"caps": [{"max": 1, "per": "0d"}]}, "at least 1s"),
        ({"caps": [{"max": 1, "per": "month"}]}, "write day, week, or a duration"),
        ({"caps": [{"max": True, "per": "day"}]}, "valid integer"),
        ({"caps": [{"max": 1, "per": "day", "channel": "fax"}]}, "is not a channel"),
        ({"quiet_hours": {"marketing": {"from": 1260, "to": "08:00"}}}, "is not a time of day"),
        ({"quiet_hours": {"marketing": {"from": "25:00", "to": "08:00"}}}, "is not a time of day"),
        ({"quiet_hours": {"marketing": {"from": "08:00", "to": "08:00"}}}, "the same time"),
        ({"quiet_hours": {"promo": {"from": "21:00", "to": "08:00"}}}, "Extra inputs"),
        ({"quiet_hours": "japan"}, "'korea'"),
        (
            {"quiet_hours": {"marketing": [{"from": "21:00", "to": "08:00", "channels": ["sms"], "except": ["push"]}]}},
            "channels and except exclude each other",
        ),
        ({"merge_tags": {"이름": {"trait": "first-name"}}}, "cannot stand in a message"),
        ({"prices": {"sms": -1}}, "greater than or equal to 0"),
        ({"prices": {"fax": 1}}, "is not a channel"),
        ({"channels": {"fax": {}}}, "'email', 'sms', 'lms', 'mms', 'alimtalk', "),
        ({"channels": {"webhook": {"provider": "endpoint"}}}, "webhooks need an address"),
        ({"channels": {"webhook": {"url": "http://shop.example/"}}}, "is not a webhook's address"),
        ({"channels": {"webhook": {"url": "https://169.254.169.254/"}}}, "is not a public address"),
        ({"channels": {"console": {"provider": "ses"}}}, "ses does not send on console; one of console"),
        ({"channels": {"email": {"provider": "solapi"}}}, "solapi does not send on email; one of ses, console"),
        ({"channels": {"sms": {"provider": "solapi", "from": "?"}}}, "write it like 1588-0000"),
        ({"channels": {"alimtalk": {"provider": "nhn"}}}, "needs the KakaoTalk channel's key"),
        (
            {"sender": {"name": "x", "email": "x@y.z"}, "channels": {"sms": {"provider": "solapi"}}},
            "the number they come from",
        ),
        ({"channels": {"lms": {"rate": "10/s"}}}, "every text message is sent as sms is"),
        ({"channels": {"in_web": {"rate": "10/s"}}}, "in_web needs no provider"),
        ({"stages": []}, "Extra inputs"),
        ({"global_holdout": {"renew": "yearly"}}, "Field required"),
        ({"global_holdout": {"share": "5%", "renew": "weekly"}}, "'monthly', 'quarterly' or 'yearly'"),
    ],
)
def test_a_project_that_cannot_be_meant_is_refused(changes, problem):
    with pytest.raises(ValidationError, match=problem):
        project(**changes)
