"""The journal: unresolved writes, unfinished runs, the runs so far, and their writes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from attrs import field, frozen

from migrator.active_side import ActiveStatus as JobStanding
from migrator.report.cutovers import (
    STATUS_WORDS,
    active_status_lines,
    inactive_lines,
    ledger_lines,
)
from migrator.report.state import orphans_lines
from migrator.report.text import Line, clean, columns, line, stamp
from migrator.store.records import CUTOVER_KINDS, ORIGIN, InactiveJob, Missed, Owner, Run, Write
from migrator.sync.checkpoint import KnownDuplicate, Trouble
from migrator.sync.orphaned import Orphans

RunEnd = Literal["done", "unfinished", "died", "under way", "settled"]
"""How a run ended."""

_STYLES: Final[Mapping[str, str]] = {"done": "green", "failed": "bold red", "uncertain": "bold red"}
_ENDS: Final[Mapping[str, str]] = {"done": "green", "settled": "green"}
_HOW: Final[Mapping[str, str]] = {"died": "crashed", "settled": "up to date", "under way": "running"}
"""By how a run ended, the words that are printed where they are not the same."""
_STATES: Final[Mapping[str, str]] = {
    "claimed": "planned",
    "dispatched": "sent",
    "done": "confirmed",
    "uncertain": "unresolved",
}
"""By state of a write, the words that are printed where they are not the same."""
_GO_ON: Final[Mapping[str, str]] = {"sync": "sync", "cutover": "cutover", "retire": "retire", "dedupe": "dedupe"}
"""By kind of run, the command that goes on where one stopped, if it is not `apply`."""


@frozen(kw_only=True)
class SyncStatus:
    """The status of everything, as far as the state records it.

    Attributes:
        runs: every run, latest first.
        unresolved: writes without a result.
        owners: who is writing, by lock.
        in_order: by sync, when a run last found no changes.
        place: the state's URL.
        until: by sync, when the first of its schedules stops being exact unless a sync renews it.
        ledger: the instants of cutovers at which not exactly one side was active.
        orphans: managed jobs that no sync of the config owns.
        jobs: the active side of each job of one sync; None where no sync was asked for.
        inactive: by sync, the jobs that are active nowhere.
        duplicates: by sync, the target jobs that were one too many when both sides were last read.
        trouble: the jobs that their platform has stopped, or whose runs fail, as the latest runs saw them.
    """

    runs: Sequence[Run]
    unresolved: Sequence[Write]
    owners: Mapping[str, Owner]
    in_order: Mapping[str, datetime] = field(factory=dict)
    place: str
    until: Mapping[str, datetime] = field(factory=dict)
    ledger: Sequence[Missed] = ()
    orphans: Sequence[Orphans] = ()
    jobs: Sequence[JobStanding] | None = None
    inactive: Mapping[str, Sequence[InactiveJob]] = field(factory=dict)
    duplicates: Mapping[str, Sequence[KnownDuplicate]] = field(factory=dict)
    trouble: Sequence[Trouble] = ()

    @property
    def uncertain(self) -> list[Write]:
        """Return writes without an outcome whose run is not under way any more."""
        writing = {owner.run for owner in self.owners.values()}
        return [write for write in self.unresolved if write.run not in writing]

    @property
    def latest(self) -> list[Run]:
        """Return the latest run of each sync."""
        found: dict[str, Run] = {}
        for run in self.runs:
            found.setdefault(run.sync, run)
        return list(found.values())

    def how(self, run: Run) -> RunEnd:
        """Return how a run ended, in a word of the JSON document."""
        if run.id in {owner.run for owner in self.owners.values()}:
            return "under way"
        if run.ended_at and self.inactive.get(run.sync):
            return "unfinished"
        if run.ended_at and not run.summary.get("failed") and not run.summary.get("skipped"):
            return "done"
        since = self.in_order.get(run.sync)
        if since and since > run.started_at and run.kind not in CUTOVER_KINDS:  # which a sync does not finish
            return "settled"
        return "unfinished" if run.ended_at else "died"


def status_lines(status: SyncStatus) -> Iterator[Line]:
    """Yield the status as text."""
    for jobs in status.inactive.values():
        yield from inactive_lines(jobs)
    for scope, owner in status.owners.items():
        yield line(("running ", "bold"), f"{clean(scope)}: locked by {owner}")
    for write in status.uncertain:
        yield from _uncertain_lines(write)
    yield from orphans_lines(status.orphans)
    for run in status.latest:
        yield from _latest_lines(run, status)
    for one in status.trouble:
        where = f"{clean(one['job'])} at the {one['end']} of {clean(one['sync'])}"
        yield line(("failing ", "yellow"), f"{clean(one['name'])} ({where}): {clean(one['trouble'])}")
    if not status.runs:
        yield line("No run yet.")
    for sync, found in status.duplicates.items():
        yield from _duplicate_lines(sync, found)
    yield from active_status_lines(status.jobs or ())
    yield from ledger_lines(status.ledger)


def _uncertain_lines(write: Write) -> Iterator[Line]:
    """Yield an unresolved write, and the commands that resolve it."""
    yield line(
        ("unresolved write ", "bold red"),
        f"{write.action} of {clean(write.name)} (sync {write.sync}, run {write.run})",
    )
    if write.state == "uncertain" and write.error:
        yield line(clean(write.error), indent=2)
    commands = settle_commands(write)
    until = "; if it cannot tell, look at the target and pass the answer:" if commands else "."
    yield line(f"The next migrator plan {write.sync} reconciles it{until}", indent=2)
    for words, command in zip(("if the job exists: ", "if it does not: "), commands, strict=False):
        yield line(words, (command, "bold"), indent=2)


def _duplicate_lines(sync: str, found: Sequence[KnownDuplicate]) -> Iterator[Line]:
    """Yield target jobs that were one too many when both sides of a sync were last read."""
    for one in found:
        part = f", part {one['piece']}" if one["pieces"] > 1 else ""
        said = f"{clean(one['name'])}{part} (sync {clean(sync)}): {', '.join(map(clean, one['targets']))}"
        yield line(("duplicates ", "bold red"), said, " were at the target when it was last read")
    yield line("to remove one: ", (shlex.join(["migrator", "dedupe", sync]), "bold"), indent=2)


def _latest_lines(run: Run, status: SyncStatus) -> Iterator[Line]:
    """Yield how the latest run of a sync ended, the next command, and until when the schedules are exact."""
    how, follow = status.how(run), next_command(run, status)
    yield line((f"{_HOW.get(how, how)} ", _ENDS.get(how, "yellow")), f"{run.sync}: {_kind(run)}, {_run_line(run)}")
    if how == "settled":
        yield line(f"a later run found no changes at {_moment(status.in_order[run.sync])}", indent=2)
    if follow:
        yield line("next: ", (follow, "bold"), indent=2)
    if until := status.until.get(run.sync):
        yield line(f"exact until {stamp(until)}, renewed by each sync", indent=2)


def next_command(run: Run, status: SyncStatus) -> str:
    """Return the command that finishes what a run left; "" where there is none."""
    if status.how(run) in {"done", "settled", "under way"}:
        return ""
    if inactive := status.inactive.get(run.sync):
        return inactive[0].repair
    if run.kind == "rollback":
        return shlex.join(["migrator", "rollback", run.of or ""])
    back = ["--back"] if run.goal == "source" else []
    return shlex.join(["migrator", _GO_ON.get(run.kind, "apply"), run.sync, *back])


def settle_commands(write: Write) -> tuple[str, ...]:
    """Return the commands that resolve a create."""
    if write.action != "create" or write.source is None:
        return ()
    start = shlex.join(["migrator", "settle", write.run, write.source.id if write.pieces == 1 else write.name])
    return f"{start} --created ID", f"{start} --not-created"


def history_lines(runs: Sequence[Run], writes: Sequence[Write] | None, ledger: Sequence[Missed] = ()) -> Iterator[Line]:
    """Yield the runs as text."""
    if not runs:
        yield line("No run yet.")
        return
    yield from (line(row) for row in columns([(run.id, _kind(run), run.sync, _run_line(run)) for run in runs]))
    for write in writes or ():
        why = f": {clean(write.error)}" if write.error else ""
        made = " at the source" if write.piece == ORIGIN else f" → {write.target_id}" if write.target_id else ""
        yield line(
            (f"{_STATES.get(write.state, write.state):<10} ", _STYLES.get(write.state, "")),
            f"{write.action:<7} {clean(write.name)}{made}{why}",
            indent=2,
        )
    yield from ledger_lines(ledger)


def _run_line(run: Run) -> str:
    words = STATUS_WORDS.get(run.kind, {})
    summary = ", ".join(f"{number:,} {words.get(status, status)}" for status, number in run.summary.items() if number)
    ended = summary or ("no changes" if run.ended_at else "no end recorded")
    return f"{_moment(run.started_at)}: {ended}"


def _kind(run: Run) -> str:
    """Return the kind of a run, as it is typed."""
    back = " --back" if run.goal == "source" else ""
    return f"{run.kind}{back} of run {run.of}" if run.of else f"{run.kind}{back}"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def settle_lines(write: Write, created: str | None) -> Iterator[Line]:
    """Yield the resolved write as text."""
    what = "was not created; the next run creates it" if created is None else f"is {created} at the target"
    yield line(f"Resolved: {clean(write.name)} {what}. Next: ", (f"migrator plan {write.sync}", "bold"))
