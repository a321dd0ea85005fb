"""What all commands share: help, one-line errors, exit codes, JSON, output for terminals and pipes."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import botocore.exceptions
import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from cli.errors import told
from cli.invocation import Invocation, pass_invocation
from cli.main import Commands, dangol
from cli.output import as_text, console, emit, table
from cli.problems import Problem, Problems
from dangol.domain.errors import ConflictError, DefinitionError, InputError, NotFoundError

NAMES = dangol.list_commands(click.Context(dangol))


def invoke(*arguments):
    return CliRunner().invoke(dangol, [str(argument) for argument in arguments], prog_name="dangol")


def leaves(command, path=()):
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from leaves(child, (*path, name))
    else:
        yield path, command


def test_help_lists_every_command_with_its_summary():
    result = invoke("--help")

    assert result.exit_code == 0
    assert "Check definition files" in result.stdout
    for name in NAMES:
        assert f"\n  {name}" in result.stdout


def test_help_imports_no_command():
    code = "import sys; from cli.main import dangol; dangol(['--help'], standalone_mode=False); print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert not {"boto3", "pydantic", "jinja2", "ruamel.yaml"} & set(loaded)


def test_commands_stand_in_the_order_in_which_they_are_needed():
    assert NAMES.index("init") < NAMES.index("validate") < NAMES.index("schema")


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_an_example_and_json(name):
    command = dangol.get_command(click.Context(dangol), name)
    assert command is not None

    for path, leaf in leaves(command, (name,)):
        shown = leaf.get_help(click.Context(leaf, info_name=" ".join(path)))
        assert leaf.help, path
        assert "Examples:" in shown or "Examples:" in (command.epilog or ""), path
        assert "--json" in shown, path


def test_without_a_command_the_help_is_shown():
    assert "Usage: dangol" in invoke().output


def test_the_version_is_shown():
    assert invoke("--version").output.startswith("dangol, version ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["valdate"], "dangol: there is no command 'valdate'; did you mean validate?; see dangol --help"),
        (["xyzzy"], "dangol: there is no command 'xyzzy'; see dangol --help"),
        (["validate", "--nope"], "dangol validate: No such option '--nope'; see dangol validate --help"),
        (["validate", "--local"], ("dangol validate: No such option '--local'; --local comes before the command: "
         "dangol --local …")),
        (["--stack"], "dangol: Option '--stack' requires an argument; see dangol --help"),
        (["--project", "/nowhere", "validate"], ("dangol: Invalid value for '--project': Directory '/nowhere' does not "
         "exist; see dangol --help")),
    ],
)  # fmt: skip
def test_a_slip_on_the_command_line_is_answered_in_one_line(arguments, line):
    result = invoke(*arguments)

    assert (result.exit_code, result.stderr) == (2, line + "\n")


def test_a_slip_is_told_as_json_to_programs():
    result = invoke("validate", "--json", "--nope")

    (problem,) = json.loads(result.stdout)["problems"]

    assert (result.exit_code, result.stderr) == (2, "")
    assert problem["problem"] == "No such option '--nope'"


class One(Commands):
    """dangol's own group around one command."""

    def __init__(self, command):
        super().__init__(name="dangol", params=dangol.params, callback=dangol.callback)
        self.one = command

    def get_command(self, ctx, cmd_name):
        return self.one


def shell(error, *arguments):
    """Run a command that ends with `error` under dangol's own group."""

    @click.command()
    @click.option("--json", "as_json", is_flag=True)
    def fail(as_json):
        raise error

    return CliRunner().invoke(One(fail), ["fail", *arguments])


@pytest.mark.parametrize(
    ("error", "line", "exit_code"),
    [
        (Problems([Problem("x.yaml", 3, "goal", "is odd", "mend it")]), "x.yaml:3: goal: is odd; mend it", 2),
        (DefinitionError("is odd", field="goal", hint="mend it"), "goal: is odd; mend it", 2),
        (InputError("no such column", field="age"), "age: no such column", 2),
        (NotFoundError("campaign x is not applied"), "campaign x is not applied", 2),
        (click.ClickException("the file is gone"), "the file is gone", 2),
        (ConflictError("read again"), "read again", 1),
        (
            botocore.exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:4566"),
            "nothing answers at http://127.0.0.1:4566: dangol local up, or check the network",
            1,
        ),
        (botocore.exceptions.NoCredentialsError(), "no AWS credentials: aws configure, or use --local", 1),
        (
            botocore.exceptions.ClientError({"Error": {"Code": "AccessDenied", "Message": "not\nyou"}}, "Scan"),
            "AWS refused Scan: AccessDenied: not you",
            1,
        ),
    ],
)
def test_every_error_that_a_user_can_mend_is_one_line(error, line, exit_code):
    result = shell(error)

    assert (result.exit_code, result.stdout, result.stderr) == (exit_code, "", line + "\n")


def test_several_problems_are_several_lines_and_each_is_told_once():
    one, two = Problem("b.yaml", 1, "", "odd"), Problem("a.yaml", None, "", "empty")

    assert shell(Problems([one, two, one])).stderr == "a.yaml: empty\nb.yaml:1: odd\n"


def test_errors_are_json_where_it_is_asked_for():
    bad = shell(Problems([Problem("x.yaml", 3, "goal", "is odd", "mend it")]), "--json")
    failed = shell(ConflictError("read again"), "--json")

    assert json.loads(bad.stdout) == {
        "problems": [{"file": "x.yaml", "line": 3, "field": "goal", "problem": "is odd", "hint": "mend it"}]
    }
    assert json.loads(failed.stdout) == {"error": "read again"}


@pytest.mark.parametrize("error", [ValueError("a bug"), botocore.exceptions.BotoCoreError()])
def test_a_bug_is_not_dressed_up(error):
    assert shell(error).exception is error


def test_an_exit_code_passes():
    with pytest.raises(click.exceptions.Exit), told(as_json=False):
        raise click.exceptions.Exit(1)


def test_global_options_reach_the_command(tmp_path):
    seen = []

    @click.command()
    @pass_invocation
    def look(invocation):
        seen.append(invocation)

    CliRunner().invoke(One(look), ["--stack", "shop", "--local", "--project", str(tmp_path), "look"])

    assert seen == [Invocation(folder=tmp_path, stack="shop", local=True)]


def test_output_is_json_or_for_people(capsys):
    payload = {"이름": "단골", "at": datetime(2026, 12, 1, tzinfo=UTC), "sum": Decimal("1.5"), "set": {2, 1}}

    emit(True, payload, lambda _: None)
    emit(False, payload, lambda output: output.print("[신규 강의] :smile:"))

    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first) == {"이름": "단골", "at": "2026-12-01T00:00:00+00:00", "sum": 1.5, "set": [1, 2]}
    assert "단골" in first
    assert second == "[신규 강의] :smile:"


def test_a_table_in_a_pipe_is_plain_lines_however_long(capsys):
    table(console(), ["이름", "명"], [["가" * 300, 12000], ["나", None]], numbers=1)

    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == ["이름", "명"]
    assert first.split() == ["가" * 300, "12,000"]
    assert second.split() == ["나", "-"]


def test_a_table_on_a_terminal_has_lines():
    terminal = Console(force_terminal=True, width=40, record=True)

    table(terminal, ["a"], [["b"]])

    assert "─" in terminal.export_text()


@pytest.mark.parametrize(("value", "text"), [(None, "-"), (1234567, "1,234,567"), (True, "True"), (0.5, "0.5")])
def test_values_are_written_for_people(value, text):
    assert as_text(value) == text
