"""What template.yaml passes to the functions: the one place that reads the environment."""

import os
from dataclasses import dataclass, fields
from typing import Final

from dangol.domain.errors import DangolError


class SettingsError(DangolError):
    """The environment lacks a setting, or holds one that cannot be; told at cold start."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a function; a name in capitals is its environment variable.

    `track` starts without pydantic, so this is a plain dataclass. Empty where a function does not need it.
    """

    stack: str
    region: str
    parameters_prefix: str
    local: bool = False
    clock_file: str = ""
    endpoint: str = ""
    timeout: int = 60
    profiles_table: str = ""
    ledger_table: str = ""
    outcomes_table: str = ""
    campaigns_table: str = ""
    messages_table: str = ""
    short_links_table: str = ""
    segment_queue_url: str = ""
    segment_queue_arn: str = ""
    send_queue_url: str = ""
    event_queue_url: str = ""
    lake_bucket: str = ""
    glue_database: str = ""
    athena_workgroup: str = ""
    scheduler_role_arn: str = ""
    schedule_group: str = ""
    configuration_set: str = ""

    def __post_init__(self) -> None:
        if self.clock_file and not self.local:
            raise SettingsError("CLOCK_FILE moves the clock and is for a local stack alone")

    def need(self, name: str) -> str:
        """A setting that this function cannot do without.

        Raises:
            SettingsError: the template does not pass it.
        """
        value = getattr(self, name)
        if not isinstance(value, str) or not value:
            raise SettingsError(f"the environment lacks {name.upper()}")
        return value


# Names that Lambda and the SDKs give.
_FOREIGN: Final = {"region": "AWS_REGION", "endpoint": "AWS_ENDPOINT_URL", "timeout": "FUNCTION_TIMEOUT"}


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return _FOREIGN.get(name, name.upper())


def settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsError: a setting is missing or cannot be read.
    """
    given = {f.name: os.environ[variable(f.name)] for f in fields(Settings) if variable(f.name) in os.environ}
    missing = [variable(n) for n in ("stack", "region", "parameters_prefix") if not given.get(n)]
    if missing:
        raise SettingsError(f"the environment lacks {', '.join(missing)}")
    given.pop("local", None)
    timeout = int(given.pop("timeout", "60"))
    return Settings(**given, local=is_local(), timeout=timeout)


def credentials() -> tuple[str, str, str]:
    """The function's own access key, secret and session token, as Lambda hands them in."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    key, secret, token = (os.environ.get(name, "") for name in names)
    return key, secret, token


def is_local() -> bool:
    """Whether this runs in the local cloud."""
    return os.environ.get("LOCAL") == "true"
