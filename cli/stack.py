"""The deployed stack that commands work on: found by name, through CloudFormation's outputs."""

import os
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from dangol import bootstrap
from dangol.adapters.athena_queries import AthenaQueries
from dangol.adapters.catalogue import DynamoCatalogue
from dangol.adapters.definitions import DynamoDefinitions
from dangol.adapters.ledgers import DynamoLedgers
from dangol.adapters.lists import DynamoLists
from dangol.adapters.objects import S3Objects
from dangol.adapters.parameters import SsmParameters
from dangol.adapters.profiles import DynamoProfiles
from dangol.adapters.runs import DynamoRuns
from dangol.adapters.schedules import Schedules, Target
from dangol.config import Settings
from dangol.domain.errors import NotFoundError

LOCAL_REGION: Final = "ap-northeast-2"
# What the local cloud takes for its root.
_LOCAL_KEY: Final = "test"
_WORD: Final = re.compile(r"(?<!^)(?=[A-Z])")


def local_endpoint() -> str:
    """Where the local cloud answers."""
    port = os.environ.get("DANGOL_LOCAL_PORT", "4566")  # noqa: TID251 - the command line's own setting
    return f"http://127.0.0.1:{port}"


def clock_file(folder: Path) -> Path:
    """The file that moves the clock of the local stack in `folder`."""
    return folder / ".dangol" / "clock"


def region(*, local: bool) -> str:
    """The region to work in.

    Raises:
        NotFoundError: AWS is meant and no region is set.
    """
    if local:
        return LOCAL_REGION
    found = boto3.session.Session().region_name
    if not found:
        raise NotFoundError("no AWS region is set: export AWS_REGION=ap-northeast-2, or use --local")
    return found


@dataclass(frozen=True)
class Stack:
    """A deployed stack and what it is made of."""

    name: str
    settings: Settings
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        """A client of one service in the stack's region."""
        return bootstrap.client(service, self.settings)

    @cached_property
    def dynamodb(self) -> Any:
        """The DynamoDB client."""
        return self.client("dynamodb")

    @cached_property
    def definitions(self) -> DynamoDefinitions:
        """The applied campaigns."""
        return DynamoDefinitions(self.dynamodb, self.settings.campaigns_table)

    @cached_property
    def catalogue(self) -> DynamoCatalogue:
        """The names of traits and events in use."""
        return DynamoCatalogue(self.dynamodb, self.settings.campaigns_table)

    @cached_property
    def runs(self) -> DynamoRuns:
        """The runs."""
        return DynamoRuns(self.dynamodb, self.settings.campaigns_table)

    @cached_property
    def profiles(self) -> DynamoProfiles:
        """The people."""
        return DynamoProfiles(self.dynamodb, self.settings.profiles_table)

    @cached_property
    def ledgers(self) -> DynamoLedgers:
        """Permission and contact."""
        return DynamoLedgers(self.dynamodb, self.settings.ledger_table, self.settings.campaigns_table)

    @cached_property
    def queries(self) -> AthenaQueries:
        """Audiences said in SQL."""
        return bootstrap.athena_queries(self.settings)

    @cached_property
    def lists(self) -> DynamoLists:
        """The lists of people that were made elsewhere."""
        return DynamoLists(self.dynamodb, self.settings.campaigns_table)

    @cached_property
    def objects(self) -> S3Objects:
        """The lake bucket."""
        return S3Objects(self.client("s3"), self.settings.lake_bucket)

    @cached_property
    def parameters(self) -> SsmParameters:
        """The stack's secrets."""
        return SsmParameters(self.client("ssm"), self.settings.parameters_prefix)

    @cached_property
    def schedules(self) -> Schedules:
        """The stack's schedules."""
        target = Target(
            self.outputs["SegmentFunctionArn"], self.outputs["SchedulerRoleArn"], self.outputs["ScheduleGroup"]
        )
        # MiniStack reads every schedule in UTC.
        return Schedules(self.client("scheduler"), target, in_utc=self.settings.local)

    @property
    def clock(self) -> Any:
        """The stack's clock."""
        return bootstrap.clock_of(self.settings)

    @property
    def api_url(self) -> str:
        """Where the stack's HTTP API answers."""
        return self.outputs["ApiUrl"].rstrip("/")


def connect(name: str, *, local: bool, folder: Path) -> Stack:
    """Find the stack by name.

    Raises:
        NotFoundError: it is not deployed there.
    """
    if local:
        bootstrap.use_credentials(_LOCAL_KEY, _LOCAL_KEY)
    endpoint = local_endpoint() if local else os.environ.get("AWS_ENDPOINT_URL", "")  # noqa: TID251 - boto3's own
    bare = Settings(stack=name, region=region(local=local), parameters_prefix="/", endpoint=endpoint)
    outputs = _outputs(bootstrap.client("cloudformation", bare), name, local=local)
    return Stack(name, _settings(bare, outputs, clock_file(folder) if local else None), outputs)


def _outputs(client: Any, name: str, *, local: bool) -> dict[str, str]:
    try:
        found = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        hint = "dangol local up" if local else "sam deploy, or name another with --stack"
        raise NotFoundError(f"no stack {name} is deployed: {hint}") from error
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def _settings(bare: Settings, outputs: dict[str, str], clock: Path | None) -> Settings:
    """The functions' settings from the stack's outputs: `ProfilesTable` is `profiles_table`."""
    known = {_WORD.sub("_", key).lower(): value for key, value in outputs.items()}
    given: dict[str, Any] = {name: known[name] for name in Settings.__dataclass_fields__ if name in known}
    return replace(bare, **given, local=clock is not None, clock_file=str(clock) if clock else "")
