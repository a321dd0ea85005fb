"""UTM parameters: added before signing, never over what an address says itself."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, strategies as st

from dangol.domain.tracking import Keys, verify
from dangol.domain.utm import Utm
from dangol.pipeline.messages import Renderer, Rendering
from tests.shop_campaign import LINK_BASE, campaign, project, recipient

UTM = Utm(source="dangol", medium="email", campaign="12월 오픈")
KEYS = Keys(1, {1: b"k" * 32})
ALL = "utm_source=dangol&utm_medium=email&utm_campaign=12%EC%9B%94%20%EC%98%A4%ED%94%88"


@pytest.mark.parametrize(
    ("address", "tagged"),
    [
        ("https://shop.example/a", f"https://shop.example/a?{ALL}"),
        ("HTTPS://shop.example", f"HTTPS://shop.example?{ALL}"),
        ("https://shop.example/a?x=1#part", f"https://shop.example/a?x=1&{ALL}#part"),
        ("https://shop.example/?", f"https://shop.example/?{ALL}"),
        ("https://shop.example/?x=%ff&", f"https://shop.example/?x=%ff&{ALL}"),
        ("https://shop.example/??", f"https://shop.example/??&{ALL}"),
        ("https://shop.example/#/route?x=1", f"https://shop.example/?{ALL}#/route?x=1"),
        ("mailto:hello@shop.example", "mailto:hello@shop.example"),
        ("kakaotalk://chat?id=1", "kakaotalk://chat?id=1"),
    ],
)
def test_parameters_are_added_to_web_addresses_alone(address, tagged):
    assert UTM.tagged(address, None) == tagged


def test_what_an_address_says_itself_stays():
    address = "https://shop.example/?UTM_Source=partner&utm_campaign="

    assert UTM.tagged(address, None) == f"{address}&utm_medium=email"
    everything = f"https://shop.example/?{ALL}&utm_content=x"
    assert UTM.tagged(everything, "B") == everything


def test_the_variant_is_the_content_unless_another_is_given():
    assert UTM.tagged("https://a.example", "혜택").endswith("&utm_content=%ED%98%9C%ED%83%9D")
    given_content = UTM.model_copy(update={"content": "top"})
    assert given_content.tagged("https://a.example", "혜택").endswith("&utm_content=top")


@given(st.text(), st.text())
def test_tagging_twice_adds_nothing_and_reads_back_what_was_added(query, name):
    address = f"https://shop.example/?{query.replace('#', '')}"

    tagged = UTM.tagged(address, name)

    assert UTM.tagged(tagged, "another" if name else None) == tagged
    assert tagged.startswith(address)
    told = dict(parse_qsl(tagged[len(address) :].lstrip("&"), keep_blank_values=True))
    assert told.get("utm_content", name) == name


def signed_destinations(**said) -> list[str]:
    of = campaign(message={"subject": "s", "text": "t {{ link('https://shop.example/a') }}"}, **said)
    message = Renderer(Rendering(7, of, project(), LINK_BASE, KEYS)).message(
        recipient("u1"), max(len(of.variants) - 1, 0)
    )
    tokens = re.findall(rf"{re.escape(LINK_BASE)}/c/(\S+)", message.text)
    return [verify(token, KEYS)[1] for token in tokens]


def test_a_message_s_links_carry_the_parameters_inside_what_is_signed():
    variants = [{"name": "혜택"}, {"name": "결과"}]

    (plain,) = signed_destinations(variants=variants)
    (tagged,) = signed_destinations(variants=variants, utm=UTM.model_dump(exclude_none=True))

    assert plain == "https://shop.example/a"
    assert dict(parse_qsl(urlsplit(tagged).query)) == {
        "utm_source": "dangol",
        "utm_medium": "email",
        "utm_campaign": "12월 오픈",
        "utm_content": "결과",
    }


def test_a_campaign_without_variants_has_no_content():
    (tagged,) = signed_destinations(variants=[], utm=UTM.model_dump(exclude_none=True))

    assert "utm_content" not in tagged
