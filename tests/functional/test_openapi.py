"""The HTTP API answers what its document says, whatever it is asked: no 5xx, nothing undocumented."""

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterable
from http.client import responses
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dangol import bootstrap
from dangol.domain.errors import NotFoundError
from dangol.domain.short_links import code_of
from dangol.domain.tracking import HIDDEN_LINK, OPEN_LINK, UNSUBSCRIBE_LINK
from dangol.pipeline.solapi_reports import proof
from dangol.pipeline.webhooks import shared_secret, signature
from functions.report import app as report
from functions.track import app as track
from tests.functional.test_handlers import Context
from tests.sessions import Session, token as session_of, waiting
from tests.unit.test_pipeline_track import AUTH, WEBHOOK_KEY, World, send_id, token
from tests.unit.test_template import RESOURCES, ROOT, of_type

DOCUMENT = json.loads((ROOT / "layers/common/dangol/openapi.json").read_text())
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
TOKENS = [
    token(),
    token(HIDDEN_LINK),
    token(OPEN_LINK, ""),
    token(UNSUBSCRIBE_LINK, ""),
    token(UNSUBSCRIBE_LINK, "", "stranger"),
    token(destination="app://no-web-page"),
]
# What short codes stand for.
PATHS = [f"c/{token()}", f"u/{token(UNSUBSCRIBE_LINK, '')}"]
REPORT_KEY = "report-key"
RUN = "launch-20261201T010000Z"
# What the shim makes of it stands for the right signature of whatever body is sent.
SIGNED = "signed"
SECRETS = {
    "/v1/receipts/webhook": {"webhook-signature": SIGNED},
    "/v1/receipts/solapi": {"x-solapi-secret": proof(shared_secret(WEBHOOK_KEY, "solapi"))},
    "/v1/receipts/nhn": {"x-toast-webhook-signature": shared_secret(WEBHOOK_KEY, "nhn")},
}


class Reporter:
    """One run, and no other."""

    def report(self, run: str) -> Any:
        if run != RUN:
            raise NotFoundError(f"no run {run}")
        return {"run": run, "campaign": "launch", "variants": [], "totals": {}}


class Gateway:
    """API Gateway and Lambda as a WSGI application: the template's routes to the functions' own handlers."""

    def __init__(self) -> None:
        session = Session("ann", "anon:v1", of=waiting())
        session.place()
        self.world = World(session)
        self.world.short_links.put_many({code_of(path): path for path in PATHS}, expires_at=0)
        self.answered: Counter[tuple[str, int]] = Counter()
        self.routes = {}
        for route in of_type("AWS::ApiGatewayV2::Route").values():
            method, _, path = route["RouteKey"].partition(" ")
            integration = RESOURCES[route["Target"]["Fn::Sub"][15:-1]]["Properties"]["IntegrationUri"]["Fn::GetAtt"][0]
            self.routes[method, path] = {"TrackFunction": track, "ReportFunction": report}[integration]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        found = self.route(method, path)
        if found is None:
            answer: dict[str, Any] = {"statusCode": 404, "headers": {"content-type": "application/json"}, "body": "{}"}
        else:
            route, parameters = found
            headers = {n[5:].replace("_", "-").lower(): v for n, v in environ.items() if n.startswith("HTTP_")}
            headers["content-type"] = environ.get("CONTENT_TYPE", "")
            http = {"method": method, "path": path, "sourceIp": "198.51.100.7"}
            event = {
                "rawPath": path,
                "rawQueryString": environ.get("QUERY_STRING", ""),
                "headers": self.signed(headers, body),
                "pathParameters": parameters,
                "requestContext": {"http": http, "requestId": f"request-{sum(self.answered.values())}"},
                "body": base64.b64encode(body).decode(),
                "isBase64Encoded": True,
            }
            answer = self.routes[method, route].handler(event, Context())
            self.answered[f"{method} {route}", answer["statusCode"]] += 1
        packed = base64.b64decode(answer["body"]) if answer.get("isBase64Encoded") else answer["body"].encode()
        status = answer["statusCode"]
        start_response(f"{status} {responses[status]}", list(answer["headers"].items()))
        return [packed]

    def route(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """The route of a request, with what stands in the place of its variable."""
        if (method, path) in self.routes:
            return path, {}
        room, _, rest = path.rpartition("/")
        for known, name in ((known, known.rpartition("{")[2][:-1]) for _, known in self.routes if "{" in known):
            if (method, known) in self.routes and known.rpartition("/")[0] == room and rest:
                return known, {name: rest}
        return None

    def signed(self, headers: dict[str, str], body: bytes) -> dict[str, str]:
        """The headers of a provider that signs its calls, where that is asked for."""
        if headers.get("webhook-signature") != SIGNED:
            return headers
        at = str(int(self.world.clock.now().timestamp()))
        told = {"webhook-id": "c1", "webhook-timestamp": at}
        return {**headers, **told, "webhook-signature": signature("c1", at, body, WEBHOOK_KEY)}


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    gateway = Gateway()
    monkeypatch.setattr(bootstrap, "tracker", lambda: gateway.world.tracker)
    monkeypatch.setattr(bootstrap, "reporter", Reporter)
    monkeypatch.setattr(bootstrap, "report_key", lambda: lambda: REPORT_KEY)
    return gateway


def test_the_document_has_every_route_and_no_other():
    routes = {r["RouteKey"] for r in of_type("AWS::ApiGatewayV2::Route").values()}

    told = {f"{m.upper()} {path}" for path, item in DOCUMENT["paths"].items() for m in item if m != "parameters"}

    assert told == routes


def test_the_document_is_served_as_it_is():
    answer = World().ask("GET", "/openapi.json")

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert json.loads(answer.body) == DOCUMENT


def ours(case: Any, draw: Any) -> None:
    """Make a case that means something, three times of four: a token, a key, a signature of ours."""
    if draw(st.integers(0, 3)) == 0:
        return
    places = case.path_parameters or {}
    some = {"token": TOKENS, "code": [code_of(path) for path in PATHS], "run": [RUN, "launch-20270101T000000Z"]}
    places.update({name: draw(st.sampled_from(some[name])) for name in places.keys() & some})
    keys = {"/v1/reports/{run}": f"Bearer {REPORT_KEY}", "/v1/messages": None}
    case.headers["authorization"] = keys.get(case.path) or AUTH
    case.headers.update(SECRETS.get(case.path, {}))
    if (case.method, case.path) == ("GET", "/v1/messages"):
        there(case, draw)
    if isinstance(case.body, dict) and "send_id" in case.body:
        case.body["send_id"] = send_id()


def there(case: Any, draw: Any) -> None:
    """Have somebody be there for whom a message waits: a person, or a visitor."""
    case.query = {name: value for name, value in case.query.items() if draw(st.booleans())}
    if draw(st.booleans()):
        case.headers.update(session_of("ann"))
    else:
        case.query["anonymous_id"] = "v1"


def check(gateway: Gateway, examples: int) -> None:
    """Ask as often, and hold every answer to the document."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", gateway)
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    strategies = [
        operation.as_strategy(generation_mode=mode)
        for operation in operations
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        # A document that takes no input has no wrong one.
        if mode is GenerationMode.POSITIVE or operation.body or operation.path_parameters or operation.query
    ]

    @seed(20261123)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        case = data.draw(st.one_of(strategies))
        ours(case, data.draw)
        gateway.world.queue.sent.clear()
        case.validate_response(case.call(), checks=CHECKS)

    ask()


def test_what_is_answered_is_documented(gateway):
    check(gateway, 300)

    assert sum(gateway.answered.values()) >= 300


@pytest.mark.full
def test_ten_thousand_requests_get_no_5xx_and_nothing_undocumented(gateway):
    check(gateway, 10_000)

    reached = {f"{operation} {status}" for operation, status in gateway.answered}
    print(f"\n{sum(gateway.answered.values())} requests, {len(reached)} kinds of answer: {sorted(reached)}")
    documented = {
        f"{method.upper()} {path} {status}"
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
        for status in operation["responses"]
        # API Gateway's own, what nothing here is down for, and bodies of half a megabyte.
        if status not in {"429", "503", "413"}
    }
    assert documented - reached == set()
