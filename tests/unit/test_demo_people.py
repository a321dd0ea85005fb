import os
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from demo.people import CONSENTS
from tests.demo_shop import NOW, days_ago, digest, draw, members, people

ROOT = Path(__file__).parents[2]


def test_there_are_nine_thousand_members_and_three_thousand_visitors():
    ids = [person.user_id for person in people()]

    assert Counter(user_id[:2] for user_id in ids) == {"u-": 9_000, "a-": 3_000}
    assert len(set(ids)) == len(ids)


def test_a_third_of_the_visitors_take_web_push_and_nothing_else():
    visitors = [person for person in people() if not person.traits["member"]]

    agreed = [person for person in visitors if person.consents["web_push"]]

    assert len(agreed) == 1_000
    assert all("web_push" in person.traits for person in agreed)
    assert not any(person.consents.get(channel) for person in visitors for channel in CONSENTS)


@pytest.mark.parametrize(
    ("channel", "share"), [("email", 0.71), ("sms", 0.58), ("kakao", 0.49), ("push", 0.62), ("night", 0.11)]
)
def test_consents_have_their_shares(channel, share):
    agreed = sum(person.consents[channel] for person in members())

    assert agreed == pytest.approx(share * 9_000, abs=1)


def test_three_in_a_hundred_withdrew_from_email_last_month():
    withdrew = [person for person in people() if person.withdrew_at]

    assert len(withdrew) == 270
    assert not any(person.consents["email"] for person in withdrew)
    assert all(days_ago(31) < at < NOW for person in withdrew if (at := person.withdrew_at))


def test_sixty_people_share_a_phone_with_another():
    owners = Counter(person.traits["phone"] for person in members())

    assert sum(number for number in owners.values() if number > 1) == 60


def test_one_in_twelve_has_no_name():
    nameless = sum("name" not in person.traits for person in members())

    assert nameless / 9_000 == pytest.approx(0.08, abs=0.01)


def test_addresses_are_nobodys():
    assert all(person.traits["email"].endswith("@example.com") for person in members())
    assert all(person.traits["phone"].startswith("010-0000-") for person in members())
    assert len({person.traits["email"] for person in members()}) == 9_000


def test_whoever_agreed_to_push_has_a_token():
    assert all(("push_token" in person.traits) == person.consents["push"] for person in members())


def test_everybody_signed_up_in_the_past():
    assert all(datetime.fromisoformat(person.traits["signed_up_at"]) < NOW for person in members())


def test_another_seed_draws_other_people_of_the_same_sizes():
    others, _ = draw(seed=1)

    assert [p.traits for p in others] != [p.traits for p in people()]
    assert sum(p.consents.get("email", False) for p in others) == sum(p.consents.get("email", False) for p in people())


def test_the_same_seed_draws_the_same_shop_in_every_process():
    elsewhere = subprocess.run(
        [sys.executable, "-c", "from tests.demo_shop import digest; print(digest())"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1"},
        check=True,
        capture_output=True,
        text=True,
    )

    assert elsewhere.stdout.strip() == digest()
