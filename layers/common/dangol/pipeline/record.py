"""Record everything that happened: in the lake, in the profiles, in the ledger's flags, in the counters.

Every part may be repeated: the lake is read by event id, profiles know the ids they have seen, flags are set
once, and outcomes keep the ids they have counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dangol.contracts import (
    Aliased,
    Announcement,
    Consented,
    DevicesGone,
    Happening,
    Identified,
    Listed,
    Performed,
    Received,
    Tracked,
)
from dangol.domain.errors import NotFoundError
from dangol.domain.project import UNAPPLIED, Project
from dangol.pipeline.announcing import Announcer
from dangol.pipeline.consents import Consents
from dangol.pipeline.conversions import Converter
from dangol.pipeline.engagement import Engagement, judged
from dangol.pipeline.folding import Folder
from dangol.pipeline.forgotten import remembered
from dangol.pipeline.known_runs import KnownRuns
from dangol.pipeline.lake import LakeWriter
from dangol.pipeline.listing import Lister
from dangol.pipeline.pruning import Pruner
from dangol.pipeline.receiving import Receiver
from dangol.pipeline.recorded import Recorded
from dangol.ports import (
    Catalogue,
    Clock,
    Definitions,
    Ledgers,
    Lists,
    Objects,
    Outcomes,
    Profiles,
    Queue,
    Runs,
    Webhooks,
)


@dataclass(frozen=True, slots=True)
class Stores:
    """What the stage works on."""

    definitions: Definitions
    runs: Runs
    profiles: Profiles
    ledgers: Ledgers
    outcomes: Outcomes
    lists: Lists
    objects: Objects
    catalogue: Catalogue
    clock: Clock
    webhooks: Webhooks
    events: Queue
    sends: Queue
    tasks: Queue


class Recorder:
    """Records batches of happenings."""

    def __init__(self, stores: Stores) -> None:
        known = KnownRuns(stores.runs, stores.definitions, stores.clock)
        self._stores = stores
        self._lake = LakeWriter(stores.objects, known)
        self._lister = Lister(stores.lists, stores.profiles)
        self._engagement = Engagement(stores.ledgers, stores.runs, stores.profiles, known)
        self._receiver = Receiver(stores.ledgers, stores.profiles, known, stores.tasks)
        self._pruner = Pruner(stores.profiles)
        self._converter = Converter(stores.ledgers, stores.outcomes, known, self._lake)
        self._folder = Folder(stores.profiles, stores.catalogue, stores.clock, self._count)
        self._consents = Consents(stores.ledgers, stores.profiles)
        queues = (stores.events, stores.sends)
        self._announcer = Announcer(stores.profiles, stores.webhooks, queues)

    def record(self, batch: Sequence[Happening]) -> Recorded:
        """Record a batch, in any order and however often parts of it came before."""
        now = self._stores.clock.now()
        project = self._project()
        batch = [judged(h) if isinstance(h, Tracked) else h for h in remembered(batch, self._stores.ledgers)]
        self._lake.write([h for h in batch if not isinstance(h, Announcement)], now)
        said = [h for h in batch if isinstance(h, Performed | Identified | Aliased)]
        recorded = self._folder.fold(said, project)
        self._lister.record([h for h in batch if isinstance(h, Listed)])
        consented = [h for h in batch if isinstance(h, Consented)]
        self._consents.record(consented, lambda news: self._announcer.announce(news, project))
        # Who dismissed a message is told by the lake: the ledger has no flag left for it.
        self._engagement.record([h for h in batch if isinstance(h, Tracked) and h.kind != "dismissed"])
        self._receiver.record([h for h in batch if isinstance(h, Received)])
        self._pruner.record([h for h in batch if isinstance(h, DevicesGone)])
        self._count([h for h in batch if isinstance(h, Performed)], project)
        # Last, for they ask others: whoever is down must hold up nothing of the above.
        self._announcer.deliver([h for h in batch if isinstance(h, Announcement)], project, self._stores.clock)
        return recorded

    def _count(self, performed: Sequence[Performed], project: Project) -> None:
        self._converter.convert(performed, project, self._stores.clock.now())

    def record_evidence(self, said: Sequence[Consented]) -> None:
        """Keep what was said of consent as evidence in the lake; the ledger has it already."""
        self._lake.write(said, self._stores.clock.now())

    def _project(self) -> Project:
        """The project as applied last; an app's events may come before its first `dangol apply`."""
        try:
            return self._stores.definitions.project()
        except NotFoundError:
            return UNAPPLIED
