"""Messages from templates: Jinja2, sandboxed, with Korean merge tags and tracked links."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, UndefinedError, meta
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from dangol.domain.advertising import AdvertisingLaw, footer_lines, label
from dangol.domain.campaign import MessageText
from dangol.domain.errors import DefinitionError
from dangol.domain.project import Project

_MERGE_TAG: Final = re.compile(r"#\{\s*([^{}\s][^{}]*?)\s*\}")
_HREF: Final = re.compile(r"""(<a\b[^>]*?\bhref\s*=\s*)(["'])(https?://[^"']+)\2""", re.IGNORECASE)
_URL: Final = re.compile(r"https?://[^\s<>\"']+")
# What a template may name besides the person's own traits.
RESERVED_NAMES: Final = frozenset({"link", "unsubscribe_link", "user_id"})
_FIELDS: Final = ("subject", "preheader", "text", "html")


class MissingVariableError(Exception):
    """The person lacks a value that the message needs; the message names it."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in its final words; what is in it stays out of logs."""

    subject: str
    text: str
    html: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkSigner:
    """How a person's links are made: a destination and its number into a tracked address."""

    click: Callable[[str, int], str]
    pixel: str = ""
    unsubscribe: str = ""


class MessageTemplate:
    """One variant's message, compiled once and rendered for many.

    Raises:
        DefinitionError: a template does not compile, or names a merge tag that `dangol.yaml` does not have.
    """

    def __init__(self, message: MessageText, project: Project) -> None:
        self._message = message
        self._project = project
        plain = _environment(autoescape=False)
        self._templates: dict[str, Template] = {}
        for name in _FIELDS:
            source = getattr(message, name)
            if source:
                env = _environment(autoescape=True) if name == "html" else plain
                self._templates[name] = _compile(env, source, name, project)
        if message.cta:
            self._templates["cta"] = _compile(plain, message.cta.link, "cta.link", project)
            self._templates["label"] = _compile(plain, message.cta.label, "cta.label", project)

    def render(
        self, user_id: str, traits: Mapping[str, Any], signer: LinkSigner, law: AdvertisingLaw | None
    ) -> Rendered:
        """Render for one person; `law` is None for what is no advertising.

        Raises:
            MissingVariableError: the person lacks a value.
        """
        links: list[str] = []
        ours = {signer.unsubscribe}

        def link(destination: str) -> str:
            if destination in ours:
                return destination
            if destination not in links:
                links.append(destination)
            tracked = signer.click(destination, links.index(destination))
            ours.add(tracked)
            return tracked

        names = {**traits, "link": link, "unsubscribe_link": signer.unsubscribe, "user_id": user_id}
        parts = {name: self._fill(template, names) for name, template in self._templates.items()}
        action = (parts["label"], link(parts["cta"])) if "cta" in parts else None
        html = self._html(parts, action, link) + _pixel(signer)
        text = parts["text"].rstrip() + ("\n\n▼ {}\n{}".format(*action) if action else "")
        subject = parts.get("subject", "")
        if law is not None:
            subject = label(subject, law)
            lines = footer_lines(text, self._project, signer.unsubscribe)
            text = "\n\n".join(part for part in (text, "\n".join(lines)) if part)
            html = _before_end(html, _html_footer(lines, signer.unsubscribe))
        return Rendered(_one_line(subject), text + "\n", html, tuple(links))

    def _fill(self, template: Template, names: Mapping[str, Any]) -> str:
        try:
            return template.render(names)
        except UndefinedError as error:
            raise MissingVariableError(str(error)) from error
        except (SecurityError, TypeError, ValueError, ArithmeticError) as error:
            raise MissingVariableError(f"a value does not fit the template: {type(error).__name__}") from error

    def _html(self, parts: Mapping[str, str], action: tuple[str, str] | None, link: Callable[[str], str]) -> str:
        preheader = escape(parts.get("preheader", ""))
        if "html" in parts:
            tracked = _HREF.sub(lambda m: f"{m[1]}{m[2]}{escape(link(_unescape(m[3])))}{m[2]}", parts["html"])
            body = tracked + _button(action)
        else:
            body = _paragraphs(parts["text"]) + _button(action)
        hidden = f'<div style="display:none;max-height:0;overflow:hidden">{preheader}</div>' if preheader else ""
        return f"{hidden}{body}"


def variables(message: MessageText) -> set[str]:
    """The traits that a message names directly, `{{ name }}`, without those that only feed a default."""
    env = _environment(autoescape=False)
    found: set[str] = set()
    for source in _sources(message):
        found |= meta.find_undeclared_variables(env.parse(_MERGE_TAG.sub("", source)))
    return found - RESERVED_NAMES


def merge_tags(message: MessageText) -> set[str]:
    """The Korean merge tags that a message uses, `#{이름}`."""
    return {tag for source in _sources(message) for tag in _MERGE_TAG.findall(source)}


def traits_needed(message: MessageText, project: Project) -> set[str]:
    """Every trait that rendering the message can ask for."""
    tags = {project.merge_tags[tag].trait for tag in merge_tags(message) if tag in project.merge_tags}
    return variables(message) | tags


def _sources(message: MessageText) -> list[str]:
    sources = [getattr(message, name) or "" for name in _FIELDS]
    return [*sources, *((message.cta.label, message.cta.link) if message.cta else ())]


def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    # Text parts must not be escaped; HTML parts always are.
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=autoescape, keep_trailing_newline=True)


def _compile(env: ImmutableSandboxedEnvironment, source: str, field: str, project: Project) -> Template:
    def expression(match: re.Match[str]) -> str:
        tag = project.merge_tags.get(match[1])
        if tag is None:
            known = ", ".join(f"#{{{name}}}" for name in project.merge_tags) or "none"
            problem = f"merge tag {match[0]} is not in dangol.yaml"
            raise DefinitionError(problem, field=f"message.{field}", hint=f"known: {known}")
        filled = f" | default({tag.default!r}, true)" if tag.default is not None else ""
        return f"{{{{ {tag.trait}{filled} }}}}"

    try:
        return env.from_string(_MERGE_TAG.sub(expression, source))
    except TemplateSyntaxError as error:
        raise DefinitionError(str(error.message), field=f"message.{field}", hint=f"line {error.lineno}") from error


def _one_line(subject: str) -> str:
    return " ".join(subject.split())


def _unescape(href: str) -> str:
    return href.replace("&amp;", "&")


def _paragraphs(text: str) -> str:
    blocks = [block for block in re.split(r"\n\s*\n", text.strip()) if block]
    return "".join(f"<p>{_linked(block)}</p>" for block in blocks)


def _linked(block: str) -> str:
    parts, position = [], 0
    for match in _URL.finditer(block):
        url = escape(match[0])
        parts += [escape(block[position : match.start()]), f'<a href="{url}">{url}</a>']
        position = match.end()
    return "".join([*parts, escape(block[position:])]).replace("\n", "<br>")


def _button(action: tuple[str, str] | None) -> str:
    if action is None:
        return ""
    style = "display:inline-block;padding:12px 20px;background:#1a1a1a;color:#ffffff;text-decoration:none"
    return f'<p><a href="{escape(action[1])}" style="{style}">{escape(action[0])}</a></p>'


def _pixel(signer: LinkSigner) -> str:
    return f'<img src="{escape(signer.pixel)}" width="1" height="1" alt="">' if signer.pixel else ""


def _html_footer(lines: list[str], unsubscribe: str) -> str:
    written = "<br>".join(_linked(line) if unsubscribe in line else escape(line) for line in lines)
    return f'<hr><p style="font-size:12px;color:#666666">{written}</p>' if lines else ""


def _before_end(html: str, footer: str) -> str:
    head, end, tail = html.rpartition("</body>")
    return f"{head}{footer}{end}{tail}" if end else f"{html}{footer}"
