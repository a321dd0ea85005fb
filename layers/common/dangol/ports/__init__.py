"""What the pipeline needs from the world, each protocol as small as its caller's need."""

from dangol.ports.channels import (
    Accepted,
    Answer,
    Channel,
    Delivery,
    Hooks,
    Http,
    HttpAnswer,
    InDoubt,
    Message,
    Post,
    Refused,
    ShortLinks,
    Templates,
    Waves,
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
    "Answer",
    "Catalogue",
    "Channel",
    "Clock",
    "Definition",
    "Definitions",
    "Delivery",
    "Hooks",
    "Http",
    "HttpAnswer",
    "InDoubt",
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
    "Post",
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
    "Waves",
    "Webhooks",
]
