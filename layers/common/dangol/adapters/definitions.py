"""Applied campaigns and the project, every version, in the Campaigns table."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dangol.adapters.items import Item, attribute, item
from dangol.domain.campaign import Campaign
from dangol.domain.errors import NotFoundError
from dangol.domain.project import Project
from dangol.ports import Definition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDefinitions:
    """Definitions in DynamoDB; what is read once is remembered, since a version never changes."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        self._versions: dict[tuple[str, int], Definition] = {}

    def current(self, campaign_id: str) -> Definition:
        """The version in force.

        Raises:
            NotFoundError: it was never applied.
        """
        found = self._get(_campaign(campaign_id), "current")
        if found is None:
            raise NotFoundError(f"campaign {campaign_id} is not applied")
        return self.version(campaign_id, int(found["version"]["N"]))

    def version(self, campaign_id: str, version: int) -> Definition:
        """One version.

        Raises:
            NotFoundError: there is no such version.
        """
        key = (campaign_id, version)
        if key not in self._versions:
            found = self._get(_campaign(campaign_id), _version(version))
            if found is None:
                raise NotFoundError(f"campaign {campaign_id} has no version {version}")
            self._versions[key] = _read(campaign_id, version, found)
        return self._versions[key]

    def project(self) -> Project:
        """The project as last applied.

        Raises:
            NotFoundError: nothing was applied yet.
        """
        found = self._get("project", "current")
        if found is None:
            raise NotFoundError("no project is applied: dangol apply")
        return Project.model_validate_json(found["body"]["S"])

    def campaigns(self) -> list[str]:
        """The ids of all applied campaigns."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "campaigns"}},
        )
        return [found["sk"]["S"] for page in pages for found in page["Items"]]

    def save_project(self, project: Project, at: datetime) -> None:
        """Make `project` the one in force."""
        body = project.model_dump_json(by_alias=True, exclude_unset=True)
        self._client.put_item(TableName=self._table, Item=_row("project", "current", body=body, at=at.isoformat()))

    def save(self, definition: Definition, at: datetime) -> Definition:
        """Store a new version and put it in force; the version in force where nothing differs from it."""
        latest = self._latest(definition.campaign_id)
        if latest and _body(latest) == _body(definition):
            return latest
        version = latest.version + 1 if latest else 1
        campaign = _campaign(definition.campaign_id)
        body = _row(campaign, _version(version), body=_body(definition), at=at.isoformat())
        current = _row(campaign, "current", version=version)
        self._client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": self._table, "Item": body, "ConditionExpression": "attribute_not_exists(pk)"}},
                {"Put": {"TableName": self._table, "Item": current}},
                {"Put": {"TableName": self._table, "Item": _row("campaigns", definition.campaign_id)}},
            ]
        )
        return self.version(definition.campaign_id, version)

    def _latest(self, campaign_id: str) -> Definition | None:
        try:
            return self.current(campaign_id)
        except NotFoundError:
            return None

    def _get(self, pk: str, sk: str) -> Item | None:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        return self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")


def _campaign(campaign_id: str) -> str:
    return f"campaign#{campaign_id}"


def _version(version: int) -> str:
    return f"version#{version:06d}"


def _row(pk: str, sk: str, **values: Any) -> Item:
    return {"pk": attribute(pk), "sk": attribute(sk), **item(values)}


def _body(definition: Definition) -> str:
    dumped = {
        "campaign": definition.campaign.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "project": definition.project.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "link_base": definition.link_base,
    }
    return json.dumps(dumped, ensure_ascii=False, sort_keys=True)


def _read(campaign_id: str, version: int, found: Item) -> Definition:
    body = json.loads(found["body"]["S"])
    return Definition(
        campaign_id=campaign_id,
        version=version,
        campaign=Campaign.model_validate(body["campaign"]),
        project=Project.model_validate(body["project"]),
        link_base=body["link_base"],
    )
