"""DynamoDB, S3 and SQS of an emulator for the adapters: claims cannot be tested on less."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dangol import bootstrap
from dangol.config import Settings

MINISTACK = Path(__file__).parents[2] / ".tools" / "ministack" / "bin" / "ministack"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings that lead to a MiniStack of this session's own."""
    port = free_port()
    environment = {**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "LOG_LEVEL": "WARNING"}
    log = (tmp_path_factory.mktemp("ministack") / "log").open("wb")
    process = subprocess.Popen([str(MINISTACK)], env=environment, stdout=log, stderr=log)
    bootstrap.use_credentials("test", "test")
    try:
        wait_for(f"http://127.0.0.1:{port}/_ministack/health")
        yield Settings("test", "ap-northeast-2", "/dangol/test", local=True, endpoint=f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(timeout=10)
        log.close()


def wait_for(health: str) -> None:
    """Return when something answers there, whatever it says."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(health, timeout=1).close()
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    pytest.fail("the emulator did not start")


@pytest.fixture(scope="session")
def dynamodb(emulator: Settings) -> Any:
    """A DynamoDB client."""
    return bootstrap.client("dynamodb", emulator)


@pytest.fixture
def new_table(dynamodb: Any) -> Any:
    """Makes an empty table with these keys; its name."""

    def make(*keys: str) -> str:
        name = f"table-{uuid4().hex[:12]}"
        kinds = ("HASH", "RANGE")
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, kinds, strict=False)],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    return make


@pytest.fixture
def bucket(emulator: Settings) -> str:
    """A new bucket."""
    name = f"bucket-{uuid4().hex[:12]}"
    region = {"LocationConstraint": emulator.region}
    bootstrap.client("s3", emulator).create_bucket(Bucket=name, CreateBucketConfiguration=region)
    return name


@pytest.fixture
def queue_url(emulator: Settings) -> str:
    """A new queue."""
    created = bootstrap.client("sqs", emulator).create_queue(QueueName=f"queue-{uuid4().hex[:12]}")
    return str(created["QueueUrl"])
