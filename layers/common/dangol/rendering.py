"""Messages from templates: Jinja2, sandboxed, with Korean merge tags and tracked links."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from html import escape, unescape
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, UndefinedError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from dangol.domain.advertising import AdvertisingLaw
from dangol.domain.campaign import MessageText
from dangol.domain.channel import ChannelName
from dangol.domain.errors import DefinitionError
from dangol.domain.medium import medium
from dangol.domain.project import MergeTag, Project
from dangol.domain.tracking import MAX_LINKS
from dangol.forms import alimtalk, email, push, session, text, webhook
from dangol.forms.filled import Filled, Formed

_MERGE_TAG: Final = re.compile(r"#\{\s*([^{}\s][^{}]*?)\s*\}")
# The address of anything that can be clicked, Outlook's own buttons too.
_HREF: Final = re.compile(
    r"""(<(?!link\b|base\b)[a-z][\w:-]*\b[^>]*?\shref\s*=\s*)"""
    r"""(?:"\s*(https?://[^"]*)"|'\s*(https?://[^']*)'|(https?://[^\s"'>]+))""",
    re.IGNORECASE,
)
_ENTITY: Final = re.compile(r"&(?:amp|lt|gt|quot|#\d+|#x[0-9a-f]+);", re.IGNORECASE)
_SCHEME: Final = re.compile(r"(?!javascript:|data:|vbscript:)[a-z][a-z0-9+.-]*:.", re.IGNORECASE)
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)
_UNSEEN: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
# What a template may name besides the person's own traits.
RESERVED_NAMES: Final = frozenset({"link", "unsubscribe_link", "user_id", "merge_tag"})
_FIELDS: Final = ("subject", "title", "preheader", "text", "html", "close", "image")
_FORMS: Final[Mapping[ChannelName, Callable[[Filled], Formed]]] = {
    "email": email.formed,
    "sms": text.formed,
    "alimtalk": alimtalk.formed,
    "push": partial(push.formed, channel="push"),
    "web_push": partial(push.formed, channel="web_push"),
    "in_web": session.formed,
    "in_app": session.formed,
    "webhook": webhook.formed,
    "console": email.formed,
}


class MissingVariableError(Exception):
    """The person lacks a value that the message needs; the message names it."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in its final words, in its channel's form; what is in it stays out of logs."""

    subject: str
    text: str
    html: str
    links: tuple[str, ...]
    kind: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    # What a session shows in places of its own.
    title: str = ""
    close: str = ""
    action: tuple[str, str] | None = None
    image: str = ""


@dataclass(frozen=True, slots=True)
class LinkSigner:
    """How a person's links are made: a destination and its number into a tracked address."""

    click: Callable[[str, int], str]
    pixel: str = ""
    hidden: str = ""
    unsubscribe: str = ""


class MessageTemplate:
    """One variant's message in the form of `channel`, compiled once and rendered for many.

    Raises:
        DefinitionError: a template does not compile, or names a merge tag that `dangol.yaml` does not have.
    """

    def __init__(self, message: MessageText, project: Project, channel: ChannelName = "email") -> None:
        self._project = project
        self._form, self._channel = _FORMS[medium(channel)], channel
        # Those of the text alone: they are what a template of Kakao's has.
        self._tags = _MERGE_TAG.findall(message.text) if channel == "alimtalk" else ()
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
        links = _Links(signer)
        names = {
            **traits,
            "link": links,
            "unsubscribe_link": signer.unsubscribe,
            "user_id": user_id,
            "merge_tag": lambda tag: _merged(self._project.merge_tags[tag], traits),
        }
        parts = {name: _fill(template, names) for name, template in self._templates.items()}
        action = (parts["label"], links(parts["cta"])) if "cta" in parts else None
        form = self._form(
            Filled(
                channel=self._channel,
                parts=parts,
                values={tag: str(_merged(self._project.merge_tags[tag], traits)) for tag in self._tags},
                action=action,
                track=links.track,
                ours=links.ours,
                project=self._project,
                law=law,
                unsubscribe=signer.unsubscribe,
                hidden=signer.hidden,
                pixel=signer.pixel,
            )
        )
        return Rendered(
            form.subject,
            form.text,
            form.html,
            links.numbered,
            form.kind,
            form.values,
            form.title,
            form.close,
            form.action,
            form.image,
        )


class _Links:
    """The tracked links of one message, numbered as they come; the same destination is one link."""

    def __init__(self, signer: LinkSigner) -> None:
        self._click = signer.click
        self._tracked: dict[str, str] = {}
        # Addresses that are tracked already, or must not be.
        self.ours = {signer.unsubscribe}

    @property
    def numbered(self) -> tuple[str, ...]:
        return tuple(self._tracked)

    def __call__(self, destination: object) -> str:
        if str(destination) in self.ours:
            return str(destination)
        # No white space in an address: a redirect puts it into a header.
        address = _UNSEEN.sub("%20", str(destination).strip())
        if not _SCHEME.match(address):
            raise MissingVariableError("a link leads nowhere")
        if not _WEB.match(address):
            # A call, a mail or a place in an app: no redirect of a browser's leads there for certain.
            return address
        if address not in self._tracked:
            if len(self._tracked) == MAX_LINKS:
                raise MissingVariableError(f"more than {MAX_LINKS} links")
            self._tracked[address] = self._click(address, len(self._tracked))
            self.ours.add(self._tracked[address])
        return self._tracked[address]

    def track(self, html: str) -> str:
        """Track every address in `html` that is not tracked yet."""

        def tracked(match: re.Match[str]) -> str:
            written = match[2] or match[3] or match[4]
            address = _ENTITY.sub(lambda entity: unescape(entity[0]), written)
            return f'{match[1]}"{escape(self(address))}"'

        return _HREF.sub(tracked, html)


def _fill(template: Template, names: Mapping[str, Any]) -> str:
    try:
        return template.render(names)
    except UndefinedError as error:
        raise MissingVariableError(str(error)) from error
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise MissingVariableError(f"a value does not fit the template: {type(error).__name__}") from error


def _merged(tag: MergeTag, traits: Mapping[str, Any]) -> object:
    """What stands for a merge tag: the trait, or the default where the person has none or a blank one."""
    value: object = traits
    for name in tag.trait.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if value is not None and str(value).strip():
        return value
    if tag.default is None:
        raise MissingVariableError(f"{tag.trait!r} is missing")
    return tag.default


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
    # Of `address.city`, the trait is `address`.
    tags = {project.merge_tags[tag].trait.partition(".")[0] for tag in merge_tags(message) if tag in project.merge_tags}
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
        return f"{{{{ merge_tag({match[1]!r}) }}}}"

    try:
        return env.from_string(_MERGE_TAG.sub(expression, source))
    except TemplateSyntaxError as error:
        raise DefinitionError(str(error.message), field=f"message.{field}", hint=f"line {error.lineno}") from error
