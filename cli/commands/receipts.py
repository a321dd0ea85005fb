"""Show where a provider is to tell its receipts, and the secret that it has to know."""

import click
from rich.console import Console

from cli.connecting import project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from dangol.pipeline.provider_receipts import SHARING, SIGNED
from dangol.pipeline.webhooks import shared_secret


@click.command(epilog=examples("dangol receipts solapi", "dangol receipts nhn --json"))
@click.argument("provider", type=click.Choice([*SHARING, SIGNED]))
@json_option
@pass_invocation
def command(invocation: Invocation, provider: str, *, as_json: bool) -> None:
    """Show what to enter for the webhook of PROVIDER; `webhook` is any that signs as Standard Webhooks says."""
    _, stack = project_and_stack(invocation)
    key = stack.parameters.secret("webhook-key")
    told = {
        "provider": provider,
        "url": f"{stack.api_url}/v1/receipts/{provider}",
        "secret": key if provider == SIGNED else shared_secret(key, provider),
    }
    emit(as_json, told, lambda console: _render(console, told))


def _render(console: Console, told: dict[str, str]) -> None:
    console.print(f"url     {told['url']}")
    console.print(f"secret  {told['secret']}")
