"""Webhooks by the standard library: to the address that was looked at, and to no other."""

import http.client
import ssl
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import SplitResult, urlsplit

from dangol.adapters.public_address import connected
from dangol.domain.errors import DoubtError, RejectedError, SendError
from dangol.domain.webhook import headers, is_public
from dangol.ports import Delivery, Hooks

_TIMEOUT: Final = 5.0
# Asks for another try; everything else but success is for good.
_LATER: Final = frozenset({408, 425, 429})
_SERVER_ERROR: Final = 500
_OK: Final = range(200, 300)


class SignedHooks:
    """Posts webhooks, signed with the secrets of that moment."""

    def __init__(self, secrets: Callable[[], str]) -> None:
        self._secrets = secrets

    def post(self, url: str, hook_id: str, body: bytes, at: datetime) -> int:
        """Post `body`, signed as of `at`, and give the status of the answer; redirects are not followed.

        What a name leads to is looked up once, all of it has to be public, and the call goes to just that.

        Raises:
            RejectedError: not all that the name leads to is public.
            UnavailableError: nobody could be reached there.
            DoubtError: no answer came.
        """
        address = urlsplit(url)
        connection = connected(address, "a webhook's receiver", _TIMEOUT, is_public, ssl.create_default_context)
        try:
            return _status(connection, address, body, headers(hook_id, at, body, self._secrets()))
        except (OSError, http.client.HTTPException) as error:
            raise DoubtError("a webhook's receiver did not answer") from error
        finally:
            connection.close()


class SignedWebhooks:
    """Delivers webhooks that can wait."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    def deliver(self, url: str, hook_id: str, body: bytes, at: datetime) -> Delivery:
        """Post `body`, signed as of `at`; what was not answered is worth another try, under the same id."""
        try:
            status = self._hooks.post(url, hook_id, body, at)
        except RejectedError:
            return Delivery.REFUSED
        except SendError:
            return Delivery.LATER
        if status in _OK:
            return Delivery.TAKEN
        return Delivery.LATER if status in _LATER or status >= _SERVER_ERROR else Delivery.REFUSED


def _status(connection: http.client.HTTPConnection, address: SplitResult, body: bytes, signed: dict[str, str]) -> int:
    path = f"{address.path or '/'}{'?' + address.query if address.query else ''}"
    told = {"content-type": "application/json", "user-agent": "dangol", "host": address.netloc, **signed}
    connection.request("POST", path, body=body, headers=told)
    return connection.getresponse().status
