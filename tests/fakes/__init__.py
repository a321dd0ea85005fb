"""Plain stand-ins for everything behind the ports; they pass the adapters' own contract tests."""

from tests.fakes.inbox import FakeInbox
from tests.fakes.keys import known
from tests.fakes.lake import FakeCatalogue, FakeLakeReader, FakeObjects, FakeQueries, FakeTraces
from tests.fakes.people import FakeLedgers, FakeLists, FakeOutcomes, FakePeople, FakeProfiles
from tests.fakes.runs import FakeDefinitions, FakeJournals, FakeRuns
from tests.fakes.world import (
    FakeClock,
    FakeQueue,
    FakeShortLinks,
    FakeThrottle,
    FakeTimer,
    FakeWebhooks,
    RecordingChannel,
)

__all__ = [
    "FakeCatalogue",
    "FakeClock",
    "FakeDefinitions",
    "FakeInbox",
    "FakeJournals",
    "FakeLakeReader",
    "FakeLedgers",
    "FakeLists",
    "FakeObjects",
    "FakeOutcomes",
    "FakePeople",
    "FakeProfiles",
    "FakeQueries",
    "FakeQueue",
    "FakeRuns",
    "FakeShortLinks",
    "FakeThrottle",
    "FakeTimer",
    "FakeTraces",
    "FakeWebhooks",
    "RecordingChannel",
    "known",
]
