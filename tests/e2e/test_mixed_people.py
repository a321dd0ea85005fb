"""Two thousand people of four countries, four channels, one evening in Seoul: who got what, when, with which label.

The table is the reference: each of its rows stands for fifty people, and says by which channel, at which hour and with
which label the message has to reach them, or why it must not. It knows the law and the campaign, and no code.
"""

import gzip
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from cli.applying import apply
from cli.running import start
from cli.stack import Stack
from dangol import bootstrap
from dangol.contracts import Release
from dangol.domain.devices import devices
from dangol.domain.ledger import UNDATED, Entry, Ledger
from dangol.domain.profile import Profile
from dangol.domain.suppression import address_hash
from dangol.pipeline.webhooks import shared_secret
from tests.e2e.audience import CONSENTED_AT, known
from tests.e2e.conftest import Api, eventually, mails, recorded, status
from tests.fakes.providers import fcm, solapi
from tests.shop_campaign import campaign, project

EACH: Final = 50
SEOUL = ZoneInfo("Asia/Seoul")
# Hours of one evening and night in Seoul, by whom they let through: at once, New York, Honolulu, Seoul.
NOW, NEW_YORK, HONOLULU, MORNING = "20:55", "22:01", "03:01", "08:01"
LABEL: Final = "(광고)"
YORK: Final = "America/New_York"
ALL: Final = "push kakao sms email"
CHANNELS: Final = ("push", "brand_message", "sms", "email")


@dataclass(frozen=True)
class Row:
    """Fifty people: where they are, what reaches them, what they said yes to; and what has to become of them."""

    name: str
    country: str
    reach: str
    consent: str
    got: str
    at: str = NOW
    label: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


def row(name: str, where: str, reach: str, consent: str, *got: str, **more: Any) -> Row:
    """A row as it stands below; who gets it at once, or without a label, need not say so."""
    by, at, label, *_ = (*got, *(NOW, "")[len(got) - 1 :])
    return Row(name, where, reach, consent, by, at, label, more)


# fmt: off
ROWS: Final = (
    #   who                 from  reached by         said yes to   gets it by       at         label
    row("kr-all",           "KR", ALL,               ALL,          "push",          NOW,       LABEL),
    row("kr-tablet-too",    "KR", ALL,               ALL,          "push",          NOW,       LABEL, devices=2),
    row("kr-one-dead",      "KR", ALL,               ALL,          "push",          NOW,      LABEL, devices=2, dead=1),
    row("kr-all-dead",      "KR", ALL,               ALL,          "brand_message", MORNING,   "", dead=1),
    row("kr-no-push-yes",   "KR", ALL,               "kakao sms",  "brand_message", MORNING),
    row("kr-no-app",        "KR", "kakao sms email", ALL,          "brand_message", MORNING),
    row("kr-night-yes",     "KR", "kakao sms email", ALL,          "brand_message", MORNING,   "", night=True),
    row("kr-kakao-fails",   "KR", "kakao sms email", ALL,          "sms",           MORNING,   LABEL, bounces="3104"),
    row("kr-kakao-refused", "KR", "kakao sms email", ALL,          "sms",           MORNING,   LABEL, code="3102"),
    row("kr-kakao-last",    "KR", "kakao",           "kakao",      "failed",        MORNING,   "", code="3102"),
    row("kr-sms",           "KR", "sms email",       "sms email",  "sms",           NOW,       LABEL),
    row("kr-sms-alone",     "KR", "sms",             "sms",        "sms",           NOW,       LABEL),
    row("kr-sms-refused",   "KR", "sms email",       "sms email",  "email",         NOW,       LABEL, code="3031"),
    row("kr-sms-080",       "KR", "sms email",       "sms email",  "email",         NOW,       LABEL, refused=True),
    row("kr-sms-bad",       "KR", "sms email",      "sms email",  "email",         NOW,       LABEL, suppressed="sms"),
    row("kr-sms-withdrawn", "KR", "sms email",       "email",      "email",         NOW,       LABEL, withdrew="sms"),
    row("kr-email",         "KR", "email",           "email",      "email",         NOW,       LABEL),
    row("kr-email-gone",    "KR", "email",           "email",      "suppressed",     suppressed="email"),
    row("kr-nothing",       "KR", ALL,               "",           "no_consent"),
    row("kr-withdrew-all",  "KR", "email",           "",           "no_consent",     withdrew="email"),
    row("kr-nowhere",       "KR", "",                ALL,          "unreachable"),
    row("kr-capped",        "KR", ALL,               ALL,          "frequency_cap",  capped=True),
    row("kr-by-profile",    "KR", "email",           "email",      "email",         NOW,       LABEL, country="kr"),
    row("kr-unknown",       "",   "email",           "email",      "email",         NOW,       LABEL),
    row("us-push",          "US", "push email",      "push email", "push"),
    row("us-email",         "US", "email",           "email",      "email"),
    row("us-sms-ny",        "US", "sms email",       "sms email",  "email",         NEW_YORK,   "", zone=YORK),
    row("us-sms-somewhere", "US", "sms email",       "sms email",  "email",         HONOLULU),
    row("us-kakao",         "US", "kakao email",     "kakao email", "email",        MORNING),
    row("us-nothing",       "US", "sms email",       "",           "no_consent"),
    row("de-push",          "DE", "push email",      "push email", "push"),
    row("de-email",         "DE", "email",           "email",      "email"),
    row("de-undated",       "DE", "email",           "email",      "no_consent",     undated=True),
    row("de-withdrew",      "DE", "email",           "",           "no_consent",     withdrew="email"),
    row("gb-email",         "GB", "email",           "email",      "email"),
    row("gb-undated",       "GB", "email",           "email",      "no_consent",     undated=True),
    row("kr-undated",       "KR", "email",           "email",      "email",         NOW,       LABEL, undated=True),
    row("kr-push-dead",     "KR", "push",            "push",       "failed",         dead=1),
    row("us-in-seoul",      "US", "email",           "email",      "email",          zone="Asia/Seoul"),
    row("de-by-phone",      "DE", "sms email",       "email",      "email",          country="KR"),
)
# fmt: on
PEOPLE: Final = {f"{row.name}-{n:02d}": (row, n) for row in ROWS for n in range(EACH)}
_DIALLED: Final = {"KR": "+8210", "US": "+1212555", "DE": "+49151", "GB": "+4474"}


def number_of(user: str) -> str:
    """A phone number of one's own, in one's own country."""
    row, n = PEOPLE[user]
    whose = ROWS.index(row) * EACH + n
    return f"{_DIALLED[row.country or 'KR']}{whose:0>{4 if row.country == 'US' else 8}}"


def devices_of(user: str) -> list[str]:
    row, _ = PEOPLE[user]
    return [f"{user}-{n}" for n in range(row.more.get("devices", 1))] if "push" in row.reach else []


def profile_of(user: str) -> Profile:
    row, _ = PEOPLE[user]
    traits: dict[str, Any] = {"group": "mixed", "country": row.more.get("country", row.country)}
    if {"kakao", "sms"} & set(row.reach.split()):
        traits["phone"] = number_of(user)
    if "email" in row.reach:
        traits["email"] = f"{user}@example.com"
    if "zone" in row.more:
        traits["timezone"] = row.more["zone"]
    if devices_of(user):
        traits["push_token"] = devices_of(user)
    return Profile(user, traits={name: value for name, value in traits.items() if value})


def ledger_of(user: str) -> Ledger:
    row, _ = PEOPLE[user]
    more, given = row.more, UNDATED if row.more.get("undated") else CONSENTED_AT
    said = dict.fromkeys(row.consent.split(), given)
    if "withdrew" in more:
        said[more["withdrew"]] = -CONSENTED_AT
    addresses = {"email": f"{user}@example.com", "sms": number_of(user)}
    bad = more.get("suppressed")
    ledger = Ledger(user, 1, said, night=CONSENTED_AT if more.get("night") else 0)
    if bad:
        ledger = replace(ledger, suppressed=frozenset({address_hash(bad, addresses[bad])}))
    if more.get("capped"):
        ledger = replace(ledger, entries=(Entry(9_999, int(EVENING.timestamp()) - 3_600, 0, "email", "marketing"),))
    return ledger


# In winter, wherever the clocks are changed.
EVENING: Final = datetime(datetime.now(SEOUL).year + 1, 1, 14, 20, 55, tzinfo=SEOUL)


def moment_of(at: str) -> datetime:
    """The moment of that evening, or of the night and morning after it."""
    hour, minute = map(int, at.split(":"))
    moment = EVENING.replace(hour=hour, minute=minute)
    return moment if moment >= EVENING else moment + timedelta(days=1)


@dataclass
class Carrier(solapi.FakeSolapi):
    """SOLAPI, which refuses by number what one of its rows says, and keeps what it took."""

    handed: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, message: dict[str, Any], *, twice: bool) -> dict[str, Any]:
        code = BY_NUMBER[message["to"]].more.get("code") if message["to"] in BY_NUMBER else None
        by_kakao = message["type"].startswith("BMS")
        self.codes = {message["to"]: code} if code and by_kakao == (code in BY_KAKAO) else {}
        said = super().tell(message, twice=twice)
        if said["statusCode"] == "2000":
            self.handed.append(message)
        return said


# What KakaoTalk says, and no carrier.
BY_KAKAO: Final = frozenset({"3102", "3104"})
BY_NUMBER: Final = {
    number_of(user).replace("+82", "0"): row for user, (row, _) in PEOPLE.items() if row.country in ("KR", "")
}
USER_BY_NUMBER: Final = {number_of(user).replace("+82", "0"): user for user in PEOPLE}


@dataclass(frozen=True)
class Got:
    """One message that somebody got: by what, with which label, and its words."""

    by: str
    label: str
    text: str = field(repr=False)


@dataclass
class Providers:
    """What all providers took, read off their own logs."""

    stack: Stack
    carrier: Carrier
    google: fcm.FakeFcm

    def all(self) -> dict[str, list[Got]]:
        """By person, whatever they were handed."""
        got: dict[str, list[Got]] = defaultdict(list)
        devices: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for call in self.google.calls:
            message = json.loads(call.body).get("message") if call.path != "/token" else None
            if message and message["token"] in self.google.taken:
                devices[message["token"].rpartition("-")[0]].append(message["notification"])
        for user, told in devices.items():
            got[user].append(Got("push", label_of(told[0]["title"]), "\n".join(each["body"] for each in told)))
        for message in self.carrier.handed:
            by = "brand_message" if message["type"].startswith("BMS") else "sms"
            got[USER_BY_NUMBER[message["to"]]].append(Got(by, label_of(message["text"]), message["text"]))
        for mail in mails(self.stack):
            user = mail["To"][0].removesuffix("@example.com")
            if user in PEOPLE:
                got[user].append(Got("email", label_of(mail["Subject"]), mail["BodyText"]))
        return got


def label_of(text: str) -> str:
    return LABEL if text.startswith(LABEL) else ""


@pytest.fixture
def providers(emptied: Stack, socket_enabled: None) -> Iterator[Providers]:
    dead = {
        f"{user}-{n}": fcm.UNREGISTERED for user, (row, _) in PEOPLE.items() for n in range(row.more.get("dead", 0))
    }
    with Carrier() as carrier, fcm.FakeFcm(plain=True, faults=dead) as google:
        secrets = {
            "solapi": {"api_key": solapi.KEY, "api_secret": solapi.SECRET, "base_url": carrier.url},
            "fcm": {**json.loads(fcm.account(google.url)), "base_url": google.url},
        }
        for name, secret in secrets.items():
            place = f"{emptied.settings.parameters_prefix}/providers/{name}"
            emptied.client("ssm").put_parameter(
                Name=place, Value=json.dumps(secret), Type="SecureString", Overwrite=True
            )
        yield Providers(emptied, carrier, google)


@pytest.fixture
def shop(emptied: Stack, api: Api, clock: Path) -> Stack:
    """Two thousand people, and the evening on which they are written to."""
    known(emptied)
    emptied.catalogue.add("traits", ["phone", "country", "timezone", "push_token"])
    move(emptied, clock, NOW)
    users = list(PEOPLE)
    for position in range(0, len(users), 50):
        some = users[position : position + 50]
        assert emptied.profiles.put_many([profile_of(user) for user in some]) == []
        assert emptied.ledgers.put_many([ledger_of(user) for user in some]) == {}
    told = [reported(number_of(user), "1061", {}) for user, (row, _) in PEOPLE.items() if row.more.get("refused")]
    assert post(emptied, api, told) == 200
    recorded(emptied)
    return emptied


def move(stack: Stack, clock: Path, at: str) -> None:
    """Move the stack's clock to that hour of the evening, or of the night and morning after it."""
    clock.write_text(str(int((moment_of(at) - datetime.now(SEOUL)).total_seconds())))
    eventually(lambda: abs(stack.clock.now() - moment_of(at)) < timedelta(minutes=1), f"it is {at}")


def reported(number: str, code: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """A report of SOLAPI's on one message."""
    kind = "BMS_FREE" if code in BY_KAKAO else "SMS"
    to = number.replace("+82", "0")
    return {"messageId": f"M4V{to}", "type": kind, "to": to, "statusCode": code, "customFields": dict(fields)}


def post(stack: Stack, api: Api, reports: list[dict[str, Any]]) -> int:
    """Tell reports at SOLAPI's door; the status of the answer."""
    secret = shared_secret(stack.parameters.secret("webhook-key"), "solapi")
    proof = {"x-solapi-secret": hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest()}
    return api.request("POST", "/v1/receipts/solapi", json.dumps(reports).encode(), proof).status


def opening(stack: Stack) -> str:
    """Apply the campaign and start it; the name of its run."""
    channel = {"rate": "1000/s"}
    within = project(
        sender={
            "name": "단골상점",
            "email": "hello@shop.example",
            "phone": "1588-0000",
            "address": "서울시",
            "refusal_number": "080-000-0000",
            "certificate": "제2026-0001호",
        },
        channels={
            "push": {"provider": "fcm", **channel},
            "brand_message": {"provider": "solapi", "profile": solapi.PROFILE, **channel},
            "sms": {"provider": "solapi", **channel},
            "email": {"provider": "ses", **channel},
        },
        caps=[{"max": 1, "per": "7d", "purpose": "marketing"}],
    )
    words = campaign(
        audience={"trait": "group", "is": "mixed"},
        channel=None,
        channels=["push", "brand_message", "sms", "email"],
        fallback_within="1d",
        message={"text": "오늘만 20% 할인해요", "cta": {"label": "보기", "link": "https://shop.example/sale"}},
        messages={"push": {"title": "오늘만"}, "email": {"subject": "오늘만 20%"}},
        variants=[],
    )
    apply(stack, within, [("mixed", words)])
    return str(start(stack, "mixed", None)["run"])


REASONS: Final = ("no_consent", "unreachable", "suppressed", "frequency_cap")
HOURS: Final = (NOW, NEW_YORK, HONOLULU, MORNING)


def release(stack: Stack, run: str) -> None:
    """What the run's own timers do: they know real time alone."""
    order = Release(run=run, again=True, due=stack.clock.now().timestamp()).model_dump_json()
    stack.client("sqs").send_message(QueueUrl=stack.outputs["SegmentQueueUrl"], MessageBody=order)


def settled(stack: Stack, run: str, at: str) -> dict[str, Any]:
    """Wait until only those are left whose hour is yet to come."""
    left = sum(HOURS.index(row.at) > HOURS.index(at) for row, _ in PEOPLE.values())
    told: dict[str, Any] = eventually(
        lambda: (now := status(stack, run))["audience"] == len(PEOPLE) and now["pending"] == left and now, f"it is {at}"
    )
    return told


def fail_by_kakao(stack: Stack, api: Api, providers: Providers) -> None:
    """Kakao says of some that it took that they did not arrive; the carrier gets them then."""
    failing = {user for user, (row, _) in PEOPLE.items() if "bounces" in row.more}
    told = [m for m in providers.carrier.handed if USER_BY_NUMBER[m["to"]] in failing]
    assert {USER_BY_NUMBER[message["to"]] for message in told} == failing
    reports = [reported(m["to"], "3104", m["customFields"]) for m in told]
    assert [post(stack, api, reports) for _ in range(2)] == [200, 200]
    recorded(stack)

    def texted() -> bool:
        texts = [USER_BY_NUMBER[m["to"]] for m in providers.carrier.handed if m["type"] != "BMS_FREE"]
        return failing <= set(texts)

    eventually(texted, "the carrier has them")


def decisions(stack: Stack, run: str) -> dict[str, dict[str, Any]]:
    """The last word of the lake on each person of a run."""
    s3, bucket = stack.client("s3"), stack.settings.lake_bucket
    rows: list[dict[str, Any]] = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="decisions/"):
        for found in page.get("Contents", ()):
            body = gzip.decompress(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
            rows += [row for row in map(json.loads, body.splitlines()) if row["run"] == run]
    return {row["user_id"]: row for row in sorted(rows, key=lambda row: row["at_ms"])}


def test_everybody_gets_it_by_the_channel_at_the_hour_and_with_the_label_of_the_table(
    shop: Stack, api: Api, clock: Path, providers: Providers
):
    run, hours = opening(shop), dict[str, str]()
    for at in HOURS:
        if at != NOW:
            move(shop, clock, at)
            release(shop, run)
        settled(shop, run, at)
        if at == MORNING:
            fail_by_kakao(shop, api, providers)
        for user in providers.all():
            hours.setdefault(user, at)
    recorded(shop)

    got = providers.all()
    actual = {user: (told[-1].by, hours[user], told[-1].label) for user, told in got.items()}
    assert actual == {user: (r.got, r.at, r.label) for user, (r, _) in PEOPLE.items() if r.got in CHANNELS}
    # Whom Kakao failed, and nobody else, was handed a second message.
    twice = {user: [each.by for each in told] for user, told in got.items() if len(told) > 1}
    bouncing = {user for user, (row, _) in PEOPLE.items() if "bounces" in row.more}
    assert twice == {user: ["brand_message", "sms"] for user in bouncing}

    words = eventually(lambda: (w := decisions(shop, run)).keys() == PEOPLE.keys() and w, "the lake has everybody")
    outcomes = {user: (row["outcome"], row["reason"], row["channel"]) for user, row in words.items()}
    for user, (row, _) in PEOPLE.items():
        if row.got in CHANNELS:
            assert outcomes[user] == ("sent", None, row.got), user
        elif row.got == "failed":
            assert outcomes[user][0] == "failed", user
        else:
            assert outcomes[user][:2] == ("skipped", row.got), user
    _check_words(got)
    _check_counts(shop, run)
    kept = shop.profiles.get_many([f"{name}-00" for name in ("kr-one-dead", "kr-all-dead", "kr-tablet-too")])
    alive = {user: len(devices("push", profile.traits.get("push_token"))) for user, profile in kept.items()}
    assert alive == {"kr-one-dead-00": 1, "kr-all-dead-00": 0, "kr-tablet-too-00": 2}


def _check_words(got: Mapping[str, list[Got]]) -> None:
    """Each says how to refuse where its own channel does not, and the label is nowhere twice."""
    for user, told in got.items():
        row, latest = PEOPLE[user][0], told[-1]
        assert "할인해요" in latest.text, user
        assert latest.text.count(LABEL) <= 1, user
        if latest.by == "brand_message":
            assert "수신거부" not in latest.text
            assert LABEL not in latest.text
        elif latest.by == "sms":
            assert latest.text.endswith("무료수신거부 080-000-0000"), user
        elif latest.by == "email":
            assert "/u/" in latest.text, user
        else:
            assert ("수신거부:" in latest.text) == (row.country == "KR"), user


def _check_counts(stack: Stack, run: str) -> None:
    """Everybody counts once, whatever number of channels tried."""
    ends = Counter(row.got if row.got not in CHANNELS else "sent" for row, _ in PEOPLE.values())
    told = status(stack, run)
    assert told["state"] == "finished"
    assert (told["sent"], sum(told["failed"].values()), told["unknown"]) == (ends["sent"], ends["failed"], 0)
    assert told["skipped"] == {reason: ends[reason] for reason in REASONS}
    (arm,) = (a for a in bootstrap.build_reporter(stack.settings).report(run)["variants"] if not a["holdout"])
    assert (arm["audience"], arm["bounced"] or 0) == (ends["sent"] + ends["failed"], 0)
