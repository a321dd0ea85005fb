"""The way out and back, which `track` builds when somebody takes it."""

from functools import cache

from dangol.adapters.definitions import DynamoDefinitions
from dangol.adapters.ledgers import DynamoLedgers
from dangol.adapters.opt_outs import LedgerPreferences
from dangol.adapters.profiles import DynamoProfiles
from dangol.bootstrap.aws import client
from dangol.config import settings


@cache
def preferences() -> LedgerPreferences:
    """Permission, as people themselves change it."""
    config = settings()
    campaigns = config.need("campaigns_table")
    # Whoever waits for a page is told to come back before the function's time is up.
    once_more = {"mode": "standard", "total_max_attempts": 2}
    dynamodb = client("dynamodb", config, connect_timeout=1, read_timeout=2, retries=once_more)
    ledgers = DynamoLedgers(dynamodb, config.need("ledger_table"), campaigns)
    profiles = DynamoProfiles(dynamodb, config.need("profiles_table"))
    return LedgerPreferences(ledgers, profiles, DynamoDefinitions(dynamodb, campaigns))
