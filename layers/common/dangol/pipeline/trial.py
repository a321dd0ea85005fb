"""A test send: one message by the road of all others, that counts nowhere.

It is rendered, labelled, paced and handed over like any other. It asks for no consent, claims nothing in the
ledger, and its links carry the number of no run, so that they lead on and are counted for nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from dangol.contracts import SendTest
from dangol.domain.advertising import LABEL
from dangol.domain.campaign import Campaign
from dangol.domain.errors import DoubtError, SendError
from dangol.domain.project import Project
from dangol.domain.short_links import LIFETIME
from dangol.domain.text_bytes import text_type
from dangol.domain.tracking import NO_RUN, Keys
from dangol.pipeline.messages import Renderer, Rendering
from dangol.pipeline.plans import ChannelOf, campaign_pace, provider_of
from dangol.ports import Accepted, Clock, InDoubt, Message, ShortLinks, Throttle
from dangol.rendering import MissingVariableError

_MARKS: Final = {"ko": "[테스트]"}


@dataclass(frozen=True, slots=True)
class Trial:
    """Sends tests; one per process."""

    keys: Callable[[], Keys]
    channel: ChannelOf
    throttle: Throttle
    short_links: ShortLinks
    clock: Clock

    def send(self, order: SendTest) -> dict[str, Any]:
        """Send one test; its `outcome` (sent, failed, unknown, skipped), the provider, and the provider's answer."""
        campaign, project = Campaign.model_validate(order.campaign), Project.model_validate(order.project)
        provider = provider_of(campaign, project)
        try:
            message = self._message(order, campaign, project)
        except MissingVariableError as error:
            return _told("skipped", provider, reason="missing_variable", variable=str(error))
        channel = self.channel(campaign.channel, project)
        pace = campaign_pace(campaign, project, channel.batch_size)
        start = self.throttle.reserve(provider, 1 / pace.interval, 1, self.clock.seconds())
        if start is None:
            return _told("skipped", provider, reason="rate_taken")
        if message.short_links:
            self.short_links.put_many(message.short_links, expires_at=int(self.clock.now().timestamp()) + LIFETIME)
        self.clock.wait_until(start)
        try:
            (answer,) = channel.send([message])
        except DoubtError as error:
            return _told("unknown", provider, reason=str(error))
        except SendError as error:
            return _told("failed", provider, reason=str(error))
        if isinstance(answer, Accepted):
            return _told("sent", provider, provider_id=answer.provider_id)
        return _told("unknown" if isinstance(answer, InDoubt) else "failed", provider, reason=answer.reason)

    def _message(self, order: SendTest, campaign: Campaign, project: Project) -> Message:
        rendering = Rendering(NO_RUN, campaign, project, order.link_base, self.keys())
        message = Renderer(rendering).message(order.recipient, order.variant)
        mark = _MARKS.get(project.locale, "[test]")
        if message.subject and not message.kind:
            return replace(message, subject=marked(message.subject, mark))
        text = marked(message.text, mark)
        return replace(
            message, text=text, kind=text_type(text, message.subject) if message.kind == "sms" else message.kind
        )


def marked(subject: str, mark: str) -> str:
    """Mark a subject or a text as a test's; the law's label stays at the beginning."""
    if subject.startswith(LABEL):
        return f"{LABEL} {mark}{subject.removeprefix(LABEL)}"
    return f"{mark} {subject}"


def _told(outcome: str, provider: str, **more: str) -> dict[str, Any]:
    return {"outcome": outcome, "provider": provider, "provider_id": None, "reason": None, **more}
