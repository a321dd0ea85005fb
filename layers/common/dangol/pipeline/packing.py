"""Bodies of calls as they travel: gzipped or not. Standard library alone."""

import zlib
from collections.abc import Mapping
from typing import Final

# Of zlib, the window of a gzip stream.
_GZIP: Final = 31


class TooLargeError(Exception):
    """The body is larger than a call may be."""


def unpacked(headers: Mapping[str, str], body: bytes, limit: int) -> bytes:
    """The body of a call, unpacked no further than `limit` bytes: a bomb costs nothing.

    Raises:
        TooLargeError: it is larger than that, packed or unpacked.
        ValueError: it says that it is gzipped and is not, or not whole.
    """
    if len(body) > limit:
        raise TooLargeError
    if headers.get("content-encoding", "").strip().lower() != "gzip":
        return body
    stream = zlib.decompressobj(_GZIP)
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise ValueError("not gzip") from error
    if len(plain) > limit:
        raise TooLargeError
    if not stream.eof:
        raise ValueError("cut off")
    return plain
