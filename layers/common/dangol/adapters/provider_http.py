"""One provider's HTTP API: connections kept and used again, with timeouts.

By urllib3, which AWS is called with too, so that it is there and loaded already. No call that could be taken twice is
made again here.
"""

import json
import logging
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError

from dangol.adapters.answers import answer_of
from dangol.domain.errors import DoubtError, UnavailableError
from dangol.ports import HttpAnswer

# Seconds. A provider that takes longer than this to answer is in doubt; the chunk's lease is longer.
_TIMEOUT: Final = 15.0
_CONNECTING: Final = 3.0
# Connecting is tried once more: of a connection that was never made nobody took anything.
_AGAIN: Final = urllib3.Retry(total=1, connect=1, read=False, redirect=False, status=False, other=False)
_NEVER_MADE: Final = (NewConnectionError, ConnectTimeoutError)

# It tells of every address that is called, and warns of each that it tries again; an address may hold a key.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class ProviderHttp:
    """Calls below one address; kept for as long as the process lives."""

    def __init__(self, base_url: str, timeout: float = _TIMEOUT) -> None:
        self._base = base_url.rstrip("/")
        self._host = urlsplit(base_url).hostname
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=_CONNECTING, read=timeout), retries=_AGAIN)

    def post(self, path: str, content: Mapping[str, object], headers: Mapping[str, str]) -> HttpAnswer:
        """Post JSON.

        Raises:
            UnavailableError: no connection was made, so nothing was taken.
            DoubtError: the call was cut off.
        """
        body = json.dumps(content, ensure_ascii=False).encode()
        return self._call("POST", path, {"content-type": "application/json", **headers}, body)

    def upload(
        self, path: str, fields: Mapping[str, str], files: Mapping[str, bytes], headers: Mapping[str, str]
    ) -> HttpAnswer:
        """Post a form with pictures.

        Raises:
            UnavailableError: no connection was made, so nothing was taken.
            DoubtError: the call was cut off.
        """
        pictures = {name: (f"{name}.jpg", content, "image/jpeg") for name, content in files.items()}
        body, kind = urllib3.encode_multipart_formdata({**fields, **pictures})
        return self._call("POST", path, {"content-type": kind, **headers}, body)

    def get(self, path: str, headers: Mapping[str, str]) -> HttpAnswer:
        """Ask for JSON.

        Raises:
            UnavailableError: no connection was made.
            DoubtError: the answer did not come.
        """
        return self._call("GET", path, headers, None)

    def close(self) -> None:
        """Give the connections up."""
        self._pool.clear()

    def _call(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> HttpAnswer:
        told = {"accept": "application/json", **headers}
        try:
            answer = self._pool.request(method, f"{self._base}{path}", body=body, headers=told, redirect=False)
        except HTTPError as error:
            # The message of the error holds the address: it is chained to nothing that a log would show.
            if isinstance(error.reason if isinstance(error, MaxRetryError) else error, _NEVER_MADE):
                raise UnavailableError(f"{self._host} cannot be reached") from None
            raise DoubtError(f"{self._host} did not answer") from None
        return answer_of(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data)
