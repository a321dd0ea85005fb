"""Check that everything is there that dangol needs, and say what to do where it is not."""

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import click
from rich.console import Console

from cli.connecting import project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from cli.redriving import QUEUES
from cli.stack import Stack
from dangol.domain.errors import DangolError
from dangol.domain.project import Project

_SECRETS = ("link-keys", "write-keys", "webhook-key", "report-key", "webhook-secret", "web-push-key", "session-key")
_DEAD = ("SegmentDeadLetterQueueUrl", "SendDeadLetterQueueUrl", "EventDeadLetterQueueUrl")


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, whether it is well, and what to do where it is not."""

    check: str
    ok: bool
    advice: str = ""


@click.command(epilog=examples("dangol doctor", "dangol --local doctor --json"))
@json_option
@pass_invocation
def command(invocation: Invocation, *, as_json: bool) -> None:
    """Check Python, the project, the stack, its secrets, the sender and the dead-letter queues."""
    project, stack = project_and_stack(invocation)
    findings = list(examine(project, stack))
    payload = {"findings": [asdict(finding) for finding in findings]}
    emit(as_json, payload, lambda console: _render(console, findings))
    if not all(finding.ok for finding in findings):
        raise DangolError("not everything is well")


def examine(project: Project, stack: Stack) -> Iterator[Finding]:
    """Look at everything; nothing is changed."""
    yield Finding(f"Python {sys.version_info.major}.{sys.version_info.minor}", ok=True)
    yield Finding(f"project {project.project}", ok=True)
    yield Finding(f"stack {stack.name} in {stack.settings.region}", ok=True)
    yield from _secrets(stack)
    yield from _sender(project, stack)
    yield from _providers(project, stack)
    yield from _dead_letters(stack)
    applied = stack.definitions.campaigns()
    yield Finding(f"{len(applied)} campaigns applied", ok=bool(applied), advice="dangol apply")
    offset = stack.clock.now().timestamp() - stack.clock.seconds()
    yield Finding("the clock is the real one", ok=abs(offset) < 1, advice="dangol local reset")


def _secrets(stack: Stack) -> Iterator[Finding]:
    found = stack.client("ssm").get_parameters(
        Names=[f"{stack.settings.parameters_prefix}/{name}" for name in _SECRETS]
    )
    for missing in found["InvalidParameters"]:
        yield Finding(f"secret {missing}", ok=False, advice="dangol apply makes it")
    if not found["InvalidParameters"]:
        yield Finding("the stack's secrets are there", ok=True)


def _sender(project: Project, stack: Stack) -> Iterator[Finding]:
    if project.settings("email").provider != "ses":
        yield Finding("e-mail goes to the console", ok=True, advice="channels: {email: {provider: ses}} sends it")
        return
    client = stack.client("sesv2")
    email = project.sender.email
    known = {i["IdentityName"] for i in client.list_email_identities()["EmailIdentities"]}
    verified = email in known or email.rpartition("@")[2] in known
    yield Finding(f"SES may send as {email}", ok=verified, advice="verify the address or its domain in SES")
    production = client.get_account().get("ProductionAccessEnabled", True)
    yield Finding("SES is out of its sandbox", ok=production, advice="ask AWS for production access")


def _providers(project: Project, stack: Stack) -> Iterator[Finding]:
    for provider in sorted({str(told.provider) for told in project.channels.values()} & {"solapi", "nhn", "fcm"}):
        name = f"{stack.settings.parameters_prefix}/providers/{provider}"
        found = stack.client("ssm").get_parameters(Names=[name])
        advice = f"store them in {name} as docs/channels says"
        yield Finding(f"the keys of {provider} are there", ok=not found["InvalidParameters"], advice=advice)


def _dead_letters(stack: Stack) -> Iterator[Finding]:
    client = stack.client("sqs")
    for output in _DEAD:
        told = client.get_queue_attributes(
            QueueUrl=stack.outputs[output], AttributeNames=["ApproximateNumberOfMessages"]
        )
        number = int(told["Attributes"]["ApproximateNumberOfMessages"])
        name = output.removesuffix("Url")
        queue = next(word for word, part in QUEUES.items() if name.startswith(part))
        advice = f"{number} messages failed: look at the function's log, then dangol redrive {queue}"
        yield Finding(f"{name} is empty", ok=not number, advice=advice)


def _render(console: Console, findings: list[Finding]) -> None:
    for finding in findings:
        advice = f"  → {finding.advice}" if finding.advice and not finding.ok else ""
        console.print(
            f"{'ok ' if finding.ok else 'NO '} {finding.check}{advice}", style="green" if finding.ok else "red"
        )
