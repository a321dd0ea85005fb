import gzip
import io
import os
from pathlib import Path

import pytest

from cli.reading.rows import MAX_FIELD, MAX_LINES, MAX_RECORD, Rejected, Row
from cli.reading.source import Source
from dangol.domain.errors import DefinitionError, InputError


def gzipped(plain: bytes) -> bytes:
    """Gzip without the time, so that a test's name is the same in every process."""
    return gzip.compress(plain, mtime=0)


MEMBERS = "user_id,name\nu1,김지은\nu2,이하늘\n"


def source_of(content: bytes | str, name: str = "members.csv") -> Source:
    data = content.encode() if isinstance(content, str) else content
    return Source(lambda: io.BytesIO(data), name, len(data))


def cells(content: bytes | str) -> list[dict[str, object]]:
    assert not reasons(content)
    return [dict(row.cells) for row in source_of(content).rows() if isinstance(row, Row)]


def reasons(content: bytes | str) -> dict[int, str]:
    return {row.row: row.reason for row in source_of(content).rows() if isinstance(row, Rejected)}


def kept(content: bytes | str) -> list[str]:
    return [row.cells["user_id"] for row in source_of(content).rows() if isinstance(row, Row)]


EXPECTED = [{"user_id": "u1", "name": "김지은"}, {"user_id": "u2", "name": "이하늘"}]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (MEMBERS.encode(), "UTF-8"),
        (MEMBERS.encode("utf-8-sig"), "UTF-8"),
        (MEMBERS.encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + MEMBERS.encode("utf-16-be"), "UTF-16"),
        (MEMBERS.encode("utf-16-le"), "UTF-16"),
        (MEMBERS.encode("utf-16-be"), "UTF-16"),
        (MEMBERS.encode("cp949"), "CP949 (EUC-KR)"),
        (MEMBERS.replace("\n", "\r\n").encode("cp949"), "CP949 (EUC-KR)"),
        (gzipped(MEMBERS.encode()), "UTF-8"),
        (gzipped(MEMBERS.encode("cp949")), "CP949 (EUC-KR)"),
        (gzipped(MEMBERS.encode("utf-16")), "UTF-16"),
    ],
)
def test_encoding_and_compression_are_found_whatever_the_name_says(content, encoding):
    source = source_of(content, "members.txt")

    rows = [dict(row.cells) for row in source.rows() if isinstance(row, Row)]

    assert (rows, source.encoding, source.kind) == (EXPECTED, encoding, "CSV")


def test_korean_that_comes_late_still_settles_the_encoding():
    ascii_rows = "".join(f"u{n},Kim\n" for n in range(20_000))
    source = source_of(f"user_id,name\n{ascii_rows}u99,친구\nu100,똠방각하\n".encode("cp949"))

    last = [row.cells["name"] for row in source.rows() if isinstance(row, Row)][-2:]

    assert (last, source.encoding) == (["친구", "똠방각하"], "CP949 (EUC-KR)")


def test_a_file_of_ascii_is_utf_8():
    assert source_of("user_id\nu1\n").encoding == "UTF-8"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_taken_from_the_header(delimiter):
    header, row = delimiter.join(("user_id", '"a,b;c\td"')), delimiter.join(("u1", "x"))

    assert cells(f"{header}\n{row}\n") == [{"user_id": "u1", "a,b;c\td": "x"}]


def test_the_delimiter_that_excel_names_is_believed():
    assert cells("sep=;\nuser_id;name\nu1;a,b\n") == [{"user_id": "u1", "name": "a,b"}]


def test_a_tab_separated_file_is_called_so():
    assert source_of("user_id\tname\n").kind == "TSV"


def test_quoted_cells_hold_delimiters_quotes_and_line_ends():
    content = 'user_id,name\nu1,"Kim, ""Jieun""\nSeoul"\nu2,5" pipe\n'

    assert cells(content) == [
        {"user_id": "u1", "name": 'Kim, "Jieun"\nSeoul'},
        {"user_id": "u2", "name": '5" pipe'},
    ]


def test_blank_lines_are_not_rows():
    rows = list(source_of("\n\nuser_id,name\n\nu1,a\n , \n,\nu2,b\n").rows())

    assert [(row.number, row.cells["user_id"]) for row in rows if isinstance(row, Row)] == [(1, "u1"), (2, "u2")]


def test_a_column_without_a_name_is_left_out():
    assert cells(",user_id,name,\n0,u1,a,\n") == [{"user_id": "u1", "name": "a"}]


def test_a_decomposed_header_from_a_mac_is_composed():
    assert source_of("회원번호\nu1\n").columns == ("회원번호",)


def test_json_lines_are_rows_of_their_own_types():
    source = source_of('{"user_id": 7, "vip": true, "at": {"day": 1}}\n\n{"user_id": "u2", "x": [1]}\n')

    rows = [row.cells for row in source.rows() if isinstance(row, Row)]

    assert rows == [{"user_id": 7, "vip": True, "at": {"day": 1}}, {"user_id": "u2", "x": [1]}]
    assert source.columns == ("user_id", "vip", "at", "at.day", "x")
    assert (source.kind, source.is_text) == ("JSON lines", False)


def test_lines_that_are_no_json_object_are_rejected():
    content = b'{"user_id": "u1"}\n{"user_id": \n["u2"]\n\xff\n{"user_id": "u3"}\n'

    found = reasons(content)

    assert list(found) == [2, 3, 4]
    assert found[2].startswith("not JSON")
    assert found[3] == "not a JSON object, like {…}"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"u2", "1 cells where the header names 2"),
        (b"u2,a,b", "3 cells where the header names 2"),
        (b"u2,a\0b", "a NUL byte in the row"),
        (b"u2,\xff\xfe\xfd", "bytes that are not UTF-8 text"),
        (b'u2,"a"b', "',' expected after '\"'"),
        (b'u2,"a\nb,c', "a quote is opened and not closed"),
        (b"u2," + b"x" * (MAX_FIELD + 1), f"column 'name': longer than {MAX_FIELD:,} characters"),
        (b'u2,"' + b"x" * 140_000 + b'"', "field larger than field limit (131072)"),
        (b"u2," + b"x" * MAX_RECORD, f"the line is longer than {MAX_RECORD:,} bytes"),
    ],
)
def test_a_broken_row_is_rejected_with_its_reason(row, reason):
    content = "user_id,name\nu1,김지은\n".encode() + row + "\nu3,이하늘\n".encode()

    assert reasons(content)[2] == reason
    assert kept(content)[0] == "u1"
    assert kept(content)[-1] == "u3"


def test_an_open_quote_does_not_swallow_what_follows():
    following = "".join(f"u{n},x\n" for n in range(2, 500))
    content = f'user_id,name\nu1,"open\n{following}'

    assert reasons(content) == {1: "a quote is opened and not closed"}
    assert len(kept(content)) == 498


def test_two_stray_quotes_do_not_join_the_rows_between_them():
    content = 'user_id,name\nu1,"open\nu2,b\nu3,c\nu4,"open too\nu5,e\n'

    assert list(reasons(content)) == [1, 4]
    assert kept(content) == ["u2", "u3", "u5"]


def test_a_broken_line_inside_a_quoted_cell_is_named_by_itself():
    content = b'user_id,name\nu1,"a\nb\0c\nu3,c\n'

    assert reasons(content) == {1: "a quote is opened and not closed", 2: "a NUL byte in the row"}
    assert kept(content) == ["u3"]


def test_a_cell_may_not_run_over_more_lines_than_a_record_may_hold():
    content = 'user_id,name\nu1,"' + "\n" * MAX_LINES + '"\nu2,b\n'

    assert reasons(content)[1] == "a quote is opened and not closed"
    assert kept(content)[-1] == "u2"


def test_half_a_character_at_the_end_of_utf_16_costs_the_last_row_only():
    content = MEMBERS.encode("utf-16")[:-1]

    assert kept(content) == ["u1"]
    assert list(reasons(content)) == [2]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (gzipped(b""), "the file is empty"),
        (b"PK\x03\x04...", "CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0...", "CSV UTF-8"),
        (b"PAR1....", "Parquet"),
        (b"<html><table>", "web page"),
        (b'[{"user_id": 1}]', "one object per line"),
        (b"user_id,name\ru1,a\ru2,b\r", "old Mac"),
        (b"user_id,name,user_id\n", "of the same name in the header: user_id"),
        (b"1,2268318,2520377,pv,1511544070\n", "looks like a person's row"),
        (b"u1,kim@example.com,Y\n", "looks like a person's row"),
        (b"u1,2026-01-01 10:00\n", "looks like a person's row"),
        (b",,\nu1,a,b\n", "names no column"),
        (b"user_id,na\0me\n", "the header cannot be read: a NUL byte"),
        (b'user_id,"name\nu1,a\n', "the header cannot be read: a quote is opened"),
        (b'{"a": \n{"b": \n', "none of its first lines is an object"),
        (gzipped(MEMBERS.encode() * 9)[:-9], "the gzip file is broken or cut off"),
        (b"\x1f\x8bnot gzip at all", "the gzip file is broken or cut off"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(content, problem):
    with pytest.raises(InputError, match=problem) as refused:
        list(source_of(content).rows())

    assert refused.value.field == "members.csv"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            Source.at(path)


def test_a_column_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(DefinitionError, match="did you mean 'user_id'") as refused:
        source_of(MEMBERS).require([("--map", "userid")])

    assert refused.value.field == "--map"
    assert refused.value.hint.endswith("its columns are user_id, name")


def test_a_key_that_only_a_late_json_line_has_is_found():
    source = source_of('{"a": 1}\n' * 500 + '{"a": 1, "value": {"won": 3}}\n')

    source.require([("--map", "value.won"), ("--map", "a")])

    with pytest.raises(DefinitionError, match="no column 'price'"):
        source.require([("--map", "price")])


def test_the_same_content_has_the_same_hash_gzipped_or_not():
    plain, packed = source_of(MEMBERS), source_of(gzipped(MEMBERS.encode()))

    assert plain.content_hash() == packed.content_hash()


def test_a_gzip_that_breaks_off_shows_in_its_hash():
    broken = gzipped(b"user_id\n" + os.urandom(2_000_000).hex().encode() + b"\nu1\n")[:-2_000]
    source = source_of(broken)

    with pytest.raises(InputError, match="broken or cut off"):
        source.content_hash()


def test_progress_is_told_in_bytes_of_the_file(tmp_path: Path):
    path = tmp_path / "members.csv"
    path.write_text(MEMBERS)

    with Source.at(path) as source:
        list(source.rows())
        assert (source.position, source.size) == (len(MEMBERS.encode()), len(MEMBERS.encode()))

    assert source.position == 0
