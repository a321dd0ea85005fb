"""The composition root: builds each stage from its adapters, once per process.

Imports stand inside the builders, so that a function loads only what its own stage needs.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from dangol.config import Settings, credentials, settings

if TYPE_CHECKING:
    from datetime import datetime

    from boto3 import Session

    from dangol.adapters.athena import AthenaLake
    from dangol.adapters.athena_queries import AthenaQueries
    from dangol.adapters.clock import SystemClock
    from dangol.adapters.lake_files import LakeFiles
    from dangol.adapters.provider_http import ProviderHttp
    from dangol.domain.project import Project
    from dangol.pipeline.control import Controller
    from dangol.pipeline.dispatch import Dispatcher
    from dangol.pipeline.notices import Notifier
    from dangol.pipeline.person import PersonKeeper
    from dangol.pipeline.record import Recorder
    from dangol.pipeline.report import Reporter
    from dangol.pipeline.segment import Segmenter
    from dangol.pipeline.touches import Reminder
    from dangol.pipeline.track import Preferences, Tracker
    from dangol.pipeline.trial import Trial
    from dangol.pipeline.why import Inquiry
    from dangol.pipeline.work import RunPlan
    from dangol.ports import Channel, Templates

T = TypeVar("T")
_PARAMETERS_FOR = 300.0
# A pause has to hold within five seconds, of which the last call may take a good one to begin.
_RUN_STATE_FOR = 3.5
# A scan waits this many seconds for its turn at the table; a longer wait is the queue's.
_SCAN_AHEAD = 2.0


@cache
def session() -> "Session":
    """The process's AWS session, which reads pages of items by orjson."""
    import boto3
    import botocore.session

    from dangol.adapters.parsing import PageParserFactory

    bare = botocore.session.get_session()
    bare.register_component("response_parser_factory", PageParserFactory())
    return boto3.Session(botocore_session=bare)


def use_credentials(key: str, secret: str) -> None:
    """Sign with this key from now on: the local cloud's."""
    bare: Any = session()._session  # noqa: SLF001 - boto3 hands its botocore session out no other way
    bare.set_credentials(key, secret)


def client(service: str, config: Settings, **options: Any) -> Any:
    """A boto3 client with timeouts that fit a function; botocore retries what is safe to repeat."""
    from botocore.config import Config

    retries = {"mode": "standard", "total_max_attempts": 5}
    # Requests are built by our own adapters; checking them again took a third of a batch's time.
    unchecked = {"parameter_validation": False} if service == "dynamodb" else {}
    timeouts = {"connect_timeout": 3, "read_timeout": 15, "max_pool_connections": 20}
    told: Any = Config(**{**unchecked, **timeouts, "retries": retries, **options})
    make: Any = session().client
    return make(service, region_name=config.region, endpoint_url=config.endpoint or None, config=told)


@cache
def clock() -> "SystemClock":
    """The one clock."""
    from dangol.adapters.clock import SystemClock

    return SystemClock(settings().clock_file)


@cache
def segmenter() -> "Segmenter":
    """The `segment` stage."""
    from dangol.adapters.definitions import DynamoDefinitions
    from dangol.adapters.journals import DynamoJournals
    from dangol.adapters.lists import DynamoLists
    from dangol.adapters.objects import S3Objects
    from dangol.adapters.profiles import DynamoProfiles
    from dangol.adapters.queues import SqsQueue
    from dangol.adapters.runs import DynamoRuns
    from dangol.adapters.throttle import DynamoThrottle
    from dangol.pipeline.segment import Segmenter, Stores

    config = settings()
    dynamodb, sqs = client("dynamodb", config), client("sqs", config)
    return Segmenter(
        Stores(
            definitions=DynamoDefinitions(dynamodb, config.need("campaigns_table")),
            runs=DynamoRuns(dynamodb, config.need("campaigns_table")),
            journals=DynamoJournals(dynamodb, config.need("campaigns_table")),
            profiles=DynamoProfiles(dynamodb, config.need("profiles_table")),
            lists=DynamoLists(dynamodb, config.need("campaigns_table")),
            reminder=reminder(config, dynamodb),
            objects=S3Objects(client("s3", config), config.need("lake_bucket")),
            tasks=SqsQueue(sqs, config.need("segment_queue_url")),
            sends=SqsQueue(sqs, config.need("send_queue_url")),
            throttle=DynamoThrottle(dynamodb, config.need("campaigns_table"), horizon=_SCAN_AHEAD),
            queries=athena_queries(config),
            clock=clock(),
        )
    )


def reminder(config: Settings, dynamodb: Any) -> "Reminder":
    """What reads people's messages, for segments that ask for them."""
    from dangol.adapters.ledgers import DynamoLedgers
    from dangol.adapters.outcomes import DynamoOutcomes
    from dangol.pipeline.touches import Reminder

    campaigns = config.need("campaigns_table")
    ledgers = DynamoLedgers(dynamodb, config.need("ledger_table"), campaigns)
    return Reminder(ledgers, DynamoOutcomes(dynamodb, config.need("outcomes_table"), campaigns))


@cache
def dispatcher() -> "Dispatcher":
    """The `dispatch` stage."""
    from dangol.adapters.journals import DynamoJournals
    from dangol.adapters.ledgers import DynamoLedgers
    from dangol.adapters.queues import SqsQueue
    from dangol.adapters.schedules import SchedulerTimer, Target
    from dangol.adapters.throttle import DynamoThrottle
    from dangol.pipeline.dispatch import Dispatcher, Worker
    from dangol.pipeline.work import Stores

    config = settings()
    dynamodb, sqs = client("dynamodb", config), client("sqs", config)
    campaigns = config.need("campaigns_table")
    worker = Worker(str(uuid4()), config.timeout)
    wakes = Target(config.need("segment_queue_arn"), config.need("scheduler_role_arn"), config.need("schedule_group"))
    stores = Stores(
        plans=_plans(config, dynamodb),
        journals=DynamoJournals(dynamodb, campaigns),
        ledgers=DynamoLedgers(dynamodb, config.need("ledger_table"), campaigns),
        throttle=DynamoThrottle(dynamodb, campaigns, horizon=worker.longest_piece),
        sends=SqsQueue(sqs, config.need("send_queue_url")),
        timer=SchedulerTimer(client("scheduler", config), wakes),
        events=SqsQueue(sqs, config.need("event_queue_url")),
        clock=clock(),
    )
    return Dispatcher(stores, worker)


@cache
def notifier() -> "Notifier":
    """Notices of consent, by the `dispatch` function."""
    from dangol.adapters.definitions import DynamoDefinitions
    from dangol.adapters.journals import DynamoJournals
    from dangol.adapters.ledgers import DynamoLedgers
    from dangol.adapters.queues import SqsQueue
    from dangol.adapters.throttle import DynamoThrottle
    from dangol.pipeline.dispatch import Worker
    from dangol.pipeline.notices import Notifier, Stores

    config = settings()
    dynamodb, sqs, campaigns = client("dynamodb", config), client("sqs", config), config.need("campaigns_table")
    stores = Stores(
        definitions=DynamoDefinitions(dynamodb, campaigns),
        ledgers=DynamoLedgers(dynamodb, config.need("ledger_table"), campaigns),
        journals=DynamoJournals(dynamodb, campaigns),
        channel=lambda name, project: _channel(config, name, project),
        throttle=DynamoThrottle(dynamodb, campaigns, horizon=Worker("", config.timeout).longest_piece),
        sends=SqsQueue(sqs, config.need("send_queue_url")),
        events=SqsQueue(sqs, config.need("event_queue_url")),
        clock=clock(),
    )
    return Notifier(stores, str(uuid4()))


@cache
def trial() -> "Trial":
    """Test sends, by the `dispatch` function."""
    from dangol.adapters.parameters import SsmParameters
    from dangol.adapters.throttle import DynamoThrottle
    from dangol.domain.tracking import Keys
    from dangol.pipeline.dispatch import Worker
    from dangol.pipeline.trial import Trial

    config = settings()
    parameters = SsmParameters(client("ssm", config), config.parameters_prefix)
    horizon = Worker("trial", config.timeout).longest_piece
    return Trial(
        keys=_remembered(lambda: Keys.parse(parameters.secret("link-keys"))),
        channel=lambda name, project: _channel(config, name, project),
        throttle=DynamoThrottle(client("dynamodb", config), config.need("campaigns_table"), horizon=horizon),
        clock=clock(),
    )


def _plans(config: Settings, dynamodb: Any) -> "Callable[[str], RunPlan]":
    """How `dispatch` learns of a run: remembered, its state for a few seconds."""
    from dangol.adapters.definitions import DynamoDefinitions
    from dangol.adapters.parameters import SsmParameters
    from dangol.adapters.runs import DynamoRuns
    from dangol.domain.tracking import Keys
    from dangol.pipeline.plans import Plans

    campaigns = config.need("campaigns_table")
    parameters = SsmParameters(client("ssm", config), config.parameters_prefix)
    plans = Plans(
        runs=DynamoRuns(dynamodb, campaigns),
        definitions=DynamoDefinitions(dynamodb, campaigns),
        keys=_remembered(lambda: Keys.parse(parameters.secret("link-keys"))),
        channel=lambda name, project: _channel(config, name, project),
        clock=clock(),
        memory=_RUN_STATE_FOR,
    )
    return plans.of


def _channel(config: Settings, name: str, project: "Project") -> "Channel":
    """The adapter of a channel's provider; only the one that is used is imported."""
    told = project.settings(name)
    # A repeated call could send twice: neither SES nor AWS's text messages have an idempotency key.
    once = {"mode": "standard", "total_max_attempts": 1}
    match name, told.provider:
        case "email", "ses":
            from dangol.channels.email import EmailChannel

            return EmailChannel(client("sesv2", config, retries=once), project.sender, config.configuration_set)
        case (("sms" | "alimtalk"), "solapi"):
            from dangol.channels.solapi import BASE_URL, SolapiChannel, SolapiKeys, SolapiSender

            keys, http = _provider(config, "solapi", SolapiKeys.parse, BASE_URL)
            sender = SolapiSender(project.number or "", told.profile or "")
            return SolapiChannel(http, keys, sender, partial(_real_time, config), _salt)
        case "alimtalk", "nhn":
            from dangol.channels.nhn import BASE_URL as NHN_URL, NhnChannel, NhnKeys

            known, api = _provider(config, "nhn", NhnKeys.parse, NHN_URL)
            return NhnChannel(api, known, told.profile or "", _salt)
        case "sms", "aws":
            from dangol.channels.aws_sms import AwsSmsChannel, AwsSmsSender

            texts = client("pinpoint-sms-voice-v2", config, retries=once)
            return AwsSmsChannel(texts, AwsSmsSender(told.from_ or "", told.events or ""))
        case _, ("console" | None):
            from dangol.adapters.objects import S3Objects
            from dangol.channels.console import ConsoleChannel

            return ConsoleChannel(S3Objects(client("s3", config), config.need("lake_bucket")))
        case _:
            from dangol.domain.errors import DefinitionError

            raise DefinitionError(f"no provider {told.provider} for {name}", field=f"channels.{name}.provider")


def _provider(
    config: Settings, name: str, parse: "Callable[[str], T]", base_url: str
) -> "tuple[Callable[[], T], ProviderHttp]":
    """The keys of a provider, and its HTTP API; a `base_url` among the keys leads elsewhere."""
    import json

    stored = _provider_keys(config, name)
    return lambda: parse(stored()), _http(json.loads(stored()).get("base_url", base_url))


def build_templates(config: Settings, project: "Project") -> "Templates | None":
    """The templates of the provider of AlimTalks, on any stack; None where none is set up."""
    if project.settings("alimtalk").provider in (None, "console"):
        return None
    known: Any = _channel(config, "alimtalk", project)
    return known  # type: ignore[no-any-return]  # every provider of AlimTalks knows its templates


def _real_time(config: Settings) -> "datetime":
    """The time outside, also where a local stack's own has been moved."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(clock_of(config).seconds(), tz=UTC)


@cache
def _provider_keys(config: Settings, name: str) -> "Callable[[], str]":
    from dangol.adapters.parameters import SsmParameters

    parameters = SsmParameters(client("ssm", config), config.parameters_prefix)
    return _remembered(lambda: parameters.secret(f"providers/{name}"), clock_of(config))


@cache
def _http(base_url: str) -> "ProviderHttp":
    from dangol.adapters.provider_http import ProviderHttp

    return ProviderHttp(base_url)


def _salt() -> str:
    return uuid4().hex


@cache
def tracker() -> "Tracker":
    """The `track` stage, without an AWS SDK."""
    import json

    from dangol.adapters.signed_http import SignedClient, SignedParameters, SignedQueue
    from dangol.domain.tracking import Keys
    from dangol.pipeline.track import Doors, Tracker

    config = settings()

    def signed(service: str) -> SignedClient:
        endpoint = config.endpoint or f"https://{service}.{config.region}.amazonaws.com"
        return SignedClient(service, config.region, endpoint, credentials)

    parameters = SignedParameters(signed("ssm"), config.parameters_prefix)
    return Tracker(
        Doors(
            keys=_remembered(lambda: Keys.parse(parameters.secret("link-keys"))),
            write_keys=_remembered(lambda: dict(json.loads(parameters.secret("write-keys")))),
            queue=SignedQueue(signed("sqs"), config.need("event_queue_url")),
            preferences=_preferences,
            now=clock().now,
            webhook_key=_remembered(lambda: parameters.secret("webhook-key")),
        )
    )


@cache
def _preferences() -> "Preferences":
    from dangol.adapters.definitions import DynamoDefinitions
    from dangol.adapters.ledgers import DynamoLedgers
    from dangol.adapters.opt_outs import LedgerPreferences
    from dangol.adapters.profiles import DynamoProfiles

    config = settings()
    dynamodb, campaigns = client("dynamodb", config), config.need("campaigns_table")
    ledgers = DynamoLedgers(dynamodb, config.need("ledger_table"), campaigns)
    profiles = DynamoProfiles(dynamodb, config.need("profiles_table"))
    return LedgerPreferences(ledgers, profiles, DynamoDefinitions(dynamodb, campaigns))


@cache
def recorder() -> "Recorder":
    """The `record` stage."""
    return build_recorder(settings())


def build_recorder(config: Settings) -> "Recorder":
    """The `record` stage on any stack: imports run it too."""
    from dangol.adapters.catalogue import DynamoCatalogue
    from dangol.adapters.definitions import DynamoDefinitions
    from dangol.adapters.ledgers import DynamoLedgers
    from dangol.adapters.lists import DynamoLists
    from dangol.adapters.objects import S3Objects
    from dangol.adapters.outcomes import DynamoOutcomes
    from dangol.adapters.parameters import SsmParameters
    from dangol.adapters.profiles import DynamoProfiles
    from dangol.adapters.queues import SqsQueue
    from dangol.adapters.runs import DynamoRuns
    from dangol.adapters.webhooks import SignedWebhooks
    from dangol.pipeline.record import Recorder, Stores

    dynamodb, campaigns = client("dynamodb", config), config.need("campaigns_table")
    sqs, parameters = client("sqs", config), SsmParameters(client("ssm", config), config.parameters_prefix)
    return Recorder(
        Stores(
            definitions=DynamoDefinitions(dynamodb, campaigns),
            runs=DynamoRuns(dynamodb, campaigns),
            profiles=DynamoProfiles(dynamodb, config.need("profiles_table")),
            ledgers=DynamoLedgers(dynamodb, config.need("ledger_table"), campaigns),
            outcomes=DynamoOutcomes(dynamodb, config.need("outcomes_table"), campaigns),
            lists=DynamoLists(dynamodb, campaigns),
            objects=S3Objects(client("s3", config), config.need("lake_bucket")),
            catalogue=DynamoCatalogue(dynamodb, campaigns),
            clock=clock_of(config),
            webhooks=SignedWebhooks(_remembered(lambda: parameters.secret("webhook-secret"))),
            events=SqsQueue(sqs, config.need("event_queue_url")),
            sends=SqsQueue(sqs, config.need("send_queue_url")),
        )
    )


@cache
def reporter() -> "Reporter":
    """The `report` stage."""
    return build_reporter(settings())


def build_reporter(config: Settings) -> "Reporter":
    """The `report` stage on any stack: `dangol report` runs it too."""
    from dangol.adapters.definitions import DynamoDefinitions
    from dangol.adapters.runs import DynamoRuns
    from dangol.pipeline.report import Reporter, Stores

    dynamodb, campaigns = client("dynamodb", config), config.need("campaigns_table")
    return Reporter(
        Stores(
            definitions=DynamoDefinitions(dynamodb, campaigns),
            runs=DynamoRuns(dynamodb, campaigns),
            lake=_lake_files(config) if config.local else athena_lake(config),
            clock=clock_of(config),
        )
    )


def build_inquiry(config: Settings) -> "Inquiry":
    """What answers `dangol why`, on any stack."""
    from dangol.adapters.definitions import DynamoDefinitions
    from dangol.adapters.journals import DynamoJournals
    from dangol.adapters.ledgers import DynamoLedgers
    from dangol.adapters.lists import DynamoLists
    from dangol.adapters.objects import S3Objects
    from dangol.adapters.profiles import DynamoProfiles
    from dangol.adapters.runs import DynamoRuns
    from dangol.pipeline.why import Inquiry, Stores

    dynamodb, campaigns = client("dynamodb", config), config.need("campaigns_table")
    return Inquiry(
        Stores(
            definitions=DynamoDefinitions(dynamodb, campaigns),
            runs=DynamoRuns(dynamodb, campaigns),
            journals=DynamoJournals(dynamodb, campaigns),
            profiles=DynamoProfiles(dynamodb, config.need("profiles_table")),
            ledgers=DynamoLedgers(dynamodb, config.need("ledger_table"), campaigns),
            lists=DynamoLists(dynamodb, campaigns),
            objects=S3Objects(client("s3", config), config.need("lake_bucket")),
            traces=_lake_files(config) if config.local else athena_lake(config),
            clock=clock_of(config),
        )
    )


def build_person_keeper(config: Settings) -> "PersonKeeper":
    """What exports and forgets people, on any stack."""
    from dangol.adapters.definitions import DynamoDefinitions
    from dangol.adapters.ledgers import DynamoLedgers
    from dangol.adapters.objects import S3Objects
    from dangol.adapters.people import DynamoPeople
    from dangol.adapters.profiles import DynamoProfiles
    from dangol.adapters.runs import DynamoRuns
    from dangol.pipeline.known_runs import KnownRuns
    from dangol.pipeline.person import PersonKeeper, Stores

    dynamodb, campaigns = client("dynamodb", config), config.need("campaigns_table")
    profiles, ledger = config.need("profiles_table"), config.need("ledger_table")
    return PersonKeeper(
        Stores(
            profiles=DynamoProfiles(dynamodb, profiles),
            ledgers=DynamoLedgers(dynamodb, ledger, campaigns),
            people=DynamoPeople(dynamodb, profiles=profiles, ledger=ledger, outcomes=config.need("outcomes_table")),
            objects=S3Objects(client("s3", config), config.need("lake_bucket")),
            runs=KnownRuns(DynamoRuns(dynamodb, campaigns), DynamoDefinitions(dynamodb, campaigns), clock_of(config)),
        )
    )


def _lake_files(config: Settings) -> "LakeFiles":
    from dangol.adapters.lake_files import LakeFiles
    from dangol.adapters.objects import S3Objects

    return LakeFiles(S3Objects(client("s3", config), config.need("lake_bucket")))


def athena_lake(config: Settings) -> "AthenaLake":
    """The lake through Athena."""
    import time

    from dangol.adapters.athena import AthenaLake

    return AthenaLake(
        client("athena", config),
        database=config.need("glue_database"),
        workgroup=config.need("athena_workgroup"),
        wait=time.sleep,  # Athena has no way to tell that it is done
    )


def athena_queries(config: Settings) -> "AthenaQueries":
    """Audiences said in SQL, on any stack."""
    from dangol.adapters.athena_queries import AthenaQueries

    return AthenaQueries(
        client("athena", config), database=config.need("glue_database"), workgroup=config.need("athena_workgroup")
    )


def build_controller(config: Settings) -> "Controller":
    """What pauses, resumes and cancels runs, on any stack."""
    from dangol.adapters.queues import SqsQueue
    from dangol.adapters.runs import DynamoRuns
    from dangol.pipeline.control import Controller

    dynamodb = client("dynamodb", config)
    tasks = SqsQueue(client("sqs", config), config.need("segment_queue_url"))
    return Controller(DynamoRuns(dynamodb, config.need("campaigns_table")), tasks)


@cache
def report_key() -> "Callable[[], str]":
    """The key that the report API asks for."""
    from dangol.adapters.parameters import SsmParameters

    config = settings()
    parameters = SsmParameters(client("ssm", config), config.parameters_prefix)
    return _remembered(lambda: parameters.secret("report-key"))


def clock_of(config: Settings) -> "SystemClock":
    """The clock of any stack."""
    from dangol.adapters.clock import SystemClock

    return SystemClock(config.clock_file)


def _remembered(fetch: "Callable[[], T]", known: "SystemClock | None" = None) -> "Callable[[], T]":
    """Fetch when first needed, and again after five minutes, so that a rotated key is taken up."""
    kept: list[tuple[float, T]] = []

    def get() -> T:
        now = (known or clock()).seconds()
        if not kept or now - kept[0][0] > _PARAMETERS_FOR:
            kept[:] = [(now, fetch())]
        return kept[0][1]

    return get
