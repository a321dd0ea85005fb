"""What the checks advise, in the project's language."""

from typing import Final

from dangol.domain.quantities import QUOTE

_KOREAN: Final = {
    QUOTE: "따옴표로 감싸 주세요",
    "save it as UTF-8": "UTF-8로 저장해 주세요",
    "indent with spaces": "들여쓰기는 공백으로 해 주세요",
}


def advice(hint: str, locale: str) -> str:
    """Say `hint` in the language of `locale`; Korean where the project's is not known."""
    return hint if locale == "en" else _KOREAN.get(hint, hint)


def quote(sample: str, locale: str) -> str:
    """Advise to put `sample` in quotes, and show how."""
    return f'{advice(QUOTE, locale)}: "{sample}"'
