import pytest

from dangol.domain.advertising import AdvertisingLaw
from dangol.domain.tracking import MAX_LINKS
from dangol.rendering import (
    MissingVariableError,
)
from tests.letters import KOREA, OUT, A, B, hrefs, render, tracked


def test_links_are_numbered_as_they_come_and_the_same_in_text_and_html():
    told = render(
        text=f"{{{{ link('{B}') }}}} {{{{ link('{A}') }}}}", html=f"<a href='{A}'>a</a> <a href=\"{B}\">b</a>"
    )

    assert told.links == (B, A)
    assert told.text == f"{tracked(0, B)} {tracked(1, A)}\n"
    assert hrefs(told.html) == [tracked(1, A), tracked(0, B)]


def test_rendering_twice_numbers_alike():
    said = {"text": f"{{{{ link('{A}') }}}}", "cta": {"label": "go", "link": B}}

    assert render(**said) == render(**said)


def test_the_call_to_action_is_a_line_in_the_text_and_a_button():
    told = render({"name": "앤"}, cta={"label": "#{이름}님의 <쿠폰>", "link": f"{B}&n=#{{이름}}"})

    assert told.links == (f"{B}&n=앤",)
    assert told.text == f"본문\n\n▼ 앤님의 <쿠폰>\n{tracked(0, told.links[0])}\n"
    assert f'<a href="{tracked(0, told.links[0])}"' in told.html
    assert "앤님의 &lt;쿠폰&gt;</a>" in told.html


@pytest.mark.parametrize(
    ("html", "link"),
    [
        (f'<a href="{A}">a</a>', A),
        (f"<a class=x href='{A}'>a</a>", A),
        (f"<A HREF = {A}>a</A>", A),
        (f'<a\n href=" {A} ">a</a>', A),
        (f'<a data-href="https://other.example/" href="{A}">a</a>', A),
        (f'<area href="{A}">', A),
        (f'<v:roundrect href="{A}">', A),
        (f'<a href="{A}?a=1&amp;b=2&copy=3">a</a>', f"{A}?a=1&b=2&copy=3"),
        (f'<a href="{A}?n={{{{ name }}}}">a</a>', f"{A}?n=O'Brien&Co"),
        (f'<a href="{A}?it\'s">a</a>', f"{A}?it's"),
    ],
)
def test_every_address_of_an_html_message_is_tracked(html, link):
    told = render({"name": "O'Brien&Co"}, html=html)

    assert told.links == (link,)
    assert f'href="{tracked(0, link)}"' in told.html.replace("HREF = ", "href=")


def test_an_address_is_tracked_once_however_often_it_stands_there():
    told = render(html=f'<a href="{A}">1</a><a href="{{{{ link(\'{A}\') }}}}">2</a>', cta={"label": "3", "link": A})

    assert hrefs(told.html) == [tracked(0, A)] * 3
    assert told.links == (A,)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="{{ unsubscribe_link }}">out</a>',
        '<a href="mailto:hello@shop.example">mail</a>',
        '<a href="#top">up</a>',
        '<link href="https://fonts.example/x.css">',
        '<base href="https://shop.example/">',
        '<img src="https://shop.example/a.png">',
    ],
)
def test_the_way_out_and_what_nobody_clicks_are_not_tracked(html):
    assert render(html=html).links == ()


def test_a_link_brings_no_line_into_a_header():
    assert render({"name": "a\r\nSet-Cookie: x"}, text=f"{{{{ link('{A}?n=' ~ name) }}}}").links == (
        f"{A}?n=a%20%20Set-Cookie:%20x",
    )


@pytest.mark.parametrize("link", ["", "  ", "shop.example", "javascript:alert(1)", "data:text/html,x", "/path"])
def test_a_link_that_leads_nowhere_is_an_error(link):
    with pytest.raises(MissingVariableError):
        render({"url": link}, text="{{ link(url) }}")


@pytest.mark.parametrize("address", ["shop://item/1", "tel:1588-0000", "mailto:hello@shop.example"])
def test_what_no_redirect_leads_to_is_left_as_it_is(address):
    told = render(cta={"label": "app", "link": address})

    assert told.links == ()
    assert hrefs(told.html) == [address]


def test_more_links_than_a_token_can_number_are_an_error():
    loop = "{% for i in range(count) %}{{ link('https://shop.example/' ~ i) }} {% endfor %}"

    assert len(render({"count": MAX_LINKS}, text=loop).links) == MAX_LINKS
    with pytest.raises(MissingVariableError):
        render({"count": MAX_LINKS + 1}, text=loop)


def test_advertising_has_label_sender_and_way_out_in_text_and_html():
    told = render({}, KOREA)

    assert told.subject == "(광고) 제목"
    for part in (told.text, told.html):
        assert part.count("단골상점 | 서울시 중구 | 1588-0000 | hello@shop.example") == 1
        assert part.count("수신거부") == part.count("unsubscribe here") + part.count("To unsubscribe") == 1
    assert told.text.count(OUT) == 1
    assert hrefs(told.html) == [OUT.replace("&", "&amp;")]
    assert told.links == ()


def test_information_has_neither_label_nor_footer():
    told = render({}, None)

    assert (told.subject, told.text) == ("제목", "본문\n")
    assert "<hr>" not in told.html


def test_elsewhere_there_is_a_footer_and_no_label():
    told = render({}, AdvertisingLaw("US"))

    assert told.subject == "제목"
    assert OUT in told.text


def test_text_and_html_each_get_the_footer_that_they_lack():
    only_text = render({}, KOREA, text="단골상점 1588-0000 {{ unsubscribe_link }}", html="<p>본문</p>")
    only_html = render({}, KOREA, html='<p>단골상점 1588-0000 <a href="{{ unsubscribe_link }}">거부</a></p>')

    assert only_text.text.count(OUT) == 1
    assert hrefs(only_text.html) == [OUT.replace("&", "&amp;")]
    assert hrefs(only_html.html) == [OUT.replace("&", "&amp;")]
    assert "<hr>" not in only_html.html
    assert only_html.text.count(OUT) == 1


def test_a_text_with_its_own_footer_gets_no_second_one_in_its_html_either():
    told = render({}, KOREA, text="단골상점 1588-0000 {{ unsubscribe_link }}.")

    assert told.text == f"단골상점 1588-0000 {OUT}.\n"
    assert "<hr>" not in told.html
    assert told.html.startswith(f'<p>단골상점 1588-0000 <a href="{OUT.replace("&", "&amp;")}">')


def test_a_whole_document_takes_everything_into_its_body():
    page = '<!doctype html><html><body class="x"><p>본문</p></BODY ></html>'
    told = render({}, KOREA, html=page, preheader="미리", cta={"label": "go", "link": A})

    assert told.html.startswith('<!doctype html><html><body class="x"><div style="display:none')
    assert told.html.endswith('width="1" height="1" alt=""></BODY ></html>')
    order = [told.html.index(part) for part in ("미리", "본문", ">go</a>", "<hr>", "<img")]
    assert order == sorted(order)
