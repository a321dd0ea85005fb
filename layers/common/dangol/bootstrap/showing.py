"""What is shown in a session, which `track` builds when something waits for somebody."""

from functools import cache

from dangol.adapters.definitions import DynamoDefinitions
from dangol.adapters.inbox import DynamoInbox
from dangol.adapters.ledgers import DynamoLedgers
from dangol.adapters.parameters import SsmParameters
from dangol.adapters.profiles import DynamoProfiles
from dangol.adapters.reaching import ReachedShower
from dangol.adapters.runs import DynamoRuns
from dangol.bootstrap.aws import client
from dangol.bootstrap.process import clock, remembered
from dangol.channels.session import SessionChannel
from dangol.config import settings
from dangol.domain.tracking import Keys
from dangol.pipeline.plans import Plans
from dangol.pipeline.showing import Shower, Stores

# A pause has to hold within five seconds here too.
_RUN_STATE_FOR = 3.5


@cache
def shower() -> ReachedShower:
    """What shows the messages that wait."""
    config = settings()
    dynamodb, campaigns = client("dynamodb", config), config.need("campaigns_table")
    ledger, messages = config.need("ledger_table"), config.need("messages_table")
    parameters = SsmParameters(client("ssm", config), config.parameters_prefix)
    plans = Plans(
        runs=DynamoRuns(dynamodb, campaigns),
        definitions=DynamoDefinitions(dynamodb, campaigns),
        keys=remembered(lambda: Keys.parse(parameters.secret("link-keys"))),
        channel=lambda *_: SessionChannel(),
        clock=clock(),
        memory=_RUN_STATE_FOR,
    )
    return ReachedShower(
        Shower(
            Stores(
                plans=plans.of,
                ledgers=DynamoLedgers(dynamodb, ledger, campaigns),
                profiles=DynamoProfiles(dynamodb, config.need("profiles_table")),
                inbox=DynamoInbox(dynamodb, clock(), messages=messages, ledger=ledger, campaigns=campaigns),
                clock=clock(),
            )
        )
    )
