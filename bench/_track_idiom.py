"""How a click is usually taken on AWS: a router, boto3, one `update_item`; nothing is signed, nothing is fetched."""

from typing import Any
from urllib.parse import unquote

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

app = APIGatewayHttpResolver()
table = boto3.client("dynamodb")


@app.get("/c/<user>/<destination>")
def click(user: str, destination: str) -> Response[str]:
    """Count the click and lead on."""
    table.update_item(
        TableName="clicks",
        Key={"user_id": {"S": user}},
        UpdateExpression="ADD clicks :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    return Response(status_code=302, headers={"location": unquote(destination)})


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request of the HTTP API (payload format 2.0)."""
    return app.resolve(event, context)
