"""Ten campaigns at the same people in the same second: everybody gets what the cap allows, and nobody one more."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from cli.applying import apply
from cli.running import start
from cli.stack import Stack
from tests.e2e.audience import consenting, ended, times_mailed, worked_off
from tests.e2e.conftest import recorded
from tests.e2e.test_robustness import adds_up
from tests.shop_campaign import campaign, project

pytestmark = pytest.mark.full
PEOPLE, CAMPAIGNS, CAP = 1_000, 10, 5


def test_ten_campaigns_at_once_keep_a_cap_of_five_a_day(stack: Stack):
    people = consenting(stack, "crowd", PEOPLE)
    wanted = campaign(audience={"trait": "group", "is": "crowd"}, variants=[])
    within = project(
        channels={"email": {"provider": "ses", "rate": "1000/s"}}, caps=[{"max": CAP, "per": "day"}], quiet_hours={}
    )
    names = [f"crowd-{n}" for n in range(CAMPAIGNS)]
    apply(stack, within, [(name, wanted) for name in names])

    with ThreadPoolExecutor(CAMPAIGNS) as pool:
        runs = list(pool.map(lambda name: str(start(stack, name, None)["run"]), names))
    told = [ended(stack, run) for run in runs]
    worked_off(stack)
    recorded(stack)

    mailed = times_mailed(stack, people)
    assert mailed == dict.fromkeys(people, CAP)
    assert sum(status["sent"] for status in told) == mailed.total() == PEOPLE * CAP
    assert all(adds_up(status) for status in told)
    skipped = Counter[str]()
    for status in told:
        skipped.update(status["skipped"])
    assert skipped == Counter(frequency_cap=PEOPLE * (CAMPAIGNS - CAP))
