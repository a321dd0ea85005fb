"""Messages on the page, in a browser, under a strict policy: at their moment, once, to whoever they are for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from dangol.contracts import Tracked, event_work
from dangol.domain.session_token import session_token
from tests.browser.site import Site, until
from tests.sessions import LATER, SESSION_KEY
from tests.unit.test_session_calls import World

ANN = f", token: {session_token('ann', SESSION_KEY, LATER)!r}"
WHO = "dangol.identify('ann');"


@contextmanager
def opened(world: World, more: str = ANN, then: str = WHO) -> Iterator[Site]:
    """A shop's site, where ann is logged in unless it is said otherwise."""
    with Site(world.tracker.answer).open() as site:
        site.begin(more, then)
        yield site


@pytest.fixture
def world() -> World:
    return World(message={**COPY, "cta": {"label": "쿠폰 받기", "link": "https://shop.example/coupon"}})


COPY = {"title": "첫 강의는 반값으로 시작하세요", "text": "지금 받으면 바로 쓸 수 있어요.", "close": "오늘은 그만 보기"}


def box(page: Page) -> Locator:
    """What is shown."""
    return page.locator("dangol-message .box")


def said(world: World) -> list[str]:
    """What became of messages, in the order in which it was told."""
    told = [event_work.validate_json(body) for body in world.queue.bodies if body.startswith("{")]
    return [happening.kind for happening in told if isinstance(happening, Tracked)]


def became(world: World) -> list[str]:
    """The same, each once: what a page that goes away is not sure of it tells again, under the same id."""
    told = [event_work.validate_json(body) for body in world.queue.bodies if body.startswith("{")]
    return list({happening.id: happening.kind for happening in told if isinstance(happening, Tracked)}.values())


def asked(site: Site) -> list[str]:
    """What was asked for."""
    return [call.query for call in site.calls if call.method == "GET"]


@pytest.mark.parametrize("form", ["modal", "banner", "card"])
def test_a_message_is_shown_in_its_form_under_a_strict_policy_and_told_to_have_been(page, form):
    world = World(message=COPY, show={"form": form})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    with opened(world) as site:
        page.goto(site.url)

        expect(box(page)).to_be_visible()
        expect(box(page).get_by_role("heading")).to_have_text("첫 강의는 반값으로 시작하세요")
        # The style sheet is in force: no policy kept it away.
        assert box(page).evaluate("box => getComputedStyle(box).backgroundColor") == "rgb(255, 255, 255)"
        until(page, lambda: became(world) == ["shown"])

    assert world.session.counted() == {"sent": 1}
    assert complaints == []


@pytest.mark.parametrize("way", ["Escape", "close", "cross", "outside"])
def test_a_message_that_is_dismissed_is_gone_and_does_not_come_again(page, world, way):
    with opened(world) as site:
        page.goto(site.url)
        expect(box(page)).to_be_visible()

        match way:
            case "Escape":
                page.keyboard.press("Escape")
            case "close":
                box(page).get_by_role("button", name="오늘은 그만 보기").click()
            case "cross":
                box(page).get_by_role("button", name="닫기").click()
            case _:
                page.mouse.click(5, 5)
        expect(box(page)).to_have_count(0)
        until(page, lambda: became(world) == ["shown", "dismissed"])
        page.goto(f"{site.url}/next")
        until(page, lambda: len(asked(site)) == 2)
        page.wait_for_timeout(300)

        expect(box(page)).to_have_count(0)


def test_a_click_is_told_and_leads_where_the_message_says(page, world):
    with opened(world) as site:
        page.route(
            "https://shop.example/coupon",
            lambda route: route.fulfill(body="<h1>쿠폰</h1>", content_type="text/html; charset=utf-8"),
        )
        page.goto(site.url)

        box(page).get_by_role("link", name="쿠폰 받기").click()

        expect(page).to_have_url("https://shop.example/coupon")
        until(page, lambda: became(world) == ["shown", "clicked"])


def test_a_message_whose_showing_nobody_learned_of_is_not_shown_twice(page, world):
    with opened(world) as site:
        page.goto(site.url)
        expect(box(page)).to_be_visible()
        # Whatever was told of it is lost.
        until(page, lambda: became(world) == ["shown"])
        world.session.place_again()
        before = len(said(world))

        page.goto(f"{site.url}/next")

        until(page, lambda: set(said(world)[before:]) == {"shown"})
        expect(box(page)).to_have_count(0)


def test_the_focus_stays_inside_a_modal_and_goes_back_where_it_was(page, world):
    world.session.definition = World(message=COPY, show={"on": "delay", "after": "1s"}).session.definition
    with opened(world) as site:
        site.body = "<h1>단골상점</h1><input aria-label='검색'>"
        page.goto(site.url)
        page.get_by_label("검색").focus()
        expect(box(page)).to_be_visible()

        names = []
        for _ in range(6):
            names.append(
                page.evaluate(
                    "document.activeElement.shadowRoot?.activeElement?.className ?? document.activeElement.tagName"
                )
            )
            page.keyboard.press("Tab")
        page.keyboard.press("Escape")

        assert "INPUT" not in names
        assert names[0] == "box modal"
        assert {"x", "no"} <= set(names)
        expect(page.get_by_label("검색")).to_be_focused()


@pytest.mark.parametrize("form", ["banner", "card"])
def test_what_is_no_modal_leaves_the_focus_where_it_is_and_is_told_to_screen_readers(page, form):
    with opened(World(message=COPY, show={"form": form})) as site:
        site.body = "<h1>단골상점</h1><input aria-label='검색' autofocus>"
        page.goto(site.url)
        expect(box(page)).to_be_visible()

        expect(page.get_by_label("검색")).to_be_focused()
        expect(page.locator("dangol-message").get_by_role("status")).to_have_text(COPY["title"])
        expect(page.get_by_role("region", name=COPY["title"])).to_be_visible()
        page.keyboard.press("Escape")
        expect(box(page)).to_have_count(0)


def test_a_modal_is_a_dialog_with_a_name_and_a_description(page, world):
    with opened(world) as site:
        page.goto(site.url)

        dialog = page.get_by_role("dialog", name=COPY["title"])

        expect(dialog).to_be_visible()
        expect(dialog).to_have_accessible_description(COPY["text"])


def test_the_text_is_dark_enough_to_read_and_the_button_too(page, world):
    contrast = """(found) => {
        const channel = (n) => (n /= 255) <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4;
        const light = (color) => { const [r, g, b] = color.match(/\\d+/g).map(Number).map(channel);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const style = getComputedStyle(found);
        const own = (e) => getComputedStyle(e).backgroundColor;
        const opaque = (e) => own(e) === 'rgba(0, 0, 0, 0)' ? opaque(e.parentElement) : own(e);
        const [low, high] = [light(style.color), light(opaque(found))].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05); }"""
    with opened(world) as site:
        page.goto(site.url)
        expect(box(page)).to_be_visible()

        found = {name: box(page).locator(name).evaluate(contrast) for name in ("h2", "p", "a", ".no", ".x")}

    assert min(found.values()) >= 4.5, found


@pytest.mark.parametrize(("motion", "moves"), [("reduce", "none"), ("no-preference", "come")])
def test_nothing_moves_where_less_motion_is_wished_for(page, world, motion, moves):
    page.emulate_media(reduced_motion=motion)
    with opened(world) as site:
        page.goto(site.url)
        expect(box(page)).to_be_visible()

        assert box(page).evaluate("box => getComputedStyle(box).animationName") == moves


def test_the_moment_of_leaving_is_when_the_mouse_goes_out_over_the_top_and_only_then_is_it_decided(page):
    world = World(message=COPY, show={"on": "exit", "page": "/courses/*"}, holdout=None)
    with opened(world) as site:
        page.goto(f"{site.url}/courses/dev")
        until(page, lambda: asked(site))
        page.wait_for_timeout(300)
        assert world.session.counted() == {}

        page.mouse.move(640, 300)
        page.evaluate(
            "document.dispatchEvent(new MouseEvent('mouseout', {clientY: -1, relatedTarget: null, bubbles: true}))"
        )

        expect(box(page)).to_be_visible()
        assert world.session.counted() == {"sent": 1}
        assert "id=1" in asked(site)[-1]


def test_a_long_page_shows_its_message_far_enough_down(page):
    with opened(World(message=COPY, show={"on": "scroll", "depth": "80%", "form": "card"})) as site:
        site.body = "<h1>단골상점</h1>" + "<p>강의</p>" * 200
        page.goto(site.url)
        until(page, lambda: asked(site))
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight * 0.3)")
        page.wait_for_timeout(200)
        expect(box(page)).to_have_count(0)

        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")

        expect(box(page)).to_be_visible()
        page.evaluate("scrollTo(0, 0); scrollTo(0, document.documentElement.scrollHeight)")
        assert len(asked(site)) == 2


def test_a_moment_that_comes_on_another_page_is_none_of_this_one(page):
    with opened(World(message=COPY, show={"on": "delay", "after": "1s", "page": "/courses"})) as site:
        page.goto(f"{site.url}/courses")
        until(page, lambda: asked(site))

        page.evaluate("history.pushState({}, '', '/checkout'); dangol.page()")
        page.wait_for_timeout(1_500)

        expect(box(page)).to_have_count(0)
        assert len(asked(site)) == 2


def test_whoever_is_held_out_sees_nothing(page):
    world = World(message=COPY, holdout="100%")
    with opened(world) as site:
        page.goto(site.url)
        until(page, lambda: world.session.counted() == {"held_out": 1})
        page.wait_for_timeout(200)

        expect(box(page)).to_have_count(0)


def test_a_visitor_without_an_account_is_shown_what_is_theirs(page, world):
    page.add_init_script("localStorage.setItem('dangol.id', JSON.stringify('v1'))")
    with opened(world, more="", then="") as site:
        page.goto(site.url)

        expect(box(page)).to_be_visible()
        assert "anonymous_id=v1" in asked(site)[0]


def test_whoever_logs_in_on_the_page_is_asked_for_with_their_token_and_once(page, world):
    token = session_token("ann", SESSION_KEY, LATER)
    with opened(world, more=f", token: async () => {token!r}", then="") as site:
        page.goto(site.url)
        until(page, lambda: len(asked(site)) == 1)

        page.evaluate("dangol.identify('ann'); dangol.identify('ann')")

        expect(box(page)).to_be_visible()
        assert len(asked(site)) == 2


@pytest.mark.parametrize("more", [", consent: false", ", messages: false"])
def test_without_consent_or_where_the_site_wants_none_nothing_is_asked_for(page, world, more):
    with opened(world, more=ANN + more) as site:
        page.goto(site.url)
        page.wait_for_timeout(400)

        assert asked(site) == []


@pytest.mark.parametrize("failure", [401, 503])
def test_where_the_api_answers_no_the_page_goes_on(page, world, failure):
    with opened(world) as site:
        open_to_all = {"access-control-allow-origin": "*"}
        page.route("**/v1/messages?**", lambda route: route.fulfill(status=failure, json={}, headers=open_to_all))
        page.goto(site.url)
        until(page, lambda: site.events)
        page.wait_for_timeout(300)

        expect(page.get_by_role("heading")).to_have_text("단골상점")
        expect(box(page)).to_have_count(0)


def test_copy_stays_copy(page):
    nasty: dict[str, Any] = {"title": "<img src=x onerror=alert(1)>", "text": "<script>alert(1)</script>\n둘째 줄"}
    link = {"label": "<b>b</b>", "link": "https://shop.example/?a=1&b='\"<>"}
    with opened(World(message={**nasty, "cta": link})) as site:
        page.goto(site.url)

        expect(box(page).get_by_role("heading")).to_have_text(nasty["title"])
        assert box(page).locator("p").inner_text() == nasty["text"]
        assert box(page).locator("img, script, b").count() == 0


def test_a_link_that_would_run_something_is_no_link(page, world):
    with opened(world) as site:
        page.route(
            "**/v1/messages?**",
            lambda route: route.fulfill(
                json={"messages": [EVIL], "waiting": []}, headers={"access-control-allow-origin": "*"}
            ),
        )
        page.goto(site.url)

        expect(box(page)).to_be_visible()
        expect(box(page).get_by_role("link")).to_have_count(0)


EVIL = {
    "id": "1",
    "send_id": "x",
    "show": {"on": "page", "form": "modal"},
    "title": "제목",
    "text": "글",
    "cta": {"label": "눌러요", "link": "javascript:alert(1)"},
    "close": "",
}
