"""Print the JSON Schema of a definition file, for editors."""

import json

import click

from cli.definitions.json_schema import KINDS, json_schema
from cli.invocation import examples, json_option


@click.command(
    epilog=examples(
        "dangol schema campaign > .dangol/campaign.schema.json",
        "dangol schema project",
    )
)
@click.argument("kind", type=click.Choice(list(KINDS)), default="campaign")
@json_option
def command(kind: str, *, as_json: bool) -> None:
    """Print the JSON Schema of a campaign, a project (dangol.yaml) or a segment."""
    click.echo(json.dumps(json_schema(kind), ensure_ascii=False, indent=None if as_json else 2))
