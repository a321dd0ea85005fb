"""A file's rows read as the members of a list, in the forms that analytics tools export."""

import gzip

import pytest

from cli.reading.columns import list_name
from cli.reading.members import MemberRow, read_members
from cli.reading.rows import Rejected
from cli.reading.source import Source
from dangol.domain.errors import DefinitionError


def read(tmp_path, text: str, *maps: str, name: str = "list.csv") -> list[MemberRow | Rejected]:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    with Source.at(path) as source:
        return list(read_members(source, maps))


@pytest.mark.parametrize(
    "text",
    [
        "user_id\nu1\nu2\n",
        "amplitude_id,user_id,username\n1234,u1,kim\n5678,u2,lee\n",
        '"Amplitude ID","User ID"\n"1234","u1"\n"5678","u2"\n',
        "$distinct_id,$email,user_id\nd1,a@b.example,u1\nd2,c@d.example,u2\n",
        "Distinct ID,Name\nu1,kim\nu2,lee\n",
        "$distinct_id,$email\nu1,a@b.example\nu2,c@d.example\n",
    ],
)
def test_the_column_with_the_user_ids_is_found(tmp_path, text):
    assert read(tmp_path, text) == [MemberRow("u1"), MemberRow("u2")]


def test_a_column_that_is_named_goes_before_one_that_is_known(tmp_path):
    text = "user_id,account\n1,u1\n"

    assert read(tmp_path, text, "user_id=account") == [MemberRow("u1")]


def test_gzipped_json_lines_are_read_too(tmp_path):
    text = '{"user_id": "u1"}\n{"user_id": 2}\n'

    assert read(tmp_path, text, name="list.jsonl.gz") == [MemberRow("u1"), MemberRow("2")]


def test_a_row_without_a_person_is_rejected_with_its_number(tmp_path):
    rows = read(tmp_path, "amplitude_id,user_id\n1,\n2,u2\n3,anon:x\n4\n")

    assert [row.row for row in rows if isinstance(row, Rejected)] == [1, 3, 4]
    assert [row for row in rows if isinstance(row, MemberRow)] == [MemberRow("u2")]


def test_a_file_whose_user_ids_cannot_be_found_is_refused_with_its_columns(tmp_path):
    with pytest.raises(DefinitionError) as refused:
        read(tmp_path, "email,name\na,b\n")

    assert "--map user_id=COLUMN" in refused.value.hint
    assert "email, name" in refused.value.hint


def test_a_column_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DefinitionError, match="no column 'id'"):
        read(tmp_path, "user_id\nu1\n", "user_id=id")


def test_a_list_has_a_name_as_segments_write_it():
    assert list_name(" 이탈위험 ") == "이탈위험"
    for name in ("", "  ", "x" * 129, "a\tb"):
        with pytest.raises(DefinitionError, match="1 to 128"):
            list_name(name)
