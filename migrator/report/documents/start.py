"""Documents of init and doctor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from attrs import frozen

from migrator.doctor.check import STATUSES, Check, Status
from migrator.json_document import Document, filled


@frozen(kw_only=True)
class InitDocument(Document):
    """The config file that was written."""

    NAME: ClassVar[str] = "init"
    path: str


@frozen(kw_only=True)
class CheckEntry:
    """One check.

    Attributes:
        todo: the fix; "" where none is needed.
    """

    about: str
    what: str
    status: Status
    found: str
    todo: str


@frozen(kw_only=True)
class DoctorDocument(Document):
    """The checks of migrator doctor.

    Attributes:
        summary: how many of each.
    """

    NAME: ClassVar[str] = "doctor"
    summary: Mapping[Status, int]
    checks: tuple[CheckEntry, ...]


def doctor_document(checks: Sequence[Check]) -> DoctorDocument:
    """Return the checks."""
    summary = {status: sum(check.status == status for check in checks) for status in STATUSES}
    return DoctorDocument(summary=summary, checks=tuple(filled(CheckEntry, check) for check in checks))
