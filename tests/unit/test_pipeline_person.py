"""Everything held of a person can be told, and erased; nothing brings them back."""

import gzip
import json
from decimal import Decimal

import pytest

from dangol.contracts import Consented, Decided, Decisions, Happening, Identified, Listed, Recipient, StepResult
from dangol.domain.ledger import Ledger
from dangol.domain.suppression import address_hash, forgotten_key
from dangol.pipeline.known_runs import KnownRuns
from dangol.pipeline.lake_rows import find
from dangol.pipeline.person import PersonKeeper, Stores
from dangol.pipeline.steps import packed, read_step
from dangol.ports import Waiting
from tests.fakes import FakeDefinitions, FakeInbox, FakePeople
from tests.unit.test_pipeline_record import RUN, SENT_AT, World as Recording, bought, did

STEP = "runs/launch/steps/0-0"


class World(Recording):
    """People who did things in a run; u1 is to be told of, or forgotten."""

    def __init__(self) -> None:
        super().__init__()
        told = {"email": "u1@example.com", "phone": "010-1234", "age": 3}
        identified = Identified(id="i1", user_id="u1", traits=told, at=SENT_AT * 1000, received_at=SENT_AT * 1000)
        others: list[Happening] = [bought("u2", event_id="e2"), did("clicked", "u2", "t2")]
        self.recorder.record([identified, bought(), did("clicked"), did("opened", event_id="t3")])
        self.recorder.record(others)
        self.recorder.record([decisions("u1", "u2")])
        self.recorder.record([decisions("u1")])
        self.profiles.people["u1"].traits["unknown_time"] = 1
        recipients = [Recipient(user_id=user, address=f"{user}@example.com") for user in ("u1", "u2")]
        self.objects.put_once(STEP, packed(StepResult(chunks=[recipients], scanned=2, inexact=0, last=None)))
        mails = [{"reference": f"1:{user}", "to": f"{user}@example.com"} for user in ("u1", "u2")]
        self.objects.put_once("console/1/a.jsonl", "".join(f"{json.dumps(mail)}\n" for mail in mails).encode())
        self.objects.put_once("athena/q.csv", b'"user_id"\n"u1"\n')
        self.objects.put_once("athena/r.csv", b'"run"\n"launch"\n')
        self.inbox = FakeInbox(self.ledgers, self.runs)
        self.inbox.put_many([Waiting(RUN, 1, "in_web", recipient, 0) for recipient in recipients])
        known = KnownRuns(self.runs, FakeDefinitions(self.applied), self.clock)
        people = FakePeople(self.profiles, self.ledgers, self.outcomes)
        self.keeper = PersonKeeper(Stores(self.profiles, self.ledgers, people, self.objects, known, self.inbox))

    def mentions(self, word: str) -> list[str]:
        """Where a word stands, in objects as they are and as they were, and in the stores."""
        bodies = [*self.objects.objects.items(), *self.objects.old]
        plain = [(k, gzip.decompress(b) if b.startswith(b"\x1f\x8b") else b) for k, b in bodies]
        stores = [self.profiles.people, self.ledgers.ledgers, self.outcomes.outcomes, self.inbox.messages]
        return [key for key, body in plain if word.encode() in body] + [repr(s) for s in stores if word in repr(s)]


def decisions(*users: str) -> Decisions:
    decided = [Decided(user_id=user, outcome="sent", variant=0) for user in users]
    return Decisions(run=RUN, campaign="launch", channel="email", at=SENT_AT * 1000, decided=decided)


def test_everything_held_of_a_person_is_told():
    told = World().keeper.export("u1")

    assert told["found"]
    assert told["profile"]["traits"]["age"] == {"value": 3, "at": "2026-12-01T01:00:00+00:00"}
    assert told["profile"]["traits"]["unknown_time"]["at"] is None
    assert told["profile"]["events"]["purchase"]["count"] == 1
    assert told["profile"]["events"]["purchase"]["value"] == 79_000
    assert told["ledger"]["consents"] == {"email": {"given": True, "at": "1970-01-01T00:00:01+00:00"}}
    (message,) = told["ledger"]["messages"]
    assert (message["run"], message["state"], message["did"]) == (RUN, "sent", ["opened", "clicked"])
    (outcome,) = told["outcomes"]
    assert (outcome["run"], outcome["counted"]["goal"]) == (RUN, {"times": 1, "value": 79_000.0})
    held = {kind: len(rows) for kind, rows in told["lake"].items()}
    assert held == {
        "events": 2,
        "engagement": 2,
        "decisions": 2,
        "conversions": 1,
        "console": 1,
        "runs": 1,
        "athena": 1,
    }
    assert told["waiting"] == [{"run": RUN, "channel": "in_web", "traits": {}}]
    assert "u2" not in json.dumps(told)


def test_whoever_has_but_a_message_waiting_is_found():
    world = World()
    world.inbox.put_many([Waiting(RUN, 1, "in_app", Recipient(user_id="new", traits={"name": "하은"}), 0)])

    told = world.keeper.export("new")

    assert (told["found"], told["waiting"]) == (True, [{"run": RUN, "channel": "in_app", "traits": {"name": "하은"}}])


def test_of_a_stranger_nothing_is_held():
    told = World().keeper.export("stranger")

    assert (told["found"], told["profile"], told["ledger"], told["outcomes"]) == (False, None, None, [])


def test_a_run_that_is_gone_is_told_by_its_number():
    world = World()
    world.runs.runs.clear()
    known = KnownRuns(world.runs, FakeDefinitions(world.applied), world.clock)
    people = FakePeople(world.profiles, world.ledgers, world.outcomes)
    world.ledgers.ledgers["u1"] = world.ledgers.ledgers["u1"].with_night(given=False, at=SENT_AT)

    told = PersonKeeper(Stores(world.profiles, world.ledgers, people, world.objects, known, world.inbox)).export("u1")

    assert told["ledger"]["messages"][0]["run"] == "1"
    assert told["ledger"]["night"]["given"] is False


def test_nothing_of_a_forgotten_person_is_left_but_hashes():
    world = World()
    before = world.counts()

    told = world.keeper.forget("u1")

    assert world.mentions("u1") == []
    assert world.mentions("010-1234") == []
    assert (told["profile"], told["ledger"], told["outcomes"], told["lake_rows"]) == (True, True, 1, 10)
    kept = world.ledgers.ledgers[forgotten_key("u1")]
    assert {address_hash("email", "u1@example.com"), address_hash("sms", "010-1234")} <= kept.suppressed
    assert world.counts() == before


def test_a_phone_number_that_a_spreadsheet_made_a_number_of_is_kept_as_a_hash_too():
    world = World()
    world.profiles.people["u1"].traits["phone"] = 1012345678

    world.keeper.forget("u1")

    assert address_hash("sms", "010-1234-5678") in world.ledgers.ledgers[forgotten_key("u1")].suppressed


def test_others_keep_what_is_theirs():
    world, untouched = World(), World()

    world.keeper.forget("u1")

    assert world.keeper.export("u2") == untouched.keeper.export("u2")
    assert "athena/r.csv" in world.objects.objects
    (chunk,) = read_step(world.objects.get(STEP)).chunks
    assert [r.user_id for r in chunk] == [forgotten_key("u1"), "u2"]


def test_to_forget_again_changes_nothing():
    world = World()
    world.keeper.forget("u1")
    ledgers, objects = dict(world.ledgers.ledgers), dict(world.objects.objects)

    told = world.keeper.forget("u1")

    assert (told["profile"], told["ledger"], told["outcomes"], told["lake_rows"]) == (False, False, 0, 0)
    assert (world.ledgers.ledgers, world.objects.objects) == (ledgers, objects)


def test_a_kill_at_any_step_leaves_something_that_another_try_finishes():
    """Every write of forgetting fails once, then forgetting is tried again."""
    steps = 0
    while True:
        world = World()
        fuse = Fuse(steps)
        for store, names in (
            (world.objects, ("replace", "remove", "drop_old_versions")),
            (world.ledgers, ("put_many",)),
        ):
            for name in names:
                setattr(store, name, fuse.on(getattr(store, name)))
        try:
            world.keeper.forget("u1")
        except KilledError:
            world.keeper.forget("u1")
        assert world.mentions("u1") == []
        assert address_hash("email", "u1@example.com") in world.ledgers.ledgers[forgotten_key("u1")].suppressed
        if fuse.left >= 0:
            break
        steps += 1

    assert steps >= 12


class KilledError(Exception):
    """The process is gone."""


class Fuse:
    """Kills at one call of those it is put on: half of them before it takes effect, half after."""

    def __init__(self, calls: int) -> None:
        self.left, self.after = calls // 2, calls % 2 == 1

    def on(self, call):
        def fused(*args):
            self.left -= 1
            if self.left == -1 and not self.after:
                raise KilledError
            answer = call(*args)
            if self.left == -1:
                raise KilledError
            return answer

        return fused


def test_a_race_for_the_hashes_is_decided_by_another_try():
    world = World()

    def other() -> None:
        world.ledgers.before_write = lambda: None
        key = forgotten_key("u1")
        world.ledgers.ledgers[key] = Ledger(key, rev=1, suppressed=frozenset({"x"}))

    world.ledgers.before_write = other
    world.keeper.forget("u1")

    kept = world.ledgers.ledgers[forgotten_key("u1")]
    assert kept.suppressed >= {"x", address_hash("email", "u1@example.com")}


def test_late_events_and_imports_do_not_bring_a_forgotten_person_back():
    world = World()
    world.keeper.forget("u1")
    keys = set(world.objects.objects)
    said = {"id": "i9", "user_id": "u1", "at": SENT_AT * 1000, "received_at": SENT_AT * 1000}
    identified = Identified(**said, traits={"email": "u1@example.com"})
    consented = Consented(**said, consents={"email": True}, method="api")

    late: list[Happening] = [
        bought(event_id="late"),
        did("clicked"),
        identified,
        consented,
        bought("u2", event_id="late2"),
    ]
    world.recorder.record([*late, decisions("u1", "u2")])

    assert world.mentions("u1") == []
    new = {key.partition("/")[0] for key in set(world.objects.objects) - keys}
    assert new == {"decisions", "events", "conversions"}
    assert world.profiles.people["u2"].histories["purchase"].count == 2
    assert world.ledgers.ledgers.keys() == {"u2", "u3", forgotten_key("u1")}


@pytest.mark.parametrize("user_id", ["지은", 'a"b', "a:b"])
def test_ids_of_any_kind_are_found_in_the_lake(user_id):
    row = json.dumps({"user_id": user_id, "value": float(Decimal(1))}, ensure_ascii=False).encode()
    other = json.dumps({"user_id": "x", "properties": user_id}, ensure_ascii=False).encode()

    found = find("events/dt=2026-12-01/a.json.gz", gzip.compress(row + b"\n" + other + b"\n"), user_id)

    assert found
    assert gzip.decompress(found.rest or b"") == other + b"\n"
    assert find("events/a", other, user_id) is None
    assert find("console/1/a.jsonl", json.dumps({"reference": f"1:{user_id}"}, ensure_ascii=False).encode(), user_id)


def test_a_list_takes_in_all_but_the_forgotten():
    world = World()
    world.keeper.forget("u1")
    told = {"name": "vip", "at": SENT_AT * 1000, "received_at": SENT_AT * 1000}

    world.recorder.record([Listed(id="l1", user_ids=["u1", "u2"], **told), Listed(id="l2", user_ids=["u1"], **told)])

    assert world.profiles.people["u2"].lists == {"vip": SENT_AT}
    assert "u1" not in world.profiles.people
    assert not [row for row in world.objects.rows("events/") if row["user_id"] == "u1"]
