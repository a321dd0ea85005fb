"""Messages inside a session, which are handed to nobody: they wait until the site or the app asks for them."""

from collections.abc import Sequence
from typing import NoReturn

from dangol.domain.errors import RejectedError
from dangol.ports import Message


class SessionChannel:
    """Refuses what is handed over to it: there is no way to send what only a person who is there can be shown."""

    batch_size = 1

    def send(self, messages: Sequence[Message]) -> NoReturn:  # noqa: ARG002 - what the port hands over
        """Refuse the messages.

        Raises:
            RejectedError: always.
        """
        raise RejectedError("shown inside a session, sent to nobody")
