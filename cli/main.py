"""`dangol`: the command line. Each command is a module of `cli.commands`, imported when it is called."""

import ast
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import click

import cli.commands
from cli.errors import told
from cli.invocation import Invocation, examples
from cli.nearest import closest

_FOLDER: Final = Path(cli.commands.__path__[0])
# The order of a campaign's life; what is not named here comes last.
_ORDER: Final = (
    "init",
    "validate",
    "schema",
    "local",
    "doctor",
    "import",
    "segment",
    "explain",
    "preview",
    "send-test",
    "apply",
    "run",
    "pause",
    "resume",
    "cancel",
    "status",
    "report",
    "lake",
    "why",
    "export",
    "forget",
    "redrive",
    "replay",
    "keys",
)
_JSON: Final = "dangol.json"


class Commands(click.Group):
    """The group of all commands; their modules are read for help, and imported one at a time."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: object
    ) -> click.Context:
        """Read the global options."""
        as_json = "--json" in args
        with told(as_json=as_json):
            context = super().make_context(info_name, args, parent, **extra)
        context.meta[_JSON] = as_json
        return context

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command that was named."""
        with told(as_json=ctx.meta[_JSON]):
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was named; ask about the nearest where there is none."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = closest(args[0], self.list_commands(ctx))
            ctx.fail(" ".join(part for part in (f"there is no command {args[0]!r};", near) if part).rstrip(";"))
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        """The names of all commands, in the order in which they are needed."""
        names = [_name(module) for module in _FOLDER.glob("[a-z]*.py")]
        return sorted(names, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"cli.commands.{_module(cmd_name)}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with the first line of their modules."""
        rows = [(name, _summary(name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _name(module: Path) -> str:
    """`import_.py`, which Python wants an underscore for, is `dangol import`."""
    return module.stem.rstrip("_").replace("_", "-")


def _module(name: str) -> str:
    plain = name.replace("-", "_")
    return plain if (_FOLDER / f"{plain}.py").is_file() else f"{plain}_"


def _summary(name: str) -> str:
    source = (_FOLDER / f"{_module(name)}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("dangol init my-shop", "dangol validate", "dangol --local run course-launch --wait"),
)
@click.option("--stack", metavar="NAME", help="The stack to work on; default: what dangol.yaml names.")
@click.option("--local", is_flag=True, help="Work on the local cloud instead of AWS.")
@click.option(
    "--project",
    "folder",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The folder of dangol.yaml; default: this one.",
)
@click.version_option(version("dangol"), prog_name="dangol")
@click.pass_context
def dangol(ctx: click.Context, stack: str | None, folder: Path, *, local: bool) -> None:
    """Run CRM campaigns from your own AWS account: from one YAML file to the result against its goal."""
    ctx.obj = Invocation(folder=folder, stack=stack, local=local)


def main() -> None:
    """Run the command line; the entry point of the package."""
    dangol(prog_name="dangol")
