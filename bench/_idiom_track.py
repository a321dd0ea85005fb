"""How a click is usually counted on AWS: Powertools' HTTP resolver, and boto3's `update_item`.

It has no signature, so that anybody can send anybody anywhere, no bots, and counts a double click twice.
"""

import base64
import os
from http import HTTPStatus
from typing import Any

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

app = APIGatewayHttpResolver()
table = boto3.resource("dynamodb").Table(os.environ["CLICKS_TABLE"])


@app.get("/c/<token>")
def follow(token: str) -> Response[str]:
    """Count the click and lead on."""
    person, _, rest = token.partition(".")
    destination = base64.urlsafe_b64decode(rest + "=" * (-len(rest) % 4)).decode()
    table.update_item(
        Key={"person": person},
        UpdateExpression="ADD clicks :one SET last_agent = :agent",
        ExpressionAttributeValues={":one": 1, ":agent": app.current_event.headers.get("user-agent", "")},
    )
    return Response(HTTPStatus.FOUND, headers={"Location": destination, "Cache-Control": "no-store"})


def handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one request of the HTTP API."""
    return app.resolve(event, context)
