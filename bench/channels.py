"""What each provider adds to the start of `dispatch`, in a process of its own, and what the layer holds for it."""

import os
import re
import resource
import statistics
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

ROUNDS: Final = 11
_LAYER: Final = Path(__file__).parents[1] / "layers" / "common" / "requirements.txt"
# What pushes bring along, beside the standard library.
_PUSH: Final = ("cryptography", "cffi", "pycparser", "h2", "hpack", "hyperframe")
_CASES: Final = {
    "email by ses": ("email", {"provider": "ses"}),
    "sms by solapi": ("sms", {"provider": "solapi", "from": "1588-0000"}),
    "sms by aws": ("sms", {"provider": "aws"}),
    "alimtalk by solapi": ("alimtalk", {"provider": "solapi", "profile": "p"}),
    "brand by solapi": ("brand_message", {"provider": "solapi", "profile": "p"}),
    "brand by nhn": ("brand_message", {"provider": "nhn", "profile": "p"}),
    "push by fcm": ("push", {"provider": "fcm"}),
    "web push": ("web_push", {"provider": "vapid"}),
    "webhook": ("webhook", {"provider": "endpoint", "url": "https://hooks.shop.example/"}),
    "alimtalk by nhn": ("alimtalk", {"provider": "nhn", "profile": "p"}),
}
_START: Final = """
from dangol import bootstrap
from dangol.bootstrap import channels
from dangol.config import settings
from dangol.domain.project import Project
channels._secret = lambda *_: lambda: "{}"
bootstrap.dispatcher()
sender = {"name": "x", "email": "x@y.z"}
project = Project.model_validate({"project": "x", "sender": sender, "channels": {CHANNEL: TOLD}})
channels.channel_of(settings(), CHANNEL, project)
"""
_NEEDED: Final = (
    "STACK",
    "PARAMETERS_PREFIX",
    "LEDGER_TABLE",
    "CAMPAIGNS_TABLE",
    "SEGMENT_QUEUE_ARN",
    "SEND_QUEUE_URL",
    "EVENT_QUEUE_URL",
    "LAKE_BUCKET",
    "SCHEDULE_GROUP",
    "SCHEDULER_ROLE_ARN",
    "SHORT_LINKS_TABLE",
    "MESSAGES_TABLE",
)


def run() -> dict[str, float]:
    """Measure, print, and give the figures."""
    found: dict[str, list[float]] = {name: [] for name in _CASES}
    for _ in range(ROUNDS):
        # One of each in turn, so that a busy minute is everybody's.
        for name, (channel, told) in _CASES.items():
            found[name].append(_start(channel, told))
    medians = {name: statistics.median(times) for name, times in found.items()}
    sizes = {name: _size(name) for name in re.findall(r"^([a-z0-9-]+)==", _LAYER.read_text(), re.MULTILINE)}
    _print(medians, sizes)
    email = medians["email by ses"]
    figures = {f"{name.replace(' ', '_')}_over_email": value / email for name, value in medians.items()}
    return {
        **figures,
        "layer_mb": sum(sizes.values()) / 1e6,
        "push_mb": _megabytes(sizes, _PUSH),
    }


def _start(channel: str, told: dict[str, str]) -> float:
    """Seconds of CPU of a process that builds `dispatch` with one provider: a busy machine takes no more of them."""
    environment = {**os.environ, **dict.fromkeys(_NEEDED, "x"), "AWS_REGION": "ap-northeast-2"}
    code = _START.replace("CHANNEL", repr(channel)).replace("TOLD", repr(told))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _size(name: str) -> int:
    """Bytes of a package as it is installed, without compiled files."""
    files = distribution(name).files or []
    return sum(Path(str(file.locate())).stat().st_size for file in files if file.suffix != ".pyc")


def _megabytes(sizes: dict[str, int], names: tuple[str, ...]) -> float:
    return sum(sizes[name] for name in names) / 1e6


def _print(medians: dict[str, float], sizes: dict[str, int]) -> None:
    table = Table("provider", "start of dispatch, s of CPU", "of e-mail's", title=f"median of {ROUNDS} processes")
    for name, seconds in medians.items():
        table.add_row(name, f"{seconds:.3f}", f"{seconds / medians['email by ses']:.2f}")
    console = Console()
    console.print(table)
    whole, push = sum(sizes.values()) / 1e6, _megabytes(sizes, _PUSH)
    console.print(f"the layer's packages {whole:.1f} MB, of it cryptography and h2 with what they need {push:.1f}")
