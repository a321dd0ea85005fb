"""What a campaign says that does not go together with the project."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from pydantic import ValidationError

from cli.definitions.appeal_checks import check_appeals, check_lines, check_size
from cli.definitions.document import Path
from cli.definitions.findings import Finding
from cli.definitions.law_checks import check_law
from cli.definitions.push_checks import check_titles
from cli.definitions.segment_checks import check_segment
from cli.definitions.text_checks import check_texts
from cli.nearest import closest
from dangol.domain.campaign import Campaign, MessageText, Variant
from dangol.domain.channel import BY_ID
from dangol.domain.errors import DefinitionError
from dangol.domain.medium import medium
from dangol.domain.message import MessagePart
from dangol.domain.project import Project
from dangol.domain.variant import holdout_share
from dangol.rendering import MessageTemplate, merge_tags

Part = MessagePart | MessageText
_LINE: Final = re.compile(r"line (\d+)")
_COPY: Final = ("subject", "title", "preheader", "text", "html", "close", "image")
_LINKS: Final = re.compile(r"\blink\s*\(|<a\b|https?://", re.IGNORECASE)


def check_campaign(campaign: Campaign, project: Project) -> Iterator[Finding]:
    """Everything about a campaign that one look at both files can tell; segments of their own files are not."""
    if not campaign.audience.name:
        yield from (finding.below("audience") for finding in check_segment(campaign.audience, project))
    for index, segment in enumerate(campaign.exclude):
        if not segment.name:
            yield from (finding.below("exclude", index) for finding in check_segment(segment, project))
    parts = list(written_parts(campaign))
    wrong = list(check_copy(parts, project))
    yield from wrong
    for channel in () if wrong else campaign.steps:
        mine = [(path, part) for path, part in parts if _of(path, channel)]
        yield from check_texts(campaign.on(channel), project, mine)
        yield from check_titles(campaign.on(channel), project)
    # What holds on several channels is told once.
    yield from dict.fromkeys(
        found for channel in campaign.steps for found in _check_there(campaign.on(channel), project)
    )
    yield from check_size(campaign, project)
    yield from _check_goal(campaign, project)
    if medium(campaign.channel) not in {*project.channels, *BY_ID}:
        problem = f"{campaign.channel} is not set up; messages are written out instead of sent"
        yield Finding(("channel",), problem, f"set up channels.{medium(campaign.channel)} in dangol.yaml", notice=True)


def _check_there(campaign: Campaign, project: Project) -> Iterator[Finding]:
    yield from check_law(campaign, project)
    yield from check_appeals(campaign)
    yield from check_lines(campaign)


def _of(path: Path, channel: str) -> bool:
    """Whether what stands at `path` is said on `channel`: in common, or there alone."""
    return "messages" not in path or path[-1] == channel


def written_parts(campaign: Campaign) -> Iterator[tuple[Path, Part]]:
    """The messages of a campaign as they stand in its file: in common, by channel, by variant."""
    variants: list[tuple[Path, Variant]] = [(("variants", n), v) for n, v in enumerate(campaign.variants)]
    sayings: list[tuple[Path, Campaign | Variant]] = [((), campaign), *variants]
    for path, saying in sayings:
        if saying.message is not None:
            yield (*path, "message"), saying.message
        for channel, part in saying.by_channel.items():
            yield (*path, "messages", channel), part


def check_copy(parts: Iterable[tuple[Path, Part]], project: Project) -> Iterator[Finding]:
    """Every template of the messages must compile, and use merge tags that the project has."""
    for path, part in parts:
        for field, source in _sources(part):
            yield from (finding.below(*path, *field) for finding in _check_template(source, project))


def loose_parts(content: Mapping[str, Any]) -> Iterator[tuple[Path, Part]]:
    """The messages of a campaign that is wrong elsewhere, so that their mistakes are told in the same breath."""
    variants = content.get("variants")
    places: list[tuple[Path, Any]] = [(("message",), content.get("message"))]
    for index, variant in enumerate(variants if isinstance(variants, list) else []):
        places.append((("variants", index, "message"), variant.get("message") if isinstance(variant, dict) else None))
    for path, written in places:
        with suppress(ValidationError):
            yield path, MessagePart.model_validate(written)


def _sources(part: Part) -> Iterator[tuple[Path, str]]:
    cta = part.cta
    found: list[tuple[Path, str | None]] = [((name,), getattr(part, name)) for name in _COPY]
    found += [(("cta", "label"), cta.label), (("cta", "link"), cta.link)] if cta else []
    yield from ((path, source) for path, source in found if source)


def _check_template(source: str, project: Project) -> Iterator[Finding]:
    message = MessageText(text=source)
    unknown = sorted(merge_tags(message) - project.merge_tags.keys())
    for tag in unknown:
        line = source[: source.index(tag)].count("\n") + 1
        yield Finding((), f"#{{{tag}}} is not a merge tag of dangol.yaml", _known_tags(tag, project), text_line=line)
    if unknown:
        return
    try:
        MessageTemplate(message, project)
    except DefinitionError as error:
        line_in_text = _LINE.search(error.hint)
        yield Finding((), f"the template does not compile: {error.problem}", "", False, int((line_in_text or "11")[1]))


def _known_tags(tag: str, project: Project) -> str:
    known = ", ".join(f"#{{{name}}}" for name in project.merge_tags)
    if not known:
        return "declare it under merge_tags"
    return " ".join(part for part in (closest(tag, project.merge_tags), f"known: {known}") if part)


def _check_goal(campaign: Campaign, project: Project) -> Iterator[Finding]:
    goal = campaign.goal
    if goal is None or goal.target is None:
        return
    metric, path = goal.target.metric, ("goal", "target")
    if metric == "revenue" and goal.worth is None and project.event(goal.event).value is None:
        hint = f"say events.{goal.event}.value in dangol.yaml, or goal.worth here"
        yield Finding(path, f"nothing says what one {goal.event} is worth", hint)
    if metric == "uplift" and not _compares(campaign, project):
        yield Finding(path, "an uplift cannot be measured without a holdout", "add holdout: 10%", notice=True)
    if metric == "click_rate" and not any(_has_link(message) for message in campaign.messages()):
        yield Finding(path, "the message has no link to click on", 'add a cta, or {{ link("https://…") }}', notice=True)


def _compares(campaign: Campaign, project: Project) -> bool:
    if campaign.assign_by:
        return campaign.assign_by.holdout is not None
    return holdout_share(campaign, project.holdout) > 0


def _has_link(message: MessageText) -> bool:
    return message.cta is not None or any(_LINKS.search(text or "") for text in (message.text, message.html))
