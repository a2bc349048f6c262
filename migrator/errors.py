"""Every error of the package, sorted by what the caller should do next.

MigratorError                 what, where, actual, allowed, hint; exit code 1
├── UsageError                fix the command (2)
│   └── ConfigError           fix migrator.toml: holds every problem of the file (2)
├── MappingError              fix mappings/<provider>.toml (2)
├── ScheduleError             fix or skip that job: names dialect, field and column (1)
├── RecordError               a provider's record cannot be read: names the job and the field (1)
├── JobError                  one stage failed on one job, which is blocked; the others go on (1)
├── RefusedError              unsafe or lossy; look at it, then allow it or change it (3)
│   ├── StalePlanError        plan again: the plan is stale, edited, foreign or already applied (3)
│   └── ClockError            set the clock: this machine's and a platform's are more than a day apart (3)
├── StateError                the state file or database cannot be used (1)
│   └── LockedError           another run holds the lock; wait for it (5)
└── ProviderError             the platform said no, or nothing (1)
    ├── AuthError             fix the token or its permissions
    ├── NotFoundError         it is gone, or not yours
    ├── RejectedError         the platform refused the request; change what is sent
    ├── QuotaError            a limit that waiting does not lift; make room
    ├── TransientError        try again later; nothing is wrong with the request
    ├── UncertainError        a write was sent and no answer came: it may or may not have happened
    └── ProtocolError         the answer is not what the platform documents
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


def clause(text: str) -> str:
    """Return a text without its full stop, so that another clause can follow; platforms' messages often have one."""
    return text if text.endswith("..") else text.removesuffix(".")


class MigratorError(Exception):
    """An error that a person can act on.

    Args:
        what: one sentence: what went wrong.
        where: the file and line, request, job or field it concerns.
        actual: the value found.
        allowed: the values that are allowed, one by one, or what they look like.
        hint: the next step.

    Attributes:
        code: the kind of error in one word that does not change, for scripts.
        exit_code: what the command ends with.
        choices: the allowed values one by one; empty where they are only described.
    """

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1

    def __init__(
        self, what: str, *, where: str = "", actual: str = "", allowed: str | Iterable[str] = "", hint: str = ""
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.actual = actual
        self.choices = () if isinstance(allowed, str) else tuple(allowed)
        self.allowed = allowed if isinstance(allowed, str) else ", ".join(self.choices)
        self.hint = hint

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.what}" if self.where else self.what]
        parts += [f"{label}: {text}" for label, text in (("got", self.actual), ("allowed", self.allowed)) if text]
        if self.hint:
            parts.append(self.hint)
        return "; ".join(map(clause, parts))


class UsageError(MigratorError):
    """The command cannot be carried out as it was given.

    Args:
        what: one sentence: what went wrong.
        where: the file and line, or the option, that it concerns.
        actual: the value found.
        allowed: the values that would do.
        hint: the next step.
        excerpt: the line of the file, and a second line with a caret under the very place; no secrets.
    """

    code = "usage"
    exit_code = 2

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        actual: str = "",
        allowed: str | Iterable[str] = "",
        hint: str = "",
        excerpt: str = "",
    ) -> None:
        super().__init__(what, where=where, actual=actual, allowed=allowed, hint=hint)
        self.excerpt = excerpt


class ConfigError(UsageError):
    """migrator.toml is wrong; `problems` holds every error found, each with file and line."""

    code = "config"

    def __init__(self, what: str, problems: tuple[MigratorError, ...] = (), *, where: str = "", hint: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.problems = problems


class MappingError(MigratorError):
    """A mapping file is incomplete or contradicts itself."""

    code = "mapping"
    exit_code = 2

    def __init__(self, what: str, problems: tuple[str, ...] = (), *, where: str = "", hint: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.problems = problems

    def __str__(self) -> str:
        return "\n  - ".join([super().__str__(), *self.problems])


class ScheduleError(MigratorError):
    """A schedule cannot be read or said in a dialect.

    Args:
        what: what is wrong with it.
        dialect: the dialect that it was read or written in.
        text: the whole expression ("" when a value is being rendered).
        field: the field's name ("minute", "day_of_week", …), "" for the expression as a whole.
        column: 1-based column of the fault in `text`, 0 when there is none.
        allowed: what would do.
        hint: the next step.
        question: the setting in a connection's `cron` that decides how it is read, "" when none does.
    """

    code = "schedule"

    def __init__(
        self,
        what: str,
        *,
        dialect: str,
        text: str = "",
        field: str = "",
        column: int = 0,
        allowed: str | Iterable[str] = "",
        hint: str = "",
        question: str = "",
    ) -> None:
        place = ", ".join(p for p in (dialect, field, f"column {column}" if column else "") if p)
        shown = text if len(text) <= 120 else text[:117] + "..."  # noqa: PLR2004 (one terminal line)
        super().__init__(what, where=place, actual=repr(shown) if text else "", allowed=allowed, hint=hint)
        self.dialect = dialect
        self.text = text
        self.field = field
        self.column = column
        self.question = question


class RecordError(MigratorError):
    """A provider's record lacks something that a job must have, or holds something of the wrong kind.

    Args:
        what: what is wrong.
        job: the record's id, and its name where it has one.
        path: the provider's field.
        actual: the value found.
        allowed: what would do.
    """

    code = "record"

    def __init__(self, what: str, *, job: str, path: str, actual: str = "", allowed: str | Iterable[str] = "") -> None:
        super().__init__(what, where=f"job {job}, field {path}", actual=actual, allowed=allowed)
        self.job = job
        self.path = path


class JobError(MigratorError):
    """A stage failed on one job for an unforeseen reason; that job is blocked, and the others go on."""


class RefusedError(MigratorError):
    """Refused because it could lose or damage something; nothing was changed."""

    code = "refused"
    exit_code = 3


class StalePlanError(RefusedError):
    """A saved plan does not fit what is there now."""

    code = "stale_plan"


class ClockError(RefusedError):
    """This machine's clock and a platform's are so far apart that nothing may be written."""


class StateError(MigratorError):
    """The state cannot be read or written."""

    code = "state"


class LockedError(StateError):
    """Another run holds the lock of this target."""

    code = "locked"
    exit_code = 5


class ProviderError(MigratorError):
    """A platform refused a request, failed, or could not be reached.

    Args:
        what: one sentence.
        where: the request: "POST acme /v1/jobs".
        status: the HTTP status, None when no answer came.
        body: the answer's text, shortened, secrets removed.
        hint: the next step.
    """

    code = "provider"

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        status: int | None = None,
        body: str = "",
        allowed: str | Iterable[str] = "",
        hint: str = "",
    ) -> None:
        answered = " ".join(p for p in (f"HTTP {status}" if status is not None else "", body) if p)
        super().__init__(what, where=where, actual=answered, allowed=allowed, hint=hint)
        self.status = status
        self.body = body


class AuthError(ProviderError):
    """The token is wrong, expired, or lacks a permission (401, 403)."""

    code = "auth"


class NotFoundError(ProviderError):
    """The thing does not exist, or this token may not see it (404)."""

    code = "not_found"


class RejectedError(ProviderError):
    """The platform understood the request and refuses it (other 4xx); sending it again cannot help."""

    code = "rejected"


class QuotaError(ProviderError):
    """A limit that waiting does not lift (too many active jobs)."""

    code = "quota"


class TransientError(ProviderError):
    """The platform is busy, down or unreachable, and the request certainly had no effect."""

    code = "transient"


class UncertainError(ProviderError):
    """A write was sent and its outcome is unknown: the connection died, or a 5xx came back."""

    code = "uncertain"


class ProtocolError(ProviderError):
    """An answer that the platform does not document: HTML, broken JSON, a page that repeats."""

    code = "protocol"
