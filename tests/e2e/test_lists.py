"""A list, from a file and from a cohort's webhook, on the local cloud."""

import json
from typing import Any

from click.testing import CliRunner

from cli.counting import Inquiry, count
from cli.local_cloud import LocalCloud
from cli.main import dangol
from cli.stack import Stack
from dangol.domain.segment import Segment
from tests.e2e.audience import apply_to
from tests.e2e.conftest import Api, clear_project, recorded

PROJECT = """\
project: lists
sender: {name: 단골상점, email: hello@shop.example, address: 서울시}
channels:
  email: {provider: ses, rate: 1000/s}
"""


def counted(stack: Stack, name: str) -> int:
    """How many people are on a list."""
    told = Inquiry(Segment.model_validate({"list": name}), [], stack.definitions.project(), stack.clock.now())
    return int(count(stack, told)["count"])


def test_a_list_is_told_by_a_file_and_by_a_webhook(stack: Stack, cloud: LocalCloud, api: Api):
    apply_to(stack, "listed")
    clear_project(cloud.folder)
    (cloud.folder / "dangol.yaml").write_text(PROJECT)
    file = cloud.folder / "vip.csv"
    file.write_text("amplitude_id,user_id\n1,listed-1\n2,listed-2\n3,\n")

    def told(*words: str) -> Any:
        options = ["--local", "--stack", cloud.stack, "--project", str(cloud.folder)]
        ran = CliRunner().invoke(dangol, [*options, "import", "list", str(file), "--name", "vip", *words, "--json"])
        assert ran.exit_code in (0, 3), ran.output
        return json.loads(ran.stdout)

    first = told()
    assert (first["accepted"], first["rejected"], first["people"]) == (2, 1, 2)
    assert counted(stack, "vip") == 2
    file.write_text("user_id\nlisted-2\n")
    told("--replace")
    assert counted(stack, "vip") == 1

    def sent(action: str, *users: str) -> None:
        members = [{"mixpanel_distinct_id": user} for user in users]
        parameters = {"mixpanel_cohort_name": "cohort", "mixpanel_session_id": "s1", "members": members}
        answer = api.request("POST", "/v1/cohorts/mixpanel", {"action": action, "parameters": parameters}, api.auth)
        assert answer.status == 200
        recorded(stack)

    sent("members", "listed-1", "listed-2")  # the function starts
    sent("members", "listed-1", "listed-2")
    assert counted(stack, "cohort") == 2
    sent("add_members", "listed-3")
    assert counted(stack, "cohort") == 3
    entered = {"cohort_name": "cohort", "in_cohort": True, "users": [{"user_id": "listed-4"}]}
    assert api.request("POST", "/v1/cohorts/amplitude", entered, api.auth).status == 200
    recorded(stack)
    assert counted(stack, "cohort") == 4
    clear_project(cloud.folder)
