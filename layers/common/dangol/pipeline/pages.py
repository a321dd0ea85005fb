"""The opt-out and preference pages, in Korean or English: no script, no image, no login."""

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Final

from dangol.pipeline.page_words import CHANNEL_WORDS, PAGE_WORDS
from dangol.pipeline.wishes import NIGHT, PACES, Standing, Wish

_STYLE: Final = (
    "body{font-family:system-ui,'Apple SD Gothic Neo','Malgun Gothic',sans-serif;max-width:28rem;margin:8vh auto;"
    "padding:0 1.5rem;line-height:1.6;color:#1a1a1a;background:#fff}h1{font-size:1.4rem;word-break:keep-all}"
    "h2{font-size:1.05rem;margin-top:2.5rem;padding-top:1.5rem;border-top:1px solid #ddd}"
    "fieldset{border:0;margin:0 0 1rem;padding:0}legend{font-weight:600;padding:0}label{display:block;padding:.25rem 0}"
    "button{font:inherit;padding:.7rem 1.4rem;border:0;border-radius:.4rem;background:#1a1a1a;color:#fff}"
    "button.quiet{background:#fff;color:#1a1a1a;border:1px solid #767676}"
    "button:focus-visible,input:focus-visible{outline:3px solid #4a90d9;outline-offset:2px}"
)


def locale_of(person: str, accepted: str, default: str) -> str:
    """The page's language: the person's own, else the first that their browser names, else the project's."""
    for tag in (person, *accepted.split(",")):
        language = tag.strip()[:2].lower()
        if language in PAGE_WORDS:
            return language
    return default if default in PAGE_WORDS else "en"


def asking(standing: Standing, locale: str) -> str:
    """The page that asks; it changes nothing."""
    words = _words(standing, locale)
    out = standing.channel is not None and not standing.consents.get(standing.channel, False)
    lead = _resubscribe(words, words["stopped"]) if out else _unsubscribe(words)
    return _page(locale, words["title"], lead + _choices(standing, words, locale))


def changed(standing: Standing, wish: Wish, at: datetime, locale: str, *, out: bool) -> str:
    """The page that says what was done: who, what, when, and how to change it again; `out` is what was asked for."""
    words = _words(standing, locale)
    lines = "".join(f"<p>{line}</p>" for line in _told(wish, words, f"{at.astimezone(standing.zone):%Y-%m-%d}", locale))
    if not lines:
        lines = f"<p>{words['stopped' if out else 'nothing']}</p>"
    title = words["done" if out else "saved"]
    left = standing.channel is not None and not standing.consents.get(standing.channel, False)
    back = _resubscribe(words, "") if left else ""
    body = f"<h1>{title}</h1>{lines}<p>{words['note']}</p>{back}{_choices(standing, words, locale)}"
    return _page(locale, title, body)


def _told(wish: Wish, words: dict[str, str], day: str, locale: str) -> Iterator[str]:
    """What changed, in sentences that name the sender, the fact, the day and the effect."""
    for given, told in ((True, words["agreed"]), (False, words["refused"])):
        if channels := ", ".join(_channel(name, locale) for name, said in wish.consents.items() if said is given):
            yield told.format(day=day, what=channels)
    if wish.night is not None:
        yield words["night_agreed" if wish.night else "night_refused"].format(day=day)
    if wish.pace is not None:
        yield words[f"pace_{wish.pace}_set"]


def _words(standing: Standing, locale: str) -> dict[str, str]:
    # A sender's name is text, and no place for a value.
    name = escape(standing.sender).replace("{", "&#123;").replace("}", "&#125;")
    return {key: text.replace("{name}", name) for key, text in PAGE_WORDS[locale].items()}


def _channel(name: str, locale: str) -> str:
    return CHANNEL_WORDS[locale].get(name, escape(name))


def _unsubscribe(words: dict[str, str]) -> str:
    form = _form("out", f'<button type="submit">{words["button"]}</button>')
    return f"<h1>{words['question']}</h1><p>{words['note']}</p>{form}"


def _resubscribe(words: dict[str, str], title: str) -> str:
    button = f'<p>{words["back_note"]}</p><button type="submit" class="quiet">{words["back"]}</button>'
    return (f"<h1>{title}</h1>" if title else "") + _form("back", button)


def _choices(standing: Standing, words: dict[str, str], locale: str) -> str:
    """What is wanted, channel by channel, and how often."""
    boxes = [(name, _channel(name, locale), on) for name, on in standing.consents.items()]
    if any(name != "email" for name in standing.consents):
        boxes.append((NIGHT, words["night"], standing.night))
    channels = "".join(
        f'<input type="hidden" name="shown" value="{name}"><label><input type="checkbox" name="want" value="{name}"'
        f"{' checked' if on else ''}> {label}</label>"
        for name, label, on in boxes
    )
    paces = "".join(
        f'<label><input type="radio" name="pace" value="{days}"{" checked" if days == standing.pace else ""}> '
        f"{words[f'pace_{days}']}</label>"
        for days in PACES
    )
    inner = (
        f"<fieldset><legend>{words['channels']}</legend>{channels}</fieldset>"
        f"<fieldset><legend>{words['how_often']}</legend>{paces}</fieldset>"
        f'<button type="submit" class="quiet">{words["save"]}</button>'
    )
    return f"<h2>{words['choose']}</h2>{_form('save', inner)}"


def _form(action: str, inner: str) -> str:
    return f'<form method="post"><input type="hidden" name="action" value="{action}">{inner}</form>'


def _page(locale: str, title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
