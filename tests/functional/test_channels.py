"""What each channel makes of its provider's answers."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from dangol import bootstrap
from dangol.channels.console import ConsoleChannel
from dangol.channels.email import EmailChannel
from dangol.channels.session import SessionChannel
from dangol.domain.errors import AccountError, DoubtError, RejectedError, ThrottledError, UnavailableError
from dangol.domain.project import Sender
from dangol.ports import Accepted, Message, Refused
from tests.fakes import FakeObjects

SENDER = Sender(name="단골상점", email="hello@shop.example")
HEADERS = {"List-Unsubscribe": "<https://go.shop.example/u/x>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def message(user_id: str = "u1") -> Message:
    return Message(user_id, f"7:{user_id}", f"{user_id}@example.com", "제목 {{x}}", "본문", "<p>본문</p>", HEADERS)


class Ses:
    """An SES client that answers as it is told."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[dict[str, Any]] = []

    def send_bulk_email(self, **call: Any) -> dict[str, Any]:
        self.calls.append(call)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"BulkEmailEntryResults": answer}


def error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "SendBulkEmail")  # type: ignore[typeddict-item]


def test_each_person_has_their_own_text_and_their_own_way_out():
    ses = Ses([{"Status": "SUCCESS", "MessageId": "m1"}, {"Status": "SUCCESS", "MessageId": "m2"}])

    answers = EmailChannel(ses, SENDER).send([message("u1"), message("u2")])  # type: ignore[arg-type]

    assert answers == [Accepted("m1"), Accepted("m2")]
    one, two = ses.calls[0]["BulkEmailEntries"]
    assert one["Destination"]["ToAddresses"] == ["u1@example.com"]
    assert two["ReplacementHeaders"][0] == {"Name": "List-Unsubscribe", "Value": HEADERS["List-Unsubscribe"]}
    filled = json.loads(one["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"])
    assert filled == {"subject": "제목 {{x}}", "text": "본문", "html": "<p>본문</p>"}
    assert ses.calls[0]["FromEmailAddress"].endswith("<hello@shop.example>")


def test_a_wrong_address_is_told_apart_from_other_wrong_parameters():
    wrong = {"Status": "INVALID_PARAMETER", "Error": "Missing final '@domain'"}
    other = {"Status": "INVALID_PARAMETER", "Error": "Invalid tag value"}
    ses = Ses([{"Status": "SUCCESS", "MessageId": "m1"}, wrong, other], [wrong, wrong])
    channel = EmailChannel(ses, SENDER)  # type: ignore[arg-type]

    some = channel.send([message("u1"), message("u2"), message("u3")])
    # As SES answers where it is the sender's own address that is wrong.
    everybody = channel.send([message("u1"), message("u2")])

    assert [answer.suppress for answer in some if isinstance(answer, Refused)] == [True, False]
    assert everybody == [Refused("invalid_parameter")] * 2


def test_a_part_of_a_batch_may_be_refused_for_good_or_for_now():
    ses = Ses(
        [{"Status": "SUCCESS", "MessageId": "m1"}, {"Status": "MESSAGE_REJECTED"}, {"Status": "ACCOUNT_THROTTLED"}]
    )

    answers = EmailChannel(ses, SENDER).send([message("u1"), message("u2"), message("u3")])  # type: ignore[arg-type]

    assert answers == [
        Accepted("m1"),
        Refused("message_rejected"),
        Refused("account_throttled", retryable=True),
    ]


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (error("TooManyRequestsException", 429), ThrottledError),
        (error("LimitExceededException"), ThrottledError),
        (error("AccountSuspendedException"), AccountError),
        (error("SendingPausedException"), AccountError),
        (error("MailFromDomainNotVerifiedException"), AccountError),
        (error("NotFoundException", 404), AccountError),
        (error("AccessDeniedException", 403), AccountError),
        (error("BadRequestException"), RejectedError),
        (error("MessageRejected"), RejectedError),
        (error("InternalFailure", 500), DoubtError),
        (EndpointConnectionError(endpoint_url="https://ses"), UnavailableError),
        (ConnectTimeoutError(endpoint_url="https://ses"), UnavailableError),
        (ReadTimeoutError(endpoint_url="https://ses"), DoubtError),
    ],
)
def test_a_call_that_failed_is_understood(answer, meaning):
    with pytest.raises(meaning) as raised:
        EmailChannel(Ses(answer), SENDER).send([message()])  # type: ignore[arg-type]
    assert raised.type is meaning


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        ("MESSAGE_REJECTED", Refused("message_rejected")),
        ("INVALID_PARAMETER", Refused("invalid_parameter")),
        ("FAILED", Refused("failed")),
        ("ACCOUNT_THROTTLED", Refused("account_throttled", retryable=True)),
        ("ACCOUNT_DAILY_QUOTA_EXCEEDED", Refused("account_daily_quota_exceeded", retryable=True)),
        ("TRANSIENT_FAILURE", Refused("transient_failure", retryable=True)),
        ("ACCOUNT_SUSPENDED", None),
        ("ACCOUNT_SENDING_PAUSED", None),
        ("CONFIGURATION_SET_SENDING_PAUSED", None),
        ("CONFIGURATION_SET_NOT_FOUND", None),
        ("MAIL_FROM_DOMAIN_NOT_VERIFIED", None),
        ("TEMPLATE_NOT_FOUND", None),
        ("INVALID_SENDING_POOL_NAME", None),
    ],
)
def test_every_status_of_ses_is_one_message_s_or_the_account_s(status, fate):
    """API_BulkEmailEntryResult of SES v2; SUCCESS is the fourteenth."""
    alone, among = EmailChannel(Ses([{"Status": status}]), SENDER), [{"Status": "SUCCESS", "MessageId": "m"}]  # type: ignore[arg-type]

    if fate is None:
        with pytest.raises(AccountError, match=status.lower()):
            alone.send([message()])
        # In the middle of a call, those who are left come back, and the next call is refused as a whole.
        mixed = EmailChannel(Ses([*among, {"Status": status}]), SENDER).send([message("u1"), message("u2")])  # type: ignore[arg-type]
        assert mixed[1] == Refused(status.lower(), retryable=True)
    else:
        assert alone.send([message()]) == [fate]


def test_ses_of_the_emulator_takes_a_batch(emulator):
    client = bootstrap.client("sesv2", emulator)
    client.create_email_identity(EmailIdentity=SENDER.email)

    answers = EmailChannel(client, SENDER).send([message(f"u{n}") for n in range(3)])

    assert all(isinstance(answer, Accepted) for answer in answers)


def test_the_console_writes_what_it_would_send():
    objects = FakeObjects()

    answers = ConsoleChannel(objects).send([message("u1"), message("u2")])

    ((key, body),) = objects.objects.items()
    rows = [json.loads(line) for line in body.decode().splitlines()]
    assert key.startswith("console/7/")
    assert [row["to"] for row in rows] == ["u1@example.com", "u2@example.com"]
    assert answers[1] == Accepted(f"{key}#1")


def test_an_address_and_a_text_stay_out_of_logs():
    assert "example.com" not in repr(message())
    assert "본문" not in repr(message())


def test_what_is_shown_inside_a_session_is_handed_to_nobody():
    with pytest.raises(RejectedError, match="inside a session"):
        SessionChannel().send([])
