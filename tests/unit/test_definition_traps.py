"""Every row of the table of YAML traps, and what else a text editor does to copy."""

import codecs
import unicodedata

import pytest

from cli.definitions import Problems
from cli.definitions.document import parse
from cli.definitions.eaten import eaten_copy
from cli.definitions.source import MAX_SIZE, read_source

QUOTE = "따옴표로 감싸 주세요"


def told(source, locale="ko"):
    document = parse(source, "x.yaml", locale)
    return [str(problem) for problem in [*eaten_copy(source, "x.yaml", locale), *document.problems]]


@pytest.mark.parametrize(
    "line",
    [
        "subject: #{이름}님, 단 7일 20% 할인",
        "subject: 안녕하세요 #{이름}님, 반가워요",
        "- #{이름}",
        "x: {a: b, c: #{이름}}",
    ],
)
def test_a_merge_tag_that_yaml_would_eat_is_found_before_parsing(line):
    (problem,) = eaten_copy(f"title: x\n{line}\n", "x.yaml", "ko")

    assert problem.line == 2
    assert problem.hint == f'{QUOTE}: "…#{{이름}}…"'


@pytest.mark.parametrize(
    "line",
    [
        "subject: [신규 강의 오픈] 20% 할인",
        "subject: {{ name }}님, 열렸어요",
        "subject: {{ name }}",
        "subject: (광고) 단골클래스: 오늘 마감",
        "subject: %할인 시작",
        "subject: *오늘만* 할인",
        "subject: '아직' 고민 중",
        'subject: "아직',
        "subject: @단골",
        "- `새로`",
    ],
)
def test_copy_that_does_not_parse_is_quoted_back_with_the_hint(line):
    (problem,) = told(line)

    assert problem.startswith(f"x.yaml:1: YAML cannot read this line: {line}; {QUOTE}: ")


@pytest.mark.parametrize(
    ("line", "sign"), [("a: *오늘만", "*오늘만"), ("a: &할인 시작", "&할인"), ("a: !!str 1", "!!str")]
)
def test_a_sign_of_yaml_at_the_start_of_copy_is_not_taken_in_silence(line, sign):
    assert told(line) == [f'x.yaml:1: a: YAML takes {sign} as a sign of its own; {QUOTE}: "{sign}…"']


def test_yaml_is_read_by_the_rules_of_1_2():
    source = "from: 21:00\nto: 08:00\ncoupon: NO\nweekly: on\nday: 2026-12-01\nflag: true\nhalf: .5\nphone: '010'"

    assert parse(source, "x.yaml").content == {
        "from": "21:00",
        "to": "08:00",
        "coupon": "NO",
        "weekly": "on",
        "day": "2026-12-01",
        "flag": True,
        "half": 0.5,
        "phone": "010",
    }


def test_a_number_remembers_how_it_was_written():
    document = parse("phone: 01012345670", "x.yaml")

    assert document.content == {"phone": 1012345670}
    assert document.place(("phone",)).written == "01012345670"


def test_a_number_longer_than_any_is_text():
    assert parse(f"n: {'9' * 31}", "x.yaml").content == {"n": "9" * 31}


def test_copy_in_quotes_or_in_a_block_is_left_alone():
    source = """\
subject: "안녕 #{이름}님"
other: 'it''s #{이름}'
long: "두 줄에
  #{이름}" # a remark
text: |
  #{이름}님 #오늘만

    안녕 #{이름}
folded: >-
  #{이름}
indented: |2
    깊은 첫 줄
  #{이름}
items:
  - text: |
      #{이름}
    html: x#{이름}
  - |
   #{이름}
  - {a: "b #{이름}", c: [d, 'e #{이름}']}
# subject: #{이름}
#{이것은} 주석
"""

    found = eaten_copy(source, "x.yaml", "ko")

    assert [problem.line for problem in found] == [source.count("\n")]


def test_copy_behind_a_block_is_watched_again():
    source = "items:\n  - text: |\n      안녕\n    html: #{이름}\n"

    assert [problem.line for problem in eaten_copy(source, "x.yaml", "ko")] == [4]


def test_an_empty_block_holds_nothing():
    assert [p.line for p in eaten_copy("text: |\nhtml: #{이름}\n", "x.yaml", "ko")] == [2]


def test_a_korean_hashtag_is_eaten_too_and_an_english_remark_is_not():
    assert told("a: 값 #세일") == [
        f'x.yaml:1: YAML takes #세일 and what follows as a comment: a: 값 #세일; {QUOTE}: "…#세일…"'
    ]
    assert told("a: 값 #sale\n#세일") == []


def test_hints_are_english_where_the_project_is():
    assert 'put it in quotes: "%할인"' in told("a: %할인", "en")[0]
    assert "put it in quotes" in eaten_copy("a: #{x}", "x.yaml", "en")[0].hint


@pytest.mark.parametrize("source", ["goal:\n\tevent: x", "text: |\n\t안녕"])
def test_a_tab_that_indents_gets_a_clear_answer(source):
    assert told(source)[0] == "x.yaml:2: a tab indents this line; 들여쓰기는 공백으로 해 주세요"


def test_a_tab_within_copy_is_copy():
    assert told("text: |\n  a\tb\n  \tc\nquoted: 'a\n\tb'\n") == []


def test_a_key_twice_is_refused_with_both_lines():
    assert told("a: 1\nb:\na: 2\nb: 3") == [
        "x.yaml:2: b: is empty; give it a value, or take the line out",
        "x.yaml:3: a: a is here twice, first on line 1; keep one",
        "x.yaml:4: b: b is here twice, first on line 2; keep one",
    ]


def test_a_key_or_an_item_without_a_value_is_refused():
    assert told("a:\nb: [x, ~]") == [
        "x.yaml:1: a: is empty; give it a value, or take the line out",
        "x.yaml:2: b.1: is empty; give it a value, or take the line out",
    ]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("a: 1\n---\nb: 2", "x.yaml:2: a second document begins here; keep one per file"),
        ("# nothing\n", "x.yaml:1: says nothing: all of it is comments; dangol init writes an example"),
        ("a: b\nc: \x07", "x.yaml:2: there is a character that YAML does not allow"),
        ("- a\nb: c", "x.yaml:2: YAML cannot read this line: b: c; expected <block end>, but found '?'"),
        ("{a: b", "x.yaml:1: YAML cannot read this line: {a: b; expected ',' or '}', but got '<stream end>'"),
        ("a: [b,\n", "x.yaml:2: YAML cannot read on from here; expected the node content, but found '<stream end>'"),
    ],
)
def test_what_else_cannot_be_read_says_where(source, problem):
    assert told(source) == [problem]


def test_copy_that_slips_out_of_its_block_is_still_told_in_one_line():
    (first, *_) = told("text:\n  ? |\n    안녕하세요\n    " + "가" * 60 + "\n  :\n")

    assert first == f"x.yaml:2: text.안녕하세요 {'가' * 34}…: is empty; give it a value, or take the line out"


def test_a_file_as_deep_as_no_definition_is_refused():
    assert "more than 100 levels deep" in told("[" * 200)[0]


def saved(folder, raw):
    path = folder / "x.yaml"
    path.write_bytes(raw)
    return path


def test_a_byte_order_mark_windows_line_ends_and_macos_letters_change_nothing(tmp_path):
    text = unicodedata.normalize("NFD", "title: 단골\r\nother: x\r")

    assert read_source(saved(tmp_path, codecs.BOM_UTF8 + text.encode()), "x.yaml") == "title: 단골\nother: x\n"


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("a: 1\ntitle: 안녕".encode("cp949"), "x.yaml:2: is saved as CP949 (EUC-KR); UTF-8로 저장해 주세요"),
        ("title: 안녕".encode("utf-16"), "x.yaml: is saved as UTF-16; UTF-8로 저장해 주세요"),
        (b"\xff\x00", "x.yaml:1: is not UTF-8 text; UTF-8로 저장해 주세요"),
        (b"", "x.yaml: is empty; dangol init writes an example"),
        (b" \n", "x.yaml: is empty; dangol init writes an example"),
        (b"x" * (MAX_SIZE + 1), "x.yaml: has 1,000,001 bytes, which no definition needs; is it the right file?"),
    ],
)
def test_a_file_that_is_no_text_gets_a_clear_answer(tmp_path, raw, problem):
    with pytest.raises(Problems) as caught:
        read_source(saved(tmp_path, raw), "x.yaml")

    assert str(caught.value) == problem


def test_a_file_that_cannot_be_opened_gets_a_clear_answer(tmp_path):
    with pytest.raises(Problems, match="is not there"):
        read_source(tmp_path / "none.yaml", "none.yaml")
    with pytest.raises(Problems, match="is a folder"):
        read_source(tmp_path, "x")
    with pytest.raises(Problems, match="cannot be read: Not a directory"):
        read_source(saved(tmp_path, b"x") / "y.yaml", "y.yaml")
