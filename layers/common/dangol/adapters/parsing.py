"""DynamoDB pages by orjson: botocore's own parser takes most of the time of a scan.

Signing, retries and errors stay botocore's. Binary values come as the base64 text of the wire; `items` reads both.
"""

import gc
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

import orjson
from botocore.parsers import JSONParser, ResponseParserFactory

T = TypeVar("T")
_PAGES_TO_COLLECT: Final = 50
# The answers that hold many items.
_PAGES: Final = frozenset({"ScanOutput", "QueryOutput", "BatchGetItemOutput"})


class PageParser(JSONParser):
    """botocore's parser, except for pages of items."""

    def _handle_json_body(self, raw_body: bytes, shape: Any) -> Any:  # noqa: ANN401 - botocore's own signature
        if shape is not None and shape.name in _PAGES:
            return orjson.loads(raw_body)
        return super()._handle_json_body(raw_body, shape)  # type: ignore[misc]  # private, and so in no stub


def uncollected(pages: Iterable[T]) -> Iterator[T]:
    """Hand pages on while Python's collector waits, and have it work every so many of them.

    A page holds no cycle, but its hundred thousand containers would set the collector off again and again.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        for number, page in enumerate(pages, start=1):
            yield page
            if not number % _PAGES_TO_COLLECT:
                gc.collect()
    finally:
        if enabled:
            gc.enable()


class PageParserFactory(ResponseParserFactory):
    """Makes a `PageParser` for the JSON protocol, botocore's own parsers for all others."""

    def create_parser(self, protocol_name: str) -> Any:  # noqa: ANN401 - botocore's own signature
        """The parser of a protocol."""
        if protocol_name == "json":
            return PageParser(**self._defaults)  # type: ignore[attr-defined]  # private, and so in no stub
        return super().create_parser(protocol_name)
