"""Start runs and scan the people: from EventBridge Scheduler and from SegmentQueue."""

from typing import Any

from dangol import bootstrap
from dangol.contracts import FallBack, Release, StartRun, segment_work
from dangol.observability import logger

# What a step must leave of the function's time to store what it selected, in milliseconds.
RESERVE_MS = 8_000


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a schedule's order with the run it started, a batch of the queue with what failed in it."""
    if "Records" not in event:
        run = bootstrap.segmenter().start(StartRun.model_validate(event))
        logger.info("run started", run=run.run, tasks=run.tasks)
        return {"run": run.run}
    failed = []
    for record in event["Records"]:
        try:
            work(record["body"], context)
        except Exception:
            logger.exception("segment work failed", message_id=record["messageId"])
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def work(body: str, context: Any) -> None:
    """Do what one message of SegmentQueue asks for."""
    match segment_work.validate_json(body):
        case StartRun() as order:
            bootstrap.segmenter().start(order)
        case Release() as order:
            bootstrap.segmenter().release(order)
        case FallBack() as order:
            bootstrap.segmenter().fall_back(order)
        case step:
            bootstrap.segmenter().scan(step, until=lambda: context.get_remaining_time_in_millis() < RESERVE_MS)
