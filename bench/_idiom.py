"""How a campaign is usually sent on AWS: one SQS message and one idempotent handler call per recipient."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from jinja2 import Environment

from bench._metering import Meter

Provider = Callable[[Mapping[str, str]], str]
_TEXT = "{{ name }}님, 관심 있게 보시던 개발 분야에 새 강의가 열렸어요.\n{{ link }}"


class _Context:
    """What Powertools asks of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """A minute, always."""
        return 60_000


def idiom(session: Any, tables: Mapping[str, str], meter: Meter, hand_over: Provider) -> Callable[[str], None]:
    """The handler of one message: consent read, sent once by Powertools' idempotency, written down.

    It has no caps, no holdout, no quiet hours, no counters, and loses whoever it dies on.
    """
    resource, client = session.resource("dynamodb"), session.client("dynamodb")
    meter.attach(resource.meta.client)
    meter.attach(client)
    people, sends = resource.Table(tables["people"]), resource.Table(tables["sends"])
    layer = DynamoDBPersistenceLayer(table_name=tables["idempotency"], boto3_client=client)
    config = IdempotencyConfig(event_key_jmespath="[run, user_id]", expires_after_seconds=86_400)
    config.register_lambda_context(_Context())  # type: ignore[arg-type]  # all that is asked of it
    text = Environment(autoescape=True).from_string(_TEXT)

    @idempotent_function(  # type: ignore[untyped-decorator]  # Powertools leaves it so
        data_keyword_argument="order",
        persistence_store=layer,
        config=config,
    )
    def send(order: dict[str, Any]) -> str:
        person = people.get_item(Key={"user_id": order["user_id"]})["Item"]
        if not person["consented"]:
            return "skipped"
        said = text.render(name=person["name"], link=f"https://go.shop.example/c/{order['user_id']}")
        told = hand_over({"to": person["address"], "subject": f"{person['name']}님", "text": said})
        key = {"user_id": order["user_id"], "run": order["run"]}
        sends.put_item(Item={**key, "at": Decimal(1), "state": "sent", "provider_id": told})
        return "sent"

    def handle(body: str) -> None:
        send(order=json.loads(body))

    return handle


def make_tables(client: Any, people: list[str]) -> dict[str, str]:
    """The tables that the idiom works on, with its people in them; their names."""
    keys = {"people": ["user_id"], "sends": ["user_id", "run"], "idempotency": ["id"]}
    for name, parts in keys.items():
        client.create_table(
            TableName=f"idiom-{name}",
            KeySchema=[{"AttributeName": p, "KeyType": k} for p, k in zip(parts, ("HASH", "RANGE"), strict=False)],
            AttributeDefinitions=[{"AttributeName": p, "AttributeType": "S"} for p in parts],
            BillingMode="PAY_PER_REQUEST",
        )
    for user in people:
        item = {"user_id": {"S": user}, "name": {"S": "지은"}, "address": {"S": f"{user}@example.com"}}
        client.put_item(TableName="idiom-people", Item={**item, "consented": {"BOOL": True}})
    return {name: f"idiom-{name}" for name in keys}
