"""What a campaign says, in the channel's own form."""

from typing import Any, ClassVar

from dangol.domain.node import Node
from dangol.domain.quantities import Text


class CallToAction(Node):
    """The act the message asks for, and where it leads."""

    reserved: ClassVar[frozenset[str]] = frozenset({"choices"})

    label: Text
    link: Text


class MessageText(Node):
    """What is said, in the channel's own form."""

    reserved: ClassVar[frozenset[str]] = frozenset({"choices"})

    subject: Text | None = None
    title: Text | None = None
    preheader: Text | None = None
    text: Text
    html: Text | None = None
    close: Text | None = None
    cta: CallToAction | None = None


class CallToActionPart(CallToAction):
    """What a variant changes about the act asked for."""

    label: Text | None = None  # type: ignore[assignment]  # a part may leave out what the whole needs
    link: Text | None = None  # type: ignore[assignment]  # a part may leave out what the whole needs


class MessagePart(MessageText):
    """What a variant says differently."""

    text: Text | None = None  # type: ignore[assignment]  # a part may leave out what the whole needs
    cta: CallToActionPart | None = None


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Merge `over` into `base` deeply; lists and scalars replace."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged
