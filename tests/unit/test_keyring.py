"""Keys that rotate: a new one signs, old ones verify until they are retired, and forged ids cost nothing."""

import base64
import json
from datetime import timedelta

import pytest

from dangol.domain.errors import ConflictError, ForgeryError, InputError, NotFoundError
from dangol.domain.keyring import HANDOVER, MAX_KEY_ID, Keyring, source_rings, write_keys
from dangol.domain.tracking import Keys, Mark, key_of, sign
from dangol.pipeline.intake import Intake
from dangol.pipeline.remembering import AT_MOST_EVERY, MEMORY, Remembered
from dangol.pipeline.tokens import verified
from tests.fakes import FakeClock
from tests.fakes.world import NOW

FIRST, SECOND = (base64.b64encode(letter * 32).decode() for letter in (b"a", b"b"))
RING = Keyring(1, {1: FIRST})
AT = int(NOW.timestamp())
MARK = Mark(7, "u1", 0, 0)


def test_a_rotated_ring_has_a_new_current_key_and_the_old_one():
    ring = RING.rotated(SECOND, AT)

    assert (ring.current, ring.keys, ring.since, ring.previous) == (2, {1: FIRST, 2: SECOND}, AT, 1)
    assert Keyring.of(json.loads(json.dumps(ring.stored()))) == ring


def test_a_new_key_signs_when_every_function_knows_it_and_verifies_at_once():
    text = json.dumps(RING.rotated(SECOND, AT).stored())

    current = [Keys.parse(text, NOW + timedelta(seconds=s)).current for s in (0, HANDOVER - 1, HANDOVER)]

    assert current == [1, 1, 2]
    assert set(Keys.parse(text, NOW).secrets) == {1, 2}
    assert Keys.parse(text).current == 2
    assert HANDOVER > AT_MOST_EVERY


def test_a_new_key_signs_at_once_where_the_old_one_was_retired():
    ring = RING.rotated(SECOND, AT).retired(1)

    assert (ring.signing(AT), ring.keys) == (2, {2: SECOND})


def test_the_key_in_use_cannot_be_retired_and_one_that_is_not_there_is_told():
    with pytest.raises(InputError, match="key 1 is in use"):
        RING.retired(1)
    with pytest.raises(NotFoundError, match="no key 3; there are 1"):
        RING.retired(3)


def test_ids_go_round_and_no_key_takes_the_id_of_another():
    ring = Keyring(MAX_KEY_ID, {1: FIRST, MAX_KEY_ID: SECOND}).rotated("c", AT)

    assert ring.current == 2
    full = Keyring(1, dict.fromkeys(range(1, MAX_KEY_ID + 1), FIRST))
    with pytest.raises(ConflictError, match="retire some"):
        full.rotated(SECOND, AT)


def test_a_ring_does_not_show_its_keys():
    assert repr(RING) == "Keyring(current=1, ids=[1])"


def test_a_source_has_one_key_or_a_ring_of_them():
    text = json.dumps({"app": "secret", "web": Keyring(2, {1: "old", 2: "new"}).stored()})

    assert source_rings(text)["app"] == Keyring(1, {1: "secret"})
    assert write_keys(text) == {"app": ["secret"], "web": ["old", "new"]}


class Parameter:
    """A parameter that counts how often it is read, and can be out of reach."""

    def __init__(self, value: Keys) -> None:
        self.value, self.reads, self.down = value, 0, False

    def read(self) -> Keys:
        self.reads += 1
        if self.down:
            raise OSError("ssm: TimeoutError")
        return self.value


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def parameter() -> Parameter:
    return Parameter(Keys(1, {1: b"o" * 32}))


@pytest.fixture
def keys(clock: FakeClock, parameter: Parameter) -> Remembered[Keys]:
    return Remembered(parameter.read, clock.seconds)


ROTATED = Keys(2, {1: b"o" * 32, 2: b"n" * 32})


def test_a_secret_is_read_once_in_five_minutes(clock, parameter, keys):
    assert keys() is keys() is parameter.value
    clock.pass_by(seconds=MEMORY + 1)
    keys()

    assert parameter.reads == 2


def test_a_token_of_a_key_made_a_moment_ago_is_verified(clock, parameter, keys):
    keys()
    parameter.value = ROTATED

    assert verified(sign(MARK, ROTATED), keys) == (MARK, "")
    assert verified(sign(MARK, ROTATED), keys) == (MARK, "")
    assert parameter.reads == 2


def test_a_thousand_forged_key_ids_read_the_parameter_once_a_minute(clock, parameter, keys):
    keys()
    forged = [sign(MARK, Keys(n % 250 + 2, {n % 250 + 2: b"x" * 32})) for n in range(1_000)]

    for token in forged:
        with pytest.raises(ForgeryError):
            verified(token, keys)
    assert parameter.reads == 2

    clock.pass_by(seconds=AT_MOST_EVERY)
    for token in forged:
        with pytest.raises(ForgeryError):
            verified(token, keys)
    assert parameter.reads == 3


def test_what_is_no_token_reads_nothing(clock, parameter, keys):
    keys()
    clock.pass_by(seconds=AT_MOST_EVERY)

    for token in ("", "x", "한글", "A" * 24 + "="):
        with pytest.raises(ForgeryError):
            verified(token, keys)

    assert parameter.reads == 1
    assert key_of("_" * 24) is None


def test_what_is_known_stays_where_the_store_is_down_and_is_asked_for_once_a_minute(clock, parameter, keys, caplog):
    known = keys()
    parameter.down = True
    clock.pass_by(seconds=MEMORY + 1)

    assert [keys() for _ in range(5)] == [known] * 5
    assert parameter.reads == 2
    assert "ssm: TimeoutError" in caplog.text

    parameter.down = False
    clock.pass_by(seconds=AT_MOST_EVERY)
    keys()
    assert parameter.reads == 3


def test_what_was_never_read_is_asked_for_each_time(parameter, keys):
    parameter.down = True
    for _ in range(2):
        with pytest.raises(OSError, match="ssm"):
            keys()

    parameter.down = False
    assert keys() is parameter.value


def test_a_retired_key_goes_on_for_five_minutes_at_most(clock, parameter, keys):
    old = sign(MARK, keys())
    parameter.value = Keys(2, {2: b"n" * 32})
    assert verified(old, keys) == (MARK, "")

    clock.pass_by(seconds=MEMORY + 1)
    with pytest.raises(ForgeryError):
        verified(old, keys)


def test_an_event_with_a_key_made_a_moment_ago_is_taken_and_wrong_ones_read_the_parameter_once(clock):
    stored = {"app": ["old"]}
    reads: list[float] = []

    def read() -> dict[str, list[str]]:
        reads.append(clock.seconds())
        return dict(stored)

    intake = Intake(Remembered(read, clock.seconds), clock.now)

    def source(key: str) -> str | None:
        return intake.source({"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()})

    assert source("old") == "app"
    stored["web"] = ["new"]
    assert source("new") == "web"
    assert [source(f"wrong{n}") for n in range(100)] == [None] * 100
    assert intake.source({}) is None
    assert len(reads) == 2
