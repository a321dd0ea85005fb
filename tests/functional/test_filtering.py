"""Filter and residual, run on two independent DynamoDBs, select whom the segment means.

Each population is loaded once and asked many segments.
"""

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st

from dangol import bootstrap
from dangol.adapters.fitting import exactly_said
from dangol.adapters.profiles import DynamoProfiles, write_profile
from dangol.config import Settings
from dangol.domain.compiling import columns, compiled
from dangol.domain.matching import select
from dangol.domain.segment import Segment
from dangol.ports import Search
from tests.functional.conftest import free_port, wait_for
from tests.populations import MOMENT, SEGMENTS, Person, means, people

DYNALITE = Path(__file__).parents[2] / ".tools" / "dynalite" / "node_modules" / "dynalite" / "cli.js"
# Half a second for each table would be most of the time.
AT_ONCE = ("--createTableMs", "0", "--deleteTableMs", "0")
EXCLUDED = st.lists(SEGMENTS, max_size=1)
POPULATION = st.tuples(*(people(f"u{n:02d}") for n in range(20))).map(list)


@pytest.fixture(scope="module")
def dynalite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of a dynalite of this module's own."""
    if not DYNALITE.exists():
        pytest.fail("dynalite is missing: make setup")
    port = free_port()
    log = (tmp_path_factory.mktemp("dynalite") / "log").open("wb")
    words = ["node", str(DYNALITE), "--host", "127.0.0.1", "--port", str(port), *AT_ONCE]
    process = subprocess.Popen(words, stdout=log, stderr=log)
    bootstrap.use_credentials("test", "test")
    try:
        wait_for(f"http://127.0.0.1:{port}/")
        config = Settings("test", "ap-northeast-2", "/dangol/test", local=True, endpoint=f"http://127.0.0.1:{port}")
        yield bootstrap.client("dynamodb", config)
    finally:
        process.terminate()
        process.wait(timeout=10)
        log.close()


def loaded(client: Any, population: list[Person]) -> DynamoProfiles:
    """A new table that holds a population."""
    table = f"people-{uuid4().hex[:12]}"
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    # dynalite makes a table in the background, however little time it is given.
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    puts = [{"PutRequest": {"Item": write_profile(person.profile())}} for person in population]
    answer = client.batch_write_item(RequestItems={table: puts})
    assert not answer.get("UnprocessedItems")
    return DynamoProfiles(client, table)


def selected(profiles: DynamoProfiles, segment: Segment, excluded: list[Segment]) -> tuple[list[str], int]:
    """Whom filter and residual select, and how many were looked at."""
    read = columns(segment)
    for exclusion in excluded:
        read |= columns(exclusion)
    search = Search(compiled(segment, excluded, MOMENT), read)
    pages = [page for task in range(2) for page in profiles.scan(task, 2, None, search)]
    found = [
        person.user_id
        for page in pages
        for person, certain in page.people
        if certain or select(segment, excluded, person, MOMENT)
    ]
    return sorted(found), sum(page.scanned for page in pages)


def compare(clients: dict[str, Any], populations: int, trees: int) -> None:
    """Ask each of `populations` by `trees` segments, on every client."""
    asked = 0

    def tree(told: dict[str, Any], excluded: list[dict[str, Any]], population: list[Person], tables: Any) -> None:
        nonlocal asked
        asked += 1
        segment, taken = Segment.model_validate(told), [Segment.model_validate(one) for one in excluded]
        meant = [p.user_id for p in population if means(told, p) and not any(means(one, p) for one in excluded)]
        for name, profiles in tables.items():
            assert selected(profiles, segment, taken) == (meant, len(population)), name
            sieve = compiled(segment, taken, MOMENT)
            if sieve.exact and exactly_said(sieve.may):
                counts = [page for task in range(2) for page in profiles.count(task, 2, sieve.may)]
                assert sum(found for found, _ in counts) == len(meant), name

    @seed(0)
    @drawn(populations)
    @given(POPULATION)
    def population(population: list[Person]) -> None:
        tables = {name: loaded(client, population) for name, client in clients.items()}
        one = given(SEGMENTS, EXCLUDED)(lambda told, excluded: tree(told, excluded, population, tables))
        # Other segments for every population, and the same ones every time.
        seed(asked)(drawn(trees)(one))()

    population()
    assert asked >= populations * trees


def drawn(examples: int) -> settings:
    """So many examples; nested draws of whole populations are large and slow by nature."""
    return settings(
        max_examples=examples,
        deadline=timedelta(seconds=120),
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def test_filter_and_residual_select_whom_the_segment_means(dynamodb: Any, dynalite: Any):
    compare({"ministack": dynamodb, "dynalite": dynalite}, 5, 40)


@pytest.mark.full
def test_filter_and_residual_select_whom_the_segment_means_in_fifty_populations(dynamodb: Any, dynalite: Any):
    compare({"ministack": dynamodb, "dynalite": dynalite}, 50, 100)
