"""A test of variants on the local cloud: half are tried, the rest waits and gets what was clicked most."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.local_cloud import LocalCloud
from cli.running import start
from cli.stack import Stack, clock_file
from dangol import bootstrap
from dangol.domain.winner import WinnerTest, in_test
from tests.e2e.audience import (
    LINK,
    PHONE,
    apply_to,
    consenting,
    due_soon,
    ended,
    entries,
    found,
    mails_of,
    timers,
    times_mailed,
)
from tests.e2e.conftest import Api, eventually, queue_is_dry, recorded, status

PEOPLE = 60
TEST = {"share": "50%", "decide_after": "1h", "by": "click_rate"}


@pytest.fixture
def clock(cloud: LocalCloud) -> Iterator[Path]:
    """The file that moves the stack's clock; it stands right again afterwards."""
    file = clock_file(cloud.folder)
    yield file
    file.unlink(missing_ok=True)


def test_the_rest_gets_the_variant_that_was_clicked_most(stack: Stack, api: Api, clock: Path):
    people = consenting(stack, "tried", PEOPLE)
    apply_to(stack, "tried", test=TEST)
    drawn = [user for user in people if in_test(user, "tried", WinnerTest.model_validate(TEST))]

    run = start(stack, "tried", None)["run"]
    (timer,) = eventually(lambda: timers(stack, run), "the rest waits")
    eventually(lambda: status(stack, run)["sent"] == len(drawn), "the test is sent")
    eventually(lambda: queue_is_dry(stack, "SendQueueUrl"), "no message carries the rest")
    assert times_mailed(stack, people) == dict.fromkeys(drawn, 1)
    tried = entries(stack, drawn, run)
    second = [user for user, entry in tried.items() if entry and entry.variant == 1]
    assert 0 < len(second) < len(drawn)

    # A click within seconds of the send is a bot's.
    clock.write_text("60")
    mails = mails_of(stack, people)
    for user in second[:3]:
        api.request("GET", found(LINK, mails[user]["BodyText"]), headers=PHONE)
    recorded(stack)
    clock.write_text("3700")
    due_soon(stack, timer)

    assert ended(stack, run)["sent"] == PEOPLE
    assert times_mailed(stack, people) == dict.fromkeys(people, 1)
    rest = [user for user in people if user not in drawn]
    assert Counter(entry and entry.variant for entry in entries(stack, rest, run).values()) == {1: len(rest)}
    told = bootstrap.build_reporter(stack.settings).report(run)["test"]
    assert (told["winner"], told["tied"]) == ("B", False)
    assert [(arm["sent"], arm["clicked"]) for arm in told["variants"]] == [
        (len(drawn) - len(second), 0),
        (len(second), 3),
    ]
