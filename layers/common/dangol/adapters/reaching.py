"""Tables and queues as whoever answers without an SDK knows them: what AWS refuses is an error of the network."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from dangol.pipeline.session_calls import Visit
    from dangol.pipeline.showing import Shower, Shown


@contextmanager
def reached(what: str) -> Iterator[None]:
    """Turn what AWS refuses, or does not answer, into an `OSError` that says of what it was."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise OSError(f"{what}: {type(error).__name__}") from error


class ReachedShower:
    """Shows what waits; raises `OSError` where the tables cannot be reached, or refuse."""

    def __init__(self, shower: "Shower") -> None:
        self._shower = shower

    @reached("messages")
    def show(self, visit: "Visit") -> "Shown":
        """The message to show now, if any, and what else waits for its moment on this page."""
        return self._shower.show(visit)

    @reached("messages")
    def seen(self, user_id: str, number: int) -> None:
        """Have the message of a run wait no longer: it was shown, clicked or dismissed."""
        self._shower.seen(user_id, number)
