"""Test sends, by the `dispatch` function."""

from functools import cache, partial

from dangol.adapters.parameters import SsmParameters
from dangol.adapters.short_links import DynamoShortLinks
from dangol.adapters.throttle import DynamoThrottle
from dangol.bootstrap.aws import client
from dangol.bootstrap.channels import channel_of
from dangol.bootstrap.process import clock, remembered
from dangol.config import settings
from dangol.domain.tracking import Keys
from dangol.pipeline.dispatch import Worker
from dangol.pipeline.trial import Trial


@cache
def trial() -> Trial:
    """Test sends, by the `dispatch` function."""
    config = settings()
    parameters = SsmParameters(client("ssm", config), config.parameters_prefix)
    dynamodb, horizon = client("dynamodb", config), Worker("trial", config.timeout).longest_piece
    return Trial(
        keys=remembered(lambda: Keys.parse(parameters.secret("link-keys"), clock().now())),
        channel=partial(channel_of, config),
        throttle=DynamoThrottle(dynamodb, config.need("campaigns_table"), horizon=horizon),
        short_links=DynamoShortLinks(dynamodb, config.need("short_links_table"), clock()),
        clock=clock(),
    )
