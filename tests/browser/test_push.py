"""Web push in a browser: asked for, told where it goes, shown by the service worker, clicked."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Worker

from dangol.domain.tracking import SEND_ID, Mark, sign
from tests.browser.site import Site, until
from tests.unit.test_pipeline_track import KEYS, World

KEY = base64.urlsafe_b64encode(b"\x04" + b"k" * 64).rstrip(b"=").decode()
PUSH = f", page: false, push: {{vapidKey: {KEY!r}}}"
# A real subscription is made by the browser vendor's service, which no test asks.
SERVICE = """
    const made = (told) => told && {...told, options: {applicationServerKey: Uint8Array.from(told.key).buffer},
        toJSON: () => ({endpoint: told.endpoint, expirationTime: null, keys: told.keys}),
        unsubscribe: async () => localStorage.removeItem('service')};
    PushManager.prototype.getSubscription = async () => made(JSON.parse(localStorage.getItem('service')));
    PushManager.prototype.subscribe = async ({userVisibleOnly, applicationServerKey}) => {
        if (!userVisibleOnly) throw new Error('only what is seen');
        const number = Number(localStorage.getItem('number') || 0) + 1;
        const [endpoint, keys] = [`https://push.example/${number}`, {p256dh: 'p', auth: 'a'}];
        const told = {endpoint, keys, key: [...applicationServerKey]};
        localStorage.setItem('number', number);
        localStorage.setItem('service', JSON.stringify(told));
        return made(told);
    };
"""


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def site(world: World, page: Page) -> Iterator[Site]:
    page.add_init_script(SERVICE)
    with Site(world.tracker.answer).open() as site:
        site.always = ", messages: false"
        page.context.grant_permissions(["notifications"], origin=site.url)
        yield site


def subscriptions(site: Site) -> list[tuple[str | None, str]]:
    """Whose subscriptions were told, and where they go."""
    told = [event for event in site.events if "web_push" in event.get("traits", {})]
    return [(event.get("userId"), json.loads(event["traits"]["web_push"])["endpoint"]) for event in told]


def test_whoever_says_yes_is_told_of_with_where_pushes_go(page, site, world):
    site.begin(PUSH, "dangol.identify('u1');")
    page.goto(site.url)

    assert page.evaluate("dangol.subscribe()") is True

    until(page, lambda: len(world.happened) == 2)
    assert subscriptions(site) == [("u1", "https://push.example/1")]
    told = json.loads(site.events[-1]["traits"]["web_push"])
    assert told == {"endpoint": "https://push.example/1", "expirationTime": None, "keys": {"p256dh": "p", "auth": "a"}}


def test_it_is_told_once_and_again_where_it_is_news(page, site):
    site.begin(PUSH)
    page.goto(site.url)
    page.evaluate("dangol.subscribe()")
    page.evaluate("dangol.subscribe()")
    page.goto(f"{site.url}/again")
    page.evaluate("dangol.identify('u1')")
    until(page, lambda: len(subscriptions(site)) == 2)

    page.evaluate("localStorage.removeItem('service')")
    page.goto(f"{site.url}/exchanged")

    until(page, lambda: len(subscriptions(site)) == 3)
    assert subscriptions(site) == [
        (None, "https://push.example/1"),
        ("u1", "https://push.example/1"),
        ("u1", "https://push.example/2"),
    ]


def test_whoever_logs_out_takes_their_pushes_along(page, site):
    site.begin(PUSH, "dangol.identify('u1');")
    page.goto(site.url)
    page.evaluate("dangol.subscribe()")
    until(page, lambda: len(subscriptions(site)) == 1)

    page.evaluate("dangol.reset(); dangol.identify('u2')")

    until(page, lambda: len(subscriptions(site)) == 2)
    assert subscriptions(site) == [("u1", "https://push.example/1"), ("u2", "https://push.example/2")]


def test_another_key_means_another_subscription(page, site):
    site.begin(PUSH)
    page.goto(site.url)
    page.evaluate("dangol.subscribe()")
    other = base64.urlsafe_b64encode(b"\x04" + b"o" * 64).rstrip(b"=").decode()

    site.begin(f", page: false, push: {{vapidKey: {other!r}}}")
    page.goto(site.url)

    until(page, lambda: len(subscriptions(site)) == 2)
    assert subscriptions(site)[1] == (None, "https://push.example/2")


def test_consent_to_advertising_goes_with_it_where_the_site_says_what_was_agreed_to(page, site, world):
    site.begin(f", page: false, push: {{vapidKey: {KEY!r}, wording: 'push-2026-12'}}", "dangol.identify('u1');")
    page.goto(site.url)

    page.evaluate("dangol.subscribe()")

    until(page, lambda: len(world.happened) == 3)
    (consent,) = [happening for happening in world.happened if happening.kind == "consent"]
    assert (consent.user_id, consent.consents, consent.wording) == ("u1", {"web_push": True}, "push-2026-12")


@pytest.mark.parametrize("more", ["", ", consent: false"])
def test_without_a_key_or_consent_nobody_is_asked(page, site, more):
    site.begin(more and PUSH + more)
    page.goto(site.url)

    assert page.evaluate("dangol.subscribe()") is False
    assert subscriptions(site) == []


def test_whoever_says_no_is_not_told_of(page, site):
    page.add_init_script("Notification.requestPermission = async () => 'denied'")
    site.begin(PUSH)
    page.goto(site.url)

    assert page.evaluate("dangol.subscribe()") is False
    assert subscriptions(site) == []


def worker_of(page: Page, site: Site) -> Worker:
    """The service worker, registered as `subscribe` does."""
    site.begin(PUSH)
    page.goto(site.url)
    page.evaluate("dangol.subscribe().then(() => navigator.serviceWorker.ready).then(() => true)")
    until(page, lambda: page.context.service_workers)
    return page.context.service_workers[0]


def push(page: Page, site: Site, worker: Worker, **message: Any) -> None:
    """Have the browser hand a push to the worker, as its vendor's service would."""
    devtools = page.context.new_cdp_session(page)
    found: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(r["registrationId"] for r in told["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    until(page, lambda: found)
    told = {"origin": site.url, "registrationId": found[0], "data": json.dumps(message)}
    devtools.send("ServiceWorker.deliverPushMessage", told)


def test_a_push_is_shown_and_clicked_and_both_are_told(page, site, world):
    worker = worker_of(page, site)
    send_id = sign(Mark(7, "u1", 1, SEND_ID), KEYS)
    until(page, world.queue.take)
    site.failures = [503]

    push(page, site, worker, title="(광고)단골클래스", body="첫 강의 반값", link="/coupon", send_id=send_id)
    push(page, site, worker, title="(광고)단골클래스", body="첫 강의 반값", link="/coupon", send_id=send_id)

    until(page, lambda: [h.kind for h in world.happened] == ["shown", "shown"])
    (seen,) = worker.evaluate(
        "registration.getNotifications().then(all => all.map(n => [n.title, n.body, n.data.link]))"
    )
    assert seen == ["(광고)단골클래스", "첫 강의 반값", "/coupon"]
    # A window opens for a real click alone, so where it would lead is looked at.
    worker.evaluate("""async () => {
        self.opened = new Promise((resolve) => (self.clients.openWindow = async (link) => resolve(link)));
        const [notification] = await registration.getNotifications();
        self.dispatchEvent(new NotificationEvent('notificationclick', {notification})); }""")
    assert worker.evaluate("self.opened") == f"{site.url}/coupon"
    until(page, lambda: world.happened[-1].kind == "clicked")
    assert worker.evaluate("registration.getNotifications().then(all => all.length)") == 0
    assert {(h.run, h.user_id, h.variant) for h in world.happened} == {(7, "u1", 1)}
