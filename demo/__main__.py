"""`make demo`: from a campaign's file to its report, on twelve thousand made-up people."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from rich.console import Console

from cli.applying import apply
from cli.counting import Inquiry, count
from cli.definitions import load_campaign, load_project
from cli.errors import Refusal, told
from cli.importing import Origin, import_events, import_profiles
from cli.local_cloud import ROOT, LocalCloud
from cli.reading.columns import EventOptions, ProfileOptions, event_mapping, profile_mapping
from cli.reading.events import read_events
from cli.reading.profiles import read_profiles
from cli.reading.rejects import Rejects, accepted
from cli.reading.source import Source
from cli.running import follow, start
from cli.stack import Stack, clock_file
from dangol import bootstrap
from dangol.domain.ledger import HOLDOUT_VARIANT, State
from dangol.domain.project import Project
from dangol.pipeline.steps import read_step, steps_prefix
from demo.acting import Week, sent_mails
from demo.files import write_events, write_people
from demo.history import make_events
from demo.people import make_people
from demo.reactions import reactions, true_uplift
from demo.shop import SEED
from demo.story import Story, lines

# The launch was this long ago, so that its seven days are over now.
AGO: Final = timedelta(days=7, hours=1)
CAMPAIGN: Final = "course-launch"
_CONSENTS: Final = ("email", "sms", "kakao", "push", "web_push")
# How long the queue of events is given to run dry.
_DRY: Final = 120.0
_console = Console(stderr=True, highlight=False)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    started = time.monotonic()
    with _console.status(what):
        yield
    _console.print(f"· {what}  [dim]{time.monotonic() - started:.1f} s[/dim]")


def main() -> None:
    """Run the demo."""
    began = time.monotonic()
    project = load_project(ROOT)
    cloud = LocalCloud(ROOT, project.stack)
    with step("로컬 클라우드 (local cloud: MiniStack, sam build, sam deploy)"):
        stack = cloud.up(lambda _: None)
        cloud.reset()
    launched = (datetime.now(tz=UTC) - AGO).replace(microsecond=0)
    week = Week(stack, launched, clock_file(ROOT), datetime.now(tz=UTC))
    week.set_clock(timedelta(0))
    _load(stack, project, launched)
    started = time.time()
    run = _send(stack, project)
    someone = _answer(week, stack, run, started)
    _tell(stack, project, run, someone)
    _console.print(f"[dim]{time.monotonic() - began:.0f} s[/dim]")


def _load(stack: Stack, project: Project, launched: datetime) -> None:
    folder = ROOT / ".dangol" / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    people_file, events_file = folder / "people.csv", folder / "events.jsonl.gz"
    with step("단골클래스의 12,000명 만들기 (seeded)"):
        rng = Random(SEED)  # noqa: S311 - reproducible on purpose, and no secret
        people = make_people(rng, launched)
        write_people(people, people_file)
        write_events(make_events(people, rng, launched), events_file)
    with step("apply campaigns/"):
        files = sorted((ROOT / "campaigns").glob("*.yaml"))
        loaded = [load_campaign(path, project, ROOT) for path in files]
        apply(stack, project, [(each.id, each.campaign) for each in loaded])
    with step("dangol import profiles people.csv"):
        _import_people(stack, project, people_file)
    with step("dangol import events events.jsonl.gz"):
        _import_events(stack, project, events_file)


def _import_people(stack: Stack, project: Project, file: Path) -> None:
    options = ProfileOptions(
        maps=("user_id=user_id",),
        traits=tuple(
            f"{t}={t}" for t in ("name", "email", "phone", "member", "signed_up_at", "interest", "push_token")
        ),
        consents=tuple(f"{channel}=consent_{channel}:Y" for channel in _CONSENTS),
        consented_at="consented_at",
        night="consent_night:Y",
        timezone=project.timezone,
    )
    with Source.at(file) as source, Rejects(file) as rejects:
        rows = accepted(read_profiles(source, profile_mapping(options)), rejects)
        import_profiles(stack, rows, Origin("회원가입 화면", "v1"), lambda _: None)


def _import_events(stack: Stack, project: Project, file: Path) -> None:
    maps = ("user_id=user_id", "event=event", "time=time", "id=id")
    with Source.at(file) as source, Rejects(file) as rejects:
        rows = read_events(source, event_mapping(EventOptions(maps=maps, timezone=project.timezone)))
        import_events(stack, accepted(rows, rejects), "demo", lambda _: None)


def _send(stack: Stack, project: Project) -> str:
    with step(f"dangol run {CAMPAIGN} --wait  ({project.settings('email').messages_per_second}/s)"):
        run = str(start(stack, CAMPAIGN, None)["run"])
        follow(stack, run, lambda _: None)
    return run


def _answer(week: Week, stack: Stack, run: str, since: float) -> str:
    """Live the week; one of those who got a mail, to look at next."""
    with step("사람들이 열고, 누르고, 사기 (real HTTP API)"):
        mails = sent_mails(stack, since)
        arms = _arms(stack, run)
        acts = [act for user_id, variant in arms.items() for act in reactions(user_id, variant)]
        week.live(acts, mails)
        _run_dry(stack)
    clock_file(ROOT).unlink(missing_ok=True)
    return min(mails)


def _arms(stack: Stack, run: str) -> dict[str, str | None]:
    """Who got which variant, from the ledger; None for those held out."""
    item = stack.runs.get(run)
    variants = stack.definitions.version(item.campaign_id, item.version).campaign.variants
    found: dict[str, str | None] = {}
    steps = stack.objects.keys(steps_prefix(run), None, 1_000)
    people = [r.user_id for key in steps for chunk in read_step(stack.objects.get(key)).chunks for r in chunk]
    for user_id, ledger in stack.ledgers.get_many(people).items():
        entry = ledger.entry(item.number)
        if entry and entry.state in (State.SENT, State.HELD_OUT):
            found[user_id] = None if entry.variant == HOLDOUT_VARIANT else variants[entry.variant].name
    return found


def _run_dry(stack: Stack) -> None:
    """Wait until everything that happened is recorded."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    queue, end = stack.outputs["EventQueueUrl"], time.monotonic() + _DRY
    while time.monotonic() < end:
        told_by = stack.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        if not any(int(told_by[name]) for name in names):
            return
        time.sleep(0.2)
    raise RuntimeError("events are still being recorded: dangol --local doctor")


def _tell(stack: Stack, project: Project, run: str, someone: str) -> None:
    reporter = bootstrap.build_reporter(stack.settings)
    item = stack.runs.get(run)
    campaign = stack.definitions.version(item.campaign_id, item.version).campaign
    with step(f"dangol report {CAMPAIGN}"):
        # Asked as of the run's own moment; what people did since does not change who they were then.
        excluded = list({segment.name: segment for segment in (*campaign.exclude, *project.always_exclude)}.values())
        counted = count(stack, Inquiry(campaign.audience, excluded, project, item.scheduled_at))
        status, report = reporter.status(run), reporter.report(run)
    story = Story(
        shop="단골클래스 데모" if project.locale == "ko" else "dangol demo",
        locale=project.locale,
        counted=counted,
        status=status,
        report=report,
        true_uplift=true_uplift(),
        price=project.prices.get(campaign.channel),
        someone=someone,
        titles={segment.name: segment.title or segment.name for segment in excluded},
    )
    sys.stdout.write("\n" + "\n".join(lines(story)) + "\n")


if __name__ == "__main__":
    try:
        with told(as_json=False):
            main()
    except Refusal as refusal:
        refusal.show()
        sys.exit(refusal.exit_code)
