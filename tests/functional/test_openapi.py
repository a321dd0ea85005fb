"""The API answers as its document says, whatever it is asked: no 5xx but the one it has, no answer it does not have."""

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module, resources
from random import Random
from typing import Any

import pytest
import schemathesis
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks as openapi_checks

from dangol import bootstrap
from dangol.adapters.opt_outs import LedgerPreferences
from dangol.domain.errors import NotFoundError
from dangol.domain.ledger import Ledger
from dangol.domain.profile import Profile
from dangol.domain.short_links import code_of
from dangol.domain.tracking import OPEN_LINK, SEND_ID, UNSUBSCRIBE_LINK, Keys, Mark, sign
from dangol.pipeline.track import Doors, Tracker
from dangol.pipeline.webhooks import signature
from tests.fakes import FakeClock, FakeDefinitions, FakeLedgers, FakeProfiles, FakeQueue, FakeRuns, FakeShortLinks
from tests.functional.test_handlers import Context
from tests.sessions import SESSION_KEY, Session, token as session_of, waiting
from tests.shop_campaign import definition

DOCUMENT = json.loads((resources.files("dangol") / "openapi.json").read_text())
KEYS = Keys(1, {1: b"k" * 32})
# A call with this id is signed on its way in, as the provider would.
SIGNED = "signed"
WEBHOOK_KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
LINK = sign(Mark(7, "u1", 1, 0), KEYS, "https://shop.example/")
PIXEL, WAY_OUT, SENT = (sign(Mark(7, "u1", 1, n), KEYS) for n in (OPEN_LINK, UNSUBSCRIBE_LINK, SEND_ID))
WRITE_KEY = "Basic " + base64.b64encode(b"secret:").decode()
CHECKS = [
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
Start = Callable[[str, list[tuple[str, str]]], object]


class Refusing(FakeLedgers):
    """Ledgers that can be down."""

    error: ClientError | None = None

    def get_many(self, user_ids: Sequence[str]) -> Mapping[str, Ledger]:
        if self.error:
            raise self.error
        return super().get_many(user_ids)


class Api:
    """The API as a WSGI application: its routes are the document's, its functions the handlers."""

    def __init__(self) -> None:
        self.session = Session("ann", "anon:v1", of=waiting())
        self.session.place()
        self.clock, self.queue, self.short_links = FakeClock(), FakeQueue(), FakeShortLinks()
        self.ledgers = Refusing(FakeRuns(), Ledger("u1", 1, {"email": 1_700_000_000}))
        people, shop = FakeProfiles(Profile("u1")), FakeDefinitions(definition())
        for path in (f"c/{LINK}", f"u/{WAY_OUT}"):
            self.short_links.put_many({code_of(path): path}, expires_at=0)
        self.tracker = Tracker(
            Doors(
                keys=lambda: KEYS,
                write_keys=lambda: {"app": "secret"},
                queue=self.queue,
                preferences=lambda: LedgerPreferences(self.ledgers, people, shop),
                now=self.clock.now,
                webhook_key=lambda: WEBHOOK_KEY,
                short_link=self.short_links.path,
                session_keys=lambda: [SESSION_KEY],
                waits=self.session.inbox.waits,
                shower=lambda: self.session.reached,
            )
        )
        self.routes = [
            (re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path) + "$"), path) for path in DOCUMENT["paths"]
        ]
        self.padding = 0

    def report(self, run: str) -> dict[str, Any]:
        """The report of one run that there is."""
        if run != "launch":
            raise NotFoundError(f"no run of {run}")
        return {"run": "launch-20261201T010000Z"}

    def down(self, down: bool) -> None:
        """Whether queue and tables refuse."""
        self.queue.error = self.short_links.error = OSError("down") if down else None
        self.session.inbox.error = OSError("down") if down else None
        self.ledgers.error = ClientError({"Error": {"Code": "InternalServerError"}}, "BatchGetItem") if down else None

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"].encode("latin-1").decode(errors="replace"), environ["REQUEST_METHOD"]
        found = next(((m, route) for pattern, route in self.routes if (m := pattern.match(path))), None)
        if found is None or method.lower() not in DOCUMENT["paths"][found[1]]:
            # As API Gateway answers what is no route.
            start_response("404 Not Found", [("content-type", "application/json")])
            return [b'{"message":"Not Found"}']
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) + b" " * self.padding
        headers = {n[5:].replace("_", "-").lower(): v for n, v in environ.items() if n.startswith("HTTP_")}
        headers |= {"content-type": environ.get("CONTENT_TYPE", "")}
        if headers.get("webhook-id") == SIGNED:
            now = str(int(self.clock.now().timestamp()))
            mac = signature(SIGNED, now, body, WEBHOOK_KEY)
            headers |= {"webhook-timestamp": now, "webhook-signature": mac}
        event = {
            "rawPath": path,
            "rawQueryString": environ.get("QUERY_STRING", ""),
            "pathParameters": found[0].groupdict(),
            "headers": headers,
            "requestContext": {"requestId": "r", "http": {"method": method, "sourceIp": "198.51.100.7"}},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        function = "report" if found[1].startswith("/v1/reports") else "track"
        answer = import_module(f"functions.{function}.app").handler(event, Context())
        start_response(f"{answer['statusCode']} .", list(answer["headers"].items()))
        told = answer["body"]
        return [base64.b64decode(told) if answer.get("isBase64Encoded") else told.encode()]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    """The API on fakes."""
    api = Api()
    monkeypatch.setattr(bootstrap, "tracker", lambda: api.tracker)
    monkeypatch.setattr(bootstrap, "reporter", lambda: api)
    monkeypatch.setattr(bootstrap, "report_key", lambda: lambda: "report-key")
    return api


def vouched(case: Case[Any], api: Api, rng: Random) -> None:
    """Give a case what it needs to get in."""
    tokens = {"/c/": LINK, "/o/": PIXEL, "/u/": WAY_OUT}
    for prefix, token in tokens.items():
        if case.path.startswith(prefix):
            case.path_parameters["token"] = token
    if case.path.startswith("/s/"):
        case.path_parameters["code"] = code_of(rng.choice([f"c/{LINK}", f"u/{WAY_OUT}"]))
    if case.path.startswith("/v1/reports"):
        case.path_parameters["run"] = rng.choice(["launch", "launch", "nobody"])
        case.headers["authorization"] = "Bearer report-key"
    elif case.path == "/v1/receipts/webhook":
        case.headers["webhook-id"] = SIGNED
    elif case.path == "/v1/messages":
        there(case, rng)
    else:
        told(case, rng)


def told(case: Case[Any], rng: Random) -> None:
    """Have a program tell of somebody that there is."""
    if isinstance(case.body, dict) and rng.random() < 0.7:
        known = {"userId": "u1", "event": "view", "timestamp": "2026-12-01T00:00:00Z", "previousId": "u0"}
        case.body.update({name: value for name, value in known.items() if name in case.body or name == "userId"})
        case.body.update({name: {} for name in ("properties", "traits") if rng.random() < 0.5})
        case.body.pop("messageId", None)
    case.headers["authorization"] = WRITE_KEY


def there(case: Case[Any], rng: Random) -> None:
    """Have somebody be there for whom a message waits, a person or a visitor, or an app tell of its message."""
    if case.method == "POST":
        if isinstance(case.body, dict):
            case.body["send_id"] = SENT
        return
    case.query = {name: value for name, value in case.query.items() if rng.random() < 0.5}
    if rng.random() < 0.5:
        case.headers.update(session_of("ann"))
    else:
        case.headers["authorization"] = WRITE_KEY
        case.query["anonymous_id"] = "v1"


def conform(api: Api, each: int) -> Counter[tuple[str, int]]:
    """Ask every operation `each` times; what was answered, by operation and status."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", api)
    answered: Counter[tuple[str, int]] = Counter()

    def ask(case: Case[Any], chance: Random) -> None:
        if chance.random() < 0.8:
            vouched(case, api, chance)
        api.down(chance.random() < 0.1)
        api.padding = 6_000_000 if chance.random() < 0.02 else 0
        response = case.call()
        answered[case.operation.label, response.status_code] += 1
        assert response.status_code < 500 or response.status_code == 503
        case.validate_response(response, checks=CHECKS)

    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        modes = [GenerationMode.POSITIVE] + ([GenerationMode.NEGATIVE] if operation.body else [])
        cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])
        seed(0)(drawn(each)(given(cases, st.randoms(use_true_random=False))(ask)))()
    return answered


def drawn(examples: int) -> settings:
    """So many examples, each of them new, none of them timed."""
    return settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def test_the_document_is_served_as_it_is_kept(api: Api) -> None:
    event = {"rawPath": "/openapi.json", "headers": {}, "requestContext": {"requestId": "r", "http": {"method": "GET"}}}

    answer = import_module("functions.track.app").handler(event, Context())

    assert (answer["statusCode"], json.loads(base64.b64decode(answer["body"]))) == (200, DOCUMENT)


def test_every_answer_is_one_that_the_document_has(api: Api) -> None:
    answered = conform(api, 25)

    statuses = {status for _, status in answered}
    assert statuses >= {200, 302, 400, 401, 404, 503}


@pytest.mark.full
def test_ten_thousand_cases(api: Api) -> None:
    answered = conform(api, 500)

    assert sum(answered.values()) >= 10_000
    documented = {
        (f"{method.upper()} {path}", int(status))
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        if method != "parameters" and path != "/openapi.json"
        for status in operation["responses"]
    }
    assert documented - answered.keys() == set()
    print(f"{sum(answered.values()):,} cases, {len(answered)} of {len(documented)} documented answers seen")
