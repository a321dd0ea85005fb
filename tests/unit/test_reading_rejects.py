import csv
from pathlib import Path

import pytest

from cli.reading.rejects import Rejects, accepted
from cli.reading.rows import Rejected
from dangol.domain.errors import DefinitionError, InputError

BAD = Rejected(2, "column 'id': is empty", ',"a"')


def test_bad_rows_are_written_beside_the_file_and_the_good_ones_passed_on(tmp_path: Path):
    with Rejects(tmp_path / "members.csv") as rejects:
        assert list(accepted([1, BAD, 3], rejects)) == [1, 3]

    path = tmp_path / "members.csv.rejects.csv"
    assert (rejects.path, rejects.count) == (path, 1)
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [["row", "reason", "raw"], ["2", BAD.reason, BAD.raw]]


def test_no_file_appears_without_a_bad_row(tmp_path: Path):
    with Rejects(tmp_path / "members.csv") as rejects:
        assert list(accepted([1], rejects)) == [1]

    assert rejects.path is None
    assert not list(tmp_path.iterdir())


def test_bad_rows_are_written_where_the_user_says(tmp_path: Path):
    with Rejects(tmp_path / "members.csv", tmp_path / "bad.csv") as rejects:
        rejects.add(BAD)

    assert rejects.path == tmp_path / "bad.csv"


def test_the_file_itself_is_never_overwritten(tmp_path: Path):
    with pytest.raises(DefinitionError, match="--rejects: this is the file to import"):
        Rejects(tmp_path / "members.csv", tmp_path / "." / "members.csv")


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path):
    with (
        pytest.raises(InputError, match="name another with --rejects PATH"),
        Rejects(tmp_path / "members.csv", tmp_path / "none" / "bad.csv") as rejects,
    ):
        rejects.add(BAD)


def test_nothing_is_passed_on_when_the_first_thousand_rows_are_bad(tmp_path: Path):
    passed: list[int] = []
    rows: list[int | Rejected] = [*[BAD] * 1_000, 1]

    with (
        Rejects(tmp_path / "members.csv") as rejects,
        pytest.raises(InputError, match=r"the first 1,000 rows .* row 2: column 'id': is empty"),
    ):
        passed.extend(accepted(rows, rejects))

    assert not passed
    assert rejects.count == 1_000


def test_a_good_row_among_the_first_thousand_keeps_the_import_going(tmp_path: Path):
    rows: list[int | Rejected] = [*[BAD] * 999, 1, *[BAD] * 1_500, 2]

    with Rejects(tmp_path / "members.csv") as rejects:
        assert list(accepted(rows, rejects)) == [1, 2]


def test_a_file_of_bad_rows_only_is_an_error(tmp_path: Path):
    with (
        Rejects(tmp_path / "members.csv") as rejects,
        pytest.raises(InputError, match="all rows are rejected"),
    ):
        list(accepted([BAD], rejects))


def test_a_file_without_rows_is_an_error(tmp_path: Path):
    with (
        Rejects(tmp_path / "members.csv") as rejects,
        pytest.raises(InputError, match="no row under the header"),
    ):
        list(accepted([], rejects))
