"""The `segment` stage."""

from functools import cache
from typing import Any

from dangol.adapters.athena_queries import AthenaQueries
from dangol.adapters.definitions import DynamoDefinitions
from dangol.adapters.journals import DynamoJournals
from dangol.adapters.ledgers import DynamoLedgers
from dangol.adapters.lists import DynamoLists
from dangol.adapters.objects import S3Objects
from dangol.adapters.outcomes import DynamoOutcomes
from dangol.adapters.profiles import DynamoProfiles
from dangol.adapters.queues import SqsQueue
from dangol.adapters.runs import DynamoRuns
from dangol.adapters.throttle import DynamoThrottle
from dangol.bootstrap.aws import client
from dangol.bootstrap.process import clock
from dangol.config import Settings, settings
from dangol.pipeline.segment import Segmenter, Stores
from dangol.pipeline.touches import Reminder

# A scan waits this many seconds for its turn at the table; a longer wait is the queue's.
_SCAN_AHEAD = 2.0


@cache
def segmenter() -> Segmenter:
    """The `segment` stage."""
    config = settings()
    dynamodb, sqs = client("dynamodb", config), client("sqs", config)
    return Segmenter(
        Stores(
            definitions=DynamoDefinitions(dynamodb, config.need("campaigns_table")),
            runs=DynamoRuns(dynamodb, config.need("campaigns_table")),
            journals=DynamoJournals(dynamodb, config.need("campaigns_table")),
            profiles=DynamoProfiles(dynamodb, config.need("profiles_table")),
            lists=DynamoLists(dynamodb, config.need("campaigns_table")),
            reminder=reminder(config, dynamodb),
            objects=S3Objects(client("s3", config), config.need("lake_bucket")),
            tasks=SqsQueue(sqs, config.need("segment_queue_url")),
            sends=SqsQueue(sqs, config.need("send_queue_url")),
            throttle=DynamoThrottle(dynamodb, config.need("campaigns_table"), horizon=_SCAN_AHEAD),
            queries=athena_queries(config),
            clock=clock(),
        )
    )


def reminder(config: Settings, dynamodb: Any) -> Reminder:
    """What reads people's messages, for segments that ask for them."""
    campaigns = config.need("campaigns_table")
    ledgers = DynamoLedgers(dynamodb, config.need("ledger_table"), campaigns)
    return Reminder(ledgers, DynamoOutcomes(dynamodb, config.need("outcomes_table"), campaigns))


def athena_queries(config: Settings) -> AthenaQueries:
    """Audiences said in SQL, on any stack."""
    return AthenaQueries(
        client("athena", config), database=config.need("glue_database"), workgroup=config.need("athena_workgroup")
    )
