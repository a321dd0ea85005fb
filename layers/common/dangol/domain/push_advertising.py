"""What the law asks of an advertising push: its label and who writes, and where to refuse.

Korea: Act on Promotion of Information and Communications Network Utilization, Art. 50(4) and Annex 6 of its decree:
(광고) and the sender's name stand at the start, in whichever of title and body shows first, the way to refuse at the
end. That is how vendors quote the annex (unverified). Leave to show notifications is no consent to advertising.
"""

import re
from typing import Final

from dangol.domain.advertising import AdvertisingLaw
from dangol.domain.project import Project
from dangol.domain.push_lines import lines
from dangol.domain.text_advertising import opened

# Where people refuse, unless dangol.yaml says where in this app: `channels.push.refusal`.
REFUSALS: Final = {"push": "앱 > 설정 > 알림", "web_push": "브라우저 설정 > 알림"}
_REFUSAL: Final = re.compile(r"\n*^[ \t]*\(?((?:무료[ \t]?)?수신[ \t]?거부.*?)\)?[ \t]*$", re.MULTILINE)


def advertised_push(
    title: str, text: str, channel: str, project: Project, law: AdvertisingLaw | None
) -> tuple[str, str]:
    """Title and body with what the law asks for added where it is missing, none of it twice.

    A push without a title has the sender's name for one: it is what shows first.
    """
    if law is None or not law.labelled:
        return title or project.sender.name, text
    said, body = _REFUSAL.search(text), without_refusal(text)
    where = project.settings(channel).refusal or REFUSALS[channel]
    return opened(title or project.sender.name, project.sender.name, " "), "\n".join(
        line for line in (body, said[1] if said else f"수신거부: {where}") if line
    )


def without_refusal(text: str) -> str:
    """The body without the line that says how to refuse."""
    return _REFUSAL.sub("", text).strip()


def shown_lines(text: str) -> int:
    """How many lines the body takes on a phone, without the one that says how to refuse."""
    return lines(without_refusal(text))
