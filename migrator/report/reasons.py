"""Jobs by reason: each reason once, with the names of its jobs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from attrs import frozen

from migrator.canonical import JobRef
from migrator.report.text import Line, clean, line

_SHORTEST: Final = 3
"""Names and ids shorter than that are not looked for in reasons: they could be any word."""


@frozen
class Reason:
    """A reason, how many jobs or parts of jobs it holds for, and the names of the jobs."""

    text: str
    jobs: int
    names: tuple[str, ...]


@frozen
class JobReason:
    """A reason that concerns one job, with its name and the job on each side."""

    name: str
    reason: str
    refs: tuple[JobRef | None, ...] = ()

    @property
    def general(self) -> str:
        """The reason without what is this job's alone, so that it reads the same for every job that it holds for."""
        text = self.reason
        ids = [own for ref in self.refs if ref for own in (str(ref), ref.id)]
        for own, stands in (*((one, "ID") for one in ids), (self.name, "NAME")):
            if len(own) >= _SHORTEST and own in text:
                text = re.sub(rf"(?<!\w){re.escape(own)}(?!\w)", stands, text)
        return text


def by_reason(found: Iterable[JobReason]) -> tuple[Reason, ...]:
    """Return each reason once, the most frequent first."""
    groups: dict[str, list[JobReason]] = {}
    for one in found:
        groups.setdefault(one.general, []).append(one)
    reasons = []
    for general, jobs in sorted(groups.items(), key=lambda group: -len(group[1])):
        text = jobs[0].reason if len({one.reason for one in jobs}) == 1 else general
        reasons.append(Reason(clean(text), len(jobs), tuple(dict.fromkeys(clean(one.name) for one in jobs))))
    return tuple(reasons)


def reason_lines(title: str, reasons: Iterable[Reason], *, named: bool = True) -> Iterator[Line]:
    """Yield each reason with how many jobs it holds for, and below it on request their names."""
    for number, one in enumerate(reasons):
        if not number:
            yield line((f"{title}:", "bold"))
        yield line(f"{one.jobs:,} x {one.text}", indent=2)
        if named:
            yield line(", ".join(one.names), indent=6)
