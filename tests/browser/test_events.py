"""dangol.js tells what people do: in batches, once, also where the page goes away or nobody answers at first."""

import gzip
import json
from collections.abc import Iterator

import pytest

from tests.browser.site import WEB, Site, until
from tests.unit.test_pipeline_track import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    with Site(world.tracker.answer).open() as site:
        site.always = ", messages: false"
        yield site


def names(site: Site) -> list[str]:
    return [event.get("event", event["type"]) for event in site.events]


def test_no_script_is_larger_than_promised():
    for name in ("dangol.js", "dangol-sw.js"):
        assert len(gzip.compress((WEB / name).read_bytes(), 9, mtime=0)) <= 8 * 1024


def test_pages_and_events_are_told_in_one_request_and_taken(page, site, world):
    site.begin(then="dangol.track('view_item', {item_id: 'a'}); dangol.track('purchase', {value: 79000});")

    page.goto(f"{site.url}/courses/dev?from=kakao#top")

    until(page, lambda: len(world.happened) == 3)
    assert [call.path for call in site.calls] == ["/v1/batch"]
    assert names(site) == ["page", "view_item", "purchase"]
    viewed = world.happened[0]
    assert (viewed.event, viewed.source, viewed.anonymous_id) == ("page_view", "web", site.events[0]["anonymousId"])
    assert viewed.properties["path"] == "/courses/dev"
    assert viewed.properties["url"].endswith("/courses/dev?from=kakao")


def test_whoever_comes_back_is_the_same_visitor_and_after_reset_another(page, site):
    site.begin()
    page.goto(site.url)
    page.goto(f"{site.url}/again")
    until(page, lambda: len(site.events) == 2)
    page.evaluate("dangol.reset(); dangol.track('later')")
    until(page, lambda: len(site.events) == 3)

    first, again, later = (event["anonymousId"] for event in site.events)

    assert first == again != later
    assert {cookie["name"] for cookie in page.context.cookies()} == {"dangol_id"}


def test_whoever_is_identified_stays_so_on_later_pages(page, site):
    site.begin(then="if (location.pathname === '/login') dangol.identify('u1', {plan: 'free'});")
    page.goto(f"{site.url}/login")
    page.goto(f"{site.url}/home")
    until(page, lambda: len(site.events) == 3)

    login, identified, home = site.events

    assert "userId" not in login
    assert (identified["userId"], identified["traits"], home["userId"]) == ("u1", {"plan": "free"}, "u1")


def test_what_was_done_as_the_page_goes_away_is_told(page, site):
    site.begin(more=", page: false", then="addEventListener('pagehide', () => 0);")
    page.goto(site.url)
    page.evaluate("dangol.track('left')")

    page.goto("about:blank")

    until(page, lambda: names(site) == ["left"])


def test_what_nobody_took_is_sent_again_and_once(page, site, world):
    site.begin()
    site.failures = [503, 429]

    page.goto(site.url)

    until(page, lambda: world.happened)
    assert len(site.calls) == 3
    assert {len(batch["batch"]) for batch in site.told("/v1/batch")} == {len(site.events)} == {1}


def test_what_no_other_try_would_mend_is_not_sent_again(page, site):
    site.begin()
    site.failures = [401]
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(site.url)
    until(page, lambda: any("refused with 401" in text for text in complaints))

    page.evaluate("dangol.track('next')")

    until(page, lambda: names(site) == ["page", "next"])


def test_what_was_told_offline_waits_for_the_next_page(page, site):
    site.begin()
    page.goto(site.url)
    until(page, lambda: site.events)
    page.route("**/v1/**", lambda route: route.abort())
    # A beacon that the browser has no room for.
    page.evaluate("navigator.sendBeacon = () => false; dangol.track('offline')")
    page.goto(f"{site.url}/next")

    page.unroute("**/v1/**")
    page.goto(f"{site.url}/third")

    until(page, lambda: "offline" in names(site))
    assert names(site).count("offline") == 1


@pytest.mark.parametrize("more", [", consent: false", ", consent: 'pending'"])
def test_nothing_is_kept_or_told_without_consent(page, site, more):
    site.begin(more=more, then="dangol.track('view'); dangol.identify('u1');")

    page.goto(site.url)
    page.goto(f"{site.url}/next")

    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length") == 0
    page.evaluate("dangol.consent(true)")
    until(page, lambda: names(site) == ["page"])


def test_a_browser_that_says_no_is_believed_until_the_person_says_otherwise(page, site):
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    site.begin()
    page.goto(site.url)
    assert page.evaluate("localStorage.length") == 0

    page.evaluate("dangol.consent(true)")

    until(page, lambda: names(site) == ["page"])


def test_consent_that_is_withdrawn_ends_it_and_takes_the_id_away(page, site):
    site.begin()
    page.goto(site.url)
    until(page, lambda: site.events)

    page.evaluate("dangol.track('pending'); dangol.consent(false); dangol.track('after')")
    page.goto(f"{site.url}/next")

    assert names(site) == ["page"]
    assert page.evaluate("Object.keys(localStorage)") == ["dangol.consent"]
    assert page.context.cookies() == []


def test_a_page_far_too_large_for_one_beacon_loses_nothing(page, site):
    site.begin(more=", page: false")
    page.goto(site.url)
    page.evaluate("for (let n = 0; n < 15; n++) dangol.track('big', {n, text: 'x'.repeat(9000)})")

    page.goto(f"{site.url}/next")

    until(page, lambda: len({event["messageId"] for event in site.events}) == 15)
    assert {event["properties"]["n"] for event in site.events} == set(range(15))


def test_a_site_that_keeps_nothing_is_served_all_the_same(page, site):
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('blocked') }})")
    site.begin()

    page.goto(site.url)

    until(page, lambda: names(site) == ["page"])


def test_the_body_of_a_batch_is_what_segment_documents(page, site):
    site.begin()
    page.goto(site.url)
    until(page, lambda: site.calls)

    (body,) = site.told("/v1/batch")

    assert body["writeKey"] == "other"
    assert {"type", "messageId", "anonymousId", "timestamp", "context", "properties"} <= body["batch"][0].keys()
    assert json.dumps(body["batch"][0]["context"]["page"]).count("http://localhost") == 1
