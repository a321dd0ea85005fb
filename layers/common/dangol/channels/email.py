"""E-mail through Amazon SES v2.

Classes of SES's answers: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BulkEmailEntryResult.html
"""

import json
from collections.abc import Sequence
from email.utils import formataddr
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, HTTPClientError

from dangol.domain.errors import AccountError, DoubtError, RejectedError, ThrottledError, UnavailableError
from dangol.domain.project import Sender
from dangol.pipeline.ses_events import tags_of
from dangol.ports import Accepted, Message, Refused

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import (
        BulkEmailEntryResultTypeDef,
        BulkEmailEntryTypeDef,
        EmailTemplateContentTypeDef,
    )

# SES substitutes once and escapes nothing, so each person's finished text travels through whole.
_TEMPLATE: "Final[EmailTemplateContentTypeDef]" = {"Subject": "{{subject}}", "Text": "{{text}}", "Html": "{{html}}"}
# Of one message: MESSAGE_REJECTED, INVALID_PARAMETER, FAILED, and whatever else there may be: for good.
# For now: the account is being slowed down, or SES stumbled.
_LATER: Final = frozenset({"ACCOUNT_THROTTLED", "TRANSIENT_FAILURE", "ACCOUNT_DAILY_QUOTA_EXCEEDED"})
# How an INVALID_PARAMETER begins where it is the recipient's address: seen in the wild, since SES documents none.
_WRONG_ADDRESS: Final = (
    "Missing final '@domain'",
    "Illegal address",
    "Invalid email address",
    "Domain contains",
    "Domain starts",
    "Local address contains",
    "Missing local name",
)
# Of the account or the sender: the next message would be refused as well.
_OWN_FAULT: Final = frozenset(
    {
        "ACCOUNT_SUSPENDED",
        "ACCOUNT_SENDING_PAUSED",
        "CONFIGURATION_SET_SENDING_PAUSED",
        "CONFIGURATION_SET_NOT_FOUND",
        "MAIL_FROM_DOMAIN_NOT_VERIFIED",
        "TEMPLATE_NOT_FOUND",
        "INVALID_SENDING_POOL_NAME",
    }
)
# Of a call: its own; any other refusal is of the account, its rights or its settings.
_OF_THE_CALL: Final = frozenset({"BadRequestException", "MessageRejected", "MessageRejectedException"})
_THROTTLES: Final = frozenset({"TooManyRequestsException", "LimitExceededException", "ThrottlingException"})
_SERVER_ERROR: Final = 500


class EmailChannel:
    """Hands e-mails to SES, 50 a call."""

    # The most that SendBulkEmail takes.
    batch_size = 50

    def __init__(self, client: "SESV2Client", sender: Sender, configuration_set: str = "") -> None:
        self._client = client
        # The configuration set is what has SES tell of deliveries, bounces and complaints.
        self._set: dict[str, Any] = {"ConfigurationSetName": configuration_set} if configuration_set else {}
        self._from = formataddr((sender.name, sender.email))

    def send(self, messages: Sequence[Message]) -> Sequence[Accepted | Refused]:
        """Hand at most 50 e-mails over; one answer each, in order.

        Raises:
            ThrottledError: SES asks to slow down; it took none.
            UnavailableError: SES could not be reached; it took none.
            AccountError: SES refuses the account or the sender; it took none.
            RejectedError: SES refuses the call as a whole.
            DoubtError: the answer did not come.
        """
        try:
            answer = self._client.send_bulk_email(
                FromEmailAddress=self._from,
                DefaultContent={"Template": {"TemplateContent": _TEMPLATE, "TemplateData": "{}"}},
                BulkEmailEntries=[_entry(message) for message in messages],
                **self._set,
            )
        except ClientError as error:
            raise _meaning(error) from error
        except (EndpointConnectionError, ConnectTimeoutError) as error:
            raise UnavailableError("SES cannot be reached") from error
        except HTTPClientError as error:
            raise DoubtError("SES did not answer") from error
        results = answer.get("BulkEmailEntryResults") or []
        if len(results) != len(messages):
            raise DoubtError("SES did not answer for each mail")
        # The sender's address may be wrong in the same words, but then SES takes none of the call.
        sound = any(result.get("Status") == "SUCCESS" for result in results)
        if not sound and (own := [status for r in results if (status := r.get("Status")) in _OWN_FAULT]):
            raise AccountError(str(own[0]).lower())
        return [_answer(result, sound=sound) for result in results]


def _entry(message: Message) -> "BulkEmailEntryTypeDef":
    filled = {"subject": message.subject, "text": message.text, "html": message.html}
    return {
        "Destination": {"ToAddresses": [message.address]},
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": json.dumps(filled)}},
        "ReplacementHeaders": [{"Name": name, "Value": value} for name, value in message.headers.items()],
        "ReplacementTags": [{"Name": name, "Value": value} for name, value in tags_of(message.reference).items()],
    }


def _answer(result: "BulkEmailEntryResultTypeDef", *, sound: bool) -> Accepted | Refused:
    status = result.get("Status", "FAILED")
    if status == "SUCCESS":
        return Accepted(result.get("MessageId", ""))
    wrong = status == "INVALID_PARAMETER" and result.get("Error", "").startswith(_WRONG_ADDRESS)
    # The account's fault in the middle of a call: the next one is refused as a whole.
    return Refused(status.lower(), retryable=status in _LATER | _OWN_FAULT, suppress=sound and wrong)


def _meaning(error: ClientError) -> ThrottledError | DoubtError | RejectedError:
    code = error.response["Error"]["Code"]
    if code in _THROTTLES:
        return ThrottledError(code)
    # A server error may come after the mails were taken.
    if error.response["ResponseMetadata"]["HTTPStatusCode"] >= _SERVER_ERROR:
        return DoubtError(code)
    return RejectedError(code) if code in _OF_THE_CALL else AccountError(code)
