"""What SDKs send is taken where every stage behind can hold it, and refused by its field where not."""

import base64
import json
import unicodedata
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from dangol.adapters.profiles import write_profile
from dangol.contracts import Consented, Performed
from dangol.domain.channel import CHANNELS
from dangol.domain.profile import ANONYMOUS_PREFIX
from dangol.pipeline import call_fields, calls, consent_calls, intake
from tests.fakes.world import NOW
from tests.unit.test_pipeline_record import World as Recording
from tests.unit.test_pipeline_track import World


@pytest.mark.parametrize(
    ("call", "body", "field"),
    [
        ("track", b"{", "body"),
        ("track", b"[" * 100_000, "body"),
        ("track", b"[" * 30_000, "body"),
        ("track", b'{"userId": "\xff"}', "body"),
        ("track", b'{"userId": 1' + b"0" * 5_000 + b"}", "body"),
        ("track", [], "body"),
        ("track", {"event": "x"}, "userId"),
        ("track", {"userId": "u"}, "event"),
        ("track", {"userId": "u", "event": "x" * 200}, "event"),
        ("track", {"userId": "u", "event": ["x"]}, "event"),
        ("track", {"userId": "a\x00b", "event": "x"}, "userId"),
        ("track", {"userId": True, "event": "x"}, "userId"),
        ("track", b'{"userId": "\\ud800", "event": "x"}', "userId"),
        ("track", {"userId": "é" * 129, "event": "x"}, "userId"),
        ("track", {"userId": "anon:x", "event": "x"}, "userId"),
        ("track", {"userId": "u", "event": " "}, "event"),
        ("track", {"userId": "u", "event": "x", "timestamp": "1970-01-01T00:00:00Z"}, "timestamp"),
        ("track", {"userId": "u", "event": "x", "timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp"),
        ("track", {"userId": "u", "event": "x", "timestamp": "yesterday"}, "timestamp"),
        ("track", {"userId": "u", "event": "x", "properties": []}, "properties"),
        ("identify", {"userId": "u", "traits": []}, "traits"),
        ("batch", {}, "batch"),
        ("batch", {"batch": {}}, "batch"),
    ],
)
def test_bad_input_is_refused_with_its_field(call, body, field):
    world = World()
    limit = intake.MAX_CALL

    status, answer = world.tell(call, body)

    assert (status, answer.get("field")) == (
        (413, None) if isinstance(body, bytes) and len(body) > limit else (400, field)
    )
    assert world.queue.sent == []


def test_the_good_ones_of_a_batch_are_kept_and_the_bad_ones_named():
    world = World()
    good = {"type": "track", "userId": "u1", "event": "🎉 열기"}

    status, answer = world.tell("batch", {"batch": [good, {"type": "merge"}, 5, good]})

    assert (status, answer["accepted"]) == (200, 2)
    assert [(r["index"], r["field"]) for r in answer["rejected"]] == [(1, "type"), (2, "batch[2]")]
    assert len(world.happened) == 2
    assert len(world.queue.sent) == 1


def test_a_batch_without_a_good_one_is_refused():
    world = World()

    assert world.tell("batch", {"batch": [{"type": "x"}]})[0] == 400
    assert world.tell("batch", {"batch": []})[0] == 200
    assert world.queue.sent == []


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer secret", "Basic ???", "Basic é", "Basic " + base64.b64encode(b"wrong:").decode(), "Basic"],
)
def test_a_wrong_write_key_is_refused(authorization):
    world = World()

    answer = world.ask("POST", "/v1/track", {"userId": "u", "event": "x"}, authorization=authorization)

    assert answer.status == 401
    assert world.queue.sent == []


def test_an_unknown_call_is_not_found():
    assert World().tell("merge", {})[0] == 404


def test_a_time_in_the_future_counts_from_its_arrival():
    world = World()
    later = (NOW + timedelta(hours=1)).isoformat()

    world.tell("track", {"userId": "u", "event": "x", "timestamp": later})
    world.tell("track", {"userId": "u", "event": "x", "timestamp": "2024-01-01T00:00:00"})

    assert [event.at for event in world.happened if isinstance(event, Performed)] == [
        int(NOW.timestamp() * 1000),
        1_704_067_200_000,
    ]


@pytest.mark.parametrize("value", ["null", "true", "0", "1.5", '"강의"', "[1, null]", '{"a": [false]}'])
@pytest.mark.parametrize(("call", "part"), [("track", "properties"), ("identify", "traits")])
def test_every_kind_of_value_that_a_store_can_hold_is_taken(call, part, value):
    world = World()
    body = f'{{"userId": "u", "event": "x", "{part}": {{"value": {value}}}}}'

    status, _ = world.tell(call, body.encode())

    assert status == 200
    assert len(world.queue.sent) == 1


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "Infinity",
        "1e999",
        "1e200",
        "1e-200",
        str(2**63),
        '"\\ud800"',
        '{"": 1}',
        '{"\\u0000": 1}',
        "[" * 17 + "]" * 17,
        '{"a": ' * 17 + "1" + "}" * 17,
    ],
)
@pytest.mark.parametrize(("call", "part"), [("track", "properties"), ("identify", "traits")])
def test_a_value_that_a_store_cannot_hold_is_refused(call, part, value):
    world = World()
    body = f'{{"userId": "u", "event": "x", "{part}": {{"value": {value}}}}}'

    status, answer = world.tell(call, body.encode())

    assert (status, answer["field"]) == (400, part)
    assert world.queue.sent == []


def test_no_person_takes_the_place_of_a_visitor():
    assert call_fields.ANONYMOUS == ANONYMOUS_PREFIX


def test_a_name_may_be_long_composed_in_any_way_and_hold_joined_emoji():
    world = World()
    name = unicodedata.normalize("NFD", "상품 조회 👨\u200d👩\u200d👧") + "가" * 100

    assert world.tell("track", {"userId": "u", "event": name})[0] == 200

    (event,) = world.happened
    assert isinstance(event, Performed)
    assert event.event == unicodedata.normalize("NFC", name)


def test_many_small_events_are_queued_in_pieces_that_a_queue_takes():
    world = World()
    small = {"type": "track", "userId": "u", "event": "x"}

    status, answer = world.tell("batch", {"batch": [small] * 8_000})

    assert (status, answer["accepted"]) == (200, 8_000)
    assert len(world.happened) == len({event.id for event in world.happened}) == 8_000
    assert max(len(body.encode()) for body in world.queue.bodies) <= calls.MAX_BODY + 2


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**40), max_value=10**40)
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.sampled_from(["u1", "purchase", "item_id", "anon:x", "2026-11-30T10:00:00+09:00", "9999-12-31T23:59:59-14:00"])
)
NAMES = st.text(max_size=3) | st.sampled_from(["value", "item_id", "email", "timezone"])
NUMBERS = (
    st.floats() | st.integers(min_value=-(10**30), max_value=10**30) | st.sampled_from([1e200, 1e13, 10**12, 2**63])
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
PARTS = st.dictionaries(NAMES, VALUES, max_size=3) | st.fixed_dictionaries({"value": NUMBERS})


def _mostly(good: str) -> st.SearchStrategy[object]:
    return st.just(good) | st.just(good) | st.just(good) | SCALARS


CALLS = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "identify"]), "userId": _mostly("u1"), "event": _mostly("purchase")},
    optional={
        "anonymousId": SCALARS,
        "messageId": SCALARS,
        "timestamp": SCALARS | st.datetimes().map(str),
        "properties": PARTS,
        "traits": PARTS,
    },
)


@settings(max_examples=300, deadline=None)
@given(calls=st.lists(CALLS, max_size=4))
def test_whatever_is_taken_every_stage_behind_can_hold(calls):
    world, recording = World(), Recording()

    status, _ = world.tell("batch", json.dumps({"batch": calls}).encode())

    assert status in {200, 400}
    recording.recorder.record(world.happened)
    for profile in recording.profiles.people.values():
        _check({"M": write_profile(profile)}, levels=32)


def _check(typed, levels):
    """AWS's own limits, which emulators forgive."""
    ((kind, value),) = typed.items()
    match kind:
        case "N":
            number = Decimal(value)
            assert number == 0 or Decimal("1e-130") < abs(number) < Decimal("1e126")
            assert len(number.as_tuple().digits) <= 38
        case "S":
            value.encode()
        case "M":
            assert levels > 0
            assert "" not in value
            for inner in value.values():
                _check(inner, levels - 1)
        case "L":
            assert levels > 0
            for inner in value:
                _check(inner, levels - 1)
        case _:
            assert kind in {"B", "BOOL", "NULL"}


PREFERENCES = {"email": True, "push": False, "night": True, "Advertising": True}
CHANGED = {"userId": "u", "event": "Segment Consent Preference Updated", "messageId": "m1"}


def consenting(preferences: object = None, **more: object) -> dict[str, object]:
    told = PREFERENCES if preferences is None else preferences
    return {"context": {"ip": "192.0.2.9", "consent": {"categoryPreferences": told, "wording": "v2", **more}}}


@pytest.mark.parametrize(
    ("call", "body"), [("identify", {"userId": "u", "messageId": "m1"}), ("track", CHANGED)], ids=["identify", "track"]
)
def test_consent_is_taken_with_its_evidence(call, body):
    world = World()

    status, _ = world.tell(call, {**body, **consenting(), "timestamp": "2026-11-30T00:00:00Z"})

    assert status == 200
    _, said = world.happened
    assert isinstance(said, Consented)
    assert (said.id, said.user_id, said.method, said.source) == ("m1:consent", "u", "api", "app")
    assert (said.consents, said.night) == ({"email": True, "push": False}, True)
    assert (said.wording, said.ip, said.at) == ("v2", "192.0.2.9", 1_795_996_800_000)


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("track", {"userId": "u", "event": "x", **consenting()}),
        ("page", {"userId": "u", **consenting()}),
        ("identify", {"userId": "u", "context": {"consent": None}}),
        ("identify", {"userId": "u", **consenting({"Advertising": True})}),
        ("identify", {"userId": "u", "context": {"library": {"name": "x"}}}),
    ],
)
def test_a_call_that_says_nothing_of_our_channels_is_no_consent(call, body):
    world = World()

    assert world.tell(call, body)[0] == 200
    assert len(world.happened) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"userId": "u", "context": []}, "context"),
        ({"userId": "u", "context": {"consent": 1}}, "context.consent"),
        ({"userId": "u", **consenting([])}, "context.consent.categoryPreferences"),
        ({"userId": "u", **consenting({"email": "yes"})}, "context.consent.categoryPreferences.email"),
        ({"anonymousId": "a", **consenting()}, "userId"),
        ({"userId": "u", **consenting(wording="x" * 65)}, "context.consent.wording"),
        ({"userId": "u", **consenting(wording=1)}, "context.consent.wording"),
    ],
)
def test_a_consent_that_cannot_be_taken_is_refused_with_its_field(body, field):
    world = World()

    status, answer = world.tell("identify", body)

    assert (status, answer["field"]) == (400, field)
    assert world.queue.sent == []


def test_the_address_of_a_consent_is_the_callers_where_it_names_no_other():
    world = World()

    world.tell("identify", {"userId": "u", "context": {"consent": {"categoryPreferences": {"email": True}}}})

    assert world.happened[1].ip == "198.51.100.7"


def test_a_consent_in_a_batch_is_no_message_of_its_own():
    world = World()
    call = {"type": "identify", "userId": "u", **consenting()}

    _, answer = world.tell("batch", {"batch": [call]})

    assert answer == {"success": True, "accepted": 1, "rejected": []}
    assert len(world.happened) == 2


def test_consents_are_kept_for_every_channel_but_the_console():
    assert (*consent_calls.CHANNELS, "console") == CHANNELS


def test_an_alias_says_which_visitor_is_which_person():
    world = World()

    status, _ = world.tell("alias", {"previousId": "phone", "userId": "u1", "messageId": "m"})[:2]

    (said,) = world.queue.sent
    assert status == 200
    assert "phone" in str(said)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"userId": "u1"}, "previousId"),
        ({"previousId": "x"}, "userId"),
        ({"previousId": "x", "userId": "anon:y"}, "userId"),
    ],
)
def test_an_alias_without_both_ids_is_refused(said, field):
    status, answer = World().tell("alias", said)[:2]

    assert (status, answer["field"]) == (400, field)


def test_a_group_call_is_taken_and_nothing_of_it_kept():
    world = World()

    assert world.tell("group", {"userId": "u1", "groupId": "company"})[0] == 200
    assert not world.queue.sent


@pytest.mark.parametrize(
    ("key", "status"), [("other", 200), ("wrong", 401), ("", 401), ("\ud800", 401), (["other"], 401)]
)
def test_a_page_that_goes_away_puts_its_write_key_into_the_body(key, status):
    world = World()

    answer = world.ask(
        "POST", "/v1/batch", {"writeKey": key, "batch": [{"type": "track", "userId": "u", "event": "x"}]}
    )

    assert answer.status == status
    assert [happening.source for happening in world.happened] == ["web"] * (status == 200)


def test_a_key_in_the_body_does_not_stand_in_for_a_wrong_header_and_is_not_looked_for_in_too_large_a_body():
    world = World()
    told = {"writeKey": "other", "userId": "u", "event": "x"}

    wrong = world.ask("POST", "/v1/track", told, authorization="Basic d3Jvbmc6")
    large = world.ask("POST", "/v1/track", {**told, "properties": {"x": "x" * intake.MAX_CALL}})

    assert (wrong.status, large.status, world.queue.sent) == (401, 401, [])


@pytest.mark.parametrize("call", ["track", "identify", "screen"])
def test_the_token_of_the_device_that_speaks_is_taken(call):
    world = World()
    device = {"token": " phone ", "type": "ios", "advertisingId": "7A3CBEA0"}

    status, _ = world.tell(call, {"userId": "u", "event": "x", "context": {"device": device}})

    (said,) = world.happened
    assert (status, said.device) == (200, "phone")
    assert "7A3CBEA0" not in said.model_dump_json()


@pytest.mark.parametrize(
    "context",
    [None, [], {"device": None}, {"device": {"token": None}}, {"device": {"token": "a b"}}, {"device": {"token": 7}}],
)
def test_a_token_that_can_be_none_refuses_no_event(context):
    world = World()

    status, _ = world.tell("track", {"userId": "u", "event": "x", "context": context})

    (said,) = world.happened
    assert (status, said.device) == (200, None)


def test_half_a_character_is_no_token():
    world = World()

    status, _ = world.tell("track", b'{"userId": "u", "event": "x", "context": {"device": {"token": "\\ud800"}}}')

    assert (status, world.happened[0].device) == (200, None)
