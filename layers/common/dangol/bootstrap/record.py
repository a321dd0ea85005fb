"""The `record` stage."""

from functools import cache

from dangol.adapters.catalogue import DynamoCatalogue
from dangol.adapters.definitions import DynamoDefinitions
from dangol.adapters.ledgers import DynamoLedgers
from dangol.adapters.lists import DynamoLists
from dangol.adapters.objects import S3Objects
from dangol.adapters.outcomes import DynamoOutcomes
from dangol.adapters.parameters import SsmParameters
from dangol.adapters.profiles import DynamoProfiles
from dangol.adapters.queues import SqsQueue
from dangol.adapters.runs import DynamoRuns
from dangol.adapters.webhooks import SignedHooks, SignedWebhooks
from dangol.bootstrap.aws import client
from dangol.bootstrap.process import clock_of, remembered
from dangol.config import Settings, settings
from dangol.pipeline.record import Recorder, Stores


@cache
def recorder() -> Recorder:
    """The `record` stage."""
    return build_recorder(settings())


def build_recorder(config: Settings) -> Recorder:
    """The `record` stage on any stack: imports run it too."""
    dynamodb, campaigns = client("dynamodb", config), config.need("campaigns_table")
    sqs, parameters = client("sqs", config), SsmParameters(client("ssm", config), config.parameters_prefix)
    return Recorder(
        Stores(
            definitions=DynamoDefinitions(dynamodb, campaigns),
            runs=DynamoRuns(dynamodb, campaigns),
            profiles=DynamoProfiles(dynamodb, config.need("profiles_table")),
            ledgers=DynamoLedgers(dynamodb, config.need("ledger_table"), campaigns),
            outcomes=DynamoOutcomes(dynamodb, config.need("outcomes_table"), campaigns),
            lists=DynamoLists(dynamodb, campaigns),
            objects=S3Objects(client("s3", config), config.need("lake_bucket")),
            catalogue=DynamoCatalogue(dynamodb, campaigns),
            clock=clock_of(config),
            webhooks=SignedWebhooks(SignedHooks(remembered(lambda: parameters.secret("webhook-secret")))),
            events=SqsQueue(sqs, config.need("event_queue_url")),
            sends=SqsQueue(sqs, config.need("send_queue_url")),
            tasks=SqsQueue(sqs, config.need("segment_queue_url")),
        )
    )
