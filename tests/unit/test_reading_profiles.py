import io
from datetime import UTC, datetime

import pytest

from cli.importing import Origin, evidence
from cli.reading.columns import ProfileOptions, profile_mapping
from cli.reading.profiles import ProfileRow, read_profiles
from cli.reading.rows import Rejected
from cli.reading.source import Source
from dangol.contracts import Consented
from dangol.domain.errors import DefinitionError

LONG = "x" * 20_000
DEEP, DEEP_END = "[" * 300, "]" * 300
MEMBERS = """\
회원번호,이름,휴대폰,적립금,VIP,메일수신,야간,동의일
u1,김지은,01000001234,1200,true,Y,O,2026-01-02 09:00
u2,,01000005678,12.5,false,N,,
"""


def read(content: str, **options: object) -> list[ProfileRow | Rejected]:
    source = Source(lambda: io.BytesIO(content.encode()), "members.csv")
    return list(read_profiles(source, profile_mapping(ProfileOptions(**options))))  # type: ignore[arg-type]


def test_a_row_becomes_a_person_with_every_other_column_as_a_trait():
    first, second = read(
        MEMBERS, maps=("user_id=회원번호",), consents=("email=메일수신:Y", "push"), consented_at="동의일", night="야간"
    )

    assert first == ProfileRow(
        user_id="u1",
        traits={"이름": "김지은", "휴대폰": "01000001234", "적립금": 1200, "VIP": True},
        consents={"email": True, "push": True},
        consented_at=datetime(2026, 1, 2, tzinfo=UTC),
        night=True,
        row=1,
    )
    assert second == ProfileRow(
        user_id="u2",
        traits={"휴대폰": "01000005678", "적립금": 12.5, "VIP": False},
        consents={"email": False, "push": True},
        consented_at=None,
        night=False,
        row=2,
    )


def test_named_traits_are_the_only_ones():
    first, _ = read(MEMBERS, maps=("user_id=회원번호",), traits=("name=이름", "phone=휴대폰"))

    assert isinstance(first, ProfileRow)
    assert first.traits == {"name": "김지은", "phone": "01000001234"}
    assert (first.consents, first.night) == ({}, None)


def test_the_row_number_can_be_the_id():
    assert [row.user_id for row in read(MEMBERS, row_number=True) if isinstance(row, ProfileRow)] == ["1", "2"]


def test_a_column_that_is_a_trait_by_name_and_mapped_too_is_both():
    first, _ = read(MEMBERS, maps=("user_id=회원번호",), traits=("member_number=회원번호",))

    assert isinstance(first, ProfileRow)
    assert (first.user_id, first.traits) == ("u1", {"member_number": "u1"})


def test_json_keeps_its_types_and_opens_the_object_called_traits():
    content = '{"userId": 7, "vip": "true", "traits": {"age": 3, "zip": "012", "none": null, "empty": "", "t": [1]}}\n'

    [person] = read(content, maps=("user_id=userId",))

    assert isinstance(person, ProfileRow)
    assert person.user_id == "7"
    assert person.traits == {"vip": "true", "age": 3, "zip": "012", "t": [1]}


def test_a_mapped_key_inside_traits_is_no_trait():
    [person] = read('{"traits": {"id": "u1", "age": 3}}\n', maps=("user_id=traits.id",))

    assert isinstance(person, ProfileRow)
    assert (person.user_id, person.traits) == ("u1", {"age": 3})


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",a,2026-01-01", "column 'id': is empty"),
        ("u1,maybe,2026-01-01", "column 'ok': 'maybe' is neither yes nor no: name the yes, ok:YES"),
        ("u1,Y,2026.01.01", "column 'at': '2026.01.01' is not an ISO time"),
    ],
)
def test_a_person_that_cannot_be_read_is_rejected_with_the_column(row, reason):
    [rejected] = read(f"id,ok,at\n{row}\n", maps=("user_id=id",), consents=("email=ok",), consented_at="at")

    assert isinstance(rejected, Rejected)
    assert rejected.reason.startswith(reason)
    assert (rejected.row, rejected.raw) == (1, row)


def test_broken_rows_come_through_as_rejected():
    _, rejected = read("id,a\nu1,x\nu2\n", maps=("user_id=id",))

    assert rejected == Rejected(2, "1 cells where the header names 2", "u2")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            f'{{"id": "u1", "a": "{LONG}", "b": "{LONG}"}}',
            "with it the traits take more than 32 KB",
        ),
        (f'{{"id": "u1", "a": {DEEP}1{DEEP_END}}}', "is nested too deeply"),
    ],
)
def test_traits_too_large_to_keep_are_rejected(row, reason):
    [rejected] = read(row, maps=("user_id=id",))

    assert isinstance(rejected, Rejected)
    assert rejected.reason == f"column 'a': {reason}"


def test_a_long_row_whose_traits_are_not_too_large_is_taken():
    [person] = read(f'{{"id": "u1", "a": "{LONG}"}}', maps=("user_id=id",))

    assert isinstance(person, ProfileRow)
    assert person.traits == {"a": LONG}


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"maps": ("user_id=없음",)}, "--map"),
        ({"row_number": True, "traits": ("a=없음",)}, "--trait"),
        ({"row_number": True, "consents": ("email=없음:Y",)}, "--consent"),
        ({"row_number": True, "consented_at": "없음"}, "--consented-at"),
        ({"row_number": True, "night": "없음"}, "--night"),
    ],
)
def test_an_unknown_column_is_refused_before_anything_is_read(options, field):
    source = Source(lambda: io.BytesIO(MEMBERS.encode()), "members.csv")

    with pytest.raises(DefinitionError, match=r"members\.csv has no column '없음'") as refused:
        read_profiles(source, profile_mapping(ProfileOptions(**options)))

    assert refused.value.field == field


def test_the_address_that_a_consent_came_from_is_evidence_and_no_trait():
    told = "id,email,from\nu1,Y,192.0.2.1\nu2,Y,\n"

    first, second = read(told, maps=("user_id=id",), consents=("email=email:Y",), ip="from")

    assert isinstance(first, ProfileRow)
    assert isinstance(second, ProfileRow)
    assert (first.ip, first.traits, second.ip) == ("192.0.2.1", {}, "")
    assert evidence(first, Origin("가입 화면", "v3"), datetime(2026, 1, 2, tzinfo=UTC)) == Consented(
        id="import:가입 화면:u1:undated",
        user_id="u1",
        at=1_767_312_000_000,
        received_at=1_767_312_000_000,
        consents={"email": True},
        method="import",
        source="가입 화면",
        wording="v3",
        ip="192.0.2.1",
    )


def test_an_address_column_that_is_not_there_is_an_error():
    with pytest.raises(DefinitionError, match="--ip"):
        read(MEMBERS, row_number=True, ip="없음")
