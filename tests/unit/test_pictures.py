"""Pictures of messages: what is a JPG, what is too large, and where they are stored."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cli.applying import store_pictures
from cli.definitions import load_campaign, load_project
from dangol.domain.picture import BRAND, BRAND_WIDE, MMS, faults, picture_key, size_of
from tests.fakes import FakeObjects
from tests.pictures import jpg
from tests.shop import PROJECT, campaign, problems, write_shop

SHOP = PROJECT.replace('"서울시"', '"서울시", refusal_number: "080-000-0000", certificate: "1"').replace(
    "  email: {provider: ses}\n", "  sms: {provider: solapi}\n  brand_message: {provider: nhn, profile: key}\n"
)
PLACE = "campaigns/sale.yaml:7: message.image:"
SALE = """\
title: 오픈
audience: {did: view_item, within: 30d}
purpose: marketing
channel: CHANNEL
message:
  text: 오늘만
  image: ../pictures/new.jpg
"""


@pytest.fixture
def shop(tmp_path):
    folder = write_shop(tmp_path)
    (folder / "dangol.yaml").write_text(SHOP)
    (folder / "pictures").mkdir()
    return folder


def sale(shop, picture: bytes | None, channel: str = "mms", more: str = "") -> Any:
    if picture is not None:
        (shop / "pictures" / "new.jpg").write_bytes(picture)
    (shop / "campaigns" / "sale.yaml").write_text(SALE.replace("CHANNEL", channel) + more)
    return load_campaign(shop / "campaigns" / "sale.yaml", load_project(shop))


@given(st.integers(1, 65_535), st.integers(1, 65_535), st.integers(0, 5_000))
def test_a_jpg_says_how_large_it_is(width, height, size):
    assert size_of(jpg(width, height, size)) == (width, height)


@given(st.binary(max_size=200))
def test_whatever_else_it_is_it_is_no_jpg_and_no_error(content):
    assert size_of(content) is None
    assert list(faults(content, MMS)) == ["is no JPG"]


@given(st.integers(0, 60))
def test_a_jpg_that_is_cut_off_is_none(length):
    whole = jpg()

    assert size_of(whole[:length]) in (None, (800, 600))
    assert size_of(whole[:20]) is None


@pytest.mark.parametrize(
    ("picture", "limits", "said"),
    [
        (jpg(1_500, 1_440, 200_000), MMS, []),
        (jpg(1_500, 1_440, 200_001), MMS, ["is 200,001 bytes large; at most 200,000 are taken"]),
        (jpg(1_501, 10), MMS, ["is 1,501 by 10 pixels; at most 1,500 by 1,440 are taken"]),
        (jpg(10, 1_441), MMS, ["is 10 by 1,441 pixels; at most 1,500 by 1,440 are taken"]),
        (jpg(800, 1_066), BRAND, []),
        (jpg(800, 399), BRAND, ["is 800 by 399 pixels; its height must be 0.5 to 1.333 of its width"]),
        (jpg(499, 499), BRAND, ["is 499 pixels wide; at least 500 are needed"]),
        (jpg(800, 801), BRAND_WIDE, ["is 800 by 801 pixels; its height must be 0.5 to 1 of its width"]),
    ],
)
def test_what_no_carrier_takes_is_told_with_its_limit(picture, limits, said):
    assert list(faults(picture, limits)) == said


def test_a_campaign_is_stored_with_the_content_of_its_pictures(shop):
    variants = "variants: [{name: A}, {name: B, message: {image: ../pictures/other.jpg}}]\n"
    (shop / "pictures" / "other.jpg").write_bytes(jpg(600, 600))
    loaded = sale(shop, jpg(), more=variants)

    first, second = picture_key(jpg()), picture_key(jpg(600, 600))
    assert loaded.body["message"]["image"] == first
    assert [message.image for message in loaded.campaign.messages()] == [first, second]
    assert dict(loaded.pictures) == {first: jpg(), second: jpg(600, 600)}


def test_each_of_several_channels_has_a_picture_of_its_own_and_its_limits(shop):
    several = SALE.replace("channel: CHANNEL", "channels: [brand_message, mms]").partition("message:")[0]
    several += """\
message: {text: 오늘만}
messages:
  brand_message: {image: ../pictures/new.jpg, wide: true}
  mms: {image: ../pictures/other.jpg}
variants: [{name: A}, {name: B, message: {text: 내일도}}]
"""
    (shop / "pictures" / "new.jpg").write_bytes(jpg(size=300_000))
    (shop / "pictures" / "other.jpg").write_bytes(jpg(400, 600))

    loaded = campaign(shop, several)

    wide, other = picture_key(jpg(size=300_000)), picture_key(jpg(400, 600))
    assert [message.image for message in loaded.campaign.messages()] == [wide, wide, other, other]
    assert set(loaded.pictures) == {wide, other}
    (shop / "pictures" / "other.jpg").write_bytes(jpg(size=300_000))
    (line,) = problems(campaign, shop, several)
    assert line.startswith("campaigns/sale.yaml:8: messages.mms.image: ../pictures/other.jpg is 300,000 bytes large;")


def test_the_same_picture_is_the_same_campaign_and_another_is_another(shop):
    assert sale(shop, jpg()).body == sale(shop, jpg()).body
    assert sale(shop, jpg()).body != sale(shop, jpg(801)).body


@pytest.mark.parametrize(("channel", "size"), [("mms", 300_000), ("sms", 300_000), ("brand_message", 5_000_001)])
def test_a_picture_that_is_too_large_is_told_where_it_is_named(shop, channel, size):
    (line,) = problems(sale, shop, jpg(size=size), channel)

    assert line.startswith(
        f"campaigns/sale.yaml:7: message.image: ../pictures/new.jpg is {size:,} bytes large; at most"
    )


def test_a_wide_picture_has_limits_of_its_own(shop):
    assert (
        "its height must be 0.5 to 1 of its width"
        in problems(sale, shop, jpg(800, 900), "brand_message", "  wide: true\n")[0]
    )
    assert sale(shop, jpg(800, 900), "brand_message").pictures


def test_a_picture_that_is_not_there_is_told_with_where_it_is_looked_for(shop):
    (line,) = problems(sale, shop, None)

    assert line.startswith("campaigns/sale.yaml:7: message.image: ../pictures/new.jpg is not there; the path is seen")


@pytest.mark.parametrize("way", ["path", "link"])
def test_no_file_from_outside_the_project_is_sent(shop, tmp_path_factory, way):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "private.jpg"
    elsewhere.write_bytes(jpg())
    picture = shop / "pictures" / "new.jpg"
    if way == "link":
        picture.symlink_to(elsewhere)
    named = "../pictures/new.jpg" if way == "link" else str(elsewhere)
    (shop / "campaigns" / "sale.yaml").write_text(SALE.replace("CHANNEL", "mms").replace("../pictures/new.jpg", named))

    (line,) = problems(load_campaign, shop / "campaigns" / "sale.yaml", load_project(shop))

    assert line.startswith(f"{PLACE} {named} is outside the project's folder")


def test_without_a_readable_project_pictures_are_not_looked_at(shop):
    path = shop / "campaigns" / "sale.yaml"
    path.write_text(SALE.replace("CHANNEL", "mms"))

    assert load_campaign(path, None).pictures == {}


def test_pictures_are_stored_in_the_project_s_bucket_each_once():
    stack: Any = SimpleNamespace(objects=FakeObjects())

    for _ in range(2):
        store_pictures(stack, {picture_key(jpg()): jpg()})

    assert stack.objects.objects == {picture_key(jpg()): jpg()}


def test_a_campaign_without_pictures_stays_as_it_is(shop):
    loaded = campaign(shop, SALE.replace("CHANNEL", "sms").replace("  image: ../pictures/new.jpg\n", ""))

    assert loaded.pictures == {}
