import base64
import json

import pytest
from hypothesis import given, strategies as st

from dangol.domain.errors import ForgeryError
from dangol.domain.tracking import MAX_LINKS, OPEN_LINK, UNSUBSCRIBE_LINK, Keys, Mark, sign, verify

OLD, NEW = b"o" * 32, b"n" * 32
KEYS = Keys(current=1, secrets={1: OLD})
MARK = Mark(run=7, user_id="0123456789abcdef", variant=1, link=3)
SHOP = "https://shop.example/item?a=1&b=2"
TOKEN = sign(MARK, KEYS, SHOP)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def refused(token: str, keys: Keys = KEYS) -> bool:
    try:
        verify(token, keys)
    except ForgeryError:
        return True
    return False


@given(
    st.integers(0, 2**32 - 1), st.text(max_size=300), st.integers(0, 255), st.integers(0, 252), st.text(max_size=200)
)
def test_a_token_gives_back_what_was_signed(run, user_id, variant, link, destination):
    mark = Mark(run, user_id, variant, link)

    assert verify(sign(mark, KEYS, destination), KEYS) == (mark, destination)


def test_a_token_without_a_destination_has_none():
    token = sign(MARK, KEYS)

    assert "." not in token
    assert verify(token, KEYS) == (MARK, "")


def test_every_changed_character_of_a_token_is_refused():
    for position, character in enumerate(TOKEN):
        for other in {*ALPHABET, ".", "=", "+", "/", "é"} - {character}:
            assert refused(TOKEN[:position] + other + TOKEN[position + 1 :]), (position, other)


def test_a_token_cut_short_anywhere_is_refused():
    assert all(refused(TOKEN[:length]) for length in range(len(TOKEN)))


@pytest.mark.parametrize("tail", ["A", "=", "==", ".", ".AA", "\n", " "])
def test_a_token_with_something_behind_it_is_refused(tail):
    assert refused(TOKEN + tail)
    assert refused(sign(MARK, KEYS) + tail)


def test_a_token_without_its_destination_is_refused():
    assert refused(TOKEN.partition(".")[0])


def test_another_destination_is_refused():
    body = TOKEN.partition(".")[0]
    evil = base64.urlsafe_b64encode(b"https://evil.example/").decode().rstrip("=")

    assert refused(f"{body}.{evil}")


def test_no_byte_moves_from_the_person_to_the_destination():
    body, _, rest = sign(Mark(7, "ann", 0, 0), KEYS, "b").partition(".")
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    shorter = base64.urlsafe_b64encode(raw[:-1]).decode().rstrip("=")
    longer = base64.urlsafe_b64encode(b"nb").decode().rstrip("=")

    assert rest == "Yg"
    assert refused(f"{shorter}.{longer}")


@pytest.mark.parametrize("text", ["", ".", "..", "한글", "AAAA", "A" * 24, "A" * 46])
def test_what_was_never_a_token_is_refused(text):
    assert refused(text)


def test_the_same_bytes_in_another_spelling_are_refused():
    token = next(t for i in range(9) if len(t := sign(Mark(7, "p" * (16 + i), 0, 0), KEYS)) % 4 == 2)
    position = ALPHABET.index(token[-1])

    # The last of these characters holds four bits that decode to nothing.
    assert all(refused(token[:-1] + ALPHABET[other]) for other in range(64) if other != position)


def test_a_token_of_another_key_is_refused():
    assert refused(sign(MARK, Keys(1, {1: NEW}), SHOP))


def test_a_rotated_key_still_verifies_and_the_new_one_signs():
    rotated = Keys(current=2, secrets={1: OLD, 2: NEW})

    assert verify(TOKEN, rotated) == (MARK, SHOP)
    assert refused(sign(MARK, rotated, SHOP), KEYS)
    assert verify(sign(MARK, rotated, SHOP), rotated) == (MARK, SHOP)


def test_a_retired_key_is_refused():
    assert refused(TOKEN, Keys(current=2, secrets={2: NEW}))


def test_another_version_is_refused_though_it_is_signed(monkeypatch):
    monkeypatch.setattr("dangol.domain.tracking.VERSION", 2)
    token = sign(MARK, KEYS, SHOP)
    monkeypatch.undo()

    assert refused(token)


def test_a_token_of_a_sixteen_byte_id_is_shorter_than_sixty_characters():
    assert len(TOKEN.partition(".")[0]) < 60


def test_opens_and_the_way_out_are_no_link_of_a_message():
    assert len({OPEN_LINK, UNSUBSCRIBE_LINK} | set(range(MAX_LINKS))) == MAX_LINKS + 2


def test_keys_are_read_from_the_stored_parameter():
    stored = {"current": 2, "keys": {str(i): base64.b64encode(k).decode() for i, k in ((1, OLD), (2, NEW))}}

    assert Keys.parse(json.dumps(stored)) == Keys(current=2, secrets={1: OLD, 2: NEW})


def test_keys_do_not_show_their_secrets():
    assert repr(Keys(2, {2: NEW, 1: OLD})) == "Keys(current=2, ids=[1, 2])"
