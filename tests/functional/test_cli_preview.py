"""`dangol preview`, as people and programs use it."""

import json
import webbrowser
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from cli.commands import preview
from cli.main import dangol
from dangol.domain.profile import Profile
from tests.actors import NOW
from tests.shop_campaign import project

CAMPAIGN = """\
title: 새 강의
goal: {event: purchase, within: 7d}
audience: {trait: email, exists: true}
purpose: marketing
channel: email
message: {subject: "#{이름}님", text: "#{이름}님, 새 강의가 나왔어요 {{ course }}"}
"""
KEYS = json.dumps({"current": 1, "keys": {"1": "00" * 32}})


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A folder with one campaign, and a stack that knows Jieun and Minsu, who lacks the course."""
    people = {
        "jieun": Profile("jieun", rev=1, traits={"name": "지은", "email": "j@a.example", "course": "파이썬"}),
        "minsu": Profile("minsu", rev=1, traits={"name": "민수", "email": "m@a.example"}),
    }
    stack = SimpleNamespace(
        profiles=SimpleNamespace(get_many=lambda ids: {each: people.get(each, Profile(each)) for each in ids}),
        parameters=SimpleNamespace(secret=lambda _: KEYS),
        clock=SimpleNamespace(now=lambda: NOW),
        settings=SimpleNamespace(local=True),
        api_url="https://api.example",
    )
    monkeypatch.setattr(preview, "project_and_stack", lambda _: (project(), stack))
    (tmp_path / "new.yaml").write_text(CAMPAIGN, encoding="utf-8")
    return tmp_path


def run(shop, *more):
    return CliRunner().invoke(dangol, ["preview", str(shop / "new.yaml"), *more], prog_name="dangol")


def test_a_message_is_printed_for_people(shop):
    result = run(shop, "--user", "jieun")

    assert result.exit_code == 0
    assert "subject  (광고) 지은님" in result.stdout
    assert "새 강의가 나왔어요 파이썬" in result.stdout


def test_the_page_is_written_to_a_file_and_opened(shop, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    file = shop / "shown.html"

    told = json.loads(run(shop, "--user", "jieun", "--html", str(file), "--open", "--json").stdout)

    assert told["file"] == str(file)
    assert (told["channel"], told["to"], told["subject"]) == ("email", "j@a.example", "(광고) 지은님")
    assert opened == [file.as_uri()]
    assert "(광고) 지은님" in file.read_text(encoding="utf-8")


def test_a_page_that_nobody_named_a_file_for_is_opened_all_the_same(shop, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)

    result = run(shop, "--user", "jieun", "--open")

    assert result.exit_code == 0
    assert opened[0].endswith("/preview.html")
    assert "page     " in result.stdout


def test_channels_that_follow_one_another_are_shown_side_by_side(shop):
    (shop / "new.yaml").write_text(
        CAMPAIGN.replace("channel: email", "channels: [email, lms]")
        .replace("marketing", "information")
        .replace("message: {subject", "messages: {email: {subject")
        .replace('{{ course }}"}', '{{ course }}"}, lms: {text: 문자로 알려요}}'),
        encoding="utf-8",
    )
    file = shop / "shown.html"

    told = json.loads(run(shop, "--user", "jieun", "--html", str(file), "--json").stdout)

    assert told["channel"] == "email"
    html = file.read_text(encoding="utf-8")
    assert html.count("<figure>") == 2
    assert "문자로 알려요" in html
    assert "LMS · " in html


@pytest.mark.parametrize("user", ["minsu", "nobody"])
def test_somebody_without_what_the_message_needs_has_no_preview(shop, user):
    assert run(shop, "--user", user).exit_code != 0
