"""DynamoDB's typed attributes from and to plain values."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Item = dict[str, Any]


def attribute(value: Any) -> dict[str, Any]:
    """Write one value as DynamoDB types it. Raises TypeError for what it cannot hold."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case float():
            return {"N": repr(value)}
        case bytes():
            return {"B": value}
        case None:
            return {"NULL": True}
        case Mapping():
            return {"M": {str(k): attribute(v) for k, v in value.items()}}
        case frozenset() | set():
            return {"SS": sorted(value)}
        case list() | tuple():
            return {"L": [attribute(v) for v in value]}
    raise TypeError(type(value).__name__)


def item(values: Mapping[str, Any]) -> Item:
    """Write a whole item."""
    return {name: attribute(value) for name, value in values.items()}


def plain(typed: Mapping[str, Any]) -> Any:
    """Read one typed value; whole numbers become int, others float."""
    ((kind, value),) = typed.items()
    match kind:
        case "N":
            return _number(value)
        case "M":
            return {name: plain(inner) for name, inner in value.items()}
        case "L":
            return [plain(inner) for inner in value]
        case "SS":
            return frozenset(value)
        case "NULL":
            return None
    return value


def plain_item(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Read a whole item."""
    return {name: plain(value) for name, value in typed.items()}


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def decimal(typed: Mapping[str, Any]) -> Decimal:
    """Read a number exactly."""
    return Decimal(typed["N"])
