"""Providers that take several calls for what is handed over at once: what the answers come to for each person."""

from collections.abc import Iterable, Sequence

from dangol.domain.errors import AccountError, DoubtError, SendError
from dangol.ports import Accepted, Answer, InDoubt, Refused

# What became of one device: refused for good, or an error that says nothing against the device.
Heard = Accepted | Refused | SendError


def of_person(heard: Sequence[Heard]) -> Answer | SendError:
    """What the answers of a person's devices come to: one hand-over, accepted where any of them took it.

    Where none did, what may have been taken is in doubt; then what was not taken and may be later, is for later.
    """
    refused = [each for each in heard if isinstance(each, Refused)]
    errors = [each for each in heard if isinstance(each, SendError)]
    taken = next((each for each in heard if isinstance(each, Accepted)), None)
    gone = tuple(token for each in refused for token in each.gone)
    if taken:
        return Accepted(taken.provider_id, gone)
    doubt = next((each for each in errors if isinstance(each, DoubtError)), None)
    error = doubt or next(filter(_passes, errors), None)
    if error is None and refused:
        return Refused(refused[0].reason, gone=gone)
    error = error or next(iter(errors), None)
    if error is None:
        return Refused("no_device")
    # Said of everybody it can be the wave's, as long as no device is to be taken away; the account's comes before that.
    return answer_of(error, gone) if gone and not isinstance(error, AccountError) else error


def answer_of(error: SendError, gone: tuple[str, ...] = ()) -> Answer:
    """What an error says of one message."""
    if isinstance(error, DoubtError):
        return InDoubt(str(error), gone)
    return Refused(str(error), retryable=_passes(error), gone=gone, after=error.after)


def _passes(error: SendError) -> bool:
    """Whether the same may be taken later: also once the account is in order, which the next wave tells of."""
    return error.retryable or isinstance(error, AccountError)


def of_wave(answers: Iterable[Answer | SendError]) -> Sequence[Answer]:
    """The answers of a wave, one for each message.

    Raises:
        SendError: where all met one kind of error: nobody was taken, or of nobody it is known.
    """
    told = list(answers)
    errors = [each for each in told if isinstance(each, SendError)]
    if errors and len(errors) == len(told) and len({type(each) for each in errors}) == 1:
        raise max(errors, key=lambda each: each.after)
    return [answer_of(each) if isinstance(each, SendError) else each for each in told]
