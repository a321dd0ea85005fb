"""Record what happened, from EventQueue."""

import json
from typing import Any

from pydantic import ValidationError

from dangol import bootstrap
from dangol.contracts import event_work
from dangol.observability import logger
from dangol.pipeline.record import Happening


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Record a batch as one; a message that cannot be read goes its own way to the dead-letter queue."""
    happenings: list[Happening] = []
    failed = []
    for record in event["Records"]:
        try:
            happenings += parse(record["body"])
        except (ValueError, ValidationError):
            logger.exception("message cannot be read", message_id=record["messageId"])
            failed.append({"itemIdentifier": record["messageId"]})
    recorded = bootstrap.recorder().record(happenings)
    logger.info("batch recorded", events=recorded.events, people=recorded.people, duplicates=recorded.duplicates)
    return {"batchItemFailures": failed}


def parse(body: str) -> list[Happening]:
    """The happenings of one message: one, or a list of them."""
    said = json.loads(body)
    return [event_work.validate_python(each) for each in (said if isinstance(said, list) else [said])]
