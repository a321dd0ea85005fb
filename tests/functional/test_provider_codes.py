"""Every code of the providers' tables, answered by their fakes: what dangol makes of it."""

import json
from collections import deque
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from dangol import bootstrap
from dangol.adapters.parameters import SsmParameters
from dangol.bootstrap import channels
from dangol.channels import aws_sms as aws_channel, nhn as nhn_channel
from dangol.domain.errors import (
    AccountError,
    DoubtError,
    NotFoundError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from dangol.domain.project import Project
from dangol.pipeline import solapi_reports
from dangol.ports import Accepted, InDoubt, Refused
from tests.fakes.providers import aws_sms, nhn, solapi
from tests.fakes.providers.server import LOST
from tests.functional.test_provider_contract import (
    _nhn_talk,
    aws_of,
    brand,
    closed,
    nhn_of,
    solapi_brand_of,
    solapi_of,
    talk,
    text,
)

# The fixture closes what the channels open.
__all__ = ["closed"]

NUMBER = "01000000000"
SOLAPI_LATER = ("1024", "2024", "3024", "3012", "3053", "1030", "2230", "3108")
SOLAPI_NO_MORE = ("3010", "3032", "3050", "3104", "1060", "2060", "1061", "2061")


def test_every_code_of_the_tables_is_answered_here():
    assert {*solapi_reports._FATES} == {"2000", "3000", "4000", *SOLAPI_LATER, *SOLAPI_NO_MORE}
    assert {*nhn_channel._FATES} == {-4019, -3301}
    assert {*aws_channel._FATES} == {"DESTINATION_PHONE_NUMBER_OPTED_OUT"}


@pytest.mark.parametrize("make", [solapi_of, solapi_brand_of])
@pytest.mark.parametrize(
    ("code", "retryable", "suppress"),
    [
        *[(code, True, False) for code in SOLAPI_LATER],
        *[(code, False, True) for code in SOLAPI_NO_MORE],
        *[(code, False, False) for code in ("1010", "1026", "1029", "1062", "2254", "3031", "3047", "3107", "9999")],
    ],
)
def test_solapi_says_of_one_number(make, code, retryable, suppress, socket_enabled):
    message = text if make is solapi_of else brand
    with solapi.FakeSolapi(codes={NUMBER: code}) as server:
        answers = make(server.url).send([message(0), message(1)])

    assert answers[0] == Refused(f"solapi_{code}", retryable=retryable, suppress=suppress)
    assert isinstance(answers[1], Accepted)


@pytest.mark.parametrize(
    ("status", "content", "meaning"),
    [
        (429, {}, ThrottledError),
        (400, {"errorCode": "TooManyRequests"}, ThrottledError),
        (400, {"errorCode": "NotEnoughBalance"}, ThrottledError),
        (503, {}, UnavailableError),
        (400, {"errorCode": "ValidationError"}, RejectedError),
        (401, {"errorCode": "SignatureDoesNotMatch"}, AccountError),
        (403, {}, AccountError),
    ],
)
def test_solapi_says_of_a_call(status, content, meaning, socket_enabled):
    with solapi.FakeSolapi(instead=deque([(status, content)])) as server, pytest.raises(meaning):
        solapi_of(server.url).send([text(0)])


@pytest.mark.parametrize("page", ["<html>Bad Gateway</html>", "[1]", ""])
def test_a_page_of_something_in_between_is_no_answer(page, socket_enabled):
    with solapi.FakeSolapi(instead=deque([(502, page)])) as server, pytest.raises(DoubtError, match="http_502"):
        solapi_of(server.url).send([text(0)])


def test_keys_come_from_the_parameter_store_and_are_missed_by_name(emulator):
    project = Project.model_validate(
        {
            "project": "shop",
            "sender": {"name": "x", "email": "x@y.z", "phone": "1588-0000"},
            "channels": {"sms": {"provider": "solapi"}, "alimtalk": {"provider": "solapi", "profile": solapi.PROFILE}},
        }
    )
    ours = replace(emulator, parameters_prefix=f"/dangol/{uuid4().hex}")
    with pytest.raises(NotFoundError, match=r"there is no parameter /dangol/\w+/providers/solapi"):
        channels.channel_of(ours, "sms", project)

    with solapi.FakeSolapi() as server:
        keys = {"api_key": solapi.KEY, "api_secret": solapi.SECRET, "base_url": server.url}
        SsmParameters(bootstrap.client("ssm", ours), ours.parameters_prefix).create(
            "providers/solapi", json.dumps(keys)
        )
        templates = bootstrap.build_templates(ours, project)
        assert templates is not None
        assert templates.template("KA01TP01").approved
        channels._http(server.url).close()
    assert bootstrap.build_templates(ours, Project(project="x", sender=project.sender)) is None


def test_solapi_gets_a_text_in_its_own_words(socket_enabled):
    with solapi.FakeSolapi() as server:
        solapi_of(server.url).send([replace(text(0), subject="새 소식", kind="lms")])

    (sent,) = server.calls[0].content["messages"]
    assert (sent["to"], sent["from"], sent["type"], sent["subject"]) == (NUMBER, "15880000", "LMS", "새 소식")
    assert sent["customFields"] == {"reference": "7:u0"}
    assert sent["autoTypeDetect"] is False


def test_solapi_gets_an_alimtalk_as_the_variables_of_its_template(socket_enabled):
    with solapi.FakeSolapi() as server:
        solapi_of(server.url).send([talk(0)])

    (sent,) = server.calls[0].content["messages"]
    assert sent["kakaoOptions"]["variables"] == {"#{이름}": "지은", "#{링크}": "go.shop.example/c/t"}
    assert sent["kakaoOptions"]["disableSms"] is True
    assert "text" not in sent


def test_solapi_knows_a_person_with_a_long_id_too(socket_enabled):
    somebody = replace(text(0), reference=f"7:{'가' * 250}")
    with solapi.FakeSolapi(codes={NUMBER: "3031"}) as server:
        answers = solapi_of(server.url).send([somebody, text(1)])

    assert answers[0] == Refused("solapi_3031")
    fields = server.calls[0].content["messages"][0]["customFields"]
    assert [len(part) for part in fields.values()] == [100, 100, 52]


def test_a_group_that_is_taken_without_a_list_is_taken(socket_enabled):
    with solapi.FakeSolapi(codes={NUMBER: "3031"}, lists=False) as server:
        answers = solapi_of(server.url).send([text(0), text(1)])

    assert answers == [Refused("solapi_3031"), Accepted("G4V01")]


@pytest.mark.parametrize("make", [solapi_of, nhn_of])
def test_korean_providers_are_asked_for_korean_numbers_alone(make, socket_enabled):
    server: Any = solapi.FakeSolapi() if make is solapi_of else nhn.FakeNhn()
    abroad = replace(_nhn_talk(0) if make is nhn_of else text(0), address="+12065550100")
    with server:
        answers = make(server.url).send([abroad])

    assert answers == [Refused("not_a_korean_number")]
    assert server.calls == []


@pytest.mark.parametrize(
    ("code", "suppress"), [(-4019, True), (-3301, True), (-3016, False), (-8008, False), (-9999, False)]
)
def test_nhn_says_of_one_number(code, suppress, socket_enabled):
    with nhn.FakeNhn(codes={NUMBER: code}) as server:
        answers = nhn_of(server.url).send([_nhn_talk(0), _nhn_talk(1)])

    assert answers == [Refused(f"nhn_{code}", suppress=suppress), Accepted("20261201AAA:2")]


@pytest.mark.parametrize("code", [4, -1000, -1001, -1006, -1027, -2017, -3000])
def test_nhn_says_of_a_call(code, socket_enabled):
    header = {"header": {"resultCode": code, "resultMessage": "", "isSuccessful": False}}
    with nhn.FakeNhn(instead=deque([(200, header)])) as server, pytest.raises(RejectedError, match=f"nhn_{code}"):
        nhn_of(server.url).send([_nhn_talk(0)])


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((401, "<html>"), "nhn_http_401"),
        ((403, {"header": {"resultCode": -9, "isSuccessful": False}}), "nhn_http_403"),
        *(((200, {"header": {"resultCode": c, "isSuccessful": False}}), f"nhn_{c}") for c in (-1000, -1001, -1002)),
    ],
)
def test_nhn_says_of_the_keys(answer, code, socket_enabled):
    messages = [_nhn_talk(0), replace(_nhn_talk(1), template="ORDER02")]
    with nhn.FakeNhn(instead=deque([answer, answer])) as server, pytest.raises(AccountError, match=code):
        nhn_of(server.url).send(messages)
    with nhn.FakeNhn(instead=deque([None, answer])) as server:
        answers = nhn_of(server.url).send(messages)

    assert answers == [Accepted("20261201AAA:1"), Refused(code, retryable=True)]


def test_nhn_gets_each_template_in_a_call_of_its_own_under_a_key_of_its_own(socket_enabled):
    messages = [_nhn_talk(0), replace(_nhn_talk(1), template="ORDER02"), _nhn_talk(2)]
    with nhn.FakeNhn() as server:
        answers = nhn_of(server.url).send(messages)

    assert [answer.provider_id for answer in answers if isinstance(answer, Accepted)] == [
        "20261201AAA:1",
        "20261201AAA:1",
        "20261201AAA:2",
    ]
    assert [len(call.content["recipientList"]) for call in server.calls] == [2, 1]
    assert len(server.used) == 2


def test_what_nhn_refuses_of_a_second_template_leaves_the_first_as_it_is(socket_enabled):
    messages = [_nhn_talk(0), replace(_nhn_talk(1), template="ORDER02")]
    with nhn.FakeNhn() as server:
        server.instead += [None, (429, {})]
        answers = nhn_of(server.url).send(messages)

    assert answers == [Accepted("20261201AAA:1"), Refused("nhn_http_429", retryable=True)]


@pytest.mark.parametrize("lost", [0, 1])
def test_a_template_that_is_in_doubt_leaves_the_other_as_it_is(lost, socket_enabled):
    messages = [_nhn_talk(0), replace(_nhn_talk(1), template="ORDER02")]
    with nhn.FakeNhn() as server:
        server.instead += [*[None] * lost, LOST, LOST]
        answers = nhn_of(server.url).send(messages)

    assert isinstance(answers[lost], InDoubt)
    assert isinstance(answers[1 - lost], Accepted)


def test_nhn_carries_what_fits_of_a_reference(socket_enabled):
    with nhn.FakeNhn() as server:
        nhn_of(server.url).send([_nhn_talk(0), replace(_nhn_talk(1), reference=f"7:{'u' * 99}")])

    people = server.calls[0].content["recipientList"]
    assert people[0]["recipientGroupingKey"] == "7:u0"
    assert "recipientGroupingKey" not in people[1]


@pytest.mark.parametrize(
    ("fake", "make", "code", "variables"),
    [(solapi.FakeSolapi, solapi_of, "KA01TP01", {"이름", "링크"}), (nhn.FakeNhn, nhn_of, "ORDER01", {"이름"})],
)
def test_a_provider_knows_what_kakao_approved(fake, make, code, variables, socket_enabled):
    with fake() as server:
        found = make(server.url).template(code)

    assert (found.text, found.approved, found.variables) == ("#{이름}님, 주문이 출발했어요.", True, variables)


def test_a_template_that_is_not_approved_is_told_apart(socket_enabled):
    with nhn.FakeNhn() as server:
        assert nhn_of(server.url).template("ORDER02").approved is False


@pytest.mark.parametrize(("fake", "make"), [(solapi.FakeSolapi, solapi_of), (nhn.FakeNhn, nhn_of)])
def test_a_template_that_nobody_knows_is_not_found_and_a_wrong_key_finds_none(fake, make, socket_enabled):
    with fake() as server:
        with pytest.raises(NotFoundError):
            make(server.url).template("KA/../x")
        with pytest.raises(RejectedError):
            make(server.url, "wrong").template("KA01TP01")

    assert all("/../" not in call.path for call in server.calls)


@pytest.mark.parametrize(
    ("name", "reason", "answer"),
    [
        ("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT", True),
        ("ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED", False),
        ("ValidationException", "COUNTRY_NOT_ENABLED", False),
        ("ValidationException", "SENDER_ID_REQUIRES_REGISTRATION", False),
        ("ValidationException", "PRICE_OVER_THRESHOLD", False),
    ],
)
def test_aws_says_of_one_number(name, reason, answer, socket_enabled):
    with aws_sms.FakeAwsSms(refusals={"+821000000000": (name, reason)}) as server:
        answers = aws_of(server.url).send([text(0)])

    assert answers == [Refused(f"aws_{reason.lower()}", suppress=answer)]


@pytest.mark.parametrize(
    ("name", "reason", "meaning"),
    [
        ("ThrottlingException", "", ThrottledError),
        ("ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT", ThrottledError),
        ("AccessDeniedException", "INSUFFICIENT_ACCOUNT_REPUTATION", AccountError),
        ("AccessDeniedException", "ACCOUNT_DISABLED", AccountError),
        ("ResourceNotFoundException", "", AccountError),
    ],
)
def test_aws_says_of_the_account(name, reason, meaning, socket_enabled):
    with (
        aws_sms.FakeAwsSms(refusals={"+821000000000": (name, reason)}) as server,
        pytest.raises(meaning, match=reason or name),
    ):
        aws_of(server.url).send([text(0)])


def test_aws_gets_a_text_in_its_own_words(socket_enabled):
    with aws_sms.FakeAwsSms() as server:
        aws_of(server.url).send([text(0)])

    sent = server.calls[0].content
    assert (sent["DestinationPhoneNumber"], sent["MessageType"]) == ("+821000000000", "PROMOTIONAL")
    assert (sent["Context"], sent["ConfigurationSetName"]) == ({"reference": "7:u0"}, "receipts")
