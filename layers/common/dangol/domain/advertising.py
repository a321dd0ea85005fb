"""What the law asks of an advertising e-mail: its label, and a footer with sender and free refusal.

Korea: Act on Promotion of Information and Communications Network Utilization, Art. 50(4) and Annex 6 of its
decree: the subject begins with (광고); the body shows the sender's name and contact and how to refuse.
Elsewhere CAN-SPAM asks for a postal address and a way out, which the same footer gives.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dangol.domain.countries import by_phone
from dangol.domain.project import Project, Sender

LABEL: Final = "(광고)"


@dataclass(frozen=True, slots=True)
class AdvertisingLaw:
    """The rules of one country for one advertising message."""

    country: str | None

    @property
    def labelled(self) -> bool:
        """Whether the subject must say that it is advertising."""
        return self.country == "KR"


def country_of(traits: Mapping[str, Any], project: Project) -> str | None:
    """The country whose law applies: by phone prefix, else by the profile, else the project's own."""
    phone, said = str(traits.get("phone") or "").replace(" ", ""), str(traits.get("country") or "").strip().upper()
    # A country's name is no code; what cannot be read must not lose the label.
    stated = said if len(said) == len("KR") and said.isalpha() and said.isascii() else None
    return by_phone(phone, stated) or stated or project.home_country


def label(subject: str, law: AdvertisingLaw) -> str:
    """Begin the subject with (광고) where the law asks for it; never twice."""
    if not law.labelled or subject.lstrip().startswith(LABEL):
        return subject.lstrip()
    return f"{LABEL} {subject}"


def footer_lines(text: str, project: Project, unsubscribe: str, law: AdvertisingLaw) -> list[str]:
    """The footer's lines that `text` does not have yet: the sender with contact, and the way out."""
    lines = [] if _names_sender(text, project.sender) else [_sender_line(project.sender)]
    if unsubscribe not in text:
        lines.append(_way_out(unsubscribe, korean=law.labelled or project.locale == "ko"))
    return lines


def _names_sender(text: str, sender: Sender) -> bool:
    contacts = [sender.email, sender.phone]
    return sender.name in text and any(contact and contact in text for contact in contacts)


def _sender_line(sender: Sender) -> str:
    return " | ".join(part for part in (sender.name, sender.address, sender.phone, sender.email) if part)


def _way_out(unsubscribe: str, *, korean: bool) -> str:
    # Annex 6 asks for both languages.
    if korean:
        return f"메일을 그만 받으시려면 수신거부를 눌러 주세요. To unsubscribe, click here: {unsubscribe}"
    return f"To stop these e-mails, unsubscribe here: {unsubscribe}"
