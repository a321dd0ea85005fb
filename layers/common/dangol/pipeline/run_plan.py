"""What dispatching needs to know of a run."""

from collections.abc import Callable
from dataclasses import dataclass, field

from dangol.domain.run import Run
from dangol.pipeline.messages import Renderer
from dangol.pipeline.pacing import Pace
from dangol.ports import Channel


@dataclass(frozen=True, slots=True)
class Way:
    """One channel of a run: the run as it is there, what renders its messages, its provider and its pace."""

    run: Run
    renderer: Renderer
    channel: Channel
    provider: str
    pace: Pace


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Everything a dispatcher needs to know of a run; `ways` are its channels, in the order in which they are tried.

    `stopped` and `paused` are as old as the plan: seconds.
    """

    run: Run
    name: str
    stopped: bool
    paused: bool
    ways: tuple[Way, ...]
    # Looks at the last hand-overs, after some more of them; None where the campaign has no `limits.stop_when`.
    review: Callable[[], None] | None = None
    # Pauses the run, for a reason that `status` tells.
    pause: Callable[[str], None] = field(default=lambda _: None)
