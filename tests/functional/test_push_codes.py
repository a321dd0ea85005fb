"""Every answer of FCM's and of browsers' push services' tables: what dangol makes of it, device by device."""

import json
from collections import deque
from dataclasses import replace
from email.utils import formatdate
from time import time
from typing import Any
from uuid import uuid4

import pytest

from dangol import bootstrap
from dangol.adapters.google_tokens import GoogleTokens, ServiceAccount
from dangol.adapters.parameters import SsmParameters
from dangol.adapters.push_services import PushServices
from dangol.adapters.sealing import public_key
from dangol.bootstrap import channels
from dangol.domain.errors import (
    AccountError,
    DefinitionError,
    DoubtError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from dangol.domain.project import Project
from dangol.ports import Accepted, InDoubt, Message, Post, Refused
from tests.fakes.providers import fcm, web_push
from tests.fakes.providers.fcm import fault
from tests.fakes.providers.http2_server import REFUSED
from tests.fakes.providers.server import LOST, TAKEN_AND_LOST
from tests.functional.test_provider_contract import closed, fcm_of, push, web, web_push_of

# The fixture closes what the channels open.
__all__ = ["closed"]

DEAD = [
    (fcm.UNREGISTERED, "fcm_unregistered"),
    (fcm.NO_TOKEN, "fcm_invalid_argument"),
    (fault(400, "INVALID_ARGUMENT", field="message.token"), "fcm_invalid_argument"),
    (
        fault(400, "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token"),
        "fcm_invalid_argument",
    ),
    (fault(403, "PERMISSION_DENIED", code="SENDER_ID_MISMATCH"), "fcm_sender_id_mismatch"),
]
# Nothing is wrong with the token; the rest of the wave goes on.
REFUSALS = [
    (fault(400, "INVALID_ARGUMENT", "Request payload is too large"), "fcm_invalid_argument"),
    (fault(400, "INVALID_ARGUMENT", code="INVALID_ARGUMENT", field="message.android.ttl"), "fcm_invalid_argument"),
    (fault(401, "UNAUTHENTICATED", code="THIRD_PARTY_AUTH_ERROR"), "fcm_third_party_auth_error"),
    (fault(404, "NOT_FOUND", "Requested project was not found."), "fcm_not_found"),
    ((404, "<html>"), "fcm_http_404"),
    ((413, {}), "fcm_http_413"),
]
THROTTLES = [
    ((*fault(429, "RESOURCE_EXHAUSTED", code="QUOTA_EXCEEDED"), {"retry-after": "90"}), 90.0),
    (fault(429, "RESOURCE_EXHAUSTED", code="QUOTA_EXCEEDED"), 60.0),
    ((*fault(503, "UNAVAILABLE", code="UNAVAILABLE"), {"retry-after": "7"}), 7.0),
]
DOUBTS = [
    fault(500, "INTERNAL", code="INTERNAL"),
    fault(503, "UNAVAILABLE", code="UNAVAILABLE"),
    (502, "<html>Bad Gateway</html>"),
    (200, {}),
    (200, "[1]"),
]


def devices(*tokens: str, place: int = 0) -> Message:
    return replace(push(place), address="\n".join(tokens))


@pytest.mark.parametrize(("answer", "reason"), DEAD)
def test_a_token_that_is_nobody_s_is_told_of(answer, reason, socket_enabled):
    with fcm.FakeFcm(faults={"token-0": answer}) as server:
        answers = fcm_of(server.url).send([push(0), push(1)])

    assert answers[0] == Refused(reason, gone=("token-0",))
    assert isinstance(answers[1], Accepted)
    assert "token" not in repr(answers)


@pytest.mark.parametrize(("answer", "reason"), REFUSALS)
def test_what_is_wrong_with_a_message_takes_no_token_away(answer, reason, socket_enabled):
    with fcm.FakeFcm(faults={"token-0": answer}) as server:
        answers = fcm_of(server.url).send([push(0), push(1)])

    assert answers[0] == Refused(reason)
    assert isinstance(answers[1], Accepted)


@pytest.mark.parametrize(("answer", "after"), THROTTLES)
def test_whoever_is_told_to_wait_waits_as_long(answer, after, socket_enabled):
    with fcm.FakeFcm(faults={"token-0": answer}) as server:
        channel = fcm_of(server.url)
        answers = channel.send([push(0), push(1)])
        with pytest.raises(ThrottledError) as raised:
            channel.send([push(0)])

    assert isinstance(answers[0], Refused)
    assert (answers[0].retryable, answers[0].after) == (True, after)
    assert isinstance(answers[1], Accepted)
    assert raised.value.after == after


def test_whom_the_account_alone_kept_from_it_comes_back(socket_enabled):
    with fcm.FakeFcm(faults={"token-0": fault(403, "PERMISSION_DENIED")}) as server:
        channel = fcm_of(server.url)
        answers = channel.send([push(0), push(1)])
        with pytest.raises(AccountError, match="fcm_permission_denied"):
            channel.send([push(0)])

    assert answers[0] == Refused("fcm_permission_denied", retryable=True)
    assert isinstance(answers[1], Accepted)


def test_a_date_to_come_back_at_is_understood(socket_enabled):
    later: Any = (429, {}, {"retry-after": formatdate(time() + 30, usegmt=True)})
    with fcm.FakeFcm(faults={"token-0": later}) as server, pytest.raises(ThrottledError) as raised:
        fcm_of(server.url).send([push(0)])

    assert 20 < raised.value.after < 31


@pytest.mark.parametrize("answer", DOUBTS)
def test_an_error_after_the_message_came_is_in_doubt_for_that_message_alone(answer, socket_enabled):
    with fcm.FakeFcm(faults={"token-0": answer}) as server:
        channel = fcm_of(server.url)
        answers = channel.send([push(0), push(1)])
        with pytest.raises(DoubtError):
            channel.send([push(0)])

    assert isinstance(answers[0], InDoubt)
    assert isinstance(answers[1], Accepted)


def test_of_a_wave_some_are_taken_some_refused_some_in_doubt_and_some_for_later(socket_enabled):
    faults = {"token-1": fcm.UNREGISTERED, "token-3": fault(429, "RESOURCE_EXHAUSTED")}
    with fcm.FakeFcm(faults=faults, instead=deque([TAKEN_AND_LOST, None, LOST, None, REFUSED])) as server:
        answers = fcm_of(server.url).send([push(place) for place in range(6)])

        assert server.taken == ["token-0", "token-5"]
    doubt = InDoubt(f"127.0.0.1:{server.port} did not answer")
    assert [answers[0], answers[2]] == [doubt, doubt]
    assert answers[1] == Refused("fcm_unregistered", gone=("token-1",))
    assert answers[3] == Refused("fcm_resource_exhausted", retryable=True, after=60.0)
    assert answers[4] == Refused(f"127.0.0.1:{server.port} takes no more calls for now", retryable=True)
    assert isinstance(answers[5], Accepted)


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({}, Accepted("projects/shop-1/messages/1")),
        ({"a": fcm.UNREGISTERED}, Accepted("projects/shop-1/messages/1", gone=("a",))),
        ({"a": fault(500, "INTERNAL")}, Accepted("projects/shop-1/messages/1")),
        ({"a": fcm.UNREGISTERED, "b": fcm.NO_TOKEN}, Refused("fcm_unregistered", gone=("a", "b"))),
        ({"a": fcm.UNREGISTERED, "b": fault(500, "INTERNAL")}, InDoubt("fcm_internal", gone=("a",))),
        (
            {"a": fcm.UNREGISTERED, "b": fault(429, "RESOURCE_EXHAUSTED")},
            Refused("fcm_resource_exhausted", retryable=True, gone=("a",), after=60.0),
        ),
        ({"a": fault(429, "X"), "b": fault(500, "INTERNAL")}, DoubtError),
        ({"a": fault(429, "X"), "b": fault(403, "PERMISSION_DENIED")}, ThrottledError),
        ({"a": fcm.UNREGISTERED, "b": fault(403, "PERMISSION_DENIED")}, AccountError),
    ],
)
def test_the_devices_of_a_person_are_one_hand_over(faults, expected, socket_enabled):
    with fcm.FakeFcm(faults=faults) as server:
        channel = fcm_of(server.url)
        if isinstance(expected, type):
            with pytest.raises(expected):
                channel.send([devices("a", "b")])
        else:
            assert channel.send([devices("a", "b")]) == [expected]


def test_nobody_without_a_device_is_called(socket_enabled):
    with fcm.FakeFcm() as server:
        assert fcm_of(server.url).send([devices()]) == [Refused("no_device")]

        assert server.calls == []


def test_what_is_larger_than_an_app_is_handed_is_not_called_for(socket_enabled):
    small, large = replace(push(0), text="가" * 1_200), replace(push(1), text="가" * 1_400)
    with fcm.FakeFcm() as server:
        answers = fcm_of(server.url).send([small, large])

    assert isinstance(answers[0], Accepted)
    assert answers[1] == Refused("fcm_too_large")
    assert server.taken == ["token-0"]


def test_a_push_says_what_an_app_shows_and_where_a_tap_leads(socket_enabled):
    with fcm.FakeFcm() as server:
        fcm_of(server.url).send(
            [replace(push(0), image="https://shop.example/a.png"), replace(push(1), advertising=False)]
        )
        rich, plain = [call.content["message"] for call in server.calls[1:]]

    assert rich["notification"] == {
        "title": "(광고)단골상점",
        "body": push(0).text,
        "image": "https://shop.example/a.png",
    }
    assert rich["data"] == {"link": "https://go.shop.example/c/t", "send_id": "s0"}
    assert rich["android"] == {"priority": "NORMAL", "ttl": "3600s", "collapse_key": "dangol-7"}
    assert rich["apns"]["payload"]["aps"] == {"sound": "default", "mutable-content": 1}
    assert rich["apns"]["fcm_options"] == {"image": "https://shop.example/a.png"}
    headers = plain["apns"]["headers"]
    assert (plain["android"]["priority"], headers["apns-priority"]) == ("HIGH", "10")
    assert time() + 3_000 < int(headers["apns-expiration"]) < time() + 4_000


def test_the_access_token_is_fetched_once(socket_enabled):
    with fcm.FakeFcm() as server:
        channel = fcm_of(server.url)
        for _ in range(3):
            channel.send([push(0), push(1)])

    assert server.given == 1
    assert server.connections == 2


def test_a_token_that_ends_within_minutes_is_fetched_anew(socket_enabled):
    with fcm.FakeFcm(lifetime=299) as server:
        channel = fcm_of(server.url)
        channel.send([push(0)])
        channel.send([push(0)])

    assert server.given == 2


def test_a_token_that_is_refused_is_fetched_anew_once(socket_enabled):
    with fcm.FakeFcm() as server:
        channel = fcm_of(server.url)
        channel.send([push(0)])
        server.good.clear()
        answers = channel.send([push(1), push(2)])

    assert all(isinstance(answer, Accepted) for answer in answers)
    assert (server.given, server.taken) == (2, ["token-0", "token-1", "token-2"])


def test_a_token_that_is_refused_again_refuses_the_wave(socket_enabled):
    met = deque([fault(401, "UNAUTHENTICATED")] * 4)
    with fcm.FakeFcm(instead=met) as server, pytest.raises(RejectedError, match="fcm_unauthenticated"):
        fcm_of(server.url).send([push(0), push(1)])

    assert (server.given, server.taken) == (2, [])


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ((400, {"error": "invalid_grant"}), RejectedError),
        ((401, {}), RejectedError),
        ((429, {}), UnavailableError),
        ((500, {}), UnavailableError),
        ((200, {}), UnavailableError),
        (LOST, UnavailableError),
    ],
)
def test_without_an_access_token_nothing_is_sent(answer, meaning, socket_enabled):
    with Closed(instead=deque([answer])) as server, pytest.raises(meaning):
        fcm_of(server.url).send([push(0)])

    assert [call.path for call in server.calls] == ["/token"]


def test_who_was_taken_stays_taken_where_no_new_token_is_to_be_had(socket_enabled):
    refused = fault(401, "UNAUTHENTICATED")
    with fcm.FakeFcm(instead=deque([None, refused])) as server:
        channel = fcm_of(server.url)
        server.exchanged = once(server.exchanged, (400, {"error": "invalid_grant"}, {}))  # type: ignore[method-assign]
        answers = channel.send([push(0), push(1)])

    assert isinstance(answers[0], Accepted)
    assert answers[1] == Refused("google_invalid_grant", retryable=True)


def once(first: Any, then: Any) -> Any:
    left = [first]
    return lambda call: left.pop()(call) if left else then


class Closed(fcm.FakeFcm):
    """Where what is in `instead` meets whoever asks for a token."""

    def meets(self, call: Any) -> bool:
        return True


@pytest.mark.parametrize("key", ["", "no key", web_push.KEY])
def test_a_key_that_is_none_is_said_to_be_none(key, socket_enabled):
    account = ServiceAccount("a@b", "p", "https://token.example", key)

    with pytest.raises(DefinitionError, match="private_key is no key"):
        account.assertion(0)
    with pytest.raises(AccountError, match="private_key is no key"):
        GoogleTokens(lambda: account, lambda _: PushServices()).token()


def browsers(*names: str) -> Message:
    return replace(web(0), address="\n".join(sorted(map(web_push.subscription, names))))


def service(**more: Any) -> web_push.FakePushService:
    return web_push.FakePushService(public=public_key(web_push.KEY), **more)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Accepted("web_push_200")),
        (201, Accepted("web_push_201")),
        (202, Accepted("web_push_202")),
        (400, Refused("web_push_400")),
        (413, Refused("web_push_413")),
        (302, Refused("web_push_302")),
        (401, RejectedError),
        (403, RejectedError),
        (406, ThrottledError),
        (429, ThrottledError),
        (500, DoubtError),
        (502, DoubtError),
        (503, DoubtError),
    ],
)
def test_what_a_service_says(status, expected, socket_enabled):
    with service(statuses={"u0": (status,)}) as server:
        channel = web_push_of(server.url)
        if isinstance(expected, type):
            with pytest.raises(expected):
                channel.send([web(0)])
        else:
            assert channel.send([web(0)]) == [expected]


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_gone_is_told_of_by_its_endpoint(status, socket_enabled):
    with service(statuses={"u0": (status,)}) as server:
        (answer,) = web_push_of(server.url).send([browsers("u0", "u1")])

        assert answer == Accepted("web_push_201", gone=(f"{server.url}/push/u0",))


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_says_how_long_to_wait(status, socket_enabled):
    with service(statuses={"u0": (status, {"retry-after": "120"})}) as server:
        answers = web_push_of(server.url).send([web(0), web(1)])

    assert answers == [Refused(f"web_push_{status}", retryable=True, after=120.0), Accepted("web_push_201")]


def test_a_browser_reads_what_is_sealed_for_it_alone(socket_enabled):
    with service() as server:
        channel = web_push_of(server.url)
        channel.send([replace(browsers("u0", "u1"), image="https://shop.example/a.png")])

    shown = {
        "title": "(광고)단골상점",
        "body": web(0).text,
        "image": "https://shop.example/a.png",
        "link": "https://go.shop.example/c/t",
        "send_id": "s0",
    }
    assert server.shown == [shown, shown]
    first, second = server.calls
    assert first.body != second.body
    assert (first.headers["ttl"], first.headers["urgency"], first.headers["topic"]) == ("3600", "normal", "dangol-7")
    # One word to a service serves all calls to it.
    assert len(server.words) == 1


@pytest.mark.parametrize(
    "odd",
    [
        "demo-u1",
        "{}",
        '{"endpoint":"https://push.example/1","keys":{"auth":"a","p256dh":"p"}}',
        web_push.subscription("u0").replace("https://push.example", "ftp://push.example"),
        web_push.subscription("u0").replace("https://push.example", "https://[x"),
        web_push.subscription("u0").replace("https://push.example", "https://푸시.example"),
    ],
)
def test_what_is_no_subscription_is_taken_away(odd, socket_enabled):
    (answer,) = web_push_of("https://push.example").send([replace(web(0), address=odd)])

    assert isinstance(answer, Refused)
    assert (answer.reason, len(answer.gone)) == ("web_push_no_subscription", 1)


def test_a_payload_above_three_kilobytes_is_not_sent(socket_enabled):
    with service() as server:
        answers = web_push_of(server.url).send([replace(web(0), text="가" * 1_100), replace(web(1), text="가" * 800)])

    assert answers == [Refused("web_push_too_large"), Accepted("web_push_201")]
    assert server.taken == ["u1"]


def test_pushes_are_built_from_what_the_parameter_store_holds(emulator):
    shop = {
        "project": "shop",
        "sender": {"name": "단골상점", "email": web_push.CONTACT.removeprefix("mailto:")},
        "channels": {
            "push": {"provider": "fcm"},
            "web_push": {"provider": "vapid", "icon": "https://shop.example/i.png"},
        },
    }
    project, ours = Project.model_validate(shop), replace(emulator, parameters_prefix=f"/dangol/{uuid4().hex}")
    parameters = SsmParameters(bootstrap.client("ssm", ours), ours.parameters_prefix)
    with fcm.FakeFcm(plain=True) as server, service() as browsers_service:
        told = {**json.loads(fcm.account(server.url)), "base_url": server.url}
        parameters.create("providers/fcm", json.dumps(told))
        parameters.create("web-push-key", web_push.KEY)
        there = replace(web(0), address=web_push.subscription("u0", browsers_service.url))

        apps = channels.channel_of(ours, "push", project).send([push(0)])
        browsers = channels.channel_of(ours, "web_push", project).send([there])

        channels._http2(server.url).close()
        channels._push_services(local=True).close()
        channels._push_services.cache_clear()
    assert isinstance(apps[0], Accepted)
    assert isinstance(browsers[0], Accepted)
    assert browsers_service.shown[0]["icon"] == "https://shop.example/i.png"


def test_on_aws_no_browser_s_service_is_called_that_is_not_public():
    services = channels._push_services(local=False)
    (answer,) = services.post_all([Post("https://127.0.0.1/p", {}, b"x")])
    services.close()
    channels._push_services.cache_clear()

    assert isinstance(answer, RejectedError)
