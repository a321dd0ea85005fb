"""One provider's HTTP API: connections kept and used again, with timeouts.

No call that could be taken twice is made again here.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

import httpx

from dangol.domain.errors import DoubtError, UnavailableError
from dangol.ports import HttpAnswer

# Seconds. A provider that takes longer than this to answer is in doubt; the chunk's lease is longer.
_TIMEOUTS: Final = httpx.Timeout(15.0, connect=3.0, pool=3.0)
_LIMITS: Final = httpx.Limits(max_connections=20, max_keepalive_connections=20, keepalive_expiry=20.0)
# Connecting is tried once more: of a connection that was never made nobody took anything.
_CONNECT_AGAIN: Final = 1

# They tell of every address that is called, and an address may hold a key.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class ProviderHttp:
    """Calls below one address; kept for as long as the process lives."""

    def __init__(self, base_url: str, timeouts: httpx.Timeout = _TIMEOUTS) -> None:
        self._client = httpx.Client(
            base_url=base_url,
            timeout=timeouts,
            transport=httpx.HTTPTransport(retries=_CONNECT_AGAIN, limits=_LIMITS),
            follow_redirects=False,
            trust_env=False,
        )

    def post(self, path: str, content: Mapping[str, Any], headers: Mapping[str, str]) -> HttpAnswer:
        """Post JSON.

        Raises:
            UnavailableError: no connection was made, so nothing was taken.
            DoubtError: the call was cut off.
        """
        return self._call("POST", path, headers, json=content)

    def upload(
        self, path: str, fields: Mapping[str, str], files: Mapping[str, bytes], headers: Mapping[str, str]
    ) -> HttpAnswer:
        """Post a form with pictures.

        Raises:
            UnavailableError: no connection was made, so nothing was taken.
            DoubtError: the call was cut off.
        """
        pictures = {name: (f"{name}.jpg", content, "image/jpeg") for name, content in files.items()}
        return self._call("POST", path, headers, data=fields, files=pictures)

    def get(self, path: str, headers: Mapping[str, str]) -> HttpAnswer:
        """Ask for JSON.

        Raises:
            UnavailableError: no connection was made.
            DoubtError: the answer did not come.
        """
        return self._call("GET", path, headers)

    def _call(self, method: str, path: str, headers: Mapping[str, str], **content: Any) -> HttpAnswer:  # noqa: ANN401 - as httpx takes it
        try:
            answer = self._client.request(method, path, headers=dict(headers), **content)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            # The message of the error may hold the address.
            raise UnavailableError(f"{self._client.base_url.host} cannot be reached") from error
        except httpx.TransportError as error:
            raise DoubtError(f"{self._client.base_url.host} did not answer") from error
        try:
            said = answer.json()
        except ValueError:
            said = None
        return HttpAnswer(answer.status_code, said if isinstance(said, dict) else {})
