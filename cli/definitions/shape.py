"""What a model allows at a place that pydantic complains about."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import Tag

from dangol.domain.node import Node
from dangol.domain.segment import KINDS, Group

Location = tuple[str | int, ...]
# The segment's own name is that of its file.
_UNWRITTEN = frozenset({"name"})


@dataclass(frozen=True, slots=True)
class _Shape:
    annotation: Any
    tag: str | None = None


def enclosing(model: type[Node], location: Location) -> type[Node] | None:
    """The model that holds the last part of `location`, as pydantic writes it; None where several could."""
    return model_at(model, location[:-1])


def model_at(model: type[Node], location: Location) -> type[Node] | None:
    """The model at `location`; None where there is none, or one of several."""
    shapes = [_Shape(model)]
    for part in location:
        shapes = [deeper for shape in shapes for deeper in _step(shape, part)]
    models = [shape.annotation for shape in shapes if _is_model(shape.annotation)]
    return models[0] if len(models) == 1 else None


def allowed(model: type[Node]) -> list[str]:
    """The keys that may be written where `model` is read."""
    keys = [field.alias or name for name, field in model.model_fields.items()]
    if not issubclass(model, Group):
        return keys
    return [*KINDS, *(key for key in keys if key not in _UNWRITTEN)]


def choices(model: type[Node], key: str) -> list[str]:
    """The values that `key` allows where they can be counted."""
    for name, field in model.model_fields.items():
        if (field.alias or name) == key:
            return [str(value) for shape in _unfold(field.annotation) for value in _literals(shape.annotation)]
    return []


def _literals(annotation: Any) -> tuple[Any, ...]:  # noqa: ANN401 - annotations have no common type
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _step(shape: _Shape, part: str | int) -> Iterator[_Shape]:
    annotation, origin = shape.annotation, get_origin(shape.annotation)
    if shape.tag is not None and part == shape.tag:
        yield _Shape(annotation)
    elif _is_model(annotation):
        for name, field in annotation.model_fields.items():
            if (field.alias or name) == part:
                yield from _unfold(field.annotation)
    elif (origin in (tuple, list) and isinstance(part, int)) or origin is dict:
        yield from _unfold(get_args(annotation)[1 if origin is dict else 0])


def _unfold(annotation: Any, tag: str | None = None) -> Iterator[_Shape]:  # noqa: ANN401 - as above
    """The alternatives that an annotation stands for, each with its tag in a tagged union."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        tags = [mark.tag for mark in arguments[1:] if isinstance(mark, Tag)]
        yield from _unfold(arguments[0], tags[0] if tags else tag)
    elif origin in (Union, UnionType):
        for argument in arguments:
            yield from _unfold(argument, tag)
    else:
        yield _Shape(annotation, tag)


def _is_model(annotation: Any) -> bool:  # noqa: ANN401 - as above
    return isinstance(annotation, type) and issubclass(annotation, Node)
