from datetime import datetime, time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from dangol.domain.campaign import SLUG, Campaign, Variant, merge
from dangol.domain.cron import check_cron
from dangol.domain.goal import Target
from dangol.domain.run import Run
from dangol.domain.timing import ScheduleRule
from tests.fakes.world import NOW
from tests.shop_campaign import project

SALE = {
    "title": "오픈",
    "audience": {"did": "view_item"},
    "purpose": "marketing",
    "channel": "email",
    "message": {"subject": "열렸어요", "text": "안녕하세요"},
}


def campaign(**changes):
    return Campaign.model_validate({**SALE, **changes})


def stored(model):
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)


def test_a_campaign_runs_without_goal_time_or_limits():
    sale = campaign()

    assert (sale.goal, sale.schedule, sale.holdout, sale.once_per) == (None, None, None, None)
    assert sale.messages() == [sale.message]


def test_a_whole_campaign_survives_being_stored():
    sale = campaign(
        goal={"event": "purchase", "where": {"item_id": "x"}, "within": "7d", "target": "5%", "worth": 79000},
        also=["view_item"],
        exclude=[{"trait": "plan", "is": "free"}],
        schedule={"weekly": ["mon", "thu"], "at": "10:00", "until": "2027-01-01 00:00", "timezone": "Asia/Seoul"},
        message={"subject": "s", "preheader": "p", "text": "t", "html": "<p>t</p>", "cta": {"label": "l", "link": "k"}},
        variants=[{"name": "가", "appeal": "값"}, {"name": "나", "weight": 2, "message": {"cta": {"label": "m"}}}],
        holdout="20%",
        attribution="any",
        once_per="90d",
        limits={
            "rate": "50/s",
            "expires": "12h",
            "audience": {"min": 1, "max": 9},
            "stop_when": {"failed": "5%", "unsubscribed": "1%"},
        },
    )

    assert Campaign.model_validate(stored(sale)) == sale
    assert Campaign.model_validate_json(sale.model_dump_json(by_alias=True, exclude_unset=True)) == sale


def test_a_variant_merges_deeply_into_the_message():
    sale = campaign(
        message={"subject": "s", "text": "t", "cta": {"label": "사기", "link": "https://a"}},
        variants=[{"name": "A"}, {"name": "B", "message": {"subject": "b", "cta": {"label": "보기"}}}],
    )

    plain, changed = sale.messages()

    assert plain == sale.message == sale.message_of(None)
    assert (changed.subject, changed.text) == ("b", "t")
    assert (changed.cta.label, changed.cta.link) == ("보기", "https://a")


def test_a_split_drawn_elsewhere_names_its_trait():
    sale = campaign(assign_by={"trait": "arm", "holdout": "No E-Mail"}, variants=[{"name": "Mens E-Mail"}])

    assert sale.assign_by.holdout == "No E-Mail"
    assert sale.variants == (Variant(name="Mens E-Mail"),)


def test_lists_and_scalars_replace_where_mappings_merge():
    assert merge({"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"c": [2]}, "d": {"e": 1}}) == {
        "a": {"b": 1, "c": [2]},
        "d": {"e": 1},
    }


@pytest.mark.parametrize(
    ("target", "metric", "figure"),
    [
        ("5%", "conversion_rate", 0.05),
        ({"uplift": "3%p"}, "uplift", 0.03),
        ({"click_rate": "3%"}, "click_rate", 0.03),
        ({"people": 120}, "people", 120.0),
        ({"revenue": 12000000}, "revenue", 12000000.0),
    ],
)
def test_a_target_is_one_figure_of_one_metric(target, metric, figure):
    read = Target.model_validate(target)

    assert (read.metric, read.figure) == (metric, figure)
    assert Target.model_validate(stored(read)) == read


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ({}, "one target is needed"),
        ({"people": 1, "uplift": "3%p"}, "one target is needed"),
        (5, "is not a target"),
        ({"uplift": "3%"}, "3%p"),
        ({"uplift": 3.0}, "3%p"),
        ({"people": 0}, "greater than or equal to 1"),
        ({"revenue": 0}, "greater than 0"),
    ],
)
def test_a_target_that_cannot_be_meant_is_refused(target, problem):
    with pytest.raises(ValidationError, match=problem):
        Target.model_validate(target)


SITE: dict[str, Any] = {"channel": "in_web", "message": {"text": "x"}}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"title": 7}, "is not text"),
        ({"purpose": "promo"}, "'marketing' or 'information'"),
        ({"channel": "rcs"}, "'email', 'sms', 'lms', 'mms', 'alimtalk', 'brand_message', 'push', "),
        ({"channel": "sms", "message": {"text": "x", "html": "<p>x</p>"}}, "sms cannot show it"),
        ({"channel": "sms", "message": {"text": "x", "template": "KA01"}}, "sms cannot show it"),
        ({"channel": "lms", "message": {"text": "x", "image": "a.jpg"}}, "lms cannot show it"),
        ({"channel": "mms", "message": {"text": "x"}}, "an MMS needs a picture"),
        ({"channel": "sms", "message": {"text": "x", "buttons": [{"label": "a", "link": "b"}]}}, "sms cannot show it"),
        ({"channel": "brand_message", "message": {"text": "x", "subject": "y"}}, "brand_message cannot show it"),
        ({"channel": "brand_message", "message": {"text": "x", "wide": True}}, "a wide brand message needs a picture"),
        ({"channel": "brand_message", "message": {"text": "x", "coupon": {"title": "y"}}}, "Field required"),
        (
            {"channel": "brand_message", "purpose": "information", "message": {"text": "x"}},
            "labels every brand message as advertising",
        ),
        (
            {
                "channel": "sms",
                "channels": ["sms", "brand_message"],
                "purpose": "information",
                "message": {"text": "x"},
            },
            "labels every brand message as advertising",
        ),
        ({"channel": "lms", "message": {"text": "x", "html": "<p>x</p>"}}, "lms cannot show it"),
        ({"channel": "alimtalk", "purpose": "information", "message": {"text": "x"}}, "the code of its approved"),
        ({"channel": "alimtalk", "message": {"text": "x", "template": "KA01"}}, "carries information only"),
        ({"message": {"text": "x"}}, "an e-mail needs a subject"),
        ({"variants": [{"name": "A"}, {"name": "A"}]}, "two variants have the same name"),
        ({"variants": [{"name": "holdout"}]}, "the name of the holdout"),
        ({"variants": [{"name": "N"}], "assign_by": {"trait": "t", "holdout": "N"}}, "the name of the holdout"),
        ({"variants": [{"name": "A", "weight": 0}]}, "every variant has weight 0"),
        ({"variants": [{"name": "A", "message": {"cta": {"label": "x"}}}]}, "both label and link"),
        ({"variants": [{"name": "A", "message": {"subjct": "x"}}]}, "Extra inputs"),
        ({"variants": [{"name": str(n)} for n in range(17)]}, "at most 16"),
        ({"assign_by": {"trait": "arm"}, "holdout": "10%"}, "assign_by names its own holdout"),
        ({"assign_by": {"trait": "arm"}}, "assign_by needs variants"),
        ({"limits": {"audience": {"min": 5, "max": 1}}}, "min is above max"),
        ({"limits": {"ramp": 1}}, "Extra inputs"),
        ({"once_per": "run"}, "write campaign, or a duration"),
        ({"trigger": {"on": "x"}}, "Extra inputs"),
        ({"show": {}}, "email is not shown inside a session"),
        ({"message": {"subject": "x", "text": "x", "close": "x"}}, "email cannot show it"),
        ({"channel": "in_web"}, "in_web cannot show it"),
        ({"channel": "in_app", "message": {"text": "x", "html": "<p>x</p>"}}, "in_app cannot show it"),
        ({**SITE, "show": {"on": "delay"}}, "belong together"),
        ({**SITE, "show": {"on": "exit", "after": "10s"}}, "belong together"),
        ({**SITE, "show": {"on": "exit", "depth": "50%"}}, "depth belongs to on: scroll"),
        ({**SITE, "show": {"max": 1}}, "max: 1 and per: 3d belong together"),
        ({**SITE, "show": {"per": "3d"}}, "max: 1 and per: 3d belong together"),
        ({**SITE, "show": {"form": "popup"}}, "'modal', 'banner' or 'card'"),
    ],
)
def test_a_campaign_that_cannot_be_meant_is_refused(changes, problem):
    with pytest.raises(ValidationError, match=problem):
        campaign(**changes)


@pytest.mark.parametrize("once", ["campaign", "90d", timedelta(days=90)])
def test_once_per_is_the_campaign_or_a_time(once):
    assert campaign(once_per=once).once_per in ("campaign", timedelta(days=90))


@pytest.mark.parametrize(
    ("name", "fits"), [("course-launch", True), ("a.b_c-1", True), ("신규", False), ("-a", False), ("a" * 41, False)]
)
def test_an_id_is_an_ascii_slug(name, fits):
    assert bool(SLUG.fullmatch(name)) is fits


@pytest.mark.parametrize(
    "rule",
    [
        {"at": "2026-12-01T10:00"},
        {"at": "2026-12-01 10:00:30", "timezone": "Asia/Seoul"},
        {"daily": "10:00", "until": "2027-01-01T00:00"},
        {"weekly": ["mon"], "at": "10:00"},
        {"monthly": 28, "at": "10:00"},
        {"cron": "0 10 ? * MON *"},
        {"every": "1d"},
    ],
)
def test_every_kind_of_schedule_survives_being_stored(rule):
    read = ScheduleRule.model_validate(rule)

    assert ScheduleRule.model_validate(stored(read)) == read


def test_a_start_is_an_instant_or_a_time_of_day():
    assert ScheduleRule(at="2026-12-01T10:00").at == datetime(2026, 12, 1, 10)  # noqa: DTZ001 - local by design
    assert ScheduleRule(weekly=["mon"], at=time(10)).at == time(10)
    assert ScheduleRule(daily="10:00", until=datetime(2027, 1, 1)).until == datetime(2027, 1, 1)  # noqa: DTZ001 - as above


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({}, "one kind of start is needed"),
        ({"at": "10:00"}, "one kind of start is needed"),
        ({"daily": "10:00", "every": "1d"}, "one kind of start is needed"),
        ({"at": "2026-12-01T10:00", "until": "2027-01-01T00:00"}, "no meaning for a single start"),
        ({"at": "2026-12-01T10:00", "daily": "10:00"}, "exclude each other"),
        ({"cron": "0 10 ? * MON *", "at": "10:00"}, "exclude each other"),
        ({"weekly": ["mon"]}, "weekly needs a time of day"),
        ({"monthly": 1, "at": "2026-12-01T10:00"}, "monthly needs a time of day"),
        ({"weekly": [], "at": "10:00"}, "at least 1"),
        ({"weekly": ["monday"], "at": "10:00"}, "'mon'"),
        ({"monthly": 31, "at": "10:00"}, "not in every month"),
        ({"every": "90s"}, "whole minutes"),
        ({"at": "2026-12-01"}, "is not a local time; write 2026-12-01T10:00"),
        ({"at": "2026-12-01T10:00+09:00"}, "is not a local time"),
        ({"at": "2026-13-01T10:00"}, "is not a local time"),
        ({"at": "25:00"}, "is not a time of day"),
        ({"daily": "9am"}, "is not a time of day"),
        ({"daily": "10:00", "timezone": "KST"}, "is not a time zone"),
    ],
)
def test_a_schedule_that_cannot_be_meant_is_refused(rule, problem):
    with pytest.raises(ValidationError, match=problem):
        ScheduleRule.model_validate(rule)


@pytest.mark.parametrize(
    "text",
    [
        "0 10 ? * MON *",
        "0 10 ? * MON-FRI *",
        "*/15 8-18/2 1,15 * ? 2026-2030",
        "0 10 L JAN,JUL ? *",
        "0 10 15W * ? *",
        "0 10 ? * 6L *",
        "0 10 ? * FRI#2 *",
    ],
)
def test_a_cron_expression_of_eventbridge_is_taken(text):
    assert check_cron(text) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0 10 * * MON", "has 5 fields where six are needed"),
        ("0 10 * * MON *", "must have \\? for the day or for the weekday"),
        ("0 10 ? * ? *", "must have \\? for the day or for the weekday"),
        ("60 10 ? * MON *", "'60' does not fit the minute"),
        ("0 24 ? * MON *", "'24' does not fit the hour"),
        ("0 10 ? * MUN *", "'MUN' does not fit the weekday"),
        ("0 10 1-2-3 * ? *", "does not fit the day"),
        ("*/0 10 1 * ? *", "does not fit the minute"),
        ("0 10 32 * ? *", "does not fit the day"),
        ("0 10 1 * ? 99999", "does not fit the year"),
    ],
)
def test_a_cron_expression_that_eventbridge_refuses_is_refused_before(text, problem):
    with pytest.raises(ValueError, match=problem):
        check_cron(text)


@pytest.mark.parametrize(
    ("pattern", "fits", "not_fits"),
    [
        (None, ["", "/", "/a"], []),
        ("/courses/*", ["/courses/", "/courses/dev/1", "/courses/a\nb"], ["/courses", "/x/courses/"]),
        ("*/sale", ["/sale", "/ko/sale"], ["/sale/1"]),
        ("/a.b[1]?", ["/a.b[1]?"], ["/axb1"]),
    ],
)
def test_a_message_is_for_the_pages_that_its_pattern_says(pattern, fits, not_fits):
    show = campaign(**SITE, show={"page": pattern}).show if pattern else campaign(**SITE, show={}).show

    assert show is not None
    assert [page for page in (*fits, *not_fits) if show.fits(page)] == fits


def test_what_waits_for_a_session_has_an_end_whether_its_campaign_says_so_or_not():
    ends = {
        "never": Run(1, "c", campaign(), project(), NOW).expires_at,
        "site": Run(1, "c", campaign(**SITE), project(), NOW).expires_at,
        "said": Run(1, "c", campaign(**SITE, limits={"expires": "2d"}), project(), NOW).expires_at,
    }

    assert ends == {"never": None, "site": NOW + timedelta(days=14), "said": NOW + timedelta(days=2)}


SEVERAL = {name: value for name, value in SALE.items() if name not in ("channel", "message")}
BOTH = {
    "channels": ["email", "sms"],
    "messages": {"email": {"subject": "열렸어요", "text": "메일"}, "sms": {"text": "문자"}},
}


def several(**changes):
    return Campaign.model_validate({**SEVERAL, **BOTH, **changes})


def test_of_several_channels_each_says_it_in_its_own_words():
    sale = several(
        message={"text": "모두에게", "cta": {"label": "보기", "link": "https://a"}},
        messages={"email": {"subject": "s"}},
        variants=[
            {"name": "A"},
            {"name": "B", "message": {"text": "b"}, "messages": {"sms": {"cta": {"label": "사기"}}}},
        ],
    )

    assert (sale.channel, sale.steps) == ("email", ("email", "sms"))
    told = [(m.subject, m.text, m.cta.label) for m in sale.messages()]
    assert told == [
        ("s", "모두에게", "보기"),
        ("s", "b", "보기"),
        (None, "모두에게", "보기"),
        (None, "b", "사기"),
    ]


def test_a_campaign_of_several_channels_survives_being_stored_and_is_a_plain_one_on_each():
    sale = several(variants=[{"name": "A", "messages": {"sms": {"text": "a"}}}, {"name": "B"}])

    again = Campaign.model_validate_json(sale.model_dump_json(by_alias=True, exclude_unset=True))
    texts = again.on("sms")

    assert again == sale
    assert (texts.channel, texts.steps) == ("sms", ("sms",))
    assert [message.text for message in texts.messages()] == ["a", "문자"]
    assert Campaign.model_validate(stored(texts)).messages() == texts.messages()
    assert campaign().on("email") == campaign()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"channel": "sms"}, "write channel for one, or channels for one after the other"),
        ({"channels": ["email", "in_web"]}, "in_web cannot fail to reach somebody"),
        ({"channels": ["email", "sms", "lms"]}, "lms reaches nobody whom the one before it does not"),
        ({"channels": ["email"]}, "channels does not name it"),
        ({"variants": [{"name": "A", "messages": {"alimtalk": {"text": "a"}}}]}, "channels does not name it"),
        ({"messages": {"email": {"subject": "s", "text": "t"}}}, "is missing"),
        ({"messages": {"email": {"text": "t"}, "sms": {"text": "t"}}}, "an e-mail needs a subject"),
        ({"channels": ["emall", "sms"]}, "Input should be 'email'"),
    ],
)
def test_several_channels_that_do_not_go_together_are_refused(changes, problem):
    with pytest.raises(ValidationError, match=problem):
        several(**changes)


@pytest.mark.parametrize("image", ["new.jpg", "../pictures/new.jpg"])
def test_a_push_shows_a_picture_by_its_address(image):
    told = {"channels": ["push", "mms"], "message": {"text": "t", "image": image}, "messages": {}}

    with pytest.raises(ValidationError, match=r"push shows a picture by its address; write https://…"):
        several(**told)
    assert several(**{**told, "messages": {"push": {"image": "https://shop.example/new.jpg"}}}).steps == ("push", "mms")


def test_what_lacks_in_a_message_is_told_where_it_is_written():
    with pytest.raises(ValidationError) as lacking:
        several(variants=[{"name": "A", "messages": {"sms": {"cta": {"label": "l"}}}}])

    assert lacking.value.errors()[0]["ctx"]["path"] == ("variants", 0, "messages", "sms", "cta")


def test_the_schema_asks_for_one_channel_or_several():
    schema = Campaign.model_json_schema(by_alias=True)

    assert not {"channel", "message"} & set(schema["required"])
    assert {"anyOf": [{"required": ["channel"]}, {"required": ["channels"]}]} in schema["allOf"]


def test_what_is_no_mapping_is_no_campaign():
    with pytest.raises(ValidationError, match="valid dictionary"):
        Campaign.model_validate("email")
