"""One person's message, as the channel would send it."""

from dataclasses import dataclass
from typing import Any

from cli.previews import Shown
from cli.stack import Stack
from dangol.contracts import Reach, Recipient
from dangol.domain.advertising import country_of
from dangol.domain.campaign import Campaign
from dangol.domain.decision import Person, arm_of
from dangol.domain.devices import PUSH_TRAITS
from dangol.domain.errors import DefinitionError, NotFoundError
from dangol.domain.medium import medium
from dangol.domain.project import Project
from dangol.domain.run import Run
from dangol.domain.text_bytes import text_bytes
from dangol.domain.tracking import Keys
from dangol.domain.variant import arms, weighted_variant
from dangol.pipeline.messages import Renderer, Rendering
from dangol.ports import Message
from dangol.rendering import MissingVariableError

# No run has this number: the links of a preview are not counted.
PREVIEW_RUN = 0


@dataclass(frozen=True, slots=True)
class Previewed:
    """What to show: a campaign, for whom, and which variant where one is asked for."""

    campaign_id: str
    campaign: Campaign
    project: Project
    user_id: str
    variant: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """One person's message: what `--json` prints of it, and what a page shows, on each channel in turn."""

    told: dict[str, Any]
    shown: list[Shown]


def preview(stack: Stack, asked: Previewed, link_base: str) -> Preview:
    """Render a message for one person.

    Raises:
        NotFoundError: there is no such person.
        DefinitionError: the person lacks a value that the message needs, or there is no such variant.
    """
    campaign, project = asked.campaign, asked.project
    recipient = recipient_of(stack, asked)
    variant, held_out = variant_of(asked, recipient, stack)
    keys = Keys.parse(stack.parameters.secret("link-keys"))
    addresses, messages = [recipient.address, *(reach.address for reach in recipient.others)], list[Message]()
    for channel, address in zip(campaign.steps, addresses, strict=True):
        renderer = Renderer(Rendering(PREVIEW_RUN, campaign.on(channel), project, link_base, keys))
        try:
            messages.append(renderer.message(recipient.model_copy(update={"address": address}), variant))
        except MissingVariableError as error:
            raise DefinitionError(f"{asked.user_id} lacks a value: {error}", field="message") from error
    message, pushed = messages[0], campaign.channel in PUSH_TRAITS
    told = {
        "user_id": asked.user_id,
        "campaign": asked.campaign_id,
        "channel": campaign.channel,
        "variant": arms(campaign)[variant].name,
        "held_out": held_out,
        "from": _from(campaign, project),
        "to": message.address,
        "subject": message.subject,
        "headers": dict(message.headers),
        "text": message.text,
        "html": message.html,
        **({"title": message.title, "image": message.image or None, "link": _link(message)} if pushed else {}),
        **({"kind": message.kind, "bytes": text_bytes(message.text)} if message.kind else {}),
    }
    pairs = zip(campaign.steps, messages, strict=True)
    return Preview(told, [shown_on(channel, each, asked, held_out=held_out) for channel, each in pairs])


def shown_on(channel: str, message: Message, asked: Previewed, *, held_out: bool) -> Shown:
    """What a page shows of a message on `channel`."""
    show = asked.campaign.show
    return Shown(
        channel=channel,
        message=message,
        sender=asked.project.sender.name,
        number=asked.project.number or "",
        form=show.form if show else "modal",
        held_out=held_out,
    )


def _link(message: Message) -> str | None:
    return message.action[1] if message.action else None


def _from(campaign: Campaign, project: Project) -> str:
    if medium(campaign.channel) == "sms":
        return project.number or project.sender.name
    if campaign.channel in ("alimtalk", *PUSH_TRAITS):
        return project.sender.name
    return f"{project.sender.name} <{project.sender.email}>"


def recipient_of(stack: Stack, asked: Previewed) -> Recipient:
    """The person, with all that a message may name.

    Raises:
        NotFoundError: there is no such person.
    """
    profile = stack.profiles.get_many([asked.user_id])[asked.user_id]
    if not profile.rev:
        raise NotFoundError(f"no person {asked.user_id}")
    assign = asked.campaign.assign_by
    return Recipient(
        user_id=asked.user_id,
        address=profile.address(asked.campaign.channel),
        others=[Reach(address=profile.address(channel)) for channel in asked.campaign.steps[1:]],
        country=country_of(profile.traits, asked.project),
        assigned=str(profile.traits.get(assign.trait)) if assign else None,
        traits=profile.traits,
    )


def variant_of(asked: Previewed, recipient: Recipient, stack: Stack) -> tuple[int, bool]:
    """The variant to show, and whether the person would be held out."""
    names = [v.name for v in arms(asked.campaign)]
    run = Run(PREVIEW_RUN, asked.campaign_id, asked.campaign, asked.project, stack.clock.now())
    arm = arm_of(run, Person(recipient.user_id, recipient.address, assigned=recipient.assigned))
    held_out = arm is not None and arm.held_out
    if asked.variant is None:
        fallback = weighted_variant(asked.user_id, asked.campaign_id, asked.campaign)
        return (fallback if arm is None or arm.variant is None else arm.variant), held_out
    if asked.variant not in names:
        raise DefinitionError(f"no variant {asked.variant!r}", field="--variant", hint=f"one of {', '.join(names)}")
    return names.index(asked.variant), held_out
