"""What the pipeline needs from the world, each protocol as small as its caller's need."""

from dangol.ports.channels import (
    Accepted,
    Channel,
    Delivery,
    Hooks,
    Http,
    HttpAnswer,
    Message,
    Pictures,
    Refused,
    ShortLinks,
    Templates,
    Webhooks,
)
from dangol.ports.clock import Clock, Throttle
from dangol.ports.inbox import Inbox, Waiting
from dangol.ports.journals import Journal, Journals, Standing, Verdict
from dangol.ports.lake import LakeReader, Objects, Queries, StoredObjects, Traces
from dangol.ports.people import Catalogue, Ledgers, Lists, Outcome, Outcomes, Page, People, Profiles, Search
from dangol.ports.queues import Queue, Timer
from dangol.ports.runs import Definition, Definitions, RunItem, RunName, Runs

__all__ = [
    "Accepted",
    "Catalogue",
    "Channel",
    "Clock",
    "Definition",
    "Definitions",
    "Delivery",
    "Hooks",
    "Http",
    "HttpAnswer",
    "Inbox",
    "Journal",
    "Journals",
    "LakeReader",
    "Ledgers",
    "Lists",
    "Message",
    "Objects",
    "Outcome",
    "Outcomes",
    "Page",
    "People",
    "Pictures",
    "Profiles",
    "Queries",
    "Queue",
    "Refused",
    "RunItem",
    "RunName",
    "Runs",
    "Search",
    "ShortLinks",
    "Standing",
    "StoredObjects",
    "Templates",
    "Throttle",
    "Timer",
    "Traces",
    "Verdict",
    "Waiting",
    "Webhooks",
]
