"""What the law asks of an advertising text message: its label, who writes, and how to refuse for free.

Korea: Act on Promotion of Information and Communications Network Utilization, Art. 50(4) and (6), and Annex 6 of its
decree: the text begins with (광고) to the letter, then the sender's name; it names a contact, unless that is the number
the message comes from; it ends with a free way to refuse, 무료수신거부 with an 080 number. NHN Cloud refuses what
differs: https://docs.nhncloud.com/en/Notification/SMS/en/api-guide/

United States: 47 CFR 64.1200(a)(10): consent is revoked by any reasonable means, by an answer of STOP among them.
"""

import re
from typing import Final

from dangol.domain.advertising import LABEL, AdvertisingLaw
from dangol.domain.phone import digits
from dangol.domain.project import Project

_REFUSAL: Final = re.compile(r"\n*^[ \t]*(무료[ \t]?(?:수신)?거부[ \t:]*0?80[-\d \t]*\d)[ \t]*$", re.MULTILINE)
# What people write for the label, and carriers do not take for it.
_MISSPELT: Final = re.compile(r"\s*[(\[{<【（]?\s*광\s*[/.·-]?\s*고\s*[)\]}>】）]")


def advertised(text: str, project: Project, unsubscribe: str, law: AdvertisingLaw) -> str:
    """The text with label, sender, contact and way out, each added where it is missing, none of them twice."""
    if not law.labelled:
        return _elsewhere(text, project, unsubscribe, law)
    # Opened first: behind its label, a refusal that was written into the first line has a line of its own.
    begun = opened(text.strip(), project.sender.name)
    said, body = _REFUSAL.search(begun), _REFUSAL.sub("", begun).rstrip()
    return "\n".join([body, *_contact(body, project), said[1] if said else _refusal(project, unsubscribe)])


def misspelt_label(text: str) -> str | None:
    """What stands at the beginning of the text for (광고) and is not that; None where nothing does."""
    found = _MISSPELT.match(text)
    return found[0].strip() if found and not text.lstrip().startswith(LABEL) else None


def opened(body: str, name: str, between: str = "\n") -> str:
    """The body behind the label and the sender's name."""
    if not body.startswith(LABEL):
        return f"{LABEL}{body}" if body.lstrip("[<〈【").startswith(name) else f"{LABEL}{name}{between}{body}"
    rest = body.removeprefix(LABEL)
    return body if rest.lstrip(" [<〈【").startswith(name) else f"{LABEL}{name}{between}{rest.lstrip()}"


def _contact(body: str, project: Project) -> list[str]:
    phone = project.sender.phone
    if phone is None or digits(phone) == digits(project.number or "") or digits(phone) in digits(body):
        return []
    return [f"문의 {phone}"]


def _refusal(project: Project, unsubscribe: str) -> str:
    return f"무료수신거부 {project.sender.refusal_number or unsubscribe}"


def _elsewhere(text: str, project: Project, unsubscribe: str, law: AdvertisingLaw) -> str:
    named = text if project.sender.name in text else f"{project.sender.name}: {text}"
    if unsubscribe in named:
        return named
    # AWS itself takes the answers to a number of the United States, and sends no more; elsewhere nobody reads them.
    if law.country == "US" and project.settings("sms").provider == "aws":
        return f"{named}\nReply STOP to end, or unsubscribe: {unsubscribe}"
    return f"{named}\n{'수신거부' if project.locale == 'ko' else 'Unsubscribe'}: {unsubscribe}"
