"""An emptied cloud has forgotten everything: the same names and numbers stand for something new."""

from typing import Any

from cli.local_cloud import LocalCloud
from cli.stack import Stack
from tests.e2e.audience import LINK, PHONE, apply_to, consenting, entries, found, mails_of, run_to_end
from tests.e2e.conftest import Api, recorded


def clicked(stack: Stack, api: Api, group: str, destination: str) -> tuple[dict[str, Any], str]:
    """Send a link to a group, let everybody click; the run's status and where the link leads."""
    people = consenting(stack, group, 2)
    text = f"보기 {{{{ link('{destination}') }}}}"
    apply_to(stack, group, campaign_id="same", message={"subject": "새 강의", "text": text})
    told = run_to_end(stack, "same")
    letters = mails_of(stack, people)
    answers = [api.request("GET", found(LINK, letters[user]["BodyText"]), headers=PHONE) for user in people]
    recorded(stack)
    assert all(entry and entry.flags for entry in entries(stack, people, told["run"]).values())
    return told, str(answers[0].headers["location"])


def test_a_campaign_of_the_same_name_is_another_one_after_a_reset(stack: Stack, api: Api, cloud: LocalCloud):
    before, led_to = clicked(stack, api, "former", "https://shop.example/old")
    cloud.reset()
    after, leads_to = clicked(stack, api, "latter", "https://shop.example/new")

    assert (before["sent"], after["sent"]) == (2, 2)
    assert (led_to, leads_to) == ("https://shop.example/old", "https://shop.example/new")
