"""What a campaign's or project's author is told to change."""

import pytest

from cli.definitions import load_project, load_segment
from dangol.domain.channel import CHANNEL_NAMES
from tests.shop import CAMPAIGN, PROJECT, campaign, problems, write_shop


@pytest.fixture
def shop(tmp_path):
    return write_shop(tmp_path)


def test_every_problem_of_a_file_is_told_with_its_line_its_field_and_a_hint(shop):
    text = """\
titel: 오픈
title: 2026
goal: {event: purchase, within: 7 days, target: 5}
also: view_item
audience: segments/dormnt.yaml
exclude: [../dangol.yaml]
schedule: {at: 2026-12-01T10:00, timezone: Asia/Soul}
purpose: marketting
channel: mail
coupon: {pool: x}
message:
  subject: 안녕 #{이름}님
  text: |
    안녕
    #{이룸}님
  cta: {label: x}
variants:
  - {name: 가, weight: "1", mesage: {}}
  - 나
holdout: 0.2
limits: {expires: 0s}
"""

    assert problems(campaign, shop, text) == [
        (
            "campaigns/sale.yaml:1: titel: 'titel' is not a key here; did you mean title? allowed: title, goal, also, "
            "audience, exclude, schedule, purpose, channel, channels, fallback_within, show, appeal, message, "
            "messages, variants, test, holdout, assign_by, attribution, on_inexact, once_per, on_unknown, limits, utm"
        ),
        'campaigns/sale.yaml:2: title: 2026 is not text; 따옴표로 감싸 주세요: "2026"',
        (
            "campaigns/sale.yaml:3: goal.target: 5 is not a target; write one of 5%, {uplift: 3%p}, {click_rate: 3%}, "
            "{people: 120}, {revenue: 12000000}"
        ),
        "campaigns/sale.yaml:3: goal.within: '7 days' is not a duration; write it like 90s, 15m, 6h, 30d or 2w",
        "campaigns/sale.yaml:4: also: is not a list; write it like [first, second]",
        (
            "campaigns/sale.yaml:5: audience: there is no segment file 'segments/dormnt.yaml'; did you mean "
            "segments/dormant.yaml?"
        ),
        (
            "campaigns/sale.yaml:6: exclude.0: there is no segment file '../dangol.yaml'; write a file like "
            "segments/dormant.yaml, or the conditions themselves"
        ),
        "campaigns/sale.yaml:7: schedule.timezone: 'Asia/Soul' is not a time zone; did you mean Asia/Seoul?",
        (
            "campaigns/sale.yaml:8: purpose: 'marketting' is not allowed here; did you mean marketing? allowed: "
            "marketing, information"
        ),
        (
            "campaigns/sale.yaml:9: channel: 'mail' is not allowed here; did you mean email? allowed: email, sms, lms, "
            "mms, alimtalk, push, web_push, in_web, in_app, webhook, console"
        ),
        "campaigns/sale.yaml:10: coupon: is not there yet",
        (
            "campaigns/sale.yaml:12: YAML takes #{이름} and what follows as a comment: subject: 안녕 #{이름}님; "
            '따옴표로 감싸 주세요: "…#{이름}…"'
        ),
        "campaigns/sale.yaml:15: message.text: #{이룸} is not a merge tag of dangol.yaml; known: #{이름}",
        "campaigns/sale.yaml:16: message.cta.link: is missing",
        (
            "campaigns/sale.yaml:18: variants.0.mesage: 'mesage' is not a key here; did you mean message? allowed: "
            "name, weight, appeal, message, messages"
        ),
        "campaigns/sale.yaml:18: variants.0.weight: '1' is not a whole number; write 1, without quotes or commas",
        (
            "campaigns/sale.yaml:19: variants.1: needs keys of its own below it; allowed: name, weight, appeal, "
            "message, messages"
        ),
        "campaigns/sale.yaml:20: holdout: 0.2 is not a share; write it like 10%, from 0% to 100%",
        "campaigns/sale.yaml:21: limits.expires: must be longer than nothing; write it like 7d",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("audience: {did: view_item, within: 30d}", "audience: {sql: delete from events}", ("2: audience.sql: is not a "
         "query; write select user_id from …, or with … select user_id from …")),
        ("audience: {did", "audience: {sql: select 1, dit", "2: audience.dit: 'dit' is not a key here"),
        ("audience: {did: view_item, within: 30d}", "audience: {any: [{sql: select 1}]}", ("2: audience.any.0.sql: "
         "sql is no condition; it stands alone at the top of an audience; take people out under exclude")),
        ("audience: {did: view_item, within: 30d}", "audience: {sql: select 1, any: []}", ("2: audience: sql stands "
         "alone; write the rest into the query, or under exclude")),
        ("audience: {did: view_item, within: 30d}", "audience: {did: view_item}\nexclude: [{sql: select 1}]", (
         "3: exclude.0: sql selects an audience; take people out by conditions, or within the audience's own query")),
        ("did: view_item, within: 30d", "in_segment: vip", "2: audience.in_segment: there is no segment file"),
        ("did: view_item, within: 30d", "in_segment: 3", "2: audience.in_segment: names no segment"),
        ("did: view_item", "did: view_item, same: item_id", "2: audience: same goes with then_not"),
        ("did: view_item", "name: x, did: view_item", "2: audience.name: a segment is named after its file; take"),
        ("within: 30d", "wthin: 30d", "2: audience.wthin: 'wthin' is not a key here; did you mean within? allowed"),
        ("within: 30d", "where: {brand: x}", ("2: audience.where.brand: 'brand' is not a facet of view_item; declare "
         "it in dangol.yaml, events.view_item.facets (declared now: category)")),
        ("view_item, within: 30d", "buy, where: {brand: x}", ("2: audience.where.brand: 'brand' is not a facet of buy; "
         "declare it in dangol.yaml, events.buy.facets (none is declared now)")),
        ("within: 30d", "within: 30d, count: {gte: 9}", ("2: audience.count: only the most recent 8 of view_item are "
         "kept, too few to tell; raise events.view_item.keep in dangol.yaml to 9")),
        ("within: 30d", "as: x", "2: audience.as: a label counts on a branch of the top any only"),
        ("{did: view_item, within: 30d}", "{any: [3]}", ("2: audience.any.0: needs keys of its own below it; allowed: "
         "trait, did")),
        ("{did: view_item, within: 30d}", "{any: [{trait: plan}]}", "2: audience.any.0: exactly one comparison"),
        ("{did: view_item, within: 30d}", "{any: [{did: 3}]}", "2: audience.any.0.did: 3 is not text"),
        ("{did: view_item, within: 30d}", "{trait: age, between: [1]}", "2: audience.between.1: is missing"),
        ("{did: view_item, within: 30d}", "{trait: age, between: 1}", "2: audience.between: is not a list"),
        ("{did: view_item, within: 30d}", "dormant", "2: audience: there is no segment file 'dormant'"),
        ("{did: view_item, within: 30d}", "7", "2: audience: needs keys of its own below it"),
        ("title: 오픈", "title: [신규]", "1: title: ['신규'] is not text; 따옴표로 감싸 주세요"),
        ("title: 오픈", "title: ' '", "1: title: is empty; write something"),
        ("  subject", "  title: x\n  subject", "6: message.title: email cannot show it"),
        ('  subject: "#{이름}님"\n', "", "5: message.subject: an e-mail needs a subject"),
        ("    안녕하세요", "    안녕\n    {% if a %}", "9: message.text: the template does not compile: Un"),
        ("안녕하세요", "{{ a | nope }}", "8: message.text: the template does not compile: No filter named 'nope'"),
        ("  text: |\n    안녕하세요", '  text: "{{ a"', "7: message.text: the template does not compile"),
        ("holdout: 10%", "goal: {event: view_item, within: 1d, target: {revenue: 5}}",
         "9: goal.target: nothing says what one view_item is worth; say events.view_item.value in dangol.yaml"),
        ("holdout: 10%", "schedule: {cron: 0 10 * * MON}", "9: schedule.cron: '0 10 * * MON' has 5 fields where six"),
        ("holdout: 10%", "variants: [{name: A, message: {cta: {label: '#{x}'}}}]",
         "9: variants.0.message.cta: both label and link are needed"),
        ("holdout: 10%", "variants: [{name: A, message: {subject: '#{x}'}}]",
         "9: variants.0.message.subject: #{x} is not a merge tag of dangol.yaml; known: #{이름}"),
        ("holdout: 10%", "variants: 3", "9: variants: is not a list"),
        ("holdout: 10%", f"variants: [{', '.join(f'{{name: v{n}}}' for n in range(17))}]",
         "9: variants: takes at most 16 of them"),
        ("holdout: 10%", "variants: [{name: A, weight: -1}]", "9: variants.0.weight: is below 0, the least allowed"),
        ("holdout: 10%", "variants: [{name: A, weight: 1001}]", "9: variants.0.weight: is above 1000, the most"),
        ("holdout: 10%", "goal: {event: x, within: 1d, worth: -1}", "9: goal.worth: must be above 0"),
        ("holdout: 10%", "goal: {event: x, within: 1d, worth: '79,000'}",
         "9: goal.worth: '79,000' is not a number; write 79000, without quotes or commas"),
        ("holdout: 10%", "goal: {event: x, within: 1d, worth: many}", "9: goal.worth: 'many' is not a number"),
        ("holdout: 10%", "limits: {rate: 20}", "9: limits.rate: 20 is not a rate; write it like 14/s"),
        ("within: 30d", "count: {gte: 1.0e+400}", "2: audience.count.gte: is not a finite number"),
        ("{did: view_item, within: 30d}", "{trait: a, exists: 1}", "2: audience.exists: is neither true nor false"),
    ],
)  # fmt: skip
def test_a_campaign_is_told_what_to_change(shop, old, new, problem):
    assert old in CAMPAIGN

    first, *_ = problems(campaign, shop, CAMPAIGN.replace(old, new))

    assert first.startswith(f"campaigns/sale.yaml:{problem}")


def test_a_missing_key_says_what_it_may_be(shop):
    told = problems(campaign, shop, "title: 오픈\n")

    assert told == [
        "campaigns/sale.yaml:1: audience: is missing",
        f"campaigns/sale.yaml:1: channel: is missing; one of {', '.join(CHANNEL_NAMES)}",
        "campaigns/sale.yaml:1: message: is missing",
        "campaigns/sale.yaml:1: purpose: is missing; one of marketing, information",
    ]


def test_what_the_reader_has_told_the_model_does_not_tell_again(shop):
    text = CAMPAIGN.replace("title: 오픈", "title:").replace("purpose: marketing", "purpose: *광고")

    assert problems(campaign, shop, text) == [
        "campaigns/sale.yaml:1: title: is empty; give it a value, or take the line out",
        'campaigns/sale.yaml:3: purpose: YAML takes *광고 as a sign of its own; 따옴표로 감싸 주세요: "*광고…"',
    ]


def test_labels_are_few_and_different(shop):
    branches = "\n".join(f"  - {{as: b{n % 8}, did: view_item}}" for n in range(9))
    told = problems(load_segment, f"any:\n{branches}\n", load_project(shop))

    assert told == [
        "(segment):1: any: has 9 labelled branches; at most 8 are counted apart",
        "(segment):1: any: two branches have the label 'b0'; give one another name",
    ]


@pytest.mark.parametrize(
    ("changed", "notice"),
    [
        (("holdout: 10%", "goal: {event: x, within: 1d, target: {uplift: 3%p}}"),
         "campaigns/sale.yaml:9: goal.target: an uplift cannot be measured without a holdout; add holdout: 10%"),
        (("holdout: 10%",
          "goal: {event: x, within: 1d, target: {uplift: 3%p}}\nvariants: [{name: A}]\nassign_by: {trait: arm}"),
         "campaigns/sale.yaml:9: goal.target: an uplift cannot be measured without a holdout; add holdout: 10%"),
        (("holdout: 10%", "goal: {event: x, within: 1d, target: {click_rate: 3%}}"),
         ('campaigns/sale.yaml:9: goal.target: the message has no link to click on; add a cta, or '
         '{{ link("https://…") }}')),
    ],
)  # fmt: skip
def test_what_can_run_but_cannot_be_told_is_a_notice(shop, changed, notice):
    assert [str(n) for n in campaign(shop, CAMPAIGN.replace(*changed)).notices] == [notice]


@pytest.mark.parametrize(
    "goal",
    [
        "goal: {event: x, within: 1d}",
        "goal: {event: purchase, within: 1d, target: {revenue: 5}}",
        "goal: {event: x, within: 1d, worth: 5, target: {revenue: 5}}",
        "goal: {event: x, within: 1d, target: {uplift: 3%p}}\nholdout: 10%",
    ],
)
def test_a_goal_that_can_be_told_gets_no_notice(shop, goal):
    assert campaign(shop, CAMPAIGN.replace("holdout: 10%", goal)).notices == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('phone: "1588-0000"', "phone: 01012345670",
         '2: sender.phone: 01012345670 is not text; 따옴표로 감싸 주세요: "01012345670"'),
        ("provider: ses", "provider: sess", "9: channels.email.provider: 'sess' is not allowed here; did"),
        ("  email: {", "  kakao: {", "9: channels.kakao: kakao is not there yet; allowed: email, sms, lms, mms, "),
        ("  email: {", "  sms: {", "9: channels.sms.provider: ses does not send on sms; one of solapi, aws, console"),
        ("keep: 8", "remember: [item_id]", "4: events.view_item.remember: is not there yet"),
        ("keep: 8", "keep: 8.5", "4: events.view_item.keep: '8.5' is not a whole number"),
        ("default: 고객", "default: 7", '7: merge_tags.이름.default: 7 is not text; 따옴표로 감싸 주세요: "7"'),
        ("project: shop", "project: shop\nstages: []", "2: stages: is not there yet"),
        ("merge_tags:", "prices: [1]\nmerge_tags:", "6: prices: needs keys of its own below it"),
        ("events:", "events: {}\nevents:", "4: events: events is here twice, first on line 3; keep one"),
    ],
)  # fmt: skip
def test_a_project_is_told_what_to_change(shop, old, new, problem):
    assert old in PROJECT
    (shop / "dangol.yaml").write_text(PROJECT.replace(old, new))

    first, *_ = problems(load_project, shop)

    assert first.startswith(f"dangol.yaml:{problem}")
