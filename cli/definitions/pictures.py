"""The pictures that a campaign's messages name: files beside its own, checked, and stored under their content."""

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import BaseModel

from cli.definitions.campaign_checks import written_parts
from cli.definitions.document import Path
from cli.definitions.findings import Finding
from dangol.domain.campaign import Campaign
from dangol.domain.channel import ChannelName
from dangol.domain.devices import PUSH_TRAITS
from dangol.domain.medium import medium
from dangol.domain.message import MessageText, is_address
from dangol.domain.picture import BRAND, BRAND_WIDE, MMS, PictureLimits, faults, picture_key
from dangol.domain.variant import arms

# Of a file that is much larger than any picture that is taken, not all is read.
_MOST: Final = 20_000_000


def check_pictures(campaign: Campaign, folder: FilePath, project: FilePath) -> Iterator[Finding]:
    """Everything about the pictures of a campaign whose file lies in `folder`, inside the project's own folder."""
    told: set[tuple[Path, str]] = set()
    for channel in campaign.steps:
        for message in map(campaign.on(channel).message_of, arms(campaign)):
            if not message.image or (is_address(message.image) and channel in PUSH_TRAITS):
                continue
            path = next(path for path, part in written_parts(campaign) if part.image == message.image)
            for problem in _faults(folder / message.image, project, _limits(channel, message)):
                if (path, problem) not in told:
                    yield Finding((*path, "image"), f"{message.image} {problem}")
                told.add((path, problem))


def stored(campaign: Campaign, folder: FilePath) -> tuple[Campaign, Mapping[str, bytes]]:
    """The campaign with the key of each picture in place of its file, and the pictures by their keys."""
    files = {part.image for _, part in written_parts(campaign) if part.image and not is_address(part.image)}
    if not files:
        return campaign, {}
    contents = {name: _read(folder / name) for name in files}
    keys = {name: picture_key(content) for name, content in contents.items()}
    return _keyed(campaign, keys), {keys[name]: content for name, content in contents.items()}


def _faults(file: FilePath, project: FilePath, limits: PictureLimits) -> Iterator[str]:
    if not file.resolve().is_relative_to(project.resolve()):
        yield "is outside the project's folder; what is sent lies inside it"
    elif file.is_file():
        yield from faults(_read(file), limits)
    else:
        yield "is not there; the path is seen from the campaign's file"


def _limits(channel: ChannelName, message: MessageText) -> PictureLimits:
    if medium(channel) == "sms":
        return MMS
    return BRAND_WIDE if message.wide else BRAND


def _read(file: FilePath) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_MOST)


def _keyed(node: Any, keys: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a campaign, and the same kind again
    if isinstance(node, MessageText) and node.image and node.image in keys:
        return node.model_copy(update={"image": keys[node.image]})
    if isinstance(node, BaseModel):
        changed = {name: _keyed(getattr(node, name), keys) for name in node.model_fields_set}
        return node.model_copy(update={name: new for name, new in changed.items() if new is not getattr(node, name)})
    if isinstance(node, dict):
        return {name: _keyed(below, keys) for name, below in node.items()}
    if isinstance(node, tuple):
        return tuple(_keyed(below, keys) for below in node)
    return node
