"""What exports and forgets people."""

from dangol.adapters.definitions import DynamoDefinitions
from dangol.adapters.inbox import DynamoInbox
from dangol.adapters.ledgers import DynamoLedgers
from dangol.adapters.objects import S3Objects
from dangol.adapters.people import DynamoPeople
from dangol.adapters.profiles import DynamoProfiles
from dangol.adapters.runs import DynamoRuns
from dangol.bootstrap.aws import client
from dangol.bootstrap.process import clock_of
from dangol.config import Settings
from dangol.pipeline.known_runs import KnownRuns
from dangol.pipeline.person import PersonKeeper, Stores


def build_person_keeper(config: Settings) -> PersonKeeper:
    """What exports and forgets people, on any stack."""
    dynamodb, campaigns = client("dynamodb", config), config.need("campaigns_table")
    profiles, ledger = config.need("profiles_table"), config.need("ledger_table")
    return PersonKeeper(
        Stores(
            profiles=DynamoProfiles(dynamodb, profiles),
            ledgers=DynamoLedgers(dynamodb, ledger, campaigns),
            people=DynamoPeople(dynamodb, profiles=profiles, ledger=ledger, outcomes=config.need("outcomes_table")),
            objects=S3Objects(client("s3", config), config.need("lake_bucket")),
            inbox=DynamoInbox(
                dynamodb,
                clock_of(config),
                messages=config.need("messages_table"),
                ledger=ledger,
                campaigns=campaigns,
            ),
            runs=KnownRuns(DynamoRuns(dynamodb, campaigns), DynamoDefinitions(dynamodb, campaigns), clock_of(config)),
        )
    )
