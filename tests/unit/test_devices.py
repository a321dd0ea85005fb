"""Devices and browsers of a person: added, told all at once, pruned, merged, taken away when they are gone."""

import json
from typing import Any

import pytest

from dangol.domain.compiling import address_trait, sieve
from dangol.domain.devices import MOST, STALE, Device, address, devices, drop, tokens
from dangol.domain.profile import Profile, set_traits
from dangol.domain.project import EventSpec
from dangol.domain.segment import Segment
from dangol.domain.sieve import passes
from dangol.domain.visitors import absorb
from tests.fakes.sieving import asking
from tests.populations import MOMENT

AT = 1_700_000_000
CHROME = {"endpoint": "https://push.example/1", "expirationTime": None, "keys": {"p256dh": "p", "auth": "a"}}
FIREFOX = {"endpoint": "https://push.other/2", "keys": {"p256dh": "q", "auth": "b"}}


def told(*values: Any, name: str = "push_token", at: int = AT) -> Profile:
    """A person of whom these were said, a second apart."""
    profile = Profile("u1")
    for number, value in enumerate(values):
        set_traits(profile, {name: value}, at + number)
    return profile


def test_a_device_more_is_added_and_the_last_seen_stands_first():
    profile = told("phone", "tablet", "phone")

    assert profile.traits["push_token"] == [{"token": "phone", "seen": AT + 2}, {"token": "tablet", "seen": AT + 1}]
    assert profile.address("push") == "phone\ntablet"


def test_a_list_tells_all_there_are_and_nothing_takes_all_away():
    assert told("phone", ["tablet", "watch"], name="push_tokens").address("push") == "tablet\nwatch"
    assert told("phone", ["tablet"]).address("push") == "tablet"
    assert "push_token" not in told("phone", None).traits
    assert told("phone", []).address("push") is None


def test_what_is_older_than_the_last_word_on_all_of_them_changes_nothing():
    profile = told(["tablet"])
    set_traits(profile, {"push_token": "phone"}, AT - 1)
    assert profile.address("push") == "tablet"

    set_traits(profile, {"push_tokens": ["phone"]}, AT - 1)
    assert profile.address("push") == "tablet"


def test_a_word_that_comes_late_makes_no_device_older():
    profile = told("phone")
    set_traits(profile, {"push_token": "phone"}, AT - 100)

    assert profile.traits["push_token"] == [{"token": "phone", "seen": AT}]


def test_the_oldest_of_too_many_is_let_go_and_so_is_who_was_not_seen_for_long():
    many = told(*(f"t{number:02}" for number in range(MOST["push"] + 2)))
    assert tokens(many.address("push") or "") == [f"t{number:02}" for number in range(2, MOST["push"] + 2)]

    late = told("old")
    set_traits(late, {"push_token": "new"}, AT + STALE + 1)
    assert late.address("push") == "new"


@pytest.mark.parametrize("value", ["", "  ", "a b", "a\nb", "x" * 513, 7, True, {"a": 1}, [None], [[]], {"token": 5}])
def test_what_can_be_no_token_is_none(value):
    assert devices("push", value) == []
    assert told(value).address("push") is None


def test_a_trait_that_an_import_wrote_before_is_read_as_it_is():
    stored = Profile("u1", traits={"push_token": "demo-u1"})
    assert stored.address("push") == "demo-u1"

    set_traits(stored, {"push_token": "phone"}, AT)
    assert devices("push", stored.traits["push_token"]) == [Device("phone", AT), Device("demo-u1")]


def test_a_browser_more_is_added_and_one_that_changed_its_keys_is_the_same():
    changed = {**CHROME, "keys": {"p256dh": "new", "auth": "new"}}
    profile = told(json.dumps(CHROME), json.dumps(FIREFOX), json.dumps(changed), name="web_push")

    kept = [json.loads(token) for token in tokens(profile.address("web_push") or "")]
    assert [(each["endpoint"], each["keys"]["auth"]) for each in kept] == [
        ("https://push.example/1", "new"),
        ("https://push.other/2", "b"),
    ]
    assert all("expirationTime" not in each for each in kept)


def test_a_subscription_may_come_as_an_object_and_several_as_a_list():
    assert told(CHROME, name="web_push").address("web_push") == address("web_push", json.dumps(CHROME))
    assert len(tokens(told([CHROME, json.dumps(FIREFOX)], name="web_push").address("web_push") or "")) == 2


@pytest.mark.parametrize("value", ["{", '{"endpoint": "x"}', {"endpoint": "x", "keys": []}, "{" + "x" * 2_000])
def test_what_can_be_no_subscription_is_none(value):
    assert told(value, name="web_push").address("web_push") is None


def test_a_visitor_s_browsers_become_the_person_s():
    person, visitor = told(json.dumps(CHROME), name="web_push"), told(json.dumps(FIREFOX), name="web_push", at=AT - 9)
    visitor.traits["name"], visitor.trait_times["name"] = "지은", AT

    absorb(person, visitor, b"visitor1", lambda _: EventSpec())

    assert len(tokens(person.address("web_push") or "")) == 2
    assert person.traits["name"] == "지은"


def test_a_visitor_without_devices_takes_none_away():
    person = told("phone")
    absorb(person, told("tablet", None), b"visitor1", lambda _: EventSpec())

    assert person.address("push") == "phone"


def test_a_device_that_is_gone_is_taken_away_once():
    profile = told("phone", "tablet")

    assert drop(profile.traits, "push", ["phone"], AT + 60)
    assert not drop(profile.traits, "push", ["phone"], AT + 60)
    assert profile.address("push") == "tablet"
    assert drop(profile.traits, "push", ["tablet"], AT + 60)
    assert "push_token" not in profile.traits


def test_a_device_that_was_seen_since_stays():
    profile = told("phone")

    assert not drop(profile.traits, "push", ["phone"], AT - 1)
    assert profile.address("push") == "phone"


def test_a_browser_is_taken_away_by_its_endpoint():
    profile = told(json.dumps(CHROME), name="web_push")

    assert drop(profile.traits, "web_push", ["https://push.example/1"], AT)


@pytest.mark.parametrize("channel", ["push", "web_push"])
def test_whom_a_store_finds_reachable_is_looked_at_once_more(channel):
    found = sieve(Segment.model_validate({"reachable": channel}), MOMENT)
    reached = Profile("u1", traits={address_trait(channel): [{"token": "t", "seen": 1}]})

    assert passes(found.may, asking(reached))
    assert not passes(found.must, asking(reached))
    assert not passes(found.may, asking(Profile("u2")))
