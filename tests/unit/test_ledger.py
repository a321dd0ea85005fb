from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from dangol.domain.errors import NotFoundError
from dangol.domain.ledger import (
    ENTRY_BYTES,
    HOLDOUT_VARIANT,
    MEMORY,
    UNDATED,
    Entry,
    Flag,
    Ledger,
    State,
    pack,
    unpack,
)
from dangol.domain.project import CHANNELS
from dangol.domain.suppression import address_hash
from tests.actors import NOON, NOW, entry, ledger

ENTRIES = st.builds(
    Entry,
    run=st.integers(0, 2**32 - 1),
    claimed_at=st.integers(0, 2**32 - 1),
    variant=st.integers(0, HOLDOUT_VARIANT),
    channel=st.sampled_from(CHANNELS),
    purpose=st.sampled_from(["marketing", "information"]),
    state=st.sampled_from(State),
    flags=st.integers(0, 127).map(Flag),
    labels=st.integers(0, 255),
)


@given(st.lists(ENTRIES, max_size=70).map(tuple))
def test_entries_are_read_as_they_were_written(entries):
    assert unpack(pack(entries)) == entries


@given(ENTRIES)
def test_an_entry_takes_twelve_bytes(one):
    assert len(pack((one,))) == ENTRY_BYTES == 12


def test_no_entries_are_no_bytes():
    assert pack(()) == b""
    assert unpack(b"") == ()


def test_sixty_four_entries_leave_room_for_the_rest_within_one_write_unit():
    assert len(pack((entry(),) * 64)) <= 768


def test_a_failed_or_cancelled_send_gives_its_place_back_and_no_other_does():
    counting = {state for state in State if entry(state=state).counts}

    assert counting == {State.SENT, State.HELD_OUT, State.UNKNOWN}


def test_a_claim_reads_as_sent_unless_corrected():
    assert entry().state is State.SENT


def test_a_new_entry_raises_the_revision_and_keeps_the_order_of_time():
    before = ledger(entry(2, timedelta(days=1)))

    after = before.with_entry(entry(1, timedelta(days=2)), NOW)

    assert after.rev == before.rev + 1
    assert [e.run for e in after.entries] == [1, 2]
    assert before.entries == (entry(2, timedelta(days=1)),)


def test_an_entry_replaces_that_of_the_same_run():
    failed = replace(entry(1), state=State.FAILED)

    after = ledger(entry(1), entry(2)).with_entry(failed, NOW)

    assert after.entry(1) == failed
    assert len(after.entries) == 2


def test_an_entry_is_kept_for_four_hundred_days_and_no_longer():
    kept, gone = entry(1, MEMORY), entry(2, MEMORY + timedelta(seconds=1))

    after = ledger(gone, kept).with_entry(entry(3), NOW)

    assert [e.run for e in after.entries] == [1, 3]


def test_a_run_that_did_not_reach_the_person_has_no_entry():
    assert ledger(entry(1)).entry(2) is None


def test_consent_is_kept_per_channel():
    agreed = Ledger("ann").with_consent("email", given=True, at=NOON)

    assert agreed.consented("email")
    assert not agreed.consented("sms")
    assert agreed.rev == 1


def test_the_console_needs_no_consent():
    assert Ledger("ann").consented("console")


def test_an_older_import_never_undoes_a_newer_withdrawal():
    withdrawn = ledger().with_consent("email", given=False, at=NOON)

    assert not withdrawn.consented("email")
    assert withdrawn.with_consent("email", given=True, at=NOON - 1) is withdrawn
    assert withdrawn.with_consent("email", given=True, at=UNDATED) is withdrawn


def test_of_two_statements_of_the_same_second_the_withdrawal_stands():
    given_first = Ledger("ann").with_consent("email", given=True, at=NOON)
    withdrawn_first = Ledger("ann").with_consent("email", given=False, at=NOON)

    assert not given_first.with_consent("email", given=False, at=NOON).consented("email")
    assert not withdrawn_first.with_consent("email", given=True, at=NOON).consented("email")


def test_a_newer_consent_follows_a_withdrawal():
    withdrawn = ledger().with_consent("email", given=False, at=NOON)

    assert withdrawn.with_consent("email", given=True, at=NOON + 1).consented("email")


@given(st.permutations([(True, 10), (False, 20), (True, 20), (True, 15), (False, 5), (True, 1)]))
def test_the_order_in_which_statements_arrive_does_not_matter(statements):
    told = Ledger("ann")
    for said, at in statements:
        told = told.with_consent("email", given=said, at=at).with_night(given=said, at=at)

    assert told.consents == {"email": -20}
    assert told.night == -20


def test_the_same_statement_twice_changes_nothing():
    agreed = Ledger("ann").with_consent("email", given=True, at=NOON).with_night(given=True, at=NOON)

    assert agreed.with_consent("email", given=True, at=NOON) is agreed
    assert agreed.with_night(given=True, at=NOON) is agreed
    assert (agreed.night, agreed.rev) == (NOON, 2)


def test_a_flag_is_set_once():
    before = ledger(entry(1), entry(2))

    clicked = before.with_flag(1, Flag.CLICKED)

    assert [e.flags for e in clicked.entries] == [Flag.CLICKED, Flag(0)]
    assert clicked.rev == before.rev + 1
    assert clicked.with_flag(1, Flag.CLICKED) is clicked
    assert clicked.with_flag(1, Flag.OPENED).entries[0].flags == Flag.CLICKED | Flag.OPENED


def test_of_several_flags_those_that_are_missing_are_set():
    opened = ledger(entry(1)).with_flag(1, Flag.OPENED)

    assert opened.with_flag(1, Flag.OPENED | Flag.CLICKED).entries[0].flags == Flag.OPENED | Flag.CLICKED


def test_a_flag_for_a_run_without_entry_is_an_error():
    with pytest.raises(NotFoundError):
        ledger(entry(1)).with_flag(2, Flag.CLICKED)


def test_an_address_is_recognised_however_it_is_written_and_never_readable():
    hashed = address_hash("email", "ann@example.com")

    assert hashed == address_hash("email", " Ann@Example.COM ")
    assert hashed != address_hash("email", "bob@example.com")
    assert hashed != address_hash("sms", "ann@example.com")
    assert len(hashed) == 24
    assert "ann" not in hashed


def test_a_claim_can_be_dated_until_the_next_century():
    late = replace(entry(), claimed_at=int(datetime(2106, 1, 1, tzinfo=UTC).timestamp()))

    assert unpack(pack((late,))) == (late,)
