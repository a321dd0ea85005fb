"""Clients of AWS."""

from functools import cache
from typing import Any

import botocore.session
from boto3 import Session
from botocore.config import Config

from dangol.adapters.parsing import PageParserFactory
from dangol.config import Settings


@cache
def session() -> Session:
    """The process's AWS session, which reads pages of items by orjson."""
    bare = botocore.session.get_session()
    bare.register_component("response_parser_factory", PageParserFactory())
    return Session(botocore_session=bare)


def use_credentials(key: str, secret: str) -> None:
    """Sign with this key from now on: the local cloud's."""
    bare: Any = session()._session  # noqa: SLF001 - boto3 hands its botocore session out no other way
    bare.set_credentials(key, secret)


def client(service: str, config: Settings, **options: Any) -> Any:
    """A boto3 client with timeouts that fit a function; botocore retries what is safe to repeat."""
    retries = {"mode": "standard", "total_max_attempts": 5}
    # Requests are built by our own adapters; checking them again took a third of a batch's time.
    unchecked = {"parameter_validation": False} if service == "dynamodb" else {}
    timeouts = {"connect_timeout": 3, "read_timeout": 15, "max_pool_connections": 20}
    told: Any = Config(**{**unchecked, **timeouts, "retries": retries, **options})
    make: Any = session().client
    return make(service, region_name=config.region, endpoint_url=config.endpoint or None, config=told)
