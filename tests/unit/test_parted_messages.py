"""Messages that others put together: what a session shows and what a webhook tells, in their parts and unlabelled."""

import pytest

from dangol.domain.campaign import MessageText
from dangol.rendering import MessageTemplate
from tests.actors import project
from tests.letters import KOREA, SIGNER

SHOP = project(merge_tags={"이름": {"trait": "name", "default": "고객"}})
SAID = {
    "title": "새\n강의",
    "text": "#{이름}님, 열렸어요\n",
    "cta": {"label": "보기", "link": "https://shop.example/a"},
}


@pytest.mark.parametrize("channel", ["in_web", "in_app", "webhook"])
def test_words_title_and_act_stand_apart(channel):
    made = MessageTemplate(MessageText.model_validate(SAID), SHOP, channel).render("ann", {}, SIGNER, KOREA)

    assert (made.title, made.text, made.html) == ("새 강의", "고객님, 열렸어요", "")
    assert made.action == ("보기", "https://go.shop.example/c/0.22")


def test_what_closes_a_message_is_a_session_s_alone():
    said = MessageText.model_validate({**SAID, "close": "오늘은\n그만"})

    assert MessageTemplate(said, SHOP, "in_web").render("ann", {}, SIGNER, None).close == "오늘은 그만"
    assert MessageTemplate(said, SHOP, "webhook").render("ann", {}, SIGNER, None).close == ""
