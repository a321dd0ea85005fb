from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cli.reading.rows import CellError
from cli.reading.times import TimeFormat
from cli.reading.values import YesColumn, amount, event_name, identifier, person_id, text_of, typed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("142.44", 142.44),
        ("-0.5", -0.5),
        ("true", True),
        ("FALSE", False),
        ("", None),
        ("  ", None),
        (None, None),
        (" 서울 ", "서울"),
        ("01012345670", "01012345670"),
        ("+821012345670", "+821012345670"),
        ("1234567890123456", "1234567890123456"),
        ("123456789012345", 123456789012345),
        ("0.12345678901234567", "0.12345678901234567"),
        ("1e5", "1e5"),
        ("1,000", "1,000"),
        ("١٢", "١٢"),
        ("2026-01-01", "2026-01-01"),
        ("Trust", "Trust"),
        ("-", "-"),
    ],
)
def test_a_cell_is_typed_only_where_nothing_is_lost(text, value):
    assert typed(text) == value
    assert type(typed(text)) is type(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("79000", "79000"),
        ("79,000", "79000"),
        ("1,234,567.50", "1234567.50"),
        ("-29.99", "-29.99"),
        (79000, "79000"),
        (29.99, "29.99"),
    ],
)
def test_an_amount_is_read_exactly(value, expected):
    assert amount(value, "price") == Decimal(expected)


@pytest.mark.parametrize("value", ["₩79,000", "79000원", "7,9000", "1,23", "1e5", "NaN", True, "-", "１００"])
def test_an_amount_that_can_be_misread_is_refused(value):
    with pytest.raises(CellError, match=r"column 'price': .* is not a number"):
        amount(value, "price")


def test_an_empty_amount_is_none():
    assert amount(" ", "price") is None


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("  ", "is empty"),
        (None, "is empty"),
        ("가" * 86, "longer than 256 bytes"),
        ("u\x071", "control character"),
        ("u1\nu2", "control character"),
        (1.5, "is not an id"),
        (True, "is not an id"),
        (["u1"], "is not an id"),
        ("anon:x", "kept for visitors"),
        ("1.01235E+10", "a spreadsheet rounded"),
    ],
)
def test_what_cannot_be_an_id_is_refused_with_its_column(value, problem):
    with pytest.raises(CellError, match=rf"column 'id': .*{problem}"):
        person_id(value, "id")


@pytest.mark.parametrize(
    ("value", "expected"), [(" u1 ", "u1"), (7, "7"), ("가" * 85, "가" * 85), ("a\xa0b", "a\xa0b")]
)
def test_an_id_is_kept_as_given_only_stripped(value, expected):
    assert person_id(value, "id") == expected
    assert identifier(value, "id") == expected


@pytest.mark.parametrize("value", ["", None, 7, "x" * 129, "a\x00b"])
def test_an_event_needs_a_name_of_up_to_128_characters(value):
    with pytest.raises(CellError, match="column 'event'"):
        event_name(value, "event")


def test_a_name_is_composed_as_names_in_the_project_are():
    assert event_name("구매", "event") == "구매"
    assert event_name(" a\xa0b ", "event") == "a\xa0b"


@pytest.mark.parametrize(("value", "text"), [(None, ""), (True, "true"), (False, "false"), (1, "1"), (" a ", "a")])
def test_every_cell_can_be_written_as_text(value, text):
    assert text_of(value) == text


@pytest.mark.parametrize(("value", "said"), [("y", True), (" Y ", True), ("N", False), ("", False), (None, False)])
def test_a_named_yes_is_the_only_yes(value, said):
    assert YesColumn("c", "Y").read(value) is said


@pytest.mark.parametrize(
    ("value", "said"), [("동의", True), (1, True), (True, True), ("수신거부", False), (None, False)]
)
def test_usual_words_are_understood_where_no_yes_is_named(value, said):
    assert YesColumn("c").read(value) is said


def test_an_unusual_word_is_refused_where_no_yes_is_named():
    with pytest.raises(CellError, match="name the yes, c:YES"):
        YesColumn("c").read("maybe")


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("iso", "2026-12-01T10:00:00+09:00", datetime(2026, 12, 1, 1, tzinfo=UTC)),
        ("iso", "2026-12-01 10:00", datetime(2026, 12, 1, 1, tzinfo=UTC)),
        ("iso", "2026-12-01T01:00:00Z", datetime(2026, 12, 1, 1, tzinfo=UTC)),
        ("iso", "2026-12-01", datetime(2026, 11, 30, 15, tzinfo=UTC)),
        ("iso", "20261201", datetime(2026, 11, 30, 15, tzinfo=UTC)),
        ("unix", "1511544070", datetime(2017, 11, 24, 17, 21, 10, tzinfo=UTC)),
        ("unix", 1511544070.5, datetime(2017, 11, 24, 17, 21, 10, 500_000, tzinfo=UTC)),
        ("unix_ms", "1511544070250", datetime(2017, 11, 24, 17, 21, 10, 250_000, tzinfo=UTC)),
        ("%Y.%m.%d %H:%M", "2026.12.01 10:00", datetime(2026, 12, 1, 1, tzinfo=UTC)),
        ("%d/%b/%Y %z", "01/Dec/2026 +0000", datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_the_way_the_file_writes_it(pattern, value, expected):
    assert TimeFormat.parse(pattern, "Asia/Seoul").read(value, "at") == expected


@pytest.mark.parametrize(
    ("pattern", "value", "problem"),
    [
        ("iso", "", "is empty"),
        ("iso", "2026.12.01", "--time-format '%Y"),
        ("iso", "0000-00-00 00:00:00", "not an ISO time"),
        ("iso", "1511544070", "looks like --time-format unix"),
        ("iso", "1611111912345", "looks like --time-format unix"),
        ("iso", "0001-01-01", "not an ISO time"),
        ("unix", "yesterday", "not a Unix time"),
        ("unix", "1511544070250", "looks like --time-format unix_ms"),
        ("unix_ms", "1511544070", "looks like --time-format unix"),
        ("unix_ms", "99999999999999999", "not a time in the form unix_ms"),
        ("unix", "0", "stands for no time"),
        ("%Y.%m.%d", "2026-12-01", "not a time in the form %Y"),
    ],
)
def test_a_time_that_cannot_be_read_is_refused_with_a_hint(pattern, value, problem):
    with pytest.raises(CellError, match=rf"column 'at': .*{problem}"):
        TimeFormat.parse(pattern, "Asia/Seoul").read(value, "at")
