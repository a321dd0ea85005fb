"""Every error a command can end with, as one line that says what to change, and an exit code."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Final

import click

from cli.problems import Problem, Problems
from dangol.domain.errors import DangolError, DefinitionError, InputError, NotFoundError

_GLOBAL: Final = ("--stack", "--local", "--project")
# botocore's errors by name, so that they need not be imported to be told.
_CONNECTION: Final = {
    "EndpointConnectionError": "nothing answers at {url}: dangol local up, or check the network",
    "ConnectTimeoutError": "nothing answers at {url}: check the network",
    "ReadTimeoutError": "{url} did not answer in time: try again",
    "ConnectionClosedError": "{url} closed the connection: try again",
    "NoCredentialsError": "no AWS credentials: aws configure, or use --local",
    "PartialCredentialsError": "the AWS credentials are incomplete: aws configure",
    "CredentialRetrievalError": "the AWS credentials cannot be had: aws configure, or log in again",
    "NoRegionError": "no AWS region: set AWS_REGION, or use --local",
    "ProfileNotFound": "there is no such AWS profile: check AWS_PROFILE",
    "SSOTokenLoadError": "the AWS session is over: aws sso login",
    "UnauthorizedSSOTokenError": "the AWS session is over: aws sso login",
    "TokenRetrievalError": "the AWS session is over: aws sso login",
}


class Refusal(click.ClickException):
    """The end of a command that failed: lines for people on stderr, or JSON on stdout."""

    exit_code = 1

    def __init__(self, lines: Sequence[str], payload: dict[str, Any], *, as_json: bool) -> None:
        super().__init__("\n".join(lines))
        self._payload = payload
        self._as_json = as_json

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it; click calls this before it exits."""
        if self._as_json:
            click.echo(json.dumps(self._payload, ensure_ascii=False))
        else:
            click.echo(self.message, file=file, err=file is None)


class BadInputRefusal(Refusal):
    """The end of a command that was given something it cannot take."""

    exit_code = 2


@contextmanager
def told(*, as_json: bool) -> Iterator[None]:
    """Turn the errors that a user can do something about into a `Refusal`; others are bugs and pass."""
    try:
        yield
    except (click.exceptions.Exit, click.exceptions.NoArgsIsHelpError, Refusal):
        raise
    except Exception as error:
        if refusal := _refusal(error, as_json=as_json):
            raise refusal from error
        raise


def _refusal(error: Exception, *, as_json: bool) -> Refusal | None:
    if problems := _problems(error):
        payload = {"problems": [problem.as_json() for problem in problems]}
        return BadInputRefusal([str(problem) for problem in problems], payload, as_json=as_json)
    line = str(error) if isinstance(error, DangolError) else _aws(error)
    return Refusal([line], {"error": line}, as_json=as_json) if line else None


def _problems(error: Exception) -> tuple[Problem, ...]:
    """The problems that an error about what was put in stands for; none where it is another error."""
    if isinstance(error, Problems):
        return error.problems
    if isinstance(error, click.UsageError):
        return (_usage(error),)
    if isinstance(error, DefinitionError | InputError):
        return (Problem("", None, error.field, error.problem, getattr(error, "hint", "")),)
    if isinstance(error, NotFoundError | click.ClickException):
        return (Problem("", None, "", str(error)),)
    return ()


def _usage(error: click.UsageError) -> Problem:
    command = error.ctx.command_path if error.ctx else "dangol"
    hint = f"see {command} --help"
    if isinstance(error, click.NoSuchOption) and error.option_name in _GLOBAL:
        hint = f"{error.option_name} comes before the command: dangol {error.option_name} …"
    return Problem(command, None, "", error.format_message().replace("\n", " ").rstrip("."), hint)


def _aws(error: Exception) -> str:
    """What botocore's errors mean; empty where it is none that a user can mend."""
    if not any(kind.__module__.startswith("botocore.") for kind in type(error).__mro__):
        return ""
    for kind in type(error).__mro__:
        if kind.__name__ in _CONNECTION:
            keywords = getattr(error, "kwargs", {})
            return _CONNECTION[kind.__name__].format(url=keywords.get("endpoint_url", "AWS"))
    told_by_aws = getattr(error, "response", {}).get("Error", {})
    operation = getattr(error, "operation_name", "")
    if not told_by_aws:
        return ""
    return f"AWS refused {operation}: {told_by_aws.get('Code')}: {told_by_aws.get('Message')}".replace("\n", " ")
