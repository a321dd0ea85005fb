"""From a segment to what a store can filter by, and to the columns that the rest of the answer reads.

A condition that is not known here, or that has a part that is not, is left open: everybody is read and asked. An answer
that cannot be told exactly lies between the bounds, so that nobody is lost who would stop a run.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from dangol.domain.behaviour import (
    Behaviour,
    ClickedCondition,
    ConvertedCondition,
    DidCondition,
    DidNotCondition,
    FirstDidCondition,
    LastDidCondition,
    OpenedCondition,
    ReceivedCondition,
)
from dangol.domain.channel import BY_ID
from dangol.domain.condition import (
    ListCondition,
    ReachableCondition,
    SampleCondition,
    TraitCondition,
)
from dangol.domain.devices import PUSH_TRAITS
from dangol.domain.doing import as_did
from dangol.domain.event_bounds import did, did_not, first_did, keys_of, last_did
from dangol.domain.matching import Moment
from dangol.domain.medium import permission
from dangol.domain.permission import ConsentedCondition
from dangol.domain.profile import ADDRESS_TRAITS, PHONE
from dangol.domain.segment import Condition, Group, Segment
from dangol.domain.sieve import ALWAYS, NEVER, OPEN, Check, Columns, Sieve, Subject, all_of, exactly
from dangol.domain.trait_bounds import trait

_WINDOW: Final = ("within", "between", "since", "during")
_TOUCHES: Final = (ReceivedCondition, OpenedCondition, ClickedCondition, ConvertedCondition)
# The fields of each kind of condition that are understood here.
_UNDERSTOOD: Final[dict[type, frozenset[str]]] = {
    Group: frozenset({"all_", "any_", "none_", "label", "title"}),
    Segment: frozenset({"all_", "any_", "none_", "label", "title", "name"}),
    TraitCondition: frozenset(TraitCondition.model_fields),
    DidCondition: frozenset({"did", "where", *_WINDOW, "count", "value", "then_not", "label"}),
    DidNotCondition: frozenset({"did_not", "where", *_WINDOW, "label"}),
    LastDidCondition: frozenset({"last_did", "where", *_WINDOW, "label"}),
    FirstDidCondition: frozenset({"first_did", "where", *_WINDOW, "label"}),
    **{kind: frozenset(kind.model_fields) for kind in _TOUCHES},
    SampleCondition: frozenset(SampleCondition.model_fields),
    ConsentedCondition: frozenset(ConsentedCondition.model_fields),
    ReachableCondition: frozenset({"reachable", "label"}),
    ListCondition: frozenset({"in_list", "label"}),
}
_WHOLE: Final = Columns(whole=True)
# Who has text at all in a trait has something that begins with no less than this.
_PRINTABLE: Final = "!"


def compiled(segment: Segment, excluded: Iterable[Segment], moment: Moment) -> Sieve:
    """The bounds of whom `segment` selects and no exclusion takes out again."""
    return Sieve.every([sieve(segment, moment), *(~sieve(exclusion, moment) for exclusion in excluded)])


def sieve(node: Condition, moment: Moment) -> Sieve:
    """The bounds of one condition as of `moment`."""
    if not _understood(node):
        return OPEN
    if isinstance(node, Group):
        return _group(node, moment)
    return _SIEVES[type(node)](node, moment)


def columns(node: Condition) -> Columns:
    """What of a profile is read to answer `node`."""
    if not _understood(node):
        return _WHOLE
    found = Columns()
    if isinstance(node, Group):
        for child in node.children():
            found |= columns(child)
        return found
    return _COLUMNS[type(node)](node)


def residual(node: Condition, moment: Moment) -> list[Condition]:
    """The conditions below `node` that a store's filter cannot tell in full, and that the profile decides."""
    if sieve(node, moment).exact:
        return []
    if isinstance(node, Group) and _understood(node):
        return [left for child in node.children() for left in residual(child, moment)]
    return [node]


def _understood(node: Condition) -> bool:
    known = _UNDERSTOOD.get(type(node))
    if known is None or (isinstance(node, Behaviour) and node.compared()):
        return False
    unknown = {name: told for name, told in type(node).model_fields.items() if name not in known}
    return all(getattr(node, name) == told.get_default(call_default_factory=True) for name, told in unknown.items())


def _group(group: Group, moment: Moment) -> Sieve:
    parts = [Sieve.every(sieve(c, moment) for c in group.all_ or ())]
    if group.any_ is not None:
        parts.append(Sieve.some(sieve(c, moment) for c in group.any_))
    if group.none_ is not None:
        parts.append(~Sieve.some(sieve(c, moment) for c in group.none_))
    return Sieve.every(parts)


def _consented(condition: ConsentedCondition, moment: Moment) -> Sieve:
    if condition.consented == "console":
        return exactly(ALWAYS)
    subject, asked = Subject("consent", permission(condition.consented)), condition.stretch(moment)
    if asked is None:
        return exactly(Check(subject, ">", 0))
    return exactly(all_of([Check(subject, ">=", asked[0]), Check(subject, "<", asked[1])]))


def _reachable(condition: ReachableCondition, _moment: Moment) -> Sieve:
    if condition.reachable in BY_ID:
        return exactly(ALWAYS)
    subject = Subject("trait", address_trait(condition.reachable))
    if subject.name == PHONE:
        # A store cannot tell a number that can be dialled from one that cannot.
        return Sieve(Check(subject, "exists"), NEVER)
    if condition.reachable in PUSH_TRAITS:
        # Nor a list of devices from an empty one.
        return Sieve(Check(subject, "exists"), NEVER)
    return Sieve(Check(subject, "exists"), Check(subject, ">=", _PRINTABLE))


def _in_list(condition: ListCondition, moment: Moment) -> Sieve:
    # Those who were taken off stand with a time below zero.
    since = max(1, moment.lists.get(condition.in_list, 0))
    return exactly(Check(Subject("list", condition.in_list), ">=", since))


def address_trait(channel: str) -> str:
    """The trait that holds the address on a channel."""
    return ADDRESS_TRAITS.get(channel, channel)


_SIEVES: Final[dict[type, Callable[[Any, Moment], Sieve]]] = {
    TraitCondition: trait,
    DidCondition: did,
    DidNotCondition: did_not,
    LastDidCondition: last_did,
    FirstDidCondition: first_did,
    # They stand in the ledger, or follow from the id.
    **{kind: lambda _condition, _moment: OPEN for kind in (*_TOUCHES, SampleCondition)},
    ConsentedCondition: _consented,
    ReachableCondition: _reachable,
    ListCondition: _in_list,
}


def _keys(condition: Behaviour) -> Columns:
    keys, faceted = keys_of(condition)
    return Columns(events=frozenset(keys), watermarks=faceted)


def _event_columns(condition: DidCondition) -> Columns:
    later = [condition.then_not] if condition.then_not else []
    return _keys(condition) | Columns(events=frozenset(later))


_COLUMNS: Final[dict[type, Callable[[Any], Columns]]] = {
    # Of `address.city`, the trait may be `address`.
    TraitCondition: lambda c: Columns(traits=frozenset({c.trait, c.trait.partition(".")[0]})),
    DidCondition: _event_columns,
    DidNotCondition: lambda c: _event_columns(as_did(c)),
    LastDidCondition: _keys,
    FirstDidCondition: _keys,
    **{kind: lambda _: Columns() for kind in (*_TOUCHES, SampleCondition)},
    ConsentedCondition: lambda _: Columns(consents=True),
    ReachableCondition: lambda c: Columns(traits=frozenset({address_trait(c.reachable)})),
    ListCondition: lambda _: Columns(lists=True),
}
