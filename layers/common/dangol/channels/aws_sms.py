"""Text messages through AWS End User Messaging SMS (`pinpoint-sms-voice-v2`), one a call.

https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html. There is no idempotency
key: a call that was cut off is in doubt. What a message is known by travels in its context and comes back in events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, HTTPClientError

from dangol.domain.errors import AccountError, DoubtError, ThrottledError, UnavailableError
from dangol.domain.fate import Fate
from dangol.domain.providers import TERMS
from dangol.domain.reference import split_reference
from dangol.pipeline.aws_sms_events import FIELD_LENGTH
from dangol.ports import Accepted, Message, Refused

if TYPE_CHECKING:
    from mypy_boto3_pinpoint_sms_voice_v2 import PinpointSMSVoiceV2Client

_THROTTLES: Final = frozenset({"ThrottlingException", "ServiceQuotaExceededException"})
_SERVER_ERROR: Final = 500
# Why one number is refused, by `Reason`; the rest of a conflict or a validation is this message's own.
_FATES: Final[Mapping[str, Fate]] = {"DESTINATION_PHONE_NUMBER_OPTED_OUT": Fate.OPTED_OUT}
# Said of the account or the sender: the next message would fail as well.
_OWN_FAULT: Final = frozenset(
    {"AccessDeniedException", "ResourceNotFoundException", "UnrecognizedClientException", "InvalidSignatureException"}
)


@dataclass(frozen=True, slots=True)
class AwsSmsSender:
    """The number, sender id or pool that messages come from, and the configuration set whose events are receipts.

    Empty for the account's own choice, and for no receipts.
    """

    origination: str = ""
    configuration_set: str = ""


class AwsSmsChannel:
    """Hands text messages to AWS."""

    batch_size = TERMS["aws"].batch_size

    def __init__(self, client: "PinpointSMSVoiceV2Client", sender: AwsSmsSender) -> None:
        self._client = client
        self._told: dict[str, Any] = {}
        if sender.origination:
            self._told["OriginationIdentity"] = sender.origination
        if sender.configuration_set:
            self._told["ConfigurationSetName"] = sender.configuration_set

    def send(self, messages: Sequence[Message]) -> Sequence[Accepted | Refused]:
        """Hand one message over.

        Raises:
            ThrottledError: AWS asks to slow down, or the month's spend is used up; it took none.
            UnavailableError: AWS could not be reached; it took none.
            AccountError: AWS refuses the account or the sender.
            DoubtError: the answer did not come.
        """
        return [self._send(message) for message in messages]

    def _send(self, message: Message) -> Accepted | Refused:
        try:
            answer = self._client.send_text_message(
                DestinationPhoneNumber=message.address,
                MessageBody=message.text,
                MessageType="PROMOTIONAL" if message.advertising else "TRANSACTIONAL",
                Context=split_reference(message.reference, FIELD_LENGTH),
                **self._told,
            )
        except ClientError as error:
            return _refused(error)
        except (EndpointConnectionError, ConnectTimeoutError) as error:
            raise UnavailableError("AWS End User Messaging cannot be reached") from error
        except HTTPClientError as error:
            raise DoubtError("AWS End User Messaging did not answer") from error
        return Accepted(answer["MessageId"])


def _refused(error: ClientError) -> Refused:
    """What is wrong with this one message.

    Raises:
        SendError: what is wrong with every message, now or for good; `DoubtError` where it may have been taken.
    """
    code, reason = error.response["Error"]["Code"], str(error.response.get("Reason", ""))
    if code in _THROTTLES:
        raise ThrottledError(reason or code) from error
    # A server error may come after the message was taken.
    if error.response["ResponseMetadata"]["HTTPStatusCode"] >= _SERVER_ERROR:
        raise DoubtError(code) from error
    if code in _OWN_FAULT:
        raise AccountError(reason or code) from error
    return Refused.by(f"aws_{(reason or code).lower()}", _FATES.get(reason, Fate.UNDELIVERED))
