"""Exit codes of commands that end without an error; the code of an error is its `exit_code` (`migrator.errors`)."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Result of a command."""

    DONE = 0
    DECLINED = 1
    """The answer to the question was no."""
    DIFFERENT = 1
    """What was checked is not as it is expected."""
    REFUSED = 3
    """Something is unsafe or lossy; the rest was done."""
    PARTLY_FAILED = 4
    """Something failed; the rest was done."""
    PENDING = 10
    """`plan --detailed-exitcode` found changes."""
