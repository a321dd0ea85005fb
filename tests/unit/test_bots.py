import csv
import gzip
from pathlib import Path

import pytest

from dangol.domain.agents import known_bot
from dangol.domain.bots import judge

PUBLIC = Path(__file__).parents[3] / "shared" / "data"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
PHONE = "Mozilla/5.0 (Linux; Android 14; SM-S918N; wv) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


def clicked(agent: str, **headers: str) -> tuple[str, str | None]:
    return judge("clicked", "GET", {"user-agent": agent, **headers})


def opened(agent: str) -> tuple[str, str | None]:
    return judge("opened", "GET", {"user-agent": agent})


def agents(name: str) -> list[dict[str, str]]:
    path = PUBLIC / name
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the project (../shared/data)")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "agent",
    [
        CHROME,
        f"{PHONE} KAKAOTALK/10.8.0 (INAPP)",
        f"{IPHONE} Mobile/15E148 Safari/605.1 NAVER(inapp; search; 2000; 12.3.6; 14PRO)",
        f"{PHONE} Safari/537.36 [FB_IAB/FB4A;FBAV/470.0] MetaIAB Facebook",
        f"{IPHONE} Mobile/15E148 Instagram 330.0.3.29.91",
        "Mozilla/5.0 (Linux; Android 6.0; CUBOT MAX Build/MRA58K) AppleWebKit/537.36 Chrome/51.0 Mobile Safari/537.36",
    ],
)
def test_a_browser_is_a_person_also_inside_an_app(agent):
    assert clicked(agent) == ("human", None)
    assert opened(agent) == ("human", None)
    assert not known_bot(agent)


@pytest.mark.parametrize(
    "agent",
    [
        "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0 Safari/537.36",
        "curl/8.6.0",
        "python-requests/2.32",
        "Barracuda Sentinel (EE)",
    ],
)
def test_what_names_itself_a_machine_is_a_bot(agent):
    assert known_bot(agent)


@pytest.mark.parametrize("agent", ["", " ", "Mozilla/5.0"])
def test_nobody_clicks_without_an_agent(agent):
    assert clicked(agent) == ("bot", "no_agent")
    assert judge("clicked", "GET", {}) == ("bot", "no_agent")


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "Mozilla/5.0",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    ],
)
def test_a_mail_program_s_proxy_opens_for_a_person(agent):
    assert opened(agent) == ("machine", "mail_proxy")


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_a_person_s_browser_asks_with_get(method):
    for kind in ("clicked", "opened"):
        assert judge(kind, method, {"user-agent": CHROME}) == ("bot", "method")


@pytest.mark.parametrize(
    "header",
    [
        {"purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"x-purpose": "preview"},
        {"x-moz": "prefetch"},
        {"purpose": "Prefetch"},
    ],
)
def test_what_is_fetched_before_anybody_asked_is_no_click(header):
    assert clicked(CHROME, **header) == ("bot", "prefetch")


LISTS = ("ua_bots_crawler_user_agents.csv.gz", "ua_isbot_fixtures.csv.gz")


@pytest.mark.parametrize("name", LISTS)
def test_ninety_seven_in_a_hundred_of_the_known_bots_are_told_and_no_browser_is(name):
    listed = agents(name)
    bots = [row["user_agent"] for row in listed if row.get("label", "crawler") == "crawler"]
    browsers = [row["user_agent"] for row in listed if row.get("label") == "browser"]

    told, wrong = sum(map(known_bot, bots)), [agent for agent in browsers if known_bot(agent)]

    print(f"{name}: {told} of {len(bots)} bots told ({told / len(bots):.1%}), {len(wrong)} of {len(browsers)} browsers")
    assert told / len(bots) >= 0.97
    assert wrong == []


LIKE = "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0"
PHONES = (
    f"Mozilla/5.0 (Linux; Android 14; SM-S918N; wv) {LIKE} Chrome/126.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 9; LM-G710N Build/PKQ1.181105.001; wv) {LIKE} Chrome/74.0 Mobile Safari/537.36",
    f"{IPHONE} Mobile/15E148",
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari/605.1",
)
IN_APP = (
    " KAKAOTALK 10.7.5",
    ";KAKAOTALK 2410420",
    " KAKAOTALK/10.8.0 (INAPP)",
    " KAKAOTALK",
    *(f" NAVER(inapp; {page}; 1030; 12.4.2)" for page in ("search", "news", "blog", "cafe", "shopping", "webtoon")),
    " NAVER(inapp; search; 2000; 12.3.6; 14PRO)",
    " Whale/1.0.0.0 Crosswalk/27.103.0.17 NAVER(inapp; search; 1030; 11.9.1)",
)


@pytest.mark.parametrize("app", IN_APP)
@pytest.mark.parametrize("phone", PHONES)
def test_whoever_reads_within_kakaotalk_or_naver_is_a_person(phone, app):
    assert not known_bot(f"{phone}{app}")
