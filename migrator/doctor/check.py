"""What a check found, as a value."""

from __future__ import annotations

from typing import Final, Literal, get_args

from attrs import frozen

from migrator.errors import MigratorError

Status = Literal["ok", "advice", "unknown", "fault"]
"""ok: nothing to do. advice: it works, and could be better. unknown: it cannot be told now. fault: a run would fail."""

STATUSES: Final[tuple[Status, ...]] = get_args(Status)


@frozen(kw_only=True)
class Check:
    """One thing that was looked at.

    Attributes:
        about: what it concerns: "config", a connection, "state", …
        what: what was looked at there, in a word or two.
        status: how it is.
        found: what was found.
        todo: what to do, "" where nothing is to be done.
        exit_code: what a fault ends the command with.
    """

    about: str
    what: str
    status: Status
    found: str
    todo: str = ""
    exit_code: int = 1


def of_error(about: str, what: str, error: MigratorError, *, otherwise: str) -> Check:
    """Return the failed check that an error stands for.

    Args:
        about: what it concerns.
        what: what was looked at.
        error: what went wrong.
        otherwise: what to do where the error names no next step.
    """
    found = error.what + "".join(f" ({part})" for part in (error.where, error.actual) if part)
    allowed = f"allowed: {error.allowed}" if error.allowed else ""
    todo = "; ".join(part for part in (error.hint, allowed) if part) or otherwise
    return Check(about=about, what=what, status="fault", found=found, todo=todo, exit_code=error.exit_code)
