"""Short codes: the same for the same link, stored before the text goes out, and looked up at the edge."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest

from dangol.domain.errors import UnavailableError
from dangol.domain.short_links import CODE_LENGTH, LIFETIME, Shortener, code_of, is_code
from dangol.ports import Answer, Message
from tests.dispatching import NOW, World, chunk
from tests.fakes import RecordingChannel
from tests.shop_campaign import LINK_BASE, campaign, definition


def texting() -> World:
    """A world whose campaign is a text message."""
    text = campaign(purpose="information").model_copy(update={"channel": "sms"})
    return World(definition(of=text))


class Looking(RecordingChannel):
    """A provider whose recipients follow their links at once."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def send(self, messages: Sequence[Message]) -> Sequence[Answer]:
        assert all(self._world.short_links.path(code) for message in messages for code in message.short_links)
        return super().send(messages)


def test_a_code_is_made_of_its_path_and_hardly_ever_twice():
    rng = Random(5)
    paths = [f"c/{rng.getrandbits(400):x}" for _ in range(20_000)]

    codes = [code_of(path) for path in paths]

    assert codes == [code_of(path) for path in paths]
    assert len(set(codes)) == len(paths)
    assert all(is_code(code) for code in codes)


@pytest.mark.parametrize(
    "text", ["", "2" * (CODE_LENGTH - 1), "2" * (CODE_LENGTH + 1), "0" * CODE_LENGTH, "가" * CODE_LENGTH]
)
def test_what_could_be_no_code_is_not_looked_up(text):
    assert not is_code(text)


def test_a_message_keeps_what_its_codes_stand_for():
    shortener = Shortener("https://go.shop.example")

    address = shortener.address("c/token")

    assert address == f"https://go.shop.example/s/{code_of('c/token')}"
    assert shortener.paths == {code_of("c/token"): "c/token"}


def test_the_links_of_a_text_message_are_short_and_lead_somewhere_before_it_goes_out():
    world = texting()
    world.channel = Looking(world)

    world.dispatcher().dispatch(chunk(world.people("u1", "u2")))

    (message, other) = world.channel.taken
    assert message.short_links.keys().isdisjoint(other.short_links)
    for code, path in message.short_links.items():
        assert world.short_links.rows[code] == (path, int((NOW + timedelta(seconds=LIFETIME)).timestamp()))
    (click,) = [code for code, path in message.short_links.items() if path.startswith("c/") and code in message.text]
    assert f"{LINK_BASE}/s/{click}" in message.text


def test_who_comes_again_has_the_same_codes():
    world = texting()
    world.channel.errors = [UnavailableError("later")]

    world.dispatcher().dispatch(chunk(world.people("u1")))
    first = dict(world.short_links.rows)
    world.drain()

    assert len(world.channel.taken) == 1
    assert world.short_links.rows.keys() == first.keys()


def test_nobody_is_handed_over_where_the_codes_cannot_be_stored():
    world = texting()
    world.short_links.error = OSError("down")

    with pytest.raises(OSError, match="down"):
        world.dispatcher().dispatch(chunk(world.people("u1")))

    assert world.channel.taken == []
    world.short_links.error = None
    world.redeliver(chunk(world.people("u1")))
    assert world.channel.users == ["u1"]


def test_e_mails_have_their_links_in_full():
    world = World()

    world.dispatcher().dispatch(chunk(world.people("u1")))

    assert world.channel.taken[0].short_links == {}
    assert world.short_links.rows == {}
