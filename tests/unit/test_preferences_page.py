"""The way out, and back: pages that change nothing on GET, and what they change on POST before they answer."""

from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from dangol.contracts import Consented, Tracked
from dangol.domain.channel import CHANNELS
from dangol.domain.ledger import Ledger
from dangol.domain.tracking import UNSUBSCRIBE_LINK
from dangol.pipeline.page_words import CHANNEL_WORDS, PAGE_WORDS
from dangol.pipeline.pages import locale_of
from dangol.pipeline.wishes import PACES, WORDING
from tests.fakes.world import NOW
from tests.unit.test_pipeline_track import BEFORE, World, token

WAY_OUT = f"/u/{token(UNSUBSCRIBE_LINK, '')}"
AT = int(NOW.timestamp())
FORM = "application/x-www-form-urlencoded"


class Forms(HTMLParser):
    """The forms of a page as a browser would send them: names and values, those that are set."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[list[tuple[str, str]]] = []
        self.methods: list[str] = []
        self.language = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        told = dict(attrs)
        if tag == "html":
            self.language = told["lang"]
        elif tag == "form":
            self.methods.append(told["method"])
            self.forms.append([])
        elif tag == "input" and (told["type"] == "hidden" or "checked" in told):
            self.forms[-1].append((told["name"], told["value"]))

    def named(self, action: str) -> list[tuple[str, str]]:
        return next(form for form in self.forms if ("action", action) in form)


def get(world: World, path: str = WAY_OUT, **headers: str) -> str:
    answer = world.ask("GET", path, **headers)
    assert answer.status == 200
    return str(answer.body.decode())


def post(world: World, fields: list[tuple[str, str]], path: str = WAY_OUT) -> str:
    answer = world.ask("POST", path, urlencode(fields).encode(), content_type=FORM)
    assert (answer.status, "location" in answer.headers) == (200, False)
    return str(answer.body.decode())


def evidence(world: World) -> list[Consented]:
    return [h for h in world.happened if isinstance(h, Consented)]


def test_looking_without_a_page_changes_nothing():
    world = World()

    answer = world.ask("HEAD", WAY_OUT)

    assert (answer.status, answer.body, world.queue.sent, world.ledgers.writes) == (200, b"", [], 0)


def test_looking_changes_nothing():
    world = World()

    answer = world.ask("GET", WAY_OUT)

    page = answer.body.decode()
    assert answer.status == 200
    assert "단골 &lt;상점&gt; &#123;name&#125; 소식을" in page
    assert set(Forms(page).methods) == {"post"}
    assert "no-store" in answer.headers["cache-control"]
    assert (world.ledgers.writes, world.queue.sent) == (0, [])


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"List-Unsubscribe=One-Click"),
        (
            "Multipart/Form-Data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
        ),
    ],
)
def test_one_click_takes_effect_before_the_answer_and_as_often_as_it_comes(content_type, body):
    world = World()

    for _ in range(2):
        answer = world.ask("POST", WAY_OUT, body, content_type=content_type, user_agent="")
        assert (answer.status, "location" in answer.headers) == (200, False)
        assert "수신거부가 처리되었습니다" in answer.body.decode()
        assert world.ledger.consents == {"email": -AT, "sms": BEFORE, "push": -BEFORE}

    (said,) = evidence(world)
    assert (said.method, said.consents, said.run, said.wording) == ("one_click", {"email": False}, 7, WORDING)
    assert (said.ip, said.source, said.user_id) == ("198.51.100.7", "opt-out page", "u1")
    assert [h.kind for h in world.happened if isinstance(h, Tracked)] == ["unsubscribed", "unsubscribed"]
    assert world.ledgers.writes == 1


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", b""),
        (FORM, b"action=out"),
        (FORM, b"action=else"),
        (FORM, b"\xff"),
        (FORM, b"&".join([b"a=1"] * 65)),
        ("multipart/form-data; boundary=x", b"?"),
    ],
)
def test_whatever_else_is_posted_means_out(content_type, body):
    world = World()

    world.ask("POST", WAY_OUT, body, content_type=content_type)

    assert world.ledger.consents["email"] == -AT
    assert [said.method for said in evidence(world)] == ["page"]


def test_an_opt_out_stands_though_the_queue_is_down():
    world = World()
    world.queue.error = OSError("down")

    post(world, [("action", "out")])

    assert not world.ledger.consented("email")


def test_the_page_names_sender_fact_day_and_effect_and_leads_back():
    world = World()

    page = post(world, Forms(get(world)).named("out"))

    assert "단골 &lt;상점&gt; &#123;name&#125;: 2026-12-01에 이메일 광고성 정보 수신을 거부하셨고" in page
    back = post(world, Forms(page).named("back"))
    assert world.ledger.consents["email"] == AT + 1
    assert "2026-12-01에 이메일 광고성 정보 수신에 동의하셨고" in back
    assert [said.consents for said in evidence(world)] == [{"email": False}, {"email": True}]


def test_whoever_is_out_sees_the_way_back_at_once():
    world = World()
    post(world, [("action", "out")])

    page = get(world)

    assert "보내지 않고 있습니다" in page
    assert [("action", "back")] in Forms(page).forms
    assert [("action", "out")] not in Forms(page).forms


def test_the_choices_stand_as_the_ledger_does():
    assert Forms(get(World())).named("save") == [
        ("action", "save"),
        ("shown", "email"),
        ("want", "email"),
        ("shown", "sms"),
        ("want", "sms"),
        ("shown", "push"),
        ("shown", "night"),
        ("pace", "0"),
    ]


def test_what_is_saved_is_exactly_what_was_changed():
    world = World()
    form = Forms(get(world)).named("save")
    form.remove(("want", "sms"))
    form.remove(("pace", "0"))

    page = post(world, [*form, ("want", "push"), ("want", "night"), ("pace", "7")])

    ledger = world.ledger
    assert (ledger.consents, ledger.night, ledger.pace) == ({"email": BEFORE, "sms": -AT, "push": AT}, AT, 7)
    (said,) = evidence(world)
    assert (said.consents, said.night, said.pace, said.method) == ({"sms": False, "push": True}, True, 7, "page")
    for told in (
        "앱 알림 광고성 정보 수신에 동의",
        "문자 광고성 정보 수신을 거부",
        "야간(21시~8시)",
        "일주일에 한 번까지만",
    ):
        assert told in page
    # What this message came by is wanted still.
    assert [h.kind for h in world.happened if isinstance(h, Tracked)] == []


def test_saving_the_page_as_it_is_changes_nothing():
    world = World()

    page = post(world, Forms(get(world)).named("save"))

    assert "바뀐 것이 없습니다" in page
    assert (world.ledgers.writes, world.queue.sent) == (0, [])


def test_unchecking_the_messages_channel_is_an_opt_out_from_it():
    world = World()

    post(world, [("action", "save"), ("shown", "email")])

    assert not world.ledger.consented("email")
    assert [h.kind for h in world.happened if isinstance(h, Tracked)] == ["unsubscribed"]


@pytest.mark.parametrize(
    "fields",
    [
        [("shown", "webhook"), ("want", "webhook")],
        [("want", "kakao")],
        [("pace", "3")],
        [("pace", "-1")],
        [],
    ],
)
def test_nothing_can_be_saved_that_the_page_did_not_offer(fields):
    world = World()

    post(world, [("action", "save"), *fields])

    assert world.ledgers.writes == 0
    assert world.queue.sent == []


def test_a_pace_can_be_taken_back():
    world = World()
    post(world, [("action", "save"), ("pace", "30")])

    page = post(world, [("action", "save"), ("pace", "0")])

    assert world.ledger.pace == 0
    assert "소식이 있을 때마다 보내 드립니다" in page


def test_the_link_of_a_message_that_nobody_remembers_leads_out_of_everything_and_not_back():
    world = World()
    world.ledgers.ledgers["u1"] = Ledger("u1", 1, {"email": BEFORE, "sms": BEFORE})

    assert "더 받지 않으시겠어요" in get(world)
    post(world, [("action", "back")])
    assert world.ledgers.writes == 0
    post(world, [("action", "out")])

    assert world.ledger.consents == {"email": -AT, "sms": -AT}


def test_where_nothing_but_mail_was_ever_agreed_to_the_night_is_not_asked_about():
    world = World()
    world.ledgers.ledgers["u1"] = Ledger("u1", 1, {"email": BEFORE}, entries=world.ledger.entries)

    assert ("shown", "night") not in Forms(get(world)).named("save")


@pytest.mark.parametrize(
    ("traits", "accepted", "language", "told"),
    [
        ({}, "", "ko", "수신거부하기"),
        ({}, "en-US,en;q=0.9", "en", "Unsubscribe"),
        ({"locale": "en"}, "ko-KR", "en", "Unsubscribe"),
        ({"language": "ko_KR"}, "en", "ko", "수신거부하기"),
        ({"locale": "fr"}, "fr-FR, en;q=0.5", "en", "Unsubscribe"),
    ],
)
def test_the_page_speaks_the_persons_language(traits, accepted, language, told):
    page = get(World(**traits), accept_language=accepted)

    assert Forms(page).language == language
    assert told in page


def test_a_project_in_another_language_speaks_english():
    assert (locale_of("", "", "fr"), locale_of("", "", "ko")) == ("en", "ko")


def test_both_languages_have_every_word():
    assert PAGE_WORDS["ko"].keys() == PAGE_WORDS["en"].keys()
    assert {f"pace_{days}" for days in PACES} <= PAGE_WORDS["ko"].keys()
    for words in CHANNEL_WORDS.values():
        assert {*words, "webhook", "console"} == set(CHANNELS)
