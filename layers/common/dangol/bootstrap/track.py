"""The `track` stage, which starts without an AWS SDK."""

import time
from functools import cache
from typing import TYPE_CHECKING

from dangol.adapters.short_links import SignedShortLinks
from dangol.adapters.signed_http import LOCAL_TIMEOUT, TIMEOUT, SignedClient, SignedParameters, SignedQueue
from dangol.adapters.signed_inbox import SignedInbox
from dangol.bootstrap.process import clock, remembered
from dangol.config import credentials, settings
from dangol.domain.keyring import write_keys
from dangol.domain.tracking import Keys
from dangol.pipeline.track import Doors, Tracker

if TYPE_CHECKING:
    from dangol.pipeline.session_calls import Shower
    from dangol.pipeline.way_out import Preferences


@cache
def tracker() -> Tracker:
    """The `track` stage, without an AWS SDK."""
    config = settings()

    def signed(service: str) -> SignedClient:
        endpoint = config.endpoint or f"https://{service}.{config.region}.amazonaws.com"
        timeout = LOCAL_TIMEOUT if config.local else TIMEOUT
        return SignedClient(service, config.region, endpoint, credentials, timeout=timeout)

    dynamodb = signed("dynamodb")
    parameters = SignedParameters(signed("ssm"), config.parameters_prefix)
    return Tracker(
        Doors(
            keys=remembered(lambda: Keys.parse(parameters.secret("link-keys"), clock().now())),
            write_keys=remembered(lambda: write_keys(parameters.secret("write-keys"))),
            queue=SignedQueue(signed("sqs"), config.need("event_queue_url")),
            preferences=_preferences,
            now=clock().now,
            seconds=time.monotonic,
            webhook_key=remembered(lambda: parameters.secret("webhook-key")),
            short_link=SignedShortLinks(dynamodb, config.need("short_links_table")).path,
            session_keys=remembered(lambda: parameters.secret("session-key").split()),
            waits=SignedInbox(dynamodb, config.need("messages_table")).waits,
            shower=_shower,
        )
    )


def _preferences() -> "Preferences":
    # Only a way out and back needs the SDK, which takes longer to load than everything else here.
    from dangol.bootstrap.preferences import preferences

    return preferences()


def _shower() -> "Shower":
    # As with the way out: who has nothing waiting is answered without it.
    from dangol.bootstrap.showing import shower

    return shower()
