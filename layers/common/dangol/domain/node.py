"""What every part of a definition file has in common."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Node(BaseModel):
    """A frozen part of a definition: no unknown key, no number that is none."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)

    # Keys that the design names and that are not built yet: the error says so instead of calling them unknown.
    reserved: ClassVar[frozenset[str]] = frozenset()


def wrong(problem: str, *path: str | int) -> PydanticCustomError:
    """The error of a check over several fields, told at `path` below the node that is checked."""
    return PydanticCustomError("wrong", "{problem}", {"problem": problem, "path": path})
