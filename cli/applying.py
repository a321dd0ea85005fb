"""Put definitions into force: store versions, create schedules, make what they need."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from cli.nearest import closest
from cli.secrets import ensure_secrets
from cli.stack import Stack
from dangol import bootstrap
from dangol.adapters.schedules import at_time
from dangol.domain.approved_template import differences
from dangol.domain.campaign import Campaign, MessageText
from dangol.domain.confirmation import IDS, confirmations
from dangol.domain.errors import DefinitionError
from dangol.domain.project import Project
from dangol.domain.schedule import Expression, expression
from dangol.domain.segment import Segment, TraitCondition, conditions, lists_of
from dangol.forms.alimtalk import LINK_VARIABLE
from dangol.pipeline.goal_names import EVENTS, PROPERTIES, goals_of
from dangol.ports import Definition, Templates
from dangol.rendering import merge_tags, traits_needed


@dataclass(frozen=True, slots=True)
class Applied:
    """One campaign in force; `schedule` is what EventBridge was given, None where it is started by hand."""

    campaign: str
    version: int
    changed: bool
    schedule: str | None

    def told(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "campaign": self.campaign,
            "version": self.version,
            "changed": self.changed,
            "schedule": self.schedule,
        }


def apply(stack: Stack, project: Project, campaigns: Sequence[tuple[str, Campaign]]) -> list[Applied]:
    """Put the project and the campaigns into force, all or none.

    Raises:
        DefinitionError: a campaign asks for a trait that nobody has, or says what Kakao did not approve.
    """
    templates = bootstrap.build_templates(stack.settings, project) if _talks(campaigns) else None
    for campaign_id, campaign in campaigns:
        if templates and campaign.channel == "alimtalk":
            check_templates(templates, campaign_id, campaign)
        check_traits(stack, campaign_id, campaign, project)
        segments = (campaign.audience, *campaign.exclude, *project.always_exclude)
        check_lists(stack, segments, f"campaigns/{campaign_id}: audience")
    ensure_secrets(stack)
    verify_sender(stack, project)
    goals = goals_of(campaign for _, campaign in campaigns)
    stack.catalogue.add(EVENTS, goals.events)
    stack.catalogue.add(PROPERTIES, goals.properties)
    stack.definitions.save_project(project, stack.clock.now())
    return [_apply(stack, project, campaign_id, campaign) for campaign_id, campaign in campaigns]


def apply_confirmations(stack: Stack, project: Project) -> list[Applied]:
    """Put the campaigns that confirm consents into force, and take the schedules of those away that are not wanted."""
    wanted = confirmations(project)
    for campaign_id in IDS & set(stack.definitions.campaigns()) - wanted.keys():
        stack.schedules.remove(campaign_id)
    # Everybody who consented is told, whom campaigns leave out too.
    everybody = project.model_copy(update={"always_exclude": ()})
    return [_apply(stack, everybody, campaign_id, campaign) for campaign_id, campaign in wanted.items()]


def _apply(stack: Stack, project: Project, campaign_id: str, campaign: Campaign) -> Applied:
    before = stack.definitions.campaigns()
    known = stack.definitions.current(campaign_id).version if campaign_id in before else 0
    wanted = Definition(campaign_id, 0, campaign, project, link_base(stack, project))
    stored = stack.definitions.save(wanted, stack.clock.now())
    schedule = None
    planned = expression(campaign.schedule, project.zone) if campaign.schedule else None
    if planned is None or _is_over(planned, stack):
        stack.schedules.remove(campaign_id)
    else:
        schedule = stack.schedules.put(campaign_id, planned)
    return Applied(campaign_id, stored.version, stored.version != known, schedule)


def _is_over(planned: Expression, stack: Stack) -> bool:
    """Whether a single start lies in the past, by the stack's clock or the real one: it must not fire at once."""
    at = at_time(planned)
    return at is not None and at.timestamp() <= max(stack.clock.now().timestamp(), stack.clock.seconds())


def link_base(stack: Stack, project: Project) -> str:
    """Where links lead: the project's own domain on AWS, the API itself on the local cloud."""
    if stack.settings.local or not project.links.domain:
        return stack.api_url
    return project.links.domain


def verify_sender(stack: Stack, project: Project) -> None:
    """On the local cloud the sender's address counts as verified; on AWS its owner has to do it."""
    if stack.settings.local:
        client = stack.client("sesv2")
        known = {identity["IdentityName"] for identity in client.list_email_identities()["EmailIdentities"]}
        if project.sender.email not in known:
            client.create_email_identity(EmailIdentity=project.sender.email)


def check_traits(stack: Stack, campaign_id: str, campaign: Campaign, project: Project) -> None:
    """See to it that somebody has each trait that the campaign asks for.

    Raises:
        DefinitionError: nobody has it. Nothing is said while there are no people yet.
    """
    known = stack.catalogue.names("traits")
    if not known:
        return
    segments = (campaign.audience, *campaign.exclude, *project.always_exclude)
    asked = [(trait, "audience") for trait in sorted(traits_of(segments))]
    asked += [(t, "message") for m in campaign.messages() for t in sorted(traits_needed(m, project))]
    if campaign.assign_by:
        asked.append((campaign.assign_by.trait, "assign_by.trait"))
    for trait, field in asked:
        refuse_unknown(trait, known, f"campaigns/{campaign_id}: {field}")


def _talks(campaigns: Iterable[tuple[str, Campaign]]) -> bool:
    return any(campaign.channel == "alimtalk" for _, campaign in campaigns)


def check_templates(templates: Templates, campaign_id: str, campaign: Campaign) -> None:
    """See to it that what an AlimTalk says is what Kakao approved.

    Raises:
        DefinitionError: it is not; naming the variable or the line that differs.
    """
    for message in campaign.messages():
        code, given = message.template or "", merge_tags(MessageText(text=message.text))
        if message.cta:
            given |= {LINK_VARIABLE}
        if found := differences(templates.template(code), message.text, frozenset(given)):
            raise DefinitionError(
                "; ".join(found), field=f"campaigns/{campaign_id}: message.text", hint=f"template {code}"
            )


def check_lists(stack: Stack, segments: Iterable[Segment], field: str) -> None:
    """See to it that each list that segments ask for is there.

    Raises:
        DefinitionError: it was never imported; naming the nearest that was.
    """
    asked = sorted(lists_of(segments))
    known = stack.lists.names() if asked else frozenset()
    for name in asked:
        if name not in known:
            there = f"lists: {', '.join(sorted(known)[:20])}" if known else "there are no lists yet"
            hint = " ".join(part for part in (closest(name, known), f"dangol import list makes one; {there}") if part)
            raise DefinitionError(f"there is no list {name!r}", field=field, hint=hint)


def refuse_unknown(trait: str, known: Iterable[str], field: str) -> None:
    """Refuse a trait that nobody has.

    Raises:
        DefinitionError: naming what people do have.
    """
    names = sorted(known)
    if trait in names:
        return
    close = get_close_matches(trait, names, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    hint = f"{meant}people have: {', '.join(names[:20])}{' …' if len(names) > 20 else ''}"  # noqa: PLR2004 - a line's worth
    raise DefinitionError(f"nobody has the trait {trait!r}", field=field, hint=hint)


def traits_of(segments: Iterable[Segment]) -> set[str]:
    """The traits that segments ask for."""
    return {c.trait for segment in segments for c in conditions(segment) if isinstance(c, TraitCondition)}
