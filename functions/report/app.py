"""The report API."""

import hmac
import json
from typing import Any

from dangol import bootstrap
from dangol.domain.errors import NotFoundError
from dangol.observability import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Answer `GET /v1/reports/{run}` to whoever has the report key as a bearer token."""
    headers = {name.lower(): value for name, value in event["headers"].items()}
    expected = f"Bearer {bootstrap.report_key()()}"
    if not hmac.compare_digest(headers.get("authorization", "").encode(), expected.encode()):
        return answer(401, {"error": "the report key is missing or wrong"})
    try:
        return answer(200, bootstrap.reporter().report(event["pathParameters"]["run"]))
    except NotFoundError as error:
        return answer(404, {"error": str(error)})


def answer(status: int, body: Any) -> dict[str, Any]:
    """An answer in JSON."""
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body, ensure_ascii=False)}
