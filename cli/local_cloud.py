"""The local cloud: MiniStack in a tool environment of its own, with the stack deployed on it."""

import hashlib
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.emptying import empty
from cli.secrets import ensure_secrets
from cli.stack import LOCAL_REGION, Stack, clock_file, connect, local_endpoint
from dangol.domain.errors import DangolError, InputError, NotFoundError

ROOT: Final = Path(__file__).resolve().parents[1]
_STARTING: Final = 30.0
_STOPPING: Final = 10.0
# A look at a process that starts or stops, not a wait for correctness.
_PAUSE: Final = 0.1
_BUILT_FROM: Final = ("template.yaml", "layers/common", "functions")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """The local cloud of a checkout, on one port."""

    folder: Path
    stack: str
    timeouts: str = "normal"

    @property
    def _home(self) -> Path:
        return self.folder / ".dangol"

    @property
    def _state_file(self) -> Path:
        return self._home / "local.json"

    def state(self) -> dict[str, Any] | None:
        """What was started, where it still runs."""
        if not self._state_file.exists():
            return None
        state: dict[str, Any] = json.loads(self._state_file.read_text())
        return state if _alive(state["pid"]) else None

    def up(self, say: Say) -> Stack:
        """Start it and deploy the stack, as far as that is not so already.

        Raises:
            InputError: a tool is missing, or the port is taken.
            DangolError: building or deploying failed.
        """
        self._home.mkdir(exist_ok=True)
        state = self.state() or self._start(say)
        wanted = self._fingerprint()
        if state.get("deployed") != wanted:
            self._deploy(say)
            _hold_back(connect(self.stack, local=True, folder=self.folder))
            self._state_file.write_text(json.dumps({**state, "deployed": wanted}))
        stack = connect(self.stack, local=True, folder=self.folder)
        ensure_secrets(stack)
        return stack

    def down(self) -> bool:
        """Stop it; False where it does not run. What it held is gone."""
        state = self.state()
        self._state_file.unlink(missing_ok=True)
        clock_file(self.folder).unlink(missing_ok=True)
        if state is None:
            return False
        os.kill(state["pid"], signal.SIGTERM)
        if not _wait(lambda: not _alive(state["pid"]), _STOPPING):
            os.kill(state["pid"], signal.SIGKILL)
        return True

    def reset(self) -> None:
        """Empty its people, runs and lake, and keep the stack.

        Raises:
            NotFoundError: it does not run.
        """
        if self.state() is None:
            raise NotFoundError("the local cloud does not run: dangol local up")
        clock_file(self.folder).unlink(missing_ok=True)
        empty(connect(self.stack, local=True, folder=self.folder))

    def _start(self, say: Say) -> dict[str, Any]:
        program = _tool("ministack")
        port = int(local_endpoint().rpartition(":")[2])
        _check_port(port)
        say("starting the local cloud")
        environment = {
            **os.environ,  # noqa: TID251 - the child needs what this process has
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_REGION": LOCAL_REGION,
            "LOG_LEVEL": "INFO",
        }
        state = {"pid": _detached(program, self._home / "ministack.log", environment), "port": port}
        self._state_file.write_text(json.dumps(state))
        if not _wait(lambda: _answers(port), _STARTING):
            raise DangolError(f"the local cloud did not start; see {self._home / 'ministack.log'}")
        return state

    def _deploy(self, say: Say) -> None:
        sam, build = _tool("sam"), self._home / "build"
        say("building the functions (sam build)")
        self._run([sam, "build", "--template", "template.yaml", "--build-dir", build])
        say("deploying the stack (sam deploy)")
        runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
        parameters = {
            "Runtime": runtime,
            "Architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
            "Local": "true",
            "ClockFile": clock_file(self.folder),
            "DispatchConcurrency": "2",
            "Timeouts": self.timeouts,
        }
        overrides = [f"{name}={value}" for name, value in parameters.items()]
        self._run([
            sam, "deploy", "--template-file", build / "template.yaml", "--stack-name", self.stack, "--resolve-s3",
            "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-fail-on-empty-changeset",
            "--parameter-overrides", *overrides,
        ])  # fmt: skip

    def _run(self, command: list[Any]) -> None:
        environment = {
            **os.environ,  # noqa: TID251 - the child needs what this process has
            "AWS_ENDPOINT_URL": local_endpoint(),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": LOCAL_REGION,
            "AWS_REGION": LOCAL_REGION,
            "SAM_CLI_TELEMETRY": "0",
            "DANGOL_RUNTIME": f"{sys.version_info.major}.{sys.version_info.minor}",
            "DANGOL_ARCH": "native",
            "DANGOL_PYTHON": sys.executable,
            "DANGOL_CACHE": str(self._home / "layer-cache"),
        }
        words = [str(word) for word in command]
        done = subprocess.run(  # noqa: S603 - our own tool, no shell
            words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            log = self._home / f"sam-{words[1]}.log"
            log.write_text(done.stdout + done.stderr)
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise DangolError(f"sam {words[1]} failed: {' '.join(last)}; all of it is in {log}")

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(f"{self.stack} {self.timeouts} {sys.version}".encode())
        for path in _sources():
            digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
        return digest.hexdigest()


def _hold_back(stack: Stack) -> None:
    """One recorder at a time: MiniStack keeps neither the template's word on that nor a batching window.

    One at a time, it gathers batches all the same, and two cores have no use for five.
    """
    pages = stack.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.name)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    (record,) = [r["PhysicalResourceId"] for r in resources if r["LogicalResourceId"] == "RecordFunction"]
    stack.client("lambda").put_function_concurrency(FunctionName=record, ReservedConcurrentExecutions=1)


def _sources() -> Iterable[Path]:
    for name in _BUILT_FROM:
        path = ROOT / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (p for p in found if p.is_file() and "__pycache__" not in p.parts)


def _tool(name: str) -> Path:
    path = ROOT / ".tools" / name / "bin" / name
    if not path.exists():
        raise InputError(f"{name} is not set up: run make setup-run in {ROOT}")
    return path


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise InputError(
                f"port {port} is in use: stop what uses it, or take another: export DANGOL_LOCAL_PORT={port + 1}"
            )


def _detached(program: Path, log: Path, environment: dict[str, str]) -> int:
    """Start a program that outlives this process; its process id."""
    script = '"$1" >>"$2" 2>&1 </dev/null & echo $!'
    started = subprocess.run(  # noqa: S603 - our own tool; the shell sees two paths as arguments
        ["/bin/sh", "-c", script, "sh", str(program), str(log)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        start_new_session=True,
    )
    return int(started.stdout)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=1) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's OK
    except (urllib.error.URLError, OSError):
        return False


def _wait(ready: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return True
        time.sleep(_PAUSE)  # noqa: TID251 - a process has no way to tell us
    return False
