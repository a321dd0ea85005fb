"""The document of the HTTP API; a test holds it to the template's routes, another to what they answer."""

from pathlib import Path
from typing import Final

from dangol.pipeline.exchange import JSON, Response

_DOCUMENT: Final = Path(__file__).parents[1] / "openapi.json"


def document() -> Response:
    """The OpenAPI document, which programs and people may keep for an hour."""
    return Response(200, {**JSON, "cache-control": "public, max-age=3600"}, _DOCUMENT.read_bytes())
