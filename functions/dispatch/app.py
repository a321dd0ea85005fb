"""Dispatch chunks of recipients from SendQueue."""

from typing import Any

from dangol import bootstrap
from dangol.contracts import SendChunk, SendNotice, SendTest, send_work
from dangol.domain.errors import ConflictError
from dangol.observability import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Dispatch each chunk of a batch; the ones that failed come back. A test send is answered with its outcome."""
    if "Records" not in event:
        told = bootstrap.trial().send(SendTest.model_validate(event))
        logger.info("test sent", outcome=told["outcome"], provider=told["provider"])
        return told
    failed = []
    for record in event["Records"]:
        try:
            dispatch(send_work.validate_json(record["body"]))
        except ConflictError:
            logger.info("chunk is in other hands", message_id=record["messageId"])
            failed.append({"itemIdentifier": record["messageId"]})
        except Exception:
            logger.exception("chunk failed", message_id=record["messageId"])
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def dispatch(work: SendChunk | SendNotice) -> None:
    """Dispatch what one message carries."""
    if isinstance(work, SendNotice):
        logger.info("notice dispatched", notice=work.id, outcome=bootstrap.notifier().send(work))
        return
    counted = bootstrap.dispatcher().dispatch(work)
    logger.info("chunk dispatched", run=work.run, chunk=work.chunk, counted=dict(counted))
