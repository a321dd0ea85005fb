"""What goes into a channel's form, and what comes out."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from dangol.domain.advertising import AdvertisingLaw
from dangol.domain.project import Project


@dataclass(frozen=True, slots=True)
class Filled:
    """One person's templates, filled: `parts` by field, `values` by merge tag, `action` a label and its address.

    `track` tracks every address of some HTML; `ours` are the addresses that are tracked or must not be. `law` is None
    for what is no advertising. `unsubscribe`, `hidden` and `pixel` are addresses of ours, empty where there is none.
    """

    channel: str
    parts: Mapping[str, str]
    values: Mapping[str, str]
    action: tuple[str, str] | None
    track: Callable[[str], str]
    ours: Collection[str]
    project: Project
    law: AdvertisingLaw | None
    unsubscribe: str
    hidden: str
    pixel: str


@dataclass(frozen=True, slots=True)
class Formed:
    """A message in its channel's form; what is in it stays out of logs.

    `kind` is what a carrier calls it, where one channel has several; `values` are the variables of a template. What a
    session shows has places of its own: a `title`, what closes it, and an `action`, its label and its address. `image`
    is the address of a picture.
    """

    text: str = field(repr=False)
    subject: str = field(repr=False, default="")
    html: str = field(repr=False, default="")
    kind: str = ""
    values: Mapping[str, str] = field(repr=False, default_factory=dict)
    title: str = field(repr=False, default="")
    close: str = field(repr=False, default="")
    action: tuple[str, str] | None = field(repr=False, default=None)
    image: str = field(repr=False, default="")
