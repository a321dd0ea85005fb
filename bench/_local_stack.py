"""A stack on a local cloud of the bench's own, whose functions are idle where the bench calls the code itself."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.local_cloud import LocalCloud
from cli.stack import Stack


@contextmanager
def local_stack(*, idle: bool = True) -> Iterator[Stack]:
    """Start the local cloud on a free port, deploy, and stop it in the end; `idle` functions take no messages."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    before = os.environ.get("DANGOL_LOCAL_PORT")
    os.environ["DANGOL_LOCAL_PORT"] = str(port)
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(Path(folder), "dangol-bench")
        try:
            stack = cloud.up(lambda _: None)
            client = stack.client("lambda")
            for mapping in client.list_event_source_mappings()["EventSourceMappings"] if idle else ():
                client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
            yield stack
        finally:
            cloud.down()
            os.environ.pop("DANGOL_LOCAL_PORT")
            if before is not None:
                os.environ["DANGOL_LOCAL_PORT"] = before
