"""Bytes of a text message, as carriers count them."""

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from dangol.domain.text_bytes import SMS_BYTES, Foreign, foreign, text_bytes, text_type, width

PUBLIC = Path(__file__).parents[3] / "shared/data"
HANGUL = [chr(code) for code in range(0xAC00, 0xD7A4)]


def rows(name: str) -> list[dict[str, str]]:
    path = PUBLIC / name
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the project (../shared/data)")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_case_of_the_public_file_is_counted_as_it_says():
    cases = rows("sms_text_cases.csv.gz")

    wrong = [
        case["text"]
        for case in cases
        if sorted({found.character for found in foreign(case["text"])}) != sorted(set(case["chars_outside_ksx1001"]))
        or (case["strict_euckr_bytes"] and text_bytes(case["text"]) != int(case["strict_euckr_bytes"]))
    ]

    assert wrong == []
    assert len(cases) == 525


def test_every_hangul_syllable_is_two_bytes_or_outside():
    known = {row["char"]: row["in_ksx1001"] == "1" for row in rows("hangul_syllables_euckr.csv.gz")}

    assert sorted(known) == HANGUL
    assert [syllable for syllable, inside in known.items() if width(syllable) != (2 if inside else 0)] == []
    assert sum(known.values()) == 2_350


@pytest.mark.parametrize(
    ("text", "size"), [("", 0), ("abc", 3), ("가나다", 6), ("(광고)", 6), ("a\n나", 4), ("★", 2), ("€", 2), ("😀", 2)]
)
def test_ascii_is_one_byte_and_the_rest_two(text, size):
    assert text_bytes(text) == size


def test_what_a_phone_cannot_show_is_told_with_its_place():
    assert foreign("똠방각하\n오늘만 😀") == [Foreign("똠", 0, 1), Foreign("😀", 9, 2)]


@given(st.text())
def test_the_count_never_falls_when_text_is_added(text):
    assert text_bytes(text) == sum(text_bytes(character) for character in text)
    assert text_bytes(text) <= 2 * len(text)


def test_the_type_is_chosen_by_bytes_and_a_title_makes_it_long():
    assert text_type("가" * 45) == "sms"
    assert text_type("가" * 45 + "!") == "lms"
    assert text_type("짧은 글", title="제목") == "lms"
    assert SMS_BYTES == 90
