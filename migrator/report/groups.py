"""Jobs by reason: each reason once, with the names of its jobs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from attrs import frozen

from migrator.canonical import JobRef
from migrator.plan.changes import Change
from migrator.report.text import Line, clean, line

_SHORTEST: Final = 3
"""Names and ids shorter than that are not looked for in reasons: they could be any word."""


@frozen
class Message:
    """A reason that concerns one job, with its name and everything that identifies it."""

    name: str
    reason: str
    ids: tuple[str, ...] = ()

    @property
    def general(self) -> str:
        """Return the reason without this job's own name and ids, so that it reads the same for every such job."""
        text = self.reason
        for own, stands in (*((one, "ID") for one in self.ids), (self.name, "NAME")):
            if len(own) >= _SHORTEST and own in text:
                text = re.sub(rf"(?<!\w){re.escape(own)}(?!\w)", stands, text)
        return text


def of_change(change: Change) -> Message:
    """Return the reason of one change."""
    refs = [ref for ref in (change.source, change.target) if ref]
    return Message(change.label, change.reason, ids_of(*refs))


def ids_of(*refs: JobRef) -> tuple[str, ...]:
    """Return every text that identifies these jobs, the longest first."""
    return tuple(text for ref in refs for text in (str(ref), ref.id))


def grouped(title: str, said: Iterable[Message], *, named: bool = True) -> Iterator[Line]:
    """Yield each reason once, with how many jobs it holds for, the most frequent first; below it their names.

    Args:
        title: what the reasons are about.
        said: one for each job, or for each part of it.
        named: whether the names are shown; without them, something else on the screen has them.
    """
    groups: dict[str, list[Message]] = {}
    for one in said:
        groups.setdefault(one.general, []).append(one)
    if groups:
        yield line((f"{title}:", "bold"))
    for general, jobs in sorted(groups.items(), key=lambda group: -len(group[1])):
        reason = jobs[0].reason if len({one.reason for one in jobs}) == 1 else general
        yield line(f"{len(jobs):,} x {clean(reason)}", indent=2)
        if named:
            names = dict.fromkeys(clean(one.name) for one in jobs)
            yield line(", ".join(names), indent=6)
