"""`dangol keys`, as people and programs use it."""

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from cli.commands import keys as commands
from cli.keys import rotate_link_key, rotate_write_key
from cli.main import dangol
from cli.secrets import ensure_secrets
from dangol import bootstrap
from dangol.adapters.parameters import SsmParameters
from dangol.domain.errors import ConflictError
from dangol.domain.keyring import write_keys
from dangol.domain.tracking import Keys, Mark, sign, verify
from tests.fakes import FakeClock
from tests.fakes.world import NOW

MARK = Mark(7, "u1", 0, 0)


class Parameters:
    """The parameter store: versions count up, older ones can be read."""

    def __init__(self) -> None:
        self.versions: dict[str, list[str]] = {}
        # What somebody else writes before the next write of ours.
        self.meanwhile: list[Any] = []

    def create(self, name: str, value: str) -> bool:
        return self.versions.setdefault(name, [value]) == [value]

    def secret(self, name: str) -> str:
        return self.versions[name][-1]

    def versioned(self, name: str, version: int | None = None) -> tuple[str, int]:
        number = version or len(self.versions[name])
        return self.versions[name][number - 1], number

    def replace(self, name: str, value: str) -> int:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        self.versions[name].append(value)
        return len(self.versions[name])


@pytest.fixture
def parameters(monkeypatch: pytest.MonkeyPatch) -> Parameters:
    parameters = Parameters()
    stack: Any = SimpleNamespace(name="dangol", parameters=parameters, clock=FakeClock())
    ensure_secrets(stack)
    monkeypatch.setattr(commands, "project_and_stack", lambda _: (SimpleNamespace(locale="en"), stack))
    return parameters


def run(*args: str, answer: str = "") -> Any:
    return CliRunner().invoke(dangol, ("keys", *args), input=answer, prog_name="dangol")


def told(*args: str) -> Any:
    result = run(*args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def link_keys(parameters: Parameters) -> Keys:
    return Keys.parse(parameters.secret("link-keys"))


def test_a_new_link_key_signs_and_links_of_the_old_one_are_good_until_it_is_retired(parameters):
    old = sign(MARK, link_keys(parameters))

    assert told("rotate") == {
        "id": "2",
        "use": "link",
        "source": None,
        "current_from": "2026-12-01T01:02:00+00:00",
    }

    rotated = link_keys(parameters)
    assert (rotated.current, verify(old, rotated), verify(sign(MARK, rotated), rotated)) == (2, (MARK, ""), (MARK, ""))
    assert told("retire", "1", "--yes") == {"id": "1", "use": "link", "source": None}
    assert set(link_keys(parameters).secrets) == {2}


def test_a_write_key_rotates_for_its_source_alone(parameters):
    (first,) = write_keys(parameters.secret("write-keys"))["app"]

    assert told("rotate", "write", "--source", "app")["id"] == "app/2"
    assert told("rotate", "write", "--source", "web")["id"] == "web/1"

    now = write_keys(parameters.secret("write-keys"))
    assert (now["app"][0], len(now["app"]), len(now["web"])) == (first, 2, 1)
    assert told("show", "app") == {"source": "app", "key": now["app"][1]}
    assert run("show", "app").stdout.strip() == now["app"][1]

    told("retire", "app/1", "--yes")
    assert write_keys(parameters.secret("write-keys")) == {"app": [now["app"][1]], "web": now["web"]}


def test_keys_are_listed_without_their_secrets(parameters):
    run("rotate")
    run("rotate", "write", "--source", "web")

    keys = told("list")["keys"]

    assert [(key["id"], key["use"], key["current"]) for key in keys] == [
        ("1", "link", False),
        ("2", "link", True),
        ("app/1", "write", True),
        ("web/1", "write", True),
    ]
    assert [key["since"] for key in keys] == [None, NOW.isoformat(), None, NOW.isoformat()]
    shown = run("list").stdout + json.dumps(keys)
    secrets = [*json.loads(parameters.secret("link-keys"))["keys"].values()]
    secrets += [key for keys in write_keys(parameters.secret("write-keys")).values() for key in keys]
    assert len(secrets) == 4
    assert not any(secret in shown for secret in secrets)


def test_retiring_asks_first(parameters):
    run("rotate")

    declined = run("retire", "1", answer="n\n")
    assert (declined.exit_code != 0, set(link_keys(parameters).secrets)) == (True, {1, 2})

    agreed = run("retire", "1", answer="y\n")
    assert (agreed.exit_code, set(link_keys(parameters).secrets)) == (0, {2})
    assert "opt-out links too" in agreed.output
    assert run("retire", "2", "--json").exit_code == 2


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("retire", "1", "--yes"), "key 1 is in use"),
        (("retire", "9", "--yes"), "there is no key 9; there are 1"),
        (("retire", "first", "--yes"), "dangol keys list shows them"),
        (("retire", "web/1", "--yes"), "there is no source web; there are app"),
        (("show", "web"), "there is no source web; there are app"),
        (("rotate", "write"), "add --source NAME"),
        (("rotate", "--source", "app"), "link keys have no source"),
        (("rotate", "write", "--source", "a b"), "is no name"),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(parameters, args, words):
    before = {name: list(versions) for name, versions in parameters.versions.items()}

    result = run(*args)

    assert (result.exit_code, words in result.output) == (2, True), result.output
    assert parameters.versions == before


def test_nobody_s_key_is_lost_where_two_rotate_at_once(parameters):
    parameters.meanwhile = [lambda: rotate_link_key(parameters, 1)]

    rotate_link_key(parameters, 2)

    assert sorted(link_keys(parameters).secrets) == [1, 2, 3]
    kept = [json.loads(version)["keys"] for version in parameters.versions["link-keys"]]
    assert kept[1]["2"] == kept[-1]["2"]


def test_who_never_gets_a_turn_is_told(parameters):
    parameters.meanwhile = [lambda: parameters.versions["write-keys"].append('{"app": "x"}')] * 5

    with pytest.raises(ConflictError, match="try again"):
        rotate_write_key(parameters, "app", 1)


def test_the_parameter_store_counts_versions_and_keeps_older_ones(emulator):
    store = SsmParameters(bootstrap.client("ssm", emulator), "/dangol/versions")
    assert store.create("key", "first")

    assert store.versioned("key") == ("first", 1)
    assert store.replace("key", "second") == 2
    assert (store.versioned("key"), store.versioned("key", 1)) == (("second", 2), ("first", 1))


def test_the_public_key_of_web_pushes_is_shown_and_the_private_one_is_not(parameters):
    told = run("vapid", "--json")

    key = json.loads(told.output)["key"]
    assert len(base64.urlsafe_b64decode(key + "=")) == 65
    assert run("vapid").output.strip() == key
    assert parameters.secret("web-push-key") not in told.output
