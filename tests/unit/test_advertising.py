import pytest

from dangol.domain.advertising import LABEL, AdvertisingLaw, country_of, footer_lines, label
from tests.actors import SENDER, project

KOREA, ELSEWHERE, UNKNOWN = AdvertisingLaw("KR"), AdvertisingLaw("US"), AdvertisingLaw(None)
OUT = "https://go.shop.example/u/token"
SENDER_LINE = "단골상점 | 서울시 중구 | 1588-0000 | hello@shop.example"


def test_in_korea_the_subject_says_that_it_is_advertising():
    assert label("새 강의", KOREA) == "(광고) 새 강의"


@pytest.mark.parametrize("subject", ["(광고) 새 강의", "(광고)새 강의", "  (광고) 새 강의"])
def test_the_label_never_stands_twice(subject):
    assert label(subject, KOREA).count(LABEL) == 1
    assert label(label(subject, KOREA), KOREA) == label(subject, KOREA) == subject.lstrip()


@pytest.mark.parametrize("law", [ELSEWHERE, UNKNOWN])
def test_elsewhere_there_is_no_label(law):
    assert label(" New course", law) == "New course"


@pytest.mark.parametrize(
    ("traits", "country"),
    [
        ({"phone": "+82 10-1234-5678"}, "KR"),
        ({"phone": "010-1234-5678", "country": "US"}, "KR"),
        ({"phone": "+1 202 555 0100"}, "US"),
        ({"phone": "+44 20 7946 0000"}, "GB"),
        ({"phone": "+81-3-1234"}, "JP"),
        ({"phone": "+33 1 23"}, "FR"),
        ({"phone": "+358 40 123"}, "FI"),
        ({"phone": "+36 20 123"}, "HU"),
        ({"phone": "+423 660"}, "LI"),
        ({"phone": "+1 416 555 0100", "country": "ca"}, "CA"),
        ({"phone": "+1 416 555 0100"}, "US"),
        ({"phone": "+1 787 555 0100", "country": "PR"}, "US"),
        ({"phone": "+1 202 555 0100", "country": "FR"}, "US"),
        ({"phone": "+7 495 1"}, "KR"),
        ({"phone": "+7 495 1", "country": "KZ"}, "KZ"),
        ({"phone": "02-123-4567", "country": "JP"}, "JP"),
        ({"phone": "+33 1 23", "country": "fr"}, "FR"),
        ({"country": " us "}, "US"),
        ({"country": "대한민국"}, "KR"),
        ({"country": "Korea, Republic of"}, "KR"),
        ({"country": "한국"}, "KR"),
        ({"country": 82}, "KR"),
        ({"phone": 1012345678}, "KR"),
        ({}, "KR"),
    ],
)
def test_a_person_s_law_is_by_phone_else_by_country_else_the_project_s(traits, country):
    assert country_of(traits, project()) == country


def test_a_project_outside_korea_has_no_law_for_people_it_knows_nothing_of():
    assert country_of({}, project(timezone="America/New_York")) is None
    assert country_of({}, project(timezone="America/New_York", country="US")) == "US"


def test_the_footer_names_the_sender_and_the_way_out_in_korean_and_english():
    sender, way_out = footer_lines("안녕하세요", project(), OUT, KOREA)

    assert sender == SENDER_LINE
    assert "수신거부" in way_out
    assert "unsubscribe" in way_out
    assert way_out.endswith(f" {OUT}")


def test_in_korea_the_way_out_is_korean_too_whatever_the_project_speaks():
    assert "수신거부" in footer_lines("", project(locale="en"), OUT, KOREA)[1]
    assert "수신거부" not in footer_lines("", project(locale="en"), OUT, ELSEWHERE)[1]
    assert "수신거부" in footer_lines("", project(), OUT, ELSEWHERE)[1]


def test_the_footer_does_not_repeat_what_the_text_says():
    whole = "\n".join(footer_lines("", project(), OUT, KOREA))

    assert footer_lines(whole, project(), OUT, KOREA) == []
    assert footer_lines(f"그만: {OUT}", project(), OUT, KOREA) == [SENDER_LINE]
    assert len(footer_lines("단골상점 1588-0000", project(), OUT, KOREA)) == 1


def test_a_sender_without_contact_in_the_text_is_named_again():
    assert footer_lines(f"단골상점 {OUT}", project(), OUT, KOREA) == [SENDER_LINE]


def test_a_sender_gives_the_contact_there_is():
    plain = project(sender={"name": "Shop", "email": SENDER["email"]})

    assert footer_lines(OUT, plain, OUT, ELSEWHERE) == ["Shop | hello@shop.example"]
