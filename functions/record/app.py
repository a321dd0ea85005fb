"""Record what happened, from EventQueue."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dangol import bootstrap
from dangol.contracts import Happening, event_work
from dangol.observability import logger
from dangol.pipeline.aws_sms_events import is_sms_event, read_sms_event
from dangol.pipeline.record import Recorder
from dangol.pipeline.ses_events import NotAReceiptError, is_ses_event, read_ses_event


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Record a batch as one; a message that cannot be read goes its own way to the dead-letter queue."""
    messages: dict[str, list[Happening]] = {}
    failed = []
    for record in event["Records"]:
        try:
            messages[record["messageId"]] = parse(record["body"])
        except (ValueError, RecursionError):
            logger.exception("message cannot be read", message_id=record["messageId"])
            failed.append(record["messageId"])
    failed += record_all(bootstrap.recorder(), messages) if messages else []
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def record_all(recorder: Recorder, messages: Mapping[str, list[Happening]]) -> list[str]:
    """Record messages as one, or by halves where that fails; the ids of those that fail by themselves."""
    try:
        recorded = recorder.record([happening for said in messages.values() for happening in said])
    except Exception:
        if len(messages) == 1:
            logger.exception("message cannot be recorded", message_id=next(iter(messages)))
            return list(messages)
        # What is recorded twice by this counts once, like any duplicate.
        ids = list(messages)
        halves = (ids[: len(ids) // 2], ids[len(ids) // 2 :])
        return [failed for half in halves for failed in record_all(recorder, {i: messages[i] for i in half})]
    logger.info("batch recorded", events=recorded.events, people=recorded.people, duplicates=recorded.duplicates)
    return []


def parse(body: str) -> list[Happening]:
    """The happenings of one message: one, or a list of them."""
    said = json.loads(body)
    return [happening for each in (said if isinstance(said, list) else [said]) for happening in read(each)]


def read(said: Any) -> Sequence[Happening]:
    """One happening of our own, or the receipts of an event of AWS's; none where that is no receipt."""
    try:
        if is_sms_event(said):
            return read_sms_event(said)
        if is_ses_event(said):
            return read_ses_event(said)
    except NotAReceiptError as error:
        logger.info("event of a provider left out", event=str(error))
        return []
    return [event_work.validate_python(said)]
