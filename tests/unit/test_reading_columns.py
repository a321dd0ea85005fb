import pytest

from cli.reading.columns import EventOptions, ProfileOptions, event_mapping, profile_mapping
from cli.reading.values import YesColumn
from dangol.domain.errors import DefinitionError


def test_profile_options_become_one_mapping():
    mapping = profile_mapping(
        ProfileOptions(
            maps=("user_id=회원번호",),
            traits=("name=이름", "formula=a=b"),
            consents=("email=메일수신:Y", "sms=문자수신", "push"),
            consented_at="동의일",
            night="야간:O",
        )
    )

    assert mapping.user_id == "회원번호"
    assert mapping.traits == {"name": "이름", "formula": "a=b"}
    assert mapping.consents == {"email": YesColumn("메일수신", "Y"), "sms": YesColumn("문자수신"), "push": None}
    assert mapping.night == YesColumn("야간", "O")
    assert dict.fromkeys(option for option, _ in mapping.columns()) == dict.fromkeys(
        ("--map", "--trait", "--consent", "--consented-at", "--night")
    )


def test_event_options_become_one_mapping():
    mapping = event_mapping(
        EventOptions(
            maps=("user_id=회원", "time=주문일", "value=금액", "id=주문번호"),
            properties=("item_id=상품",),
            event="purchase",
            timezone="UTC",
        )
    )

    assert (mapping.event, mapping.name) == (None, "purchase")
    assert list(mapping.columns()) == [
        ("--map", "회원"),
        ("--map", "주문일"),
        ("--map", "금액"),
        ("--map", "주문번호"),
        ("--property", "상품"),
    ]


@pytest.mark.parametrize(
    ("options", "field", "said"),
    [
        (ProfileOptions(), "--map", "--row-number"),
        (ProfileOptions(maps=("user_id=id",), row_number=True), "--map", "--row-number"),
        (ProfileOptions(maps=("userid=id",)), "--map", "did you mean user_id"),
        (ProfileOptions(maps=("user_id",)), "--map", "is not NAME=COLUMN"),
        (ProfileOptions(maps=("=id",)), "--map", "is not NAME=COLUMN"),
        (ProfileOptions(maps=("user_id=a", "user_id=b")), "--map", "given twice"),
        (ProfileOptions(row_number=True, traits=("x" * 129 + "=a",)), "--trait", "longer than 128"),
        (ProfileOptions(row_number=True, consents=("e-mail=a:Y",)), "--consent", "it takes email, sms"),
        (ProfileOptions(row_number=True, consents=("email=",)), "--consent", "email=COLUMN:YES"),
        (ProfileOptions(row_number=True, consents=("email", "email=a:Y")), "--consent", "given twice"),
        (ProfileOptions(row_number=True, timezone="Asia/Soul"), "--timezone", "did you mean Asia/Seoul"),
        (ProfileOptions(row_number=True, timezone="!"), "--timezone", "like Asia/Seoul"),
        (ProfileOptions(row_number=True, time_format="excel"), "--time-format", "iso, unix, unix_ms"),
    ],
)
def test_profile_options_that_make_no_sense_are_refused(options, field, said):
    with pytest.raises(DefinitionError, match=said) as refused:
        profile_mapping(options)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("options", "field", "said"),
    [
        (EventOptions(maps=("time=t",), event="buy"), "--map", "add --map user_id=COLUMN"),
        (EventOptions(maps=("user_id=u",), event="buy"), "--map", "add --map time=COLUMN"),
        (EventOptions(maps=("user_id=u", "time=t")), "--event", "--event NAME"),
        (EventOptions(maps=("user_id=u", "time=t", "event=e"), event="buy"), "--event", "--event NAME"),
        (EventOptions(maps=("user_id=u", "time=t"), event=" "), "--event", "1 to 128"),
        (EventOptions(maps=("user_id=u", "time=t", "colour=c"), event="buy"), "--map", "it takes user_id, event"),
    ],
)
def test_event_options_that_make_no_sense_are_refused(options, field, said):
    with pytest.raises(DefinitionError, match=said) as refused:
        event_mapping(options)

    assert refused.value.field == field
