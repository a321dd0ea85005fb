"""What the law asks of a campaign that advertises, by the country that the project writes to: rule and article."""

from collections.abc import Iterator, Mapping
from typing import Final

from cli.definitions.findings import Finding
from dangol.domain.campaign import Campaign
from dangol.domain.channel import SESSION
from dangol.domain.devices import PUSH_TRAITS
from dangol.domain.medium import medium
from dangol.domain.project import Project

# What of the sender advertising has to show in Korea, and which article says so.
_SHOWN: Final[Mapping[str, tuple[tuple[str, ...], str, str]]] = {
    "email": (("phone", "address"), "the sender's phone and address", "Art. 50(4)"),
    "sms": (("phone", "refusal_number"), "the sender's phone and a free number to refuse by", "Art. 50(4) and (6)"),
    # Kakao shows the channel's name and how to refuse by itself.
    "brand_message": ((), "", ""),
    # A push names its sender and where to refuse; dangol adds both.
    "push": ((), "", ""),
    "web_push": ((), "", ""),
}
_POSTAL: Final = "must show a postal address (CAN-SPAM, 15 U.S.C. 7704(a)(5)(A)(iii))"


def check_law(campaign: Campaign, project: Project) -> Iterator[Finding]:
    """What breaks a rule of the project's country, and what may break one of another's."""
    # What a page or an app shows itself is not transmitted to anybody; a push names its sender, and where to refuse.
    if campaign.purpose != "marketing" or campaign.channel in (*SESSION, *PUSH_TRAITS):
        return
    if project.home_country == "KR":
        yield from _korea(campaign.channel, project)
    elif campaign.channel == "email" and project.sender.address is None:
        yield from _united_states(project)


def _korea(channel: str, project: Project) -> Iterator[Finding]:
    text = medium(channel) == "sms"
    needed, shown, rule = _SHOWN.get(medium(channel), _SHOWN["email"])
    missing = [f"sender.{name}" for name in needed if getattr(project.sender, name) is None]
    if missing:
        problem = f"advertising to people in Korea must show {shown} (Network Act {rule})"
        yield Finding(("purpose",), problem, f"add {' and '.join(missing)} to dangol.yaml")
    # In force since 2026-10-01. Nothing goes out where a text is written out instead of sent.
    if text and project.sender.certificate is None and project.sends("sms"):
        problem = (
            "advertising by text message to people in Korea may be sent by a certified sender alone (전송자격인증, "
            "Network Act Art. 50-3(1))"
        )
        yield Finding(("purpose",), problem, "add sender.certificate, your provider's number of it, to dangol.yaml")


def _united_states(project: Project) -> Iterator[Finding]:
    hint = "add sender.address to dangol.yaml"
    if project.home_country == "US":
        yield Finding(("purpose",), f"advertising by e-mail to people in the United States {_POSTAL}", hint)
    else:
        yield Finding(
            ("purpose",), f"if anybody in the United States gets it, this e-mail {_POSTAL}", hint, notice=True
        )
