import pytest

from dangol.domain.campaign import MessageText
from dangol.domain.errors import DefinitionError
from dangol.rendering import (
    LinkSigner,
    MessageTemplate,
    MissingVariableError,
    Rendered,
    merge_tags,
    traits_needed,
    variables,
)
from tests.actors import project
from tests.letters import SHOP, SIGNER, A, B, message, render, tracked


def test_a_merge_tag_becomes_the_person_s_value():
    told = render({"name": "앤"}, subject="#{이름}님", text="#{ 이름 }님, 안녕하세요", html="<b>#{이름}</b>")

    assert told.subject == "앤님"
    assert told.text == "앤님, 안녕하세요\n"
    assert "<b>앤</b>" in told.html


@pytest.mark.parametrize("traits", [{}, {"name": ""}, {"name": "  "}, {"name": None}])
def test_a_person_without_the_value_gets_the_default(traits):
    assert render(traits, text="#{이름}님").text == "고객님\n"


def test_nought_is_a_value():
    assert render({"points": 0}, text="#{포인트}").text == "0\n"
    assert render({}, text="#{포인트}").text == "없음\n"


@pytest.mark.parametrize("traits", [{}, {"address": {}}, {"address": "Seoul"}, {"address": {"city": ""}}])
def test_a_default_stands_in_for_a_part_of_a_trait_too(traits):
    assert render(traits, text="#{도시}").text == "어딘가\n"
    assert render({"address": {"city": "서울"}}, text="#{도시}").text == "서울\n"


@pytest.mark.parametrize("traits", [{}, {"plan": ""}])
def test_without_a_default_a_missing_value_is_an_error_that_names_it(traits):
    with pytest.raises(MissingVariableError, match="plan"):
        render(traits, text="#{등급}")


@pytest.mark.parametrize(
    "text", ["{{ coupon }}", "{{ coupon.code }}", "{{ link(coupon) }}", "{% if coupon %}a{% endif %}"]
)
def test_a_missing_variable_is_an_error(text):
    with pytest.raises(MissingVariableError, match="coupon"):
        render(text=text)


def test_a_template_may_give_its_own_default():
    assert render(text="{{ coupon | default('-') }}").text == "-\n"


@pytest.mark.parametrize(
    "text",
    [
        "{{ name.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ link.__globals__ }}",
        "{{ link._click('x', 1) }}",
        "{{ name['__class__'] }}",
        "{{ name | attr('__class__') }}",
        "{{ items.append(1) }}",
        "{{ merge_tag.__code__ }}",
        "{{ '{0.__class__}'.format(name) }}",
    ],
)
def test_a_template_does_not_leave_its_sandbox(text):
    with pytest.raises(MissingVariableError):
        render({"name": "Ann", "items": []}, text=text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ name + 1 }}",
        "{{ 1 / 0 }}",
        "{{ name | round }}",
        "{{ merge_tag('x') }}",
        "{% include 'x' %}",
        "{{ [] | random }}",
    ],
)
def test_a_value_that_does_not_fit_skips_the_person_and_shows_nothing(text):
    with pytest.raises(MissingVariableError) as caught:
        render({"name": "Ann"}, text=text)

    assert "Ann" not in str(caught.value)


def test_what_a_trait_says_is_never_a_template():
    assert render({"name": "{{ 7 * 7 }} #{등급}"}, text="#{이름}").text == "{{ 7 * 7 }} #{등급}\n"


def test_a_trait_does_not_replace_what_the_message_needs():
    told = render(
        {"link": "x", "unsubscribe_link": "x", "user_id": "x", "merge_tag": "x"}, text="{{ user_id }} #{이름}"
    )

    assert told.text == "ann 고객\n"


@pytest.mark.parametrize("text", ["{{ name", "{% if %}", "{{ name | nofilter }}"])
def test_a_template_that_does_not_compile_names_its_field(text):
    with pytest.raises(DefinitionError) as caught:
        render(text=text)

    assert (caught.value.field, caught.value.hint) == ("message.text", "line 1")


def test_a_merge_tag_that_the_project_does_not_have_names_those_it_has():
    with pytest.raises(DefinitionError) as caught:
        render(cta={"label": "#{별명}", "link": A})

    assert caught.value.field == "message.cta.label"
    assert caught.value.hint == "known: #{이름}, #{등급}, #{도시}, #{포인트}"
    with pytest.raises(DefinitionError, match="known: none"):
        MessageTemplate(message(text="#{이름}"), project())


def test_text_becomes_html_with_everything_escaped():
    told = render({"name": "<b>&"}, text=f"#{{이름}} 1 < 2\n둘째 줄\n\n\n다음 ({A}). {{{{ link('{B}') }}}}에서")

    assert "<p>&lt;b&gt;&amp; 1 &lt; 2<br>둘째 줄</p>" in told.html
    assert told.links == (B, A)
    assert f"({'<a href=' + chr(34) + tracked(1, A) + chr(34)}>{A}</a>). " in told.html
    assert f'<a href="{tracked(0, B)}">{tracked(0, B)}</a>에서</p>' in told.html


def test_html_is_escaped_where_a_value_enters_it():
    told = render({"name": "<script>"}, html="<p>#{이름} {{ name }}</p>", preheader="#{이름}")

    assert "<script>" not in told.html
    assert "<p>&lt;script&gt; &lt;script&gt;</p>" in told.html
    assert '<div style="display:none;max-height:0;overflow:hidden">&lt;script&gt;</div>' in told.html


@pytest.mark.parametrize(
    "name", ["앤\r\nBcc: all@example.com", "앤\u2028Bcc: all@example.com", "앤\x00\x0bBcc: all@example.com"]
)
def test_a_subject_is_one_line_whatever_a_value_brings(name):
    assert render({"name": name}, subject="#{이름}").subject == "앤 Bcc: all@example.com"


def test_a_subject_keeps_its_emoji():
    assert render(subject="가족 👨‍👩‍👧 할인").subject == "가족 👨‍👩‍👧 할인"


def test_a_message_without_a_subject_has_none():
    assert MessageTemplate(MessageText(text="본문"), SHOP).render(
        "ann", {}, LinkSigner(SIGNER.click), None
    ) == Rendered("", "본문\n", "<p>본문</p>", (), body="본문")


def test_the_pixel_closes_the_message():
    assert render().html == '<p>본문</p><img src="https://go.shop.example/o/token" width="1" height="1" alt="">'


def test_the_traits_that_a_message_needs_are_those_it_names():
    said = message(
        subject="#{이름}",
        text="{{ plan }} {{ link('https://a.example/' ~ code) }} {{ unsubscribe_link }}",
        html="#{도시} #{없는}",
        cta={"label": "{{ user_id }}", "link": "https://a.example/{{ item.id }}"},
    )

    assert variables(said) == {"plan", "code", "item"}
    assert merge_tags(said) == {"이름", "도시", "없는"}
    assert traits_needed(said, SHOP) == {"plan", "code", "item", "name", "address"}


def test_a_word_of_the_template_language_is_no_trait():
    assert variables(message(text="{% for i in range(3) %}{{ i }}{% endfor %}{{ dict(a=1) }}")) == set()
