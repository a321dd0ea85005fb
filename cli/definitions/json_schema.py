"""JSON Schema of the definition files, as editors read it."""

from typing import Any, Final

from pydantic.json_schema import JsonSchemaValue

from dangol.domain.campaign import Campaign
from dangol.domain.node import Node
from dangol.domain.project import Project
from dangol.domain.segment import Segment

KINDS: Final[dict[str, type[Node]]] = {"campaign": Campaign, "project": Project, "segment": Segment}
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_FILE: Final = {"type": "string", "pattern": r"^segments/.+\.ya?ml$", "description": "the file of a segment"}
_NAMED_IN: Final = {"campaign": ("audience", "exclude"), "project": ("always_exclude",), "segment": ()}


def json_schema(kind: str) -> JsonSchemaValue:
    """The schema of a file of `kind`: what the models allow, and what only files may say."""
    schema = _plain(KINDS[kind].model_json_schema(by_alias=True))
    definitions = schema.pop("$defs", {})
    if kind == "segment":
        definitions["Segment"] = schema
        schema = {"$ref": "#/$defs/Segment"}
    definitions["Segment"]["properties"].pop("name")
    # A segment may also be a single condition.
    whole = definitions["Segment"]
    definitions["Segment"] = {"anyOf": [whole, *_single(definitions)]}
    for key in _NAMED_IN[kind]:
        _allow_file(schema["properties"][key])
    if "Target" in definitions:
        # `target: 5%` is short for `{conversion_rate: 5%}`.
        definitions["Target"] = {
            "anyOf": [definitions["Target"]["properties"]["conversion_rate"], definitions["Target"]]
        }
    return {"$schema": _DRAFT, **schema, "$defs": definitions}


def _single(definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """The conditions, each with the title that a segment may have."""
    title = definitions["Group"]["properties"]["title"]
    conditions = [definitions[name] for name in definitions if name.endswith("Condition")]
    return [{**condition, "properties": {"title": title, **condition["properties"]}} for condition in conditions]


def _allow_file(field: dict[str, Any]) -> None:
    """Let a field that holds a segment, or a list of them, name its file instead."""
    if "items" in field:
        field["items"] = {"anyOf": [_FILE, field["items"]]}
    else:
        field["anyOf"] = [_FILE, {"$ref": field.pop("$ref")}]


def _plain(schema: Any, *, names: bool = False) -> Any:  # noqa: ANN401 - JSON of any shape
    """Leave out what only models know: absent as null, and titles made of field names; keys of `names` are keys."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema if item != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: _plain(value, names=key in ("properties", "$defs"))
        for key, value in schema.items()
        if names or (key != "title" and (key, value) != ("default", None))
    }
    alternatives = kept.get("anyOf")
    if not names and isinstance(alternatives, list) and len(alternatives) == 1:
        kept = {**alternatives[0], **{key: value for key, value in kept.items() if key != "anyOf"}}
    return kept
