"""Every error dangol raises on purpose.

DangolError
├── DefinitionError        the campaign, segment or project file must change
├── InputError             what was imported or sent in must change
├── NotFoundError          there is no such campaign, run or person
├── ConflictError          somebody else changed it first: read again
├── ForgeryError           a token or key is not ours
└── SendError              a provider took nothing of a call
    ├── ThrottledError     it asked us to slow down
    ├── UnavailableError   it could not be reached, and certainly took nothing
    ├── DoubtError         it may or may not have taken the messages
    └── RejectedError      it refuses, and would again
        └── AccountError   it refuses the account or the sender: whatever is handed over
"""

from typing import ClassVar


class DangolError(Exception):
    """The root of every error dangol raises on purpose."""


class DefinitionError(DangolError):
    """A definition that cannot be used, told so that its author can mend it.

    `field` is the path of the field (`goal.target`), `problem` the fact, `hint` what to write instead.
    """

    def __init__(self, problem: str, *, field: str = "", hint: str = "") -> None:
        self.field = field
        self.problem = problem
        self.hint = hint
        super().__init__(": ".join(part for part in (field, problem, hint) if part))


class InputError(DangolError):
    """Data from outside that cannot be taken; `field` names the part at fault."""

    def __init__(self, problem: str, *, field: str = "") -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field}: {problem}" if field else problem)


class NotFoundError(DangolError):
    """There is no such campaign, run or person."""


class ConflictError(DangolError):
    """Somebody else changed the item between our read and our write."""


class ForgeryError(DangolError):
    """A token, key or signature that is not ours."""


class SendError(DangolError):
    """A provider accepted none of a call's messages, or we cannot know."""

    retryable: ClassVar[bool] = False
    after: float = 0.0


class ThrottledError(SendError):
    """The provider asked us to slow down, for `after` seconds where it named any."""

    retryable = True

    def __init__(self, problem: str, after: float = 0.0) -> None:
        self.after = after
        super().__init__(problem)


class UnavailableError(SendError):
    """The provider could not be reached and certainly took nothing."""

    retryable = True


class DoubtError(SendError):
    """The call was cut off: the provider may or may not have taken its messages."""


class RejectedError(SendError):
    """The provider refuses, and would refuse again."""


class AccountError(RejectedError):
    """The provider refuses the account or the sender, so that no message is at fault."""
