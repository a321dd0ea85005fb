"""Whether a campaign says what Kakao approved."""

from typing import Any

import pytest

from cli.applying import check_templates
from dangol.domain.approved_template import ApprovedTemplate, differences
from dangol.domain.errors import DefinitionError
from tests.actors import campaign

TEXT = "#{이름}님, 안녕하세요.\n주문이 출발했어요."
TEMPLATE = ApprovedTemplate(TEXT, approved=True, beside='[{"linkMo": "https://#{링크}"}]')
GIVEN = frozenset({"이름", "링크"})


class Known:
    """A provider that knows one template."""

    def template(self, code: str) -> ApprovedTemplate:
        assert code == "KA01"
        return TEMPLATE


def talk(text: str = TEXT, **more: Any) -> Any:
    return campaign(
        channel="alimtalk", purpose="information", message={"text": text, "template": "KA01", **more}, variants=[]
    )


def test_the_approved_text_may_be_sent_whatever_ends_its_lines():
    assert differences(TEMPLATE, TEXT, GIVEN) == []
    assert differences(TEMPLATE, f"\n{TEXT.replace(chr(10), '  ' + chr(10))}\n\n", GIVEN) == []


@pytest.mark.parametrize(
    ("text", "given", "problem"),
    [
        (TEXT, {"이름"}, "nothing is said for #{링크} of the approved template"),
        (TEXT, set(), "nothing is said for #{링크}, #{이름} of the approved template"),
        (TEXT.replace("출발", "도착"), GIVEN, "line 2 is not as approved: '주문이 출발했어요.'"),
        (f"{TEXT}\n세일!", GIVEN, "line 3 is not as approved: ''"),
        ("#{이름}님, 안녕하세요.", GIVEN, "line 2 is not as approved: '주문이 출발했어요.'"),
    ],
)
def test_what_differs_is_named(text, given, problem):
    assert differences(TEMPLATE, text, frozenset(given)) == [problem]


def test_a_template_that_waits_for_approval_sends_nothing():
    assert differences(ApprovedTemplate(TEXT, approved=False), TEXT, GIVEN) == ["Kakao has not approved the template"]


def test_what_apply_is_given_has_to_be_what_was_approved():
    check_templates(Known(), "order", talk(cta={"label": "배송 조회", "link": "https://a.example"}))

    with pytest.raises(DefinitionError) as refused:
        check_templates(Known(), "order", talk())

    assert refused.value.field == "campaigns/order: message.text"
    assert "#{링크}" in refused.value.problem
