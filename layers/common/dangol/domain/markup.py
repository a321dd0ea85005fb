"""The plain HTML of a message: paragraphs, a button, a footer, and where they go in a document."""

import re
from collections.abc import Collection, Sequence
from html import escape
from typing import Final

_URL: Final = re.compile(r"https?://[^\s<>\"']+")
_BODY: Final = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_BODY_END: Final = re.compile(r"</body\s*>", re.IGNORECASE)


def paragraphs(text: str, ours: Collection[str]) -> str:
    """Write plain text as paragraphs, its addresses as links; `ours` are addresses known to the letter."""
    blocks = [block for block in re.split(r"\n\s*\n", text.strip()) if block]
    return "".join(f"<p>{_linked(block, ours)}</p>" for block in blocks)


def _linked(block: str, ours: Collection[str]) -> str:
    parts, position = [], 0
    for match in _URL.finditer(block):
        # A full stop or a Korean particle right behind a link of ours is none of it.
        known = [address for address in ours if address and match[0].startswith(address)]
        url = max(known, key=len) if known else match[0].rstrip(".,;:!?)]}")
        parts += [escape(block[position : match.start()]), f'<a href="{escape(url)}">{escape(url)}</a>']
        position = match.start() + len(url)
    return "".join([*parts, escape(block[position:])]).replace("\n", "<br>")


def button(action: tuple[str, str] | None) -> str:
    """A button of a label and an address, or nothing."""
    if action is None:
        return ""
    style = "display:inline-block;padding:12px 20px;background:#1a1a1a;color:#ffffff;text-decoration:none"
    return f'<p><a href="{escape(action[1])}" style="{style}">{escape(action[0])}</a></p>'


def pixel(address: str) -> str:
    """The image that tells of an opening, or nothing."""
    return f'<img src="{escape(address)}" width="1" height="1" alt="">' if address else ""


def trap(address: str) -> str:
    """A link that nobody can see, and only who follows every link finds; or nothing."""
    style = "display:none;max-height:0;overflow:hidden"
    return f'<a href="{escape(address)}" style="{style}" aria-hidden="true" tabindex="-1"></a>' if address else ""


def hidden(preheader: str) -> str:
    """What an inbox shows behind the subject and nobody sees in the message."""
    style = "display:none;max-height:0;overflow:hidden"
    return f'<div style="{style}">{escape(preheader)}</div>' if preheader else ""


def footer(lines: Sequence[str]) -> str:
    """The footer of these lines, or nothing."""
    written = "<br>".join(_linked(line, ()) for line in lines)
    return f'<hr><p style="font-size:12px;color:#666666;overflow-wrap:anywhere">{written}</p>' if lines else ""


def framed(html: str, beginning: str, ending: str) -> str:
    """Put `beginning` and `ending` into the body, where `html` is a whole document."""
    start, ends = _BODY.search(html), list(_BODY_END.finditer(html))
    first, last = start.end() if start else 0, ends[-1].start() if ends else len(html)
    return f"{html[:first]}{beginning}{html[first:last]}{ending}{html[last:]}"
