"""One step of a run's audience: people scanned, people kept as a table, or a page of a query's answer."""

from collections.abc import Callable, Iterator
from typing import Final

from dangol.contracts import Recipient, ScanStep, StepResult
from dangol.domain.profile import Profile
from dangol.domain.sieve import OPEN, Columns
from dangol.pipeline.audience import Question
from dangol.pipeline.querying import Querier
from dangol.pipeline.steps import chunked, step_key, step_of
from dangol.ports import Clock, Page, Profiles, Search, Throttle

# A step ends after this many recipients, so that memory stays flat in the size of the audience.
RECIPIENTS_PER_STEP: Final = 2_500
PROFILES_PER_STEP: Final = 50_000
# What a page of 1 MB costs, read with eventual consistency: half a unit for each 4 KB.
READ_UNITS_PER_PAGE: Final = 128
# The shared rate of everybody who scans the people.
READS: Final = "profiles"
_EVERYBODY: Final = Search(OPEN, Columns(whole=True))
# As many people with all that is known of them are held at once.
_KEPT_PER_STEP: Final = 5_000


class Scanner:
    """Works single steps; each says None where it could not begin and has to come again."""

    def __init__(self, profiles: Profiles, querier: Querier, throttle: Throttle, clock: Clock) -> None:
        self._profiles = profiles
        self._querier = querier
        self._throttle = throttle
        self._clock = clock

    def work(self, step: ScanStep, question: Question, until: Callable[[], bool]) -> StepResult | None:
        """Work one step, at most until `until` says so; None where it had no turn at the table, or has to wait.

        Raises:
            DefinitionError: the audience's query failed.
        """
        match step.source:
            case "people":
                return self._select(step, question, until)
            case "snapshot":
                return self._keep(step, question, until)
            case _:
                return self._found(step, question, until)

    def _select(self, step: ScanStep, question: Question, until: Callable[[], bool]) -> StepResult | None:
        selected: list[Recipient] = []
        pages = scanned = inexact = 0
        last: str | None = None
        for page in self._paced(step, question, question.search):
            pages, scanned, last = pages + 1, scanned + page.scanned, page.last
            for profile, certain in page.people:
                answer = certain or question.answer(profile)
                inexact += answer is None
                if answer:
                    selected.append(question.recipient(profile))
            if len(selected) >= RECIPIENTS_PER_STEP or scanned >= PROFILES_PER_STEP or until():
                break
        if not pages:
            return None
        return StepResult(chunks=list(chunked(selected)), scanned=scanned, inexact=inexact, last=last)

    def _keep(self, step: ScanStep, question: Question, until: Callable[[], bool]) -> StepResult | None:
        kept: list[Profile] = []
        pages = 0
        last: str | None = None
        for page in self._paced(step, question, _EVERYBODY):
            pages, last = pages + 1, page.last
            kept += [profile for profile, _ in page.people]
            if len(kept) >= _KEPT_PER_STEP or until():
                break
        if not pages:
            return None
        self._querier.keep(step.run, step_of(step_key(step)), kept)
        return StepResult(chunks=[], scanned=len(kept), inexact=0, last=last)

    def _found(self, step: ScanStep, question: Question, until: Callable[[], bool]) -> StepResult | None:
        if not self._querier.ready(step.run, str(question.campaign.audience.sql), question.moment.at):
            return None
        selected: list[Recipient] = []
        found = inexact = 0
        last: str | None = None
        for people, number, last in self._querier.pages(step.run, step.start):  # noqa: B007 - it goes into the result
            found += number
            answers = [(profile, question.answer(profile)) for profile in people]
            inexact += sum(answer is None for _, answer in answers)
            selected += [question.recipient(profile) for profile, answer in answers if answer]
            if found >= RECIPIENTS_PER_STEP or until():
                break
        return StepResult(chunks=list(chunked(selected)), scanned=found, inexact=inexact, last=last)

    def _paced(self, step: ScanStep, question: Question, search: Search) -> Iterator[Page]:
        """The pages of a step, each in a slot of the project's read units, up to where the next is not soon."""
        clock, rate = self._clock, question.project.limits.read_units
        pages = iter(self._profiles.scan(step.task, step.tasks, step.start, search))
        more = True
        while more:
            start = self._throttle.reserve(READS, rate, READ_UNITS_PER_PAGE, clock.seconds())
            if start is None:
                return
            clock.wait_until(start)
            page = next(pages)
            more = page.last is not None
            yield page
