"""The `report` stage."""

from collections.abc import Callable
from functools import cache

from dangol.adapters.definitions import DynamoDefinitions
from dangol.adapters.parameters import SsmParameters
from dangol.adapters.runs import DynamoRuns
from dangol.bootstrap.aws import client
from dangol.bootstrap.lake import lake
from dangol.bootstrap.process import clock_of, remembered
from dangol.config import Settings, settings
from dangol.pipeline.report import Reporter, Stores


@cache
def reporter() -> Reporter:
    """The `report` stage."""
    return build_reporter(settings())


def build_reporter(config: Settings) -> Reporter:
    """The `report` stage on any stack: `dangol report` runs it too."""
    dynamodb, campaigns = client("dynamodb", config), config.need("campaigns_table")
    return Reporter(
        Stores(
            definitions=DynamoDefinitions(dynamodb, campaigns),
            runs=DynamoRuns(dynamodb, campaigns),
            lake=lake(config),
            clock=clock_of(config),
        )
    )


@cache
def report_key() -> Callable[[], str]:
    """The key that the report API asks for."""
    config = settings()
    parameters = SsmParameters(client("ssm", config), config.parameters_prefix)
    return remembered(lambda: parameters.secret("report-key"))
