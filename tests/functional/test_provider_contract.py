"""What holds for every provider, whatever its own words are: each against a local fake of its API."""

import base64
import json
import logging
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric import rsa

from dangol.adapters import webhooks
from dangol.adapters.google_tokens import GoogleTokens, ServiceAccount
from dangol.adapters.http2 import Http2
from dangol.adapters.pictures import StoredPictures
from dangol.adapters.provider_http import ProviderHttp
from dangol.adapters.push_services import PushServices
from dangol.adapters.sealing import Vapid, encoded, public_key, sealed
from dangol.adapters.webhooks import SignedHooks
from dangol.channels.aws_sms import AwsSmsChannel, AwsSmsSender
from dangol.channels.email import EmailChannel
from dangol.channels.fcm import FcmChannel
from dangol.channels.nhn import NhnBrandChannel, NhnChannel, NhnKeys
from dangol.channels.solapi import SolapiChannel, SolapiKeys, SolapiSender
from dangol.channels.web_push import WebPushChannel
from dangol.channels.webhook import WebhookChannel
from dangol.domain.brand_message import Targeting
from dangol.domain.errors import DoubtError, RejectedError, SendError, ThrottledError, UnavailableError
from dangol.domain.picture import picture_key
from dangol.domain.project import Sender
from dangol.domain.providers import ProviderName, Terms, terms_of
from dangol.ports import Accepted, Answer, Channel, Message, Refused
from tests.fakes import FakeObjects
from tests.fakes.providers import aws_sms, endpoint, fcm, nhn, ses, signed, solapi, web_push
from tests.fakes.providers.http2_server import trusting
from tests.fakes.providers.server import LOST, TAKEN_AND_LOST

# Long enough for a call on a busy machine, short enough to wait for.
PATIENCE = 0.7
SALTS = count(1)
TEXT = "(광고)단골상점\n오늘만 20%\n무료수신거부 080-000-0000"
ACCESS = "-".join(("secret", "of", "nobody"))


# What has to be closed when its test is over.
OPEN: list[Any] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


def http(url: str) -> ProviderHttp:
    made = ProviderHttp(url, PATIENCE)
    OPEN.append(made)
    return made


def salt() -> str:
    return f"{next(SALTS):032x}"


def text(place: int) -> Message:
    number = f"+8210{place:08}"
    return Message(f"u{place}", f"7:u{place}", number, text=TEXT, kind="sms", advertising=True)


def talk(place: int) -> Message:
    shown, values = "지은님, 주문이 출발했어요.", {"이름": "지은", "링크": "go.shop.example/c/t"}
    return replace(text(place), text=shown, kind="", template="KA01TP01", values=values)


def brand(place: int) -> Message:
    said = "지은님, 오늘만 20% 할인해요"
    return replace(text(place), text=said, kind="", action=("보기", f"https://go.shop.example/c/{place}"))


def album(*pictures: bytes) -> StoredPictures:
    """Pictures as they are stored, by their keys."""
    objects = FakeObjects()
    for picture in pictures:
        objects.put_once(picture_key(picture), picture)
    return StoredPictures(lambda: objects)


def solapi_of(
    url: str,
    secret: str = solapi.SECRET,
    kept: ProviderHttp | None = None,
    pictures: StoredPictures | None = None,
    targeting: Targeting | None = None,
) -> SolapiChannel:
    sender = SolapiSender("1588-0000", solapi.PROFILE, targeting)
    keys = SolapiKeys.parse(json.dumps({"api_key": solapi.KEY, "api_secret": secret}))
    now: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 - in the shape that the adapter takes
    return SolapiChannel(kept or http(url), lambda: keys, sender, now, salt, pictures or album())


def solapi_brand_of(url: str, secret: str = solapi.SECRET, pictures: StoredPictures | None = None) -> SolapiChannel:
    return solapi_of(url, secret, pictures=pictures, targeting="I")


def nhn_brand_of(url: str, secret: str = nhn.SECRET_KEY, pictures: StoredPictures | None = None) -> NhnBrandChannel:
    keys = NhnKeys.parse(json.dumps({"app_key": nhn.APP_KEY, "secret_key": secret}))
    return NhnBrandChannel(http(url), lambda: keys, (nhn.SENDER_KEY, "I"), pictures or album())


def nhn_of(url: str, secret: str = nhn.SECRET_KEY) -> NhnChannel:
    keys = NhnKeys.parse(json.dumps({"app_key": nhn.APP_KEY, "secret_key": secret}))
    return NhnChannel(http(url), lambda: keys, nhn.SENDER_KEY, salt)


def endpoint_of(url: str, secret: str = endpoint.SECRET) -> WebhookChannel:
    known = secret if secret == endpoint.SECRET else base64.b64encode(secret.encode()).decode()
    return WebhookChannel(SignedHooks(lambda: known), url, lambda: datetime.now(UTC))


def hook(place: int) -> Message:
    way_out = {"List-Unsubscribe": "<https://go.shop.example/u/t>"}
    return replace(text(place), address=f"u{place}", kind="", send_id=f"s{place}", headers=way_out)


def client_of(service: str, url: str, secret: str) -> Any:
    once = Config(retries={"total_max_attempts": 1}, connect_timeout=PATIENCE, read_timeout=PATIENCE)
    client = boto3.client(  # type: ignore[call-overload]  # any service
        service,
        region_name=signed.REGION,
        endpoint_url=url,
        aws_access_key_id=signed.KEY,
        aws_secret_access_key=secret,
        config=once,
    )
    OPEN.append(client)
    return client


def aws_of(url: str, secret: str = signed.SECRET) -> AwsSmsChannel:
    client = client_of("pinpoint-sms-voice-v2", url, secret)
    return AwsSmsChannel(client, AwsSmsSender(aws_sms.ORIGINATION, "receipts", "lake"))


def ses_of(url: str, secret: str = signed.SECRET) -> EmailChannel:
    return EmailChannel(client_of("sesv2", url, secret), Sender(name="단골상점", email=ses.SENDER), "receipts")


def mail(place: int) -> Message:
    way_out = {
        "List-Unsubscribe": "<https://go.shop.example/u/t>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    told = replace(text(place), address=f"u{place}@example.com", kind="", headers=way_out)
    return replace(told, subject="(광고) 오늘만", html="<p>오늘만 20%</p>")


def http2(url: str) -> Http2:
    made = Http2(url.removesuffix("/token"), trusting, PATIENCE)
    OPEN.append(made)
    return made


def fcm_of(url: str, secret: str = "") -> FcmChannel:
    other = fcm.pem(rsa.generate_private_key(65537, 2048)) if secret else ""
    account = ServiceAccount.parse(fcm.account(url, other))
    return FcmChannel(http2(url), GoogleTokens(lambda: account, http2))


def push(place: int) -> Message:
    action = ("보기", "https://go.shop.example/c/t")
    told = replace(text(place), address=f"token-{place}", kind="", title="(광고)단골상점", send_id=f"s{place}")
    return replace(told, action=action, ttl=3_600)


class Subscribed:
    """Web pushes to browsers whose service is at `url`, wherever the message thinks that it is."""

    def __init__(self, url: str, channel: WebPushChannel) -> None:
        self.url, self.channel, self.batch_size = url, channel, channel.batch_size

    def send(self, messages: Sequence[Message]) -> Sequence[Answer]:
        return self.channel.send([replace(m, address=m.address.replace(web_push.PLACE, self.url)) for m in messages])


def web_push_of(url: str, secret: str = "") -> Subscribed:
    services = PushServices(lambda _: True, schemes=frozenset({"http"}), timeout=PATIENCE)
    OPEN.append(services)
    key = encoded(b"\x02" * 32) if secret else web_push.KEY
    return Subscribed(url, WebPushChannel(services, Vapid(lambda: key, web_push.CONTACT, time.time), sealed))


def web(place: int) -> Message:
    return replace(push(place), address=web_push.subscription(f"u{place}"))


def _refuse_fcm(server: fcm.FakeFcm, token: str) -> str:
    server.faults[token] = fcm.fault(400, "INVALID_ARGUMENT", "Request payload is too large")
    return "fcm_invalid_argument"


def _refuse_web_push(server: web_push.FakePushService, name: str) -> str:
    server.statuses[name] = (400,)
    return "web_push_400"


@dataclass(frozen=True)
class Case:
    """A provider on one channel: its fake, the adapter that leads there, and a message of its kind."""

    name: str
    provider: ProviderName
    server: Callable[[], Any]
    channel: Callable[..., Channel]
    message: Callable[[int], Message]
    # Has the fake refuse a number for good, and says the reason that the refusal then has.
    refuse: Callable[[Any, str], str]
    throttled: tuple[int, dict[str, Any]]
    number: Callable[[Message], str] = lambda message: "0" + message.address.removeprefix("+82")
    secrets: tuple[str, ...] = ()
    # Whether its status alone says that a message was taken.
    terse: bool = False
    # How many calls the three messages of a batch are.
    calls: int = 1
    # The channel, where the provider's terms are others there.
    on: str = ""

    @property
    def terms(self) -> Terms:
        return terms_of(self.provider, self.on)

    def __repr__(self) -> str:
        return self.name


def _refuse_solapi(server: solapi.FakeSolapi, number: str) -> str:
    server.codes[number] = "3031"
    return "solapi_3031"


def _refuse_nhn(server: nhn.FakeNhn, number: str) -> str:
    server.codes[number] = -8008
    return "nhn_-8008"


def _refuse_aws(server: aws_sms.FakeAwsSms, number: str) -> str:
    server.refusals[number] = ("ValidationException", "DESTINATION_COUNTRY_BLOCKED")
    return "aws_destination_country_blocked"


def _refuse_endpoint(server: endpoint.FakeEndpoint, user: str) -> str:
    server.refusals[user] = 422
    return "webhook_422"


def _nhn_talk(place: int) -> Message:
    return replace(talk(place), template="ORDER01")


def _refuse_ses(server: ses.FakeSes, address: str) -> str:
    server.statuses[address] = "MESSAGE_REJECTED"
    return "message_rejected"


CASES = [
    Case(
        "e-mail by ses",
        "ses",
        ses.FakeSes,
        ses_of,
        mail,
        _refuse_ses,
        (429, {"__type": "TooManyRequestsException", "message": "slow down"}),
        number=lambda message: message.address,
        secrets=(signed.SECRET,),
    ),
    Case(
        "solapi texts",
        "solapi",
        solapi.FakeSolapi,
        solapi_of,
        text,
        _refuse_solapi,
        (429, {"errorCode": "TooManyRequests"}),
        secrets=(solapi.SECRET,),
    ),
    Case(
        "solapi alimtalk",
        "solapi",
        solapi.FakeSolapi,
        solapi_of,
        talk,
        _refuse_solapi,
        (400, {"errorCode": "NotEnoughBalance"}),
        secrets=(solapi.SECRET,),
    ),
    Case(
        "nhn alimtalk",
        "nhn",
        nhn.FakeNhn,
        nhn_of,
        _nhn_talk,
        _refuse_nhn,
        (429, {"message": "Too Many Requests"}),
        secrets=(nhn.SECRET_KEY, nhn.APP_KEY),
    ),
    Case(
        "solapi brand messages",
        "solapi",
        solapi.FakeSolapi,
        solapi_brand_of,
        brand,
        _refuse_solapi,
        (429, {"errorCode": "TooManyRequests"}),
        secrets=(solapi.SECRET,),
        on="brand_message",
    ),
    Case(
        "nhn brand messages",
        "nhn",
        nhn.FakeNhn,
        nhn_brand_of,
        brand,
        _refuse_nhn,
        (429, {"message": "Too Many Requests"}),
        secrets=(nhn.SECRET_KEY, nhn.APP_KEY),
        on="brand_message",
    ),
    Case(
        "aws texts",
        "aws",
        aws_sms.FakeAwsSms,
        aws_of,
        text,
        _refuse_aws,
        (400, {"__type": "ThrottlingException", "Message": "slow down"}),
        number=lambda message: message.address,
        secrets=(signed.SECRET,),
    ),
    Case(
        "webhook",
        "endpoint",
        endpoint.FakeEndpoint,
        endpoint_of,
        hook,
        _refuse_endpoint,
        (429, {}),
        number=lambda message: message.user_id,
        secrets=(endpoint.SECRET,),
        terse=True,
    ),
    Case(
        "push by fcm",
        "fcm",
        fcm.FakeFcm,
        fcm_of,
        push,
        _refuse_fcm,
        fcm.fault(429, "RESOURCE_EXHAUSTED", code="QUOTA_EXCEEDED"),
        number=lambda message: message.address,
        secrets=("ya29.secret", fcm.pem()[100:140], fcm.PROJECT),
        calls=3,
    ),
    Case(
        "web push",
        "vapid",
        lambda: web_push.FakePushService(public=public_key(web_push.KEY)),
        web_push_of,
        web,
        _refuse_web_push,
        (429, {}),
        number=lambda message: message.user_id,
        secrets=(web_push.KEY, "vapid t="),
        terse=True,
        calls=3,
    ),
]


@pytest.fixture(autouse=True)
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fakes are at no public address, and nobody waits long for them."""
    monkeypatch.setattr(webhooks, "is_public", lambda _: True)
    monkeypatch.setattr(webhooks, "_TIMEOUT", PATIENCE)


@pytest.fixture(params=CASES, ids=repr)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def server(case: Case, socket_enabled: None) -> Iterator[Any]:
    with case.server() as running:
        yield running


def batch(case: Case, size: int = 3) -> list[Message]:
    return [case.message(place) for place in range(min(size, case.terms.batch_size))]


def test_what_is_taken_has_an_id_and_is_taken_once(case, server):
    messages = batch(case)

    answers = case.channel(server.url).send(messages)

    assert all(isinstance(answer, Accepted) and answer.provider_id for answer in answers)
    assert sorted(server.taken) == [case.number(message) for message in messages]


def test_who_is_asked_to_slow_down_sent_nothing(case, server):
    server.instead += [case.throttled] * case.calls

    with pytest.raises(ThrottledError):
        case.channel(server.url).send(batch(case))

    assert server.taken == []


def test_a_provider_that_does_not_know_us_refuses_the_call(case, server):
    with pytest.raises(RejectedError):
        case.channel(server.url, ACCESS).send(batch(case))

    assert server.taken == []


def test_a_provider_that_cannot_be_reached_took_nothing_and_its_address_is_told_to_no_log(case, socket_enabled, caplog):
    with case.server() as gone:
        url = gone.url

    with pytest.raises(UnavailableError) as raised:
        case.channel(url).send(batch(case))

    said = f"{caplog.text}{''.join(traceback.format_exception(raised.value))}"
    assert [word for word in case.secrets if word in said] == []


@pytest.mark.parametrize("lost", [LOST, TAKEN_AND_LOST])
def test_a_call_that_is_cut_off_is_in_doubt_or_asked_again_and_never_taken_twice(case, server, lost):
    messages = batch(case)
    server.instead += [lost] * case.calls

    if case.terms.repeatable:
        answers = case.channel(server.url).send(messages)
        assert all(isinstance(answer, Accepted) and answer.provider_id for answer in answers)
        assert sorted(server.taken) == [case.number(message) for message in messages]
    else:
        with pytest.raises(DoubtError):
            case.channel(server.url).send(messages)
        assert len(server.taken) == (len(messages) if lost == TAKEN_AND_LOST else 0)


@pytest.mark.parametrize("case", [each for each in CASES if each.terms.repeatable], ids=repr, indirect=True)
@pytest.mark.parametrize("second", [LOST, (429, {}), (500, {}), (404, {})])
def test_a_call_that_is_cut_off_and_not_answered_again_stays_in_doubt(case, server, second):
    server.instead += [TAKEN_AND_LOST, second]

    with pytest.raises(DoubtError):
        case.channel(server.url).send(batch(case))

    assert len(server.taken) == len(batch(case))


def test_an_error_of_the_provider_s_own_is_in_doubt(case, server):
    server.instead += [(500, {"message": "oops"})] * max(2, case.calls)

    with pytest.raises(DoubtError):
        case.channel(server.url).send(batch(case))


# What AWS answers is read by botocore; of a webhook's receiver the status says it all.
@pytest.mark.parametrize(
    "case", [each for each in CASES if not each.terse and each.provider != "aws"], ids=repr, indirect=True
)
def test_an_answer_without_what_it_should_say_is_in_doubt(case, server):
    server.instead += [(200, {})] * max(2, case.calls)

    with pytest.raises(DoubtError):
        case.channel(server.url).send(batch(case))


def test_a_part_of_a_batch_that_is_refused_is_told_apart(case, server):
    messages = batch(case)
    reason = case.refuse(server, case.number(messages[-1]))

    answers = case.channel(server.url).send(messages)

    assert answers[-1] == Refused(reason)
    assert all(isinstance(answer, Accepted) for answer in answers[:-1])
    assert sorted(server.taken) == [case.number(message) for message in messages[:-1]]


def test_secrets_and_what_is_said_to_whom_stay_out_of_logs_and_errors(case, server, caplog):
    caplog.set_level(logging.DEBUG)
    messages = batch(case)
    logging.getLogger("botocore").setLevel(logging.INFO)
    channel = case.channel(server.url)
    channel.send(messages)
    server.instead += [(500, {})] * max(2, case.calls)

    with pytest.raises(SendError) as raised:
        channel.send(messages)

    keys = getattr(channel, "_keys", lambda: None)()
    said = f"{caplog.text}{raised.value!r}{channel!r}{vars(channel)!r}{keys!r}{messages!r}"
    # A system of the company's own knows people by their id, which is no secret.
    for word in {*case.secrets, messages[0].text, case.number(messages[0]), messages[0].address} - {"u0"}:
        assert word not in said


def test_connections_are_used_again(socket_enabled):
    with solapi.FakeSolapi() as server:
        kept = http(server.url)
        channel = solapi_of(server.url, kept=kept)
        for place in range(3):
            channel.send([text(place)])
        made = kept._pool.connection_from_url(server.url).num_connections

        assert (made, len(server.calls)) == (1, 3)


@pytest.mark.parametrize(
    ("status", "answer"),
    [(302, RejectedError), (401, RejectedError), (410, RejectedError), (408, DoubtError), (503, DoubtError)],
)
def test_what_a_receiver_of_webhooks_answers_is_told_apart(socket_enabled, status, answer):
    with endpoint.FakeEndpoint() as server:
        server.instead += [(status, {})] * 2

        with pytest.raises(answer):
            endpoint_of(server.url).send([hook(0)])


def test_a_webhook_says_what_to_say_and_how_to_leave(socket_enabled):
    with endpoint.FakeEndpoint() as server:
        endpoint_of(server.url).send(
            [replace(hook(1), title="새 강의", action=("보기", "https://go.shop.example/c/t"))]
        )

        assert server.calls[0].content["data"] == {
            "user_id": "u1",
            "send_id": "s1",
            "advertising": True,
            "title": "새 강의",
            "text": TEXT,
            "cta": {"label": "보기", "link": "https://go.shop.example/c/t"},
            "unsubscribe": "https://go.shop.example/u/t",
        }
