import pytest

from dangol.domain.phone import digits, domestic, normalised
from dangol.domain.suppression import address_hash


@pytest.mark.parametrize(
    "written",
    [
        "01012345678",
        "010-1234-5678",
        "010 1234 5678",
        "010.1234.5678",
        "+821012345678",
        "+82 10-1234-5678",
        "+82 (0)10-1234-5678",
        "821012345678",
        "00821012345678",
        "010–1234–5678",
        1012345678,
    ],
)
def test_one_korean_number_has_one_form_however_it_is_written(written):
    assert normalised(written) == "+821012345678"
    assert address_hash("sms", str(written)) == address_hash("sms", "+821012345678")


@pytest.mark.parametrize(("written", "number"), [("011-234-5678", "+82112345678"), ("+1 202 555 0100", "+12025550100")])
def test_old_mobile_numbers_and_those_of_other_countries_are_numbers(written, number):
    assert normalised(written) == number


@pytest.mark.parametrize(
    "written",
    ["", "02-123-4567", "2025550100", "010-1234", "+0821012345678", "u1@example.com", "+123", "٠١٠١٢٣٤٥٦٧٨", None],
)
def test_what_could_be_anybodys_number_is_nobodys(written):
    assert normalised(written) is None


def test_korean_carriers_dial_without_the_country_and_no_number_of_another():
    assert domestic("+821012345678") == "01012345678"
    assert domestic("+12025550100") is None
    assert digits("1588-0000") == digits("(1588) 0000") == "15880000"


def test_an_address_that_is_no_phone_number_is_hashed_as_it_stands():
    assert address_hash("sms", " 02-123-4567 ") == address_hash("sms", "02-123-4567")
    assert address_hash("email", "01012345678") != address_hash("email", "+821012345678")
