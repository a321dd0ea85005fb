"""The pictures that a campaign's messages name: files beside its own, checked, and stored under their content."""

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import BaseModel

from cli.definitions.document import Path
from cli.definitions.findings import Finding
from dangol.domain.campaign import Campaign
from dangol.domain.channel import ChannelName
from dangol.domain.medium import medium
from dangol.domain.message import MessageText
from dangol.domain.picture import BRAND, BRAND_WIDE, MMS, PictureLimits, faults, picture_key

# Of a file that is much larger than any picture that is taken, not all is read.
_MOST: Final = 20_000_000


def check_pictures(campaign: Campaign, folder: FilePath) -> Iterator[Finding]:
    """Everything about the pictures of a campaign whose file lies in `folder`."""
    for path, message in _pictured(campaign, ()):
        file = folder / str(message.image)
        if not file.is_file():
            yield Finding((*path, "image"), f"there is no file {message.image}", f"it is looked for in {folder}")
            continue
        for fault in faults(_read(file), _limits(campaign.channel, message)):
            yield Finding((*path, "image"), f"{message.image} {fault}")


def stored(campaign: Campaign, folder: FilePath) -> tuple[Campaign, Mapping[str, bytes]]:
    """The campaign with the key of each picture in place of its file, and the pictures by their keys."""
    files = {str(message.image) for _, message in _pictured(campaign, ())}
    if not files:
        return campaign, {}
    contents = {name: _read(folder / name) for name in files}
    keys = {name: picture_key(content) for name, content in contents.items()}
    return _keyed(campaign, keys), {keys[name]: content for name, content in contents.items()}


def _limits(channel: ChannelName, message: MessageText) -> PictureLimits:
    if medium(channel) == "sms":
        return MMS
    return BRAND_WIDE if message.wide else BRAND


def _read(file: FilePath) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_MOST)


def _pictured(node: object, path: Path) -> Iterator[tuple[Path, MessageText]]:
    """Every message below a node that names a picture, wherever it stands in the campaign."""
    if isinstance(node, MessageText):
        yield from [(path, node)] if node.image else []
    elif isinstance(node, BaseModel):
        for name in node.model_fields_set:
            yield from _pictured(getattr(node, name), (*path, name))
    elif isinstance(node, dict):
        for name, below in node.items():
            yield from _pictured(below, (*path, str(name)))
    elif isinstance(node, tuple):
        for place, below in enumerate(node):
            yield from _pictured(below, (*path, place))


def _keyed(node: Any, keys: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a campaign, and the same kind again
    if isinstance(node, MessageText) and node.image:
        return node.model_copy(update={"image": keys[node.image]})
    if isinstance(node, BaseModel):
        changed = {name: _keyed(getattr(node, name), keys) for name in node.model_fields_set}
        return node.model_copy(update={name: new for name, new in changed.items() if new is not getattr(node, name)})
    if isinstance(node, dict):
        return {name: _keyed(below, keys) for name, below in node.items()}
    if isinstance(node, tuple):
        return tuple(_keyed(below, keys) for below in node)
    return node
