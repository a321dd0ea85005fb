"""The text that people would get of a campaign, in its last words: with its size where the channel is counted.

Of an e-mail that advertises, what the law made of its subject and of its end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from dangol.contracts import Recipient
from dangol.domain.campaign import Campaign
from dangol.domain.devices import PUSH_TRAITS
from dangol.domain.message import MessageText
from dangol.domain.project import Project
from dangol.domain.text_bytes import text_bytes
from dangol.domain.tracking import NO_RUN, Keys
from dangol.domain.variant import arms
from dangol.pipeline.messages import Renderer, Rendering
from dangol.rendering import MissingVariableError, merge_tags, variables

# The channels whose text is counted by the byte or the character.
COUNTED: Final = ("sms", "lms", "mms", "alimtalk", *PUSH_TRAITS)
# As long as the real ones: a user id, a key, and the address that the API has where no domain is set.
_SOMEBODY: Final = "u-00000000"
_KEYS: Final = Keys(1, {1: bytes(32)})
_ADDRESS: Final = "https://a1b2c3d4e5.execute-api.ap-northeast-2.amazonaws.com"


@dataclass(frozen=True, slots=True)
class FinalText:
    """One variant's text as somebody without any trait gets it; where a trait is needed its name stands in braces.

    `kind` is what it is sent as, `price` that of one message, `title` a subject too; `footer` is how an e-mail ends.
    """

    variant: str
    kind: str
    bytes: int
    characters: int
    price: float | None
    title: str
    text: str
    footer: str = ""

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return asdict(self)


def final_texts(campaign: Campaign, project: Project) -> Sequence[FinalText]:
    """The texts of a campaign, one for each variant on each of its channels.

    None where nothing is counted and nothing was added.

    A variant whose template does sums with a trait is left out: it has a text for real people alone.
    """
    shown = [*COUNTED, *(["email"] if campaign.purpose == "marketing" else [])]
    return [t for channel in campaign.steps if channel in shown for t in _texts(campaign.on(channel), project)]


def _texts(campaign: Campaign, project: Project) -> Iterator[FinalText]:
    renderer = Renderer(Rendering(NO_RUN, campaign, project, project.links.domain or _ADDRESS, _KEYS))
    for place, variant in enumerate(arms(campaign)):
        traits = _stand_ins(campaign.message_of(variant), project)
        recipient = Recipient(user_id=_SOMEBODY, country=project.home_country, traits=traits)
        try:
            message = renderer.message(recipient, place)
        except MissingVariableError:
            continue
        kind = message.kind or campaign.channel
        yield FinalText(
            variant=variant.name,
            kind=kind,
            bytes=text_bytes(message.text),
            characters=len(message.text),
            price=project.prices.get(kind),
            title=message.subject or message.title,
            text=message.text,
            footer=message.text.rstrip().rpartition("\n\n")[2] if campaign.channel == "email" else "",
        )


def _stand_ins(message: MessageText, project: Project) -> dict[str, Any]:
    found: dict[str, Any] = {name: f"{{{name}}}" for name in variables(message)}
    for tag in merge_tags(message):
        if project.merge_tags[tag].default is None:
            first, *rest = project.merge_tags[tag].trait.split(".")
            value: Any = f"{{{tag}}}"
            for part in reversed(rest):
                value = {part: value}
            found[first] = value
    return found
