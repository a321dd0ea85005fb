import gzip
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cli.reading.columns import EventOptions, event_mapping
from cli.reading.events import EventRow, read_events
from cli.reading.rows import Rejected
from cli.reading.source import Source
from dangol.domain.errors import DefinitionError

ORDERS = """\
주문번호,회원번호,결제일,금액,상품
o1,u1,2026-12-02 10:00,"79,000",dev-automation
o2,u2,2026-12-02 11:00,,data-basics
"""
MAPS = ("user_id=회원번호", "time=결제일", "value=금액")


def events(content: str | bytes, **options: object) -> list[EventRow | Rejected]:
    data = content.encode() if isinstance(content, str) else content
    source = Source(lambda: io.BytesIO(data), "orders.csv")
    return list(read_events(source, event_mapping(EventOptions(**options))))  # type: ignore[arg-type]


def ids(content: str | bytes, **options: object) -> list[str]:
    return [row.id for row in events(content, **options) if isinstance(row, EventRow)]


def test_a_row_becomes_an_event():
    first, second = events(
        ORDERS, maps=(*MAPS, "id=주문번호"), event="purchase", properties=("item_id=상품", "order_id=주문번호")
    )

    assert first == EventRow(
        id="o1",
        user_id="u1",
        event="purchase",
        at=datetime(2026, 12, 2, 1, tzinfo=UTC),
        value=Decimal(79000),
        properties={"item_id": "dev-automation", "order_id": "o1"},
        row=1,
    )
    assert isinstance(second, EventRow)
    assert (second.value, second.row) == (None, 2)


def test_without_names_every_other_column_is_a_property():
    first, _ = events(ORDERS, maps=MAPS, event="purchase")

    assert isinstance(first, EventRow)
    assert first.properties == {"주문번호": "o1", "상품": "dev-automation"}


def test_json_opens_the_object_called_properties():
    content = (
        '{"id": "e1", "user_id": "u1", "event": "view_item", "time": "2026-12-01T10:00:00+09:00", '
        '"properties": {"item_id": "7", "price": 79000}, "value": 1.5, "app": "web"}\n'
    )

    [event] = events(content, maps=("user_id=user_id", "event=event", "time=time", "id=id", "value=value"))

    assert isinstance(event, EventRow)
    assert (event.event, event.value) == ("view_item", Decimal("1.5"))
    assert event.properties == {"item_id": "7", "price": 79000, "app": "web"}


def test_identical_rows_without_an_id_are_events_of_their_own():
    row = "u1,2026-12-01,buy\n"

    found = ids(f"u,t,e\n{row}{row}", maps=("user_id=u", "time=t", "event=e"))

    assert len(set(found)) == 2


def test_the_same_content_makes_the_same_ids_whatever_it_is_packed_in():
    options = {"maps": MAPS, "event": "purchase"}

    assert ids(ORDERS, **options) == ids(gzip.compress(ORDERS.encode()), **options)


def test_other_content_makes_other_ids():
    options = {"maps": MAPS, "event": "purchase"}

    assert not set(ids(ORDERS, **options)) & set(ids(ORDERS.replace("79", "89"), **options))


def test_one_file_imported_for_two_events_makes_events_of_both():
    assert not set(ids(ORDERS, maps=MAPS, event="purchase")) & set(ids(ORDERS, maps=MAPS, event="visited"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",buy,2026-12-01,1,o1", "column 'u': is empty"),
        ("u1,,2026-12-01,1,o1", "column 'e': is empty"),
        ("u1,buy,soon,1,o1", "column 't': 'soon' is not an ISO time"),
        ("u1,buy,,1,o1", "column 't': is empty"),
        ("u1,buy,2026-12-01,₩79000,o1", "column 'v': '₩79000' is not a number"),
        ("u1,buy,2026-12-01,1,", "column 'i': is empty"),
        (f"u1,{'x' * 129},2026-12-01,1,o1", "column 'e': "),
    ],
)
def test_an_event_that_cannot_be_read_is_rejected_with_the_column(row, reason):
    [rejected] = events(f"u,e,t,v,i\n{row}\n", maps=("user_id=u", "event=e", "time=t", "value=v", "id=i"))

    assert isinstance(rejected, Rejected)
    assert rejected.reason.startswith(reason)


def test_more_than_32_kb_of_properties_are_rejected_naming_the_largest():
    row = f"u1,2026-12-01,{'x' * 10_000},{'y' * 25_000}"

    [rejected] = events(f"u,t,a,b\n{row}\n", maps=("user_id=u", "time=t"), event="buy")

    assert isinstance(rejected, Rejected)
    assert rejected.reason == "column 'b': with it the properties take more than 32 KB"
    assert len(rejected.raw) == 4_000


def test_broken_rows_come_through_as_rejected():
    [rejected] = events("u,t\nu1\n", maps=("user_id=u", "time=t"), event="buy")

    assert rejected == Rejected(1, "1 cells where the header names 2", "u1")


def test_an_unknown_column_is_refused_before_anything_is_read():
    source = Source(lambda: io.BytesIO(ORDERS.encode()), "orders.csv")

    with pytest.raises(DefinitionError, match="did you mean '상품'"):
        read_events(source, event_mapping(EventOptions(maps=MAPS, event="buy", properties=("item=상품명",))))
