"""What a person is, allows, belongs to and can be reached by."""

from typing import Annotated

from pydantic import Field

from dangol.domain.channel import AnyChannel
from dangol.domain.comparison import Comparison
from dangol.domain.node import Node
from dangol.domain.quantities import Share, Text


class Labelled(Node):
    """A condition that may carry a name: `as: 찜`."""

    label: Text | None = Field(default=None, alias="as", description="the branch's name in counts and results")


class OfTrait(Labelled):
    """A condition on one trait."""

    trait: Text


class TraitCondition(Comparison, OfTrait):
    """`{trait: plan, is: pro}`: a comparison with one trait; exactly one operator."""


class ReachableCondition(Labelled):
    """`{reachable: email}`: has an address on this channel."""

    reachable: AnyChannel


class ListCondition(Labelled):
    """`{in_list: vip}`: is on a list that was imported, or that a webhook keeps."""

    in_list: Text


class SampleCondition(Labelled):
    """`{sample: 10%}`: a share of all people, drawn by their ids: the same ones every time."""

    sample: Annotated[Share, Field(gt=0)]
    salt: str = Field(default="", description="another word draws other people")
