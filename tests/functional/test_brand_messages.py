"""Brand messages and pictures in their providers' words: each provider's fake takes what the real one takes."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import EndpointConnectionError

from dangol import bootstrap
from dangol.adapters.objects import S3Objects
from dangol.adapters.parameters import SsmParameters
from dangol.adapters.pictures import StoredPictures
from dangol.bootstrap import channels
from dangol.domain.errors import RejectedError, SendError, ThrottledError, UnavailableError
from dangol.domain.picture import picture_key
from dangol.domain.project import Project
from dangol.ports import Accepted, Message, Refused
from tests.fakes import FakeObjects
from tests.fakes.providers import aws_sms, nhn, solapi
from tests.fakes.providers.server import LOST
from tests.functional.test_provider_contract import (
    album,
    aws_of,
    brand,
    closed,
    nhn_brand_of,
    solapi_brand_of,
    solapi_of,
    text,
)
from tests.pictures import jpg

# The fixture closes what the channels open.
__all__ = ["closed"]

PICTURE = jpg()
KEY = picture_key(PICTURE)
PAGE = "https://go.shop.example/c"
COUPON = ("10% 할인 쿠폰", "오늘 자정까지", f"{PAGE}/2")
BOTH: list[Any] = [(solapi.FakeSolapi, solapi_brand_of), (nhn.FakeNhn, nhn_brand_of)]


def rich(place: int = 0, **changes: Any) -> Message:
    said = brand(place)
    return replace(said, buttons=(("모든 강의", f"{PAGE}/1"),), coupon=COUPON, **changes)


def picture(place: int = 0) -> Message:
    return replace(text(place), kind="mms", image=KEY)


@pytest.mark.parametrize(("fake", "make"), BOTH)
@pytest.mark.parametrize("shown", [{}, {"image": KEY}, {"image": KEY, "wide": True, "coupon": None}])
def test_every_form_of_a_brand_message_is_taken(fake, make, shown, socket_enabled):
    with fake() as server:
        (answer,) = make(server.url, pictures=album(PICTURE)).send([replace(rich(), **shown)])

    assert isinstance(answer, Accepted), answer


def test_solapi_gets_a_brand_message_in_its_own_words(socket_enabled):
    with solapi.FakeSolapi() as server:
        solapi_brand_of(server.url, pictures=album(PICTURE)).send([rich(image=KEY)])

    (sent,) = server.calls[-1].content["messages"]
    assert (sent["type"], sent["text"], sent["from"]) == ("BMS_FREE", brand(0).text, "15880000")
    assert sent["customFields"] == {"reference": "7:u0"}
    assert sent["kakaoOptions"] == {
        "pfId": solapi.PROFILE,
        "disableSms": True,
        "bms": {
            "targeting": "I",
            "chatBubbleType": "IMAGE",
            "imageId": "ST01FZ0",
            "buttons": [
                {"linkType": "WL", "name": "보기", "linkMobile": f"{PAGE}/0", "linkPc": f"{PAGE}/0"},
                {"linkType": "WL", "name": "모든 강의", "linkMobile": f"{PAGE}/1", "linkPc": f"{PAGE}/1"},
            ],
            "coupon": {
                "title": COUPON[0],
                "description": COUPON[1],
                "linkMobile": COUPON[2],
                "linkPc": COUPON[2],
            },
        },
    }


def test_nhn_gets_a_brand_message_in_its_own_words(socket_enabled):
    with nhn.FakeNhn() as server:
        (answer,) = nhn_brand_of(server.url).send([replace(rich(), action=None)])

    assert answer == Accepted("20261201BBB:1")
    assert server.calls[-1].content == {
        "senderKey": nhn.SENDER_KEY,
        "chatBubbleType": "TEXT",
        "content": brand(0).text,
        "buttons": [{"name": "모든 강의", "type": "WL", "linkMo": f"{PAGE}/1", "linkPc": f"{PAGE}/1"}],
        "coupon": {"title": COUPON[0], "description": COUPON[1], "linkMo": COUPON[2], "linkPc": COUPON[2]},
        "recipientList": [
            {
                "recipientNo": "01000000000",
                "resendParameter": {"isResend": False},
                "recipientGroupingKey": "7:u0",
                "targeting": "I",
            }
        ],
    }


@pytest.mark.parametrize(("fake", "make"), BOTH)
def test_a_brand_message_goes_to_korean_numbers_alone(fake, make, socket_enabled):
    with fake() as server:
        answers = make(server.url).send([replace(brand(0), address="+12065550100")])

    assert answers == [Refused("not_a_korean_number")]
    assert server.calls == []


@pytest.mark.parametrize(("fake", "make"), BOTH)
def test_what_kakao_does_not_take_is_refused(fake, make, socket_enabled):
    with fake() as server:
        channel = make(server.url)
        for odd in (replace(brand(0), text="가" * 1_301), replace(brand(0), action=("가" * 15, PAGE))):
            try:
                (answer,) = channel.send([odd])
            except RejectedError:
                continue
            assert isinstance(answer, Refused)
    assert server.taken == []


@pytest.mark.parametrize(("code", "suppress"), [(-4019, True), (-3301, True), (-8008, False), (-9999, False)])
def test_nhn_says_of_one_brand_message(code, suppress, socket_enabled):
    with nhn.FakeNhn(codes={"01000000000": code}) as server:
        (answer,) = nhn_brand_of(server.url).send([brand(0)])

    assert answer == Refused(f"nhn_{code}", suppress=suppress)


def test_solapi_gets_the_picture_of_an_mms_once_for_all_its_messages_and_for_every_process(socket_enabled):
    objects = FakeObjects()
    objects.put_once(KEY, PICTURE)
    with solapi.FakeSolapi() as server:
        for _ in range(2):
            # A process that starts anew.
            channel = solapi_of(server.url, pictures=StoredPictures(lambda: objects))
            channel.send([picture(0), picture(1)])
            channel.send([picture(2)])

    assert [call.path for call in server.calls].count("/storage/v1/files") == 1
    sent = server.calls[1].content["messages"]
    assert [(each["type"], each["imageId"]) for each in sent] == [("MMS", "ST01FZ0")] * 2
    assert len(server.taken) == 6


@pytest.mark.parametrize(("fake", "make"), BOTH)
def test_a_picture_is_another_one_where_it_is_wide(fake, make, socket_enabled):
    with fake() as server:
        channel = make(server.url, pictures=album(PICTURE))
        for wide in (True, False, True):
            channel.send([replace(brand(0), image=KEY, wide=wide)])

    assert len(server.calls) == 5


@pytest.mark.parametrize(("fake", "make"), BOTH)
@pytest.mark.parametrize(
    ("met", "meaning"),
    [(LOST, UnavailableError), ((500, {}), UnavailableError), ((429, {}), ThrottledError), ((400, {}), SendError)],
)
def test_a_picture_that_is_not_taken_leaves_nobody_in_doubt(fake, make, met, meaning, socket_enabled):
    with fake() as server:
        server.instead.append(met)
        with pytest.raises(meaning) as raised:
            make(server.url, pictures=album(PICTURE)).send([replace(brand(0), image=KEY)])

    # Nothing that could have been a message was handed over.
    assert len(server.calls) == 1
    assert meaning is SendError or raised.value.retryable


@pytest.mark.parametrize(("fake", "make"), BOTH)
def test_a_picture_that_the_provider_refuses_refuses_the_call(fake, make, socket_enabled):
    wrong = b"GIF89a"
    with fake() as server, pytest.raises(RejectedError):
        make(server.url, pictures=album(wrong)).send([replace(brand(0), image=picture_key(wrong))])

    assert server.taken == []


class Silent(FakeObjects):
    """A bucket that does not answer."""

    def keys(self, prefix: str, after: str | None, limit: int) -> Sequence[str]:
        raise EndpointConnectionError(endpoint_url="https://s3")


@pytest.mark.parametrize(("objects", "meaning"), [(FakeObjects(), RejectedError), (Silent(), UnavailableError)])
def test_a_picture_that_cannot_be_read_refuses_the_call_and_asks_no_provider(objects, meaning, socket_enabled):
    with solapi.FakeSolapi() as server, pytest.raises(meaning):
        solapi_of(server.url, pictures=StoredPictures(lambda: objects)).send([picture()])

    assert server.calls == []


@pytest.mark.parametrize(
    ("provider", "fake", "keys"),
    [
        ("solapi", solapi.FakeSolapi, {"api_key": solapi.KEY, "api_secret": solapi.SECRET}),
        ("nhn", nhn.FakeNhn, {"app_key": nhn.APP_KEY, "secret_key": nhn.SECRET_KEY}),
    ],
)
def test_a_process_finds_keys_picture_and_provider_of_brand_messages(provider, fake, keys, emulator, bucket):
    profile = {"solapi": solapi.PROFILE, "nhn": nhn.SENDER_KEY}[provider]
    project = Project.model_validate(
        {
            "project": "shop",
            "sender": {"name": "x", "email": "x@y.z", "phone": "1588-0000"},
            "channels": {"brand_message": {"provider": provider, "profile": profile, "targeting": "M"}},
        }
    )
    ours = replace(emulator, parameters_prefix=f"/dangol/{uuid4().hex}", lake_bucket=bucket)
    objects = S3Objects(bootstrap.client("s3", ours), ours.lake_bucket)
    objects.put_once(KEY, PICTURE)
    with fake() as server:
        stored = json.dumps({**keys, "base_url": server.url})
        SsmParameters(bootstrap.client("ssm", ours), ours.parameters_prefix).create(f"providers/{provider}", stored)
        channel = channels.channel_of(ours, "brand_message", project)
        answers = [channel.send([rich(n, image=KEY)])[0] for n in range(2)]
        channels._http(server.url).close()

    assert all(isinstance(answer, Accepted) for answer in answers)
    assert '"targeting": "M"' in json.dumps(server.calls[-1].content)
    assert len(server.calls) == 3
    (name,) = objects.keys(f"{KEY}.", None, 9)
    assert objects.get(name).decode()


def test_aws_gets_a_picture_by_its_address_in_the_bucket_where_it_delivers_some(socket_enabled):
    american = replace(picture(0), address="+12065550199")
    with aws_sms.FakeAwsSms() as server:
        (taken,), (refused,) = (aws_of(server.url).send([message]) for message in (american, picture(1)))

    assert isinstance(taken, Accepted)
    assert refused == Refused("no_mms_there")
    (sent,) = (call.content for call in server.calls)
    assert sent["MediaUrls"] == [f"s3://lake/{KEY}"]
    assert sent["Context"] == {"reference": "7:u0"}
