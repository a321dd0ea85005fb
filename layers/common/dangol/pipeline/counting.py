"""The names of a run's counters, the same in `dispatch`, `record` and the report."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from dangol.domain.campaign import Campaign
from dangol.domain.ledger import HOLDOUT_VARIANT, Entry, Flag, State
from dangol.domain.stopping import Tally
from dangol.domain.variant import HOLDOUT, arms

_FLAGS = {
    Flag.DELIVERED: "delivered",
    Flag.SHOWN: "shown",
    Flag.OPENED: "opened",
    Flag.CLICKED: "clicked",
    Flag.UNSUBSCRIBED: "unsubscribed",
    Flag.BOT_CLICKED: "bot_clicked",
    Flag.MACHINE_OPENED: "machine_opened",
    Flag.BOUNCED: "bounced",
}
_LABELLED = ("clicked", "converted")
# What its messages are called, and cost, is told by their bytes.
_BY_KIND = ("sms",)


def arm_key(entry: Entry) -> str:
    """How counters name the arm of an entry."""
    return HOLDOUT if entry.variant == HOLDOUT_VARIANT else str(entry.variant)


def arm_name(campaign: Campaign, entry: Entry) -> str:
    """How people call the arm of an entry."""
    return HOLDOUT if entry.variant == HOLDOUT_VARIANT else arms(campaign)[entry.variant].name


def of_claim(entry: Entry, reason: str | None = None, kind: str | None = None) -> Counter[str]:
    """What a claimed person adds: to the run, to the arm, to the labels that selected them.

    `kind` is what the carrier calls a message that was taken, since each kind has a price of its own.
    """
    state = entry.state.name.lower()
    counted = Counter({f"arm:{arm_key(entry)}:{state}": 1})
    if entry.state is State.FAILED:
        counted[f"failed:{reason or 'unknown'}"] += 1
    if kind and entry.state is State.SENT:
        counted[f"arm:{arm_key(entry)}:kind:{kind}"] += 1
    for label in label_bits(entry.labels):
        counted[f"label:{label}:audience"] += 1
        if entry.state is State.SENT:
            counted[f"label:{label}:sent"] += 1
    return counted


def kind_of(channel: str) -> str | None:
    """What messages on a channel of several are counted as; None where their bytes tell that."""
    return None if channel in _BY_KIND else channel


def of_fallback(entry: Entry, first: str, reason: str | None, kind: str | None) -> Counter[str]:
    """What the next step changes of somebody who was counted as sent when the channel `first` took the message.

    That it bounced is not counted any more; nor is its price, where the channel alone tells that.
    """
    changed = of_claim(entry, reason, kind)
    changed.subtract(of_claim(replace(entry, state=State.SENT), None, kind_of(first)))
    changed.subtract(of_flag(entry, Flag.BOUNCED))
    return Counter({name: number for name, number in changed.items() if number})


def of_skip(reason: str, labels: int) -> Counter[str]:
    """What a skipped person adds."""
    return Counter({f"skipped:{reason}": 1, **{f"label:{i}:audience": 1 for i in label_bits(labels)}})


def of_flag(entry: Entry, flag: Flag) -> Counter[str]:
    """What a flag that was not set before adds."""
    name = _FLAGS[flag]
    labels = label_bits(entry.labels) if name in _LABELLED else ()
    return Counter({f"arm:{arm_key(entry)}:{name}": 1, **{f"label:{i}:{name}": 1 for i in labels}})


def label_bits(bits: int) -> Iterable[int]:
    """The places of the labelled branches that selected a person."""
    return (i for i in range(bits.bit_length()) if bits >> i & 1)


def arm_total(counts: Mapping[str, Decimal], what: str) -> int:
    """A counter summed over the arms."""
    return sum(int(n) for key, n in counts.items() if key.startswith("arm:") and key.endswith(f":{what}"))


def tally(counts: Mapping[str, Decimal]) -> Tally:
    """Where the counters of a run stand that `limits.stop_when` looks at."""
    sent, failed, unsubscribed = (arm_total(counts, what) for what in ("sent", "failed", "unsubscribed"))
    return Tally(sent + failed, failed, unsubscribed)
