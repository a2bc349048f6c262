"""The demonstration, step by step: each under the command that does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

import attrs
from attrs import frozen

from migrator.audit import Audit
from migrator.cutover.switches import Cutover
from migrator.execute.outcomes import Applied
from migrator.plan.changes import Plan
from migrator.report.audits import audit_lines
from migrator.report.cutovers import cutover_lines
from migrator.report.outcomes import outcome_lines
from migrator.report.plans import plan_lines, summary_lines
from migrator.report.proofs import verify_lines
from migrator.report.text import Line, count, instant, line
from migrator.report.views.audits import audit_view
from migrator.report.views.plans import plan_view
from migrator.verify import Verification

Names = Sequence[str]
"""The names of the jobs on one side."""

_NEXT: Final = (
    ("migrator sandbox --detach", "the same simulators in the background, for the commands above"),
    ("migrator init", "a config file for your own accounts"),
)
"""What to type next, and what it brings."""


@frozen(kw_only=True)
class FireWeek:
    """What fired from the start until a week after the cutover, against what was due.

    Attributes:
        due: how many fires were due at the source, had nothing been migrated.
        once: how many of them fired exactly once, on either side.
        extra: how many fires were not due, or were repeated.
    """

    due: int
    once: int
    extra: int

    @property
    def is_exact(self) -> bool:
        """Whether every fire that was due came once, and no other."""
        return self.once == self.due and not self.extra


@frozen(kw_only=True)
class Story:
    """The result of each step.

    Attributes:
        before: the names of the jobs on each side before, by connection.
        audit: what would become of the source's jobs.
        plan: what is to be done.
        applied: the result of doing it.
        verified: the proof, job by job.
        cutover: the switch to the target.
        week: what fired meanwhile and in the week after.
        again: the plan after all that, which must be empty.
        after: the names of the target's jobs after.
    """

    before: Mapping[str, Names]
    audit: Audit
    plan: Plan
    applied: Applied
    verified: Verification
    cutover: Cutover
    week: FireWeek
    again: Plan
    after: Names

    @property
    def is_well(self) -> bool:
        """Whether it ends as it must."""
        return (
            not self.again.pending
            and not self.cutover.summary["failed"]
            and self.verified.is_well
            and self.week.is_exact
        )

    def lines(self) -> Iterator[Line]:
        """Yield the demonstration for people."""
        sync, source, target = self.plan.sync, self.plan.source, self.plan.target
        yield line("Two simulators on this machine, on a virtual clock. Nothing leaves this machine.")
        held = [f"{name} has {count(len(jobs), 'job')}" for name, jobs in self.before.items()]
        taken = count(len({change.source for change in self.plan.changes}), "job")
        yield line(f"{', '.join(held)}. The sync {sync} selects {taken} of {source}.")
        yield from _step(f"migrator audit {source} --to {target}", audit_lines(audit_view(self.audit)))
        yield from _step(f"migrator plan {sync} --staged", plan_lines(plan_view(self.plan)))
        yield from _step(f"migrator apply {sync} --staged --yes", outcome_lines(self.applied.outcomes))
        verified = verify_lines(self.verified, command=f"migrator apply {sync}")
        yield from _step(f"migrator verify {sync}", _excerpt(verified, 3))
        back = f"migrator cutover {sync} --back"
        switched = attrs.evolve(self.cutover, run="…")  # every run has an id of its own
        yield from _step(f"migrator cutover {sync} --yes", cutover_lines(switched, back=back, again=""))
        yield from self._waits()
        yield from _step(f"migrator plan {sync}", _excerpt(summary_lines(plan_view(self.again)), 1))
        yield line("")
        yield from self._end()

    def _waits(self) -> Iterator[Line]:
        """Yield the jobs whose cutover waited for a gap between fires, and what fired until a week later."""
        gaps = [
            (switched.switch.name, switched.gap) for switched in self.cutover.switches if switched.gap and switched.sent
        ]
        first = min((gap.start for _name, gap in gaps), default=None)
        for name, gap in gaps:
            if first and gap.start > first:
                yield line(f"{name} was about to fire: its switch waited for a gap, until {instant(gap.start)} UTC.")

    def _end(self) -> Iterator[Line]:
        """Yield whether it went well, and what to type next."""
        week = self.week
        if self.again.pending:
            yield line(("The second plan is not empty: this is a bug in migrator.", "bold red"))
        if not week.is_exact:
            told = f"Of {week.due} fires that were due, {week.once} came exactly once, and {week.extra} were not due"
            yield line((f"{told}: this is a bug in migrator.", "bold red"))
        if not self.verified.is_well:
            yield line(("A target job is not proved: this is a bug in migrator.", "bold red"))
        if self.is_well:
            yield line(f"From the start until a week later {week.due} fires were due: each came exactly once.")
            yield line(("The second plan is empty: running it again changes nothing.", "green"))
        yield line("")
        yield line(("Try it yourself, in an empty folder:", "bold"))
        width = max(len(command) for command, _what in _NEXT)
        for command, what in _NEXT:
            yield line((command.ljust(width), "bold cyan"), f"  # {what}", indent=2)


def _step(command: str, lines: Iterator[Line]) -> Iterator[Line]:
    """Yield a command and what it prints."""
    yield line("")
    yield line((f"$ {command}", "bold cyan"))
    yield from lines


def _excerpt(lines: Iterator[Line], most: int) -> Iterator[Line]:
    """Yield the first lines, and a mark where there are more."""
    yield from islice(lines, most)
    if next(lines, None) is not None:
        yield line(("…", "dim"))
