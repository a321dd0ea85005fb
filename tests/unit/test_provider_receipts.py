"""What providers tell of their messages: verified, read once however often it comes, and theirs alone."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dangol.contracts import Consented, Received, event_work
from dangol.domain.reference import Reference, joined_reference, place_of, read_place, read_reference, split_reference
from dangol.domain.suppression import address_hash, number_key
from dangol.pipeline import nhn_reports
from dangol.pipeline.aws_sms_events import is_sms_event, read_sms_event
from dangol.pipeline.provider_receipts import is_door, most_bytes, receipts_at
from dangol.pipeline.ses_events import NotAReceiptError
from dangol.pipeline.webhooks import PayloadError, SignatureError, shared_secret

NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PHONE = "01012345678"
SUPPRESSED = address_hash("sms", PHONE)


def solapi(*reports: Any, secret: str = shared_secret(KEY, "solapi"), **headers: str) -> list[dict[str, Any]]:
    shown = {"x-solapi-secret": hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest(), **headers}
    return list(receipts_at("solapi", shown, json.dumps(reports).encode(), KEY, NOW))


def report(code: str = "4000", **changes: Any) -> dict[str, Any]:
    told = {
        "messageId": "M4V1",
        "to": PHONE,
        "type": "LMS",
        "statusCode": code,
        "dateReceived": "2026-12-01T10:00:00+09:00",
        "customFields": {"reference": "7:u1"},
    }
    return told | changes


def nhn(
    *hooks: Any, event: str = "MESSAGE_RESULT_UPDATE", secret: str = "", product: str = "Sms"
) -> list[dict[str, Any]]:
    shown = {"x-toast-webhook-signature": secret or shared_secret(KEY, "nhn")}
    body = json.dumps({"event": event, "productName": product, "hooks": hooks}).encode()
    return list(receipts_at("nhn", shown, body, KEY, NOW))


def hook(code: str = "1000", **changes: Any) -> dict[str, Any]:
    told = {"requestId": "r1", "recipientSeq": 1, "recipientNo": PHONE, "resultCode": code}
    return told | {"recipientGroupingKey": "7:u1"} | changes


def aws(name: str = "TEXT_DELIVERED", **changes: Any) -> dict[str, Any]:
    told = {
        "eventType": name,
        "eventTimestamp": 1_764_550_800_000,
        "isFinal": False,
        "destinationPhoneNumber": "+821012345678",
        "messageId": "a1",
        "context": {"reference": "7:u1"},
    }
    return told | changes


@pytest.mark.parametrize(
    ("code", "kind", "permanent"),
    [
        ("4000", "delivered", False),
        ("3010", "bounced", True),
        ("3104", "bounced", True),
        ("2061", "complained", False),
        ("1060", "complained", False),
        ("3040", "bounced", False),
        ("3107", "bounced", False),
        ("3024", "bounced", False),
        ("3999", "bounced", False),
    ],
)
def test_a_report_of_solapi_becomes_a_receipt(code, kind, permanent):
    (told,) = solapi(report(code))

    assert event_work.validate_python(told) == Received(
        kind=told["kind"],
        id=f"solapi:M4V1:{code}",
        run=7,
        user_id="u1",
        channel="sms",
        at=int(datetime(2026, 12, 1, 10, tzinfo=timezone(timedelta(hours=9))).timestamp() * 1000),
        address_hash=SUPPRESSED,
        permanent=permanent,
        reason=f"solapi_{code}",
    )
    assert told["kind"] == kind


@pytest.mark.parametrize("code", ["2000", "3000"])
def test_what_is_on_its_way_is_no_receipt_yet(code):
    assert solapi(report(code)) == []


@pytest.mark.parametrize(
    "foreign",
    [
        report(customFields={"order": "1"}),
        report(customFields=None),
        report(customFields={"reference": "x:u1"}),
        report(type="CTA"),
        report(statusCode=None) | {"statusCode": ""},
        {"data": "nothing"},
        "no report",
    ],
)
def test_what_dangol_did_not_send_is_left_out_of_solapis_reports(foreign):
    assert [told["user_id"] for told in solapi(foreign, report())] == ["u1"]


def test_a_report_in_an_envelope_and_one_that_comes_twice_are_the_same():
    (bare,), (wrapped,) = solapi(report()), solapi({"eventDataId": "e1", "data": report(), "retryCount": 1})

    assert bare == wrapped
    assert [told["id"] for told in solapi(report(), report())] == ["solapi:M4V1:4000"] * 2


def test_a_report_without_a_time_or_a_number_is_of_now_and_of_nobody():
    undated: dict[str, Any] = {"dateReceived": None, "dateReported": "soon", "dateProcessed": "2026-12-01T00:59:00"}
    (told,), (late,) = solapi(report(to="", **undated)), solapi(report(dateReceived="?"))

    assert (told["at"], told["address_hash"]) == (int(NOW.timestamp() * 1000) - 60_000, "")
    assert late["at"] == int(NOW.timestamp() * 1000)


def test_an_alimtalk_is_suppressed_as_an_alimtalk():
    (told,) = solapi(report("3104", type="ATA"))

    assert (told["channel"], told["address_hash"]) == ("alimtalk", address_hash("alimtalk", PHONE))


@pytest.mark.parametrize("secret", ["", "other", KEY, shared_secret(KEY, "nhn")])
def test_a_call_that_does_not_know_the_secret_is_nobodys(secret):
    with pytest.raises(SignatureError):
        solapi(report(), secret=secret)
    with pytest.raises(SignatureError):
        nhn(hook(), secret=shared_secret(KEY, "solapi") if secret == shared_secret(KEY, "nhn") else secret or "x")
    with pytest.raises(SignatureError):
        receipts_at("solapi", {}, b"[]", KEY, NOW)


@pytest.mark.parametrize("body", [b"", b"{}", b"[" * 100_000, b"\xff", json.dumps([{}] * 10_001).encode()])
@pytest.mark.parametrize("provider", ["solapi", "nhn"])
def test_a_call_that_cannot_be_read_is_told_so(provider, body):
    proof = {
        "x-solapi-secret": hashlib.sha1(shared_secret(KEY, "solapi").encode(), usedforsecurity=False).hexdigest(),
        "x-toast-webhook-signature": shared_secret(KEY, "nhn"),
    }

    with pytest.raises(PayloadError):
        receipts_at(provider, proof, body, KEY, NOW)


@pytest.mark.parametrize(
    ("code", "kind", "permanent"),
    [
        ("1000", "delivered", False),
        ("3008", "bounced", True),
        ("3019", "bounced", True),
        ("3020", "bounced", False),
        ("3018", "bounced", False),
        ("3016", "bounced", False),
        ("9999", "bounced", False),
    ],
)
def test_a_hook_of_nhn_becomes_a_receipt(code, kind, permanent):
    (told,) = nhn(hook(code))

    assert event_work.validate_python(told) == Received(
        kind=told["kind"],
        id=f"nhn:r1:1:{code}",
        run=7,
        user_id="u1",
        channel="alimtalk",
        at=int(NOW.timestamp() * 1000),
        address_hash=address_hash("alimtalk", PHONE),
        permanent=permanent,
        reason=f"nhn_{code}",
    )
    assert told["kind"] == kind


@pytest.mark.parametrize("kind", ["ALIMTALK_NORMAL", "BRAND_MESSAGE_NORMAL"])
def test_every_code_of_nhns_table_is_told_as_what_it_means_on_both_channels(kind):
    meant: dict[str, Any] = {
        **dict.fromkeys(("1000", "MRC01"), ("delivered", False)),
        **dict.fromkeys(("3005", "4161"), None),
        **dict.fromkeys(("2001", "3000", "3006", "3010", "3012", "9998", "9999"), ("bounced", False)),
        **dict.fromkeys(("3008", "3019"), ("bounced", True)),
    }

    told = {code: nhn(hook(code, kakaoMessageType=kind)) for code in meant}

    assert {code: (said[0]["kind"], said[0]["permanent"]) if said else None for code, said in told.items()} == meant
    assert meant.keys() == nhn_reports._FATES.keys()


def test_what_nhn_tells_of_others_or_not_for_certain_is_left_out():
    assert nhn(hook("3005"), hook(recipientGroupingKey=None), "x") == []
    assert nhn(hook(), event="TEMPLATE_STATUS_UPDATE") == []
    assert nhn(hook(recipientNo=None))[0]["address_hash"] == ""


@pytest.mark.parametrize("kind", ["BRAND_MESSAGE_NORMAL", "BRAND_MESSAGE_MASS", "FRIENDTALK_NORMAL"])
def test_a_hook_of_nhn_says_whether_it_was_a_brand_message(kind):
    (told,) = nhn(hook("3019", kakaoMessageType=kind))

    assert (told["channel"], told["address_hash"]) == ("brand_message", address_hash("brand_message", PHONE))
    assert nhn(hook(kakaoMessageType="ALIMTALK_NORMAL"))[0]["channel"] == "alimtalk"
    assert nhn(hook("MRC01", kakaoMessageType=kind))[0]["kind"] == "delivered"


@pytest.mark.parametrize("kind", ["BMS_TEXT", "BMS_WIDE", "BMS_FREE"])
def test_a_report_of_solapi_says_whether_it_was_a_brand_message(kind):
    (told,) = solapi(report("3104", type=kind))

    assert (told["channel"], told["kind"], told["permanent"]) == ("brand_message", "bounced", True)
    assert told["address_hash"] == address_hash("brand_message", PHONE)


def refused_at(at: datetime, channel: str, provider: str, told: str) -> Consented:
    milliseconds = int(at.timestamp() * 1000)
    return Consented(
        id=told,
        user_id=number_key(channel, PHONE),
        at=milliseconds,
        received_at=milliseconds,
        consents={"sms" if channel == "sms" else "kakao": False},
        method="provider",
        source=provider,
    )


def test_an_opt_out_that_nhn_tells_by_its_number_is_that_numbers_refusal():
    said = {"hookId": "h1", "recipientNo": PHONE, "createdDateTime": "2026-12-01T09:30:00.000+09:00"}
    (told,) = nhn(said, event="UNSUBSCRIBE", product="SMS")

    assert event_work.validate_python(told) == refused_at(NOW - timedelta(minutes=30), "sms", "nhn", "nhn:h1")
    assert PHONE not in json.dumps(told)
    assert nhn(said, event="UNSUBSCRIBE") == nhn(said, said, event="UNSUBSCRIBE")[1:]


def test_an_opt_out_of_kakaotalk_is_one_of_kakaotalk():
    (told,) = nhn({"hookId": "h2", "recipientNo": PHONE}, event="UNSUBSCRIBE", product="KakaoTalk Bizmessage")

    assert event_work.validate_python(told) == refused_at(NOW, "brand_message", "nhn", "nhn:h2")


@pytest.mark.parametrize("at", ["2030-01-01T00:00:00.000+09:00", "soon", "2026-12-01T09:00:00", None])
def test_an_opt_out_without_a_time_that_can_be_is_of_now(at):
    (told,) = nhn({"hookId": "h1", "recipientNo": PHONE, "createdDateTime": at}, event="UNSUBSCRIBE")

    assert told["at"] == int(NOW.timestamp() * 1000)


def test_an_opt_out_of_no_number_is_nobodys():
    assert nhn({"hookId": "h1"}, {"hookId": "h2", "recipientNo": "080"}, event="UNSUBSCRIBE") == []


@pytest.mark.parametrize(("kind", "channel"), [("SMS", "sms"), ("MMS", "sms"), ("BMS_FREE", "brand_message")])
def test_an_opt_out_that_solapi_tells_without_our_reference_is_that_numbers_refusal(kind, channel):
    (told,) = solapi(report("2061", type=kind, customFields=None, dateReceived="2026-12-01T09:30:00+09:00"))

    at = NOW - timedelta(minutes=30)
    assert event_work.validate_python(told) == refused_at(at, channel, "solapi", "solapi:M4V1:2061")
    assert solapi(report("2061", customFields={}, to="")) == []


@pytest.mark.parametrize(
    ("event", "kind", "permanent"),
    [
        (aws(), "delivered", False),
        (aws("TEXT_SUCCESSFUL", isFinal=True), "delivered", False),
        (aws("TEXT_INVALID"), "bounced", True),
        (aws("TEXT_UNREACHABLE"), "bounced", False),
        (aws("TEXT_BLOCKED"), "bounced", False),
        (aws("TEXT_SOMETHING_NEW"), "bounced", False),
    ],
)
def test_an_event_of_aws_becomes_a_receipt_in_an_envelope_or_without(event, kind, permanent):
    wrapped = {"Type": "Notification", "Message": json.dumps(event)}

    assert is_sms_event(event)
    assert is_sms_event(wrapped)
    assert read_sms_event(event) == read_sms_event(wrapped)
    (told,) = read_sms_event(event)
    assert isinstance(told, Received)
    assert (told.kind, told.permanent, told.run, told.user_id) == (kind, permanent, 7, "u1")
    assert (told.id, told.address_hash) == (f"aws:a1:{event['eventType'].lower()}", SUPPRESSED)


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (aws("TEXT_SENT"), "text_sent"),
        (aws("TEXT_SUCCESSFUL"), "text_successful"),
        (aws(context={}), "foreign"),
        (aws(context=None), "foreign"),
    ],
)
def test_an_event_of_aws_that_ends_nothing_or_nothing_of_ours_is_no_receipt(event, name):
    with pytest.raises(NotAReceiptError, match=name):
        read_sms_event(event)


@pytest.mark.parametrize(
    "other",
    [
        None,
        [],
        {"eventType": "Delivery"},
        {"kind": "event"},
        {"Type": "Notification", "Message": "{"},
        {"Type": "Notification", "Message": "[]"},
    ],
)
def test_what_comes_from_elsewhere_is_no_event_of_aws_text_messages(other):
    assert not is_sms_event(other)


def test_an_event_of_aws_that_lacks_what_it_should_have_is_an_error():
    with pytest.raises(ValueError, match="messageId"):
        read_sms_event({name: told for name, told in aws().items() if name != "messageId"})


def test_each_provider_has_a_door_and_nobody_else():
    assert [name for name in ("webhook", "solapi", "nhn", "ses", "", "x") if is_door(name)] == [
        "webhook",
        "solapi",
        "nhn",
    ]
    assert most_bytes("solapi") > most_bytes("webhook")
    assert len({shared_secret(KEY, "solapi"), shared_secret(KEY, "nhn"), KEY}) == 3


@given(st.text(min_size=1, max_size=300))
def test_a_reference_comes_back_whole_from_fields_of_any_length(user_id):
    reference = f"4294967295:{user_id}"

    assert joined_reference(split_reference(reference, 100)) == reference
    assert joined_reference(split_reference(reference, 7)) == reference
    assert read_reference(reference) == (4_294_967_295, user_id, "")
    placed = str(Reference(4_294_967_295, user_id, place_of("00012-00003-4", 57)))
    assert read_reference(placed) == (4_294_967_295, user_id, "00012-00003-4_57")
    assert read_place("00012-00003-4_57") == ("00012-00003-4", 57)


@pytest.mark.parametrize("place", ["", "00000-00000-0", "_1", "00000-00000-0_x", "0" * 64 + "_1"])
def test_what_is_no_place_in_a_run_is_none(place):
    assert read_place(place) is None


def test_no_fields_hold_no_reference():
    assert joined_reference({}) == ""
    assert split_reference("7:u1", 100) == {"reference": "7:u1"}


def answered(text: str, number: str = "+12065550100") -> dict[str, Any]:
    told = {
        "originationNumber": number,
        "destinationNumber": "+12125550101",
        "messageKeyword": "KEYWORD_1",
        "messageBody": text,
        "inboundMessageId": "cae173d2",
        "previousPublishedMessageId": "p1",
    }
    return {"Type": "Notification", "Timestamp": "2026-12-01T01:00:00.000Z", "Message": json.dumps(told)}


def test_an_answer_that_says_stop_refuses_for_whoever_has_the_number():
    said = answered(" Stop. ")

    assert is_sms_event(said)
    (told,) = read_sms_event(said)

    assert isinstance(told, Consented)
    assert told.user_id == number_key("sms", "+12065550100")
    assert (told.consents, told.method, told.source) == ({"sms": False}, "provider", "aws")
    assert (told.id, told.at) == ("aws:cae173d2:stop", 1_796_086_800_000)


def test_any_other_answer_is_for_people_to_read():
    with pytest.raises(NotAReceiptError, match="answer"):
        read_sms_event(answered("stop by my house tomorrow"))


def test_an_answer_without_its_time_goes_to_the_dead_letters():
    said = json.loads(answered("stop")["Message"])

    with pytest.raises(ValueError, match="Invalid isoformat"):
        read_sms_event(said)
