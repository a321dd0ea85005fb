"""SQS queues."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from dangol.domain.errors import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_ENTRIES: Final = 10
# SQS takes 1 MiB in all messages of a call together.
_BYTES: Final = 1_000_000
_ATTEMPTS: Final = 3


class SqsQueue:
    """One queue."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, bodies: Sequence[str], *, delay: int = 0) -> None:
        """Queue the bodies, each after `delay` seconds (at most 900).

        Raises:
            UnavailableError: the queue refused some of them again and again.
        """
        for batch in _batches(bodies):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {"Id": str(n), "MessageBody": body, "DelaySeconds": delay} for n, body in enumerate(batch)
            ]
            self._send(entries)

    def _send(self, entries: "list[SendMessageBatchRequestEntryTypeDef]") -> None:
        for _ in range(_ATTEMPTS):
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            failed = {failure["Id"] for failure in answer.get("Failed", [])}
            entries = [entry for entry in entries if entry["Id"] in failed]
            if not entries:
                return
        raise UnavailableError("the queue does not take messages")


class DeadLetters:
    """A dead-letter queue, and the queue that its messages go back to."""

    def __init__(self, client: "SQSClient", url: str, back_to: str) -> None:
        self._client = client
        self._url = url
        self._queue = SqsQueue(client, back_to)

    def waiting(self) -> int:
        """About how many messages there are."""
        name: Final = "ApproximateNumberOfMessages"
        return int(self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])["Attributes"][name])

    def redrive(self, most: int) -> int:
        """Send up to `most` messages (at most 10) back, and delete them only then; how many there were.

        Raises:
            UnavailableError: the queue refused some of them again and again; they are here still.
        """
        answer = self._client.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=min(_ENTRIES, most), WaitTimeSeconds=1
        )
        messages = answer.get("Messages", [])
        self._queue.send([message["Body"] for message in messages])
        for message in messages:
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return len(messages)


def _batches(bodies: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for body in bodies:
        length = len(body.encode())
        if batch and (len(batch) == _ENTRIES or size + length > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += length
    if batch:
        yield batch
