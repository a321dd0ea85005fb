"""One message per address and run, also where several people have it."""

from collections import defaultdict
from hashlib import sha256

import pytest
from hypothesis import given, strategies as st

from dangol.contracts import Recipient, SendChunk, StepResult
from dangol.pipeline import sharing
from dangol.pipeline.sharing import Sharing
from dangol.pipeline.steps import chunked, packed
from tests.fakes import FakeObjects
from tests.unit.test_pipeline_segment import ORDER, RUN, World, person

ADDRESSES = st.one_of(st.none(), st.sampled_from(["a@x.kr", "A@x.kr ", "b@x.kr", "c@x.kr"]))


def step(objects: FakeObjects, number: int, *people: Recipient) -> None:
    body = StepResult(chunks=list(chunked(people)), scanned=len(people), inexact=0, last=None)
    objects.put_once(f"runs/r/steps/00000-{number:05d}.json.gz", packed(body))


def smallest(*users: str) -> str:
    return min(users, key=lambda user: sha256(user.encode()).digest()[:8])


def queued(world: World) -> dict[str, bool]:
    return {r.user_id: r.shared for chunk in world.chunks for r in chunk.recipients}


def test_of_two_people_with_one_address_one_stands_for_it_in_every_run():
    standing = {}
    for again in range(2):
        world = World()
        world.profiles.people["u001"] = person(1, email="same@example.com")
        world.profiles.people["u005"] = person(5, email=" Same@Example.com")
        world.segmenter.start(ORDER)
        world.work()
        standing[again] = {user for user, shared in queued(world).items() if shared}

    assert standing[0] == standing[1] == {"u001", "u005"} - {smallest("u001", "u005")}


def test_who_shares_is_found_over_steps_and_looked_up_once(monkeypatch):
    monkeypatch.setattr(sharing, "STEPS_AT_ONCE", 2)
    objects = FakeObjects()
    for number in range(5):
        step(objects, number, *(Recipient(user_id=f"u{number}-{n}", address=f"p{n}@x.kr") for n in range(3)))
    first = {n: smallest(*(f"u{number}-{n}" for number in range(5))) for n in range(3)}

    (found,) = Sharing(objects).of("r", ["email"])
    objects.objects = {key: b"" if "steps" in key else body for key, body in objects.objects.items()}

    everybody = {(f"00000-{number:05d}", n) for number in range(5) for n in range(3)}
    standing = {(f"00000-0000{user[1]}", n) for n, user in first.items()}
    assert {(name, place) for name, places in found.items() for place in places} == everybody - standing
    assert Sharing(objects).of("r", ["email"]) == [found]


def test_the_console_knows_no_addresses():
    objects = FakeObjects()
    step(objects, 0, *(Recipient(user_id=user, address="same") for user in ("ann", "bob")))

    assert Sharing(objects).of("r", ["console"]) == [{}]
    assert list(objects.objects) == ["runs/r/steps/00000-00000.json.gz"]


@pytest.mark.parametrize("again", [False, True])
def test_the_places_are_those_of_the_whole_step(again):
    world = World(people=250)
    for number in (3, 120, 249):
        world.profiles.people[f"u{number:03d}"] = person(number, email="same@example.com")
    world.segmenter.start(ORDER)
    world.work()
    if again:
        # What nobody has taken yet is queued anew.
        world.sends.take()
        world.handle(f'{{"kind": "release", "run": "{RUN}", "again": true}}', until=lambda: False)

    shared = {user for user, it_is in queued(world).items() if it_is}

    three = {"u003", "u120", "u249"}
    assert shared == three - {smallest(*three)}
    assert len(world.chunks) == 3


@given(st.lists(st.lists(ADDRESSES, max_size=6), min_size=1, max_size=5))
def test_of_every_address_exactly_one_person_is_left(steps):
    objects, people = FakeObjects(), defaultdict(list)
    for number, addresses in enumerate(steps):
        recipients = [Recipient(user_id=f"u{number}-{n}", address=a) for n, a in enumerate(addresses)]
        step(objects, number, *recipients)
        chunk = SendChunk(run="r", chunk="c", size=len(addresses), indexes=[], recipients=recipients)
        people[f"00000-{number:05d}"] = [chunk]

    found = Sharing(objects).of("r", ["email"])

    left: dict[str, list[str]] = defaultdict(list)
    for name, chunks in people.items():
        for chunk in sharing.marked(chunks, name, found):
            for recipient in chunk.recipients:
                if recipient.address is None:
                    assert not recipient.shared
                elif not recipient.shared:
                    left[recipient.address.strip().lower()].append(recipient.user_id)
    assert all(len(users) == 1 for users in left.values())
    assert set(left) == {a.strip().lower() for addresses in steps for a in addresses if a}
