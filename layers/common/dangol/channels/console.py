"""The dry run: writes what it would send into the lake bucket, where the project's people can read it."""

import hashlib
import json
from collections.abc import Sequence

from dangol.ports import Accepted, Message, Objects, Refused


class ConsoleChannel:
    """Writes messages under `console/`, one object a batch."""

    batch_size = 100

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def send(self, messages: Sequence[Message]) -> Sequence[Accepted | Refused]:
        """Write the batch; all of it is accepted."""
        rows = [
            {"reference": m.reference, "to": m.address, "subject": m.subject, "text": m.text, "html": m.html}
            | ({"image": m.image} if m.image else {})
            for m in messages
        ]
        lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()
        run = messages[0].reference.partition(":")[0]
        key = f"console/{run}/{hashlib.sha256(lines).hexdigest()[:24]}.jsonl"
        self._objects.put_once(key, lines)
        return [Accepted(f"{key}#{place}") for place in range(len(messages))]
