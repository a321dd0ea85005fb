"""Plain stand-ins for everything behind the ports; they pass the adapters' own contract tests."""

from tests.fakes.lake import FakeCatalogue, FakeLakeReader, FakeObjects, FakeTraces
from tests.fakes.people import FakeLedgers, FakeOutcomes, FakePeople, FakeProfiles
from tests.fakes.runs import FakeDefinitions, FakeJournals, FakeRuns
from tests.fakes.world import FakeClock, FakeQueue, FakeThrottle, FakeTimer, FakeWebhooks, RecordingChannel

__all__ = [
    "FakeCatalogue",
    "FakeClock",
    "FakeDefinitions",
    "FakeJournals",
    "FakeLakeReader",
    "FakeLedgers",
    "FakeObjects",
    "FakeOutcomes",
    "FakePeople",
    "FakeProfiles",
    "FakeQueue",
    "FakeRuns",
    "FakeThrottle",
    "FakeTimer",
    "FakeTraces",
    "FakeWebhooks",
    "RecordingChannel",
]
