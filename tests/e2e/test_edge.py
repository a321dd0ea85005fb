"""The deployed HTTP API: its document, its HEADs, and keys that rotate while it answers."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.keys import LINK_KEYS, rotate_link_key, rotate_write_key, write_key
from cli.stack import Stack
from dangol.domain.tracking import OPEN_LINK, UNSUBSCRIBE_LINK, Keys, Mark, sign
from tests.e2e.audience import PHONE, apply_to
from tests.e2e.conftest import Api, eventually, recorded

DOCUMENT = Path(__file__).parents[2] / "layers" / "common" / "dangol" / "openapi.json"
DESTINATION = "https://shop.example/new"


def test_the_document_is_served(api: Api):
    answer = api.request("GET", "/openapi.json")

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert json.loads(answer.text) == json.loads(DOCUMENT.read_text())  # type: ignore[attr-defined]


def test_head_reaches_links_pixels_and_opt_outs(stack: Stack, api: Api):
    keys = Keys.parse(stack.parameters.secret("link-keys"))
    paths = [
        f"/c/{sign(Mark(99, 'nobody', 0, 0), keys, DESTINATION)}",
        f"/o/{sign(Mark(99, 'nobody', 0, OPEN_LINK), keys)}",
        f"/u/{sign(Mark(99, 'nobody', 0, UNSUBSCRIBE_LINK), keys)}",
    ]

    assert [api.request("HEAD", path, headers=PHONE).status for path in paths] == [302, 200, 200]


@pytest.fixture(scope="module", autouse=True)
def applied(stack: Stack) -> None:
    """A project, without which no page has a sender and no event a meaning."""
    apply_to(stack, "edge")


@pytest.fixture
def link_keys(stack: Stack) -> Iterator[Keys]:
    """The keys that sign links, put back at the end: other tests sign at once with the current one."""
    before = stack.parameters.secret(LINK_KEYS)
    yield Keys.parse(before)
    stack.parameters.replace(LINK_KEYS, before)


def test_a_link_of_a_new_key_leads_on_within_a_minute_and_one_of_the_old_key_as_before(
    stack: Stack, api: Api, link_keys: Keys
):
    def status(keys: Keys) -> int:
        path = f"/c/{sign(Mark(99, 'nobody', 0, 0), keys, DESTINATION)}"
        return api.request("GET", path, headers=PHONE).status

    assert status(link_keys) == 302

    rotate_link_key(stack.parameters, int(stack.clock.now().timestamp()))
    new = Keys.parse(stack.parameters.secret(LINK_KEYS))

    eventually(lambda: status(new) == 302, "the new key is known")
    assert (status(link_keys), new.current != link_keys.current) == (302, True)


def test_a_new_source_sends_events_within_a_minute(stack: Stack, api: Api):
    rotate_write_key(stack.parameters, "kiosk", 1)
    auth = base64.b64encode(f"{write_key(stack.parameters, 'kiosk')}:".encode()).decode()
    event = {"userId": "kiosk-user", "event": "visited", "messageId": "kiosk-1"}

    eventually(
        lambda: api.request("POST", "/v1/track", event, {"authorization": f"Basic {auth}"}).status == 200,
        "the new source is known",
    )
    recorded(stack)

    assert stack.profiles.get_many(["kiosk-user"])["kiosk-user"].histories["visited"].count == 1
