"""What answers `dangol why`."""

from dangol.adapters.definitions import DynamoDefinitions
from dangol.adapters.journals import DynamoJournals
from dangol.adapters.ledgers import DynamoLedgers
from dangol.adapters.lists import DynamoLists
from dangol.adapters.objects import S3Objects
from dangol.adapters.profiles import DynamoProfiles
from dangol.adapters.runs import DynamoRuns
from dangol.bootstrap.aws import client
from dangol.bootstrap.lake import lake
from dangol.bootstrap.process import clock_of
from dangol.config import Settings
from dangol.pipeline.why import Inquiry, Stores


def build_inquiry(config: Settings) -> Inquiry:
    """What answers `dangol why`, on any stack."""
    dynamodb, campaigns = client("dynamodb", config), config.need("campaigns_table")
    return Inquiry(
        Stores(
            definitions=DynamoDefinitions(dynamodb, campaigns),
            runs=DynamoRuns(dynamodb, campaigns),
            journals=DynamoJournals(dynamodb, campaigns),
            profiles=DynamoProfiles(dynamodb, config.need("profiles_table")),
            ledgers=DynamoLedgers(dynamodb, config.need("ledger_table"), campaigns),
            lists=DynamoLists(dynamodb, campaigns),
            objects=S3Objects(client("s3", config), config.need("lake_bucket")),
            traces=lake(config),
            clock=clock_of(config),
        )
    )
