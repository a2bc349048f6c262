"""Results of cutover and retire: documents, text, and the ledger of missed fires."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from migrator.active_side import ActiveStatus, FiringSide
from migrator.cutover.switches import Cutover, Does, Nightly, Status, SwitchResult
from migrator.report.text import Line, clean, count, instant, line, pad, stamp
from migrator.store.records import InactiveJob, Missed

_STYLES: Final[Mapping[Status, str]] = {
    "moved": "green",
    "planned": "cyan",
    "there": "dim",
    "left": "yellow",
    "refused": "bold red",
    "failed": "bold red",
    "skipped": "yellow",
}
_LIVE: Final[Mapping[FiringSide, tuple[str, str]]] = {
    "source": ("active at source", "cyan"),
    "target": ("active at target", "green"),
    "both": ("ACTIVE ON BOTH SIDES (runs twice)", "bold red"),
    "part": ("ACTIVE ONLY IN PART at the target", "bold red"),
    "neither": ("NOT ACTIVE ANYWHERE", "bold red"),
    "paused": ("paused", "dim"),
    "over": ("ended", "dim"),
    "unknown": ("ACTIVE SIDE UNKNOWN", "bold red"),
}
_WORDS: Final[Mapping[str, str]] = {
    "moved": "switched",
    "planned": "to switch",
    "there": "already switched",
    "left": "not switched",
    "refused": "refused",
    "failed": "failed",
    "skipped": "not started",
}
"""By status of a cutover, the words that are printed."""
_STOPPED: Final[Mapping[str, str]] = {
    **_WORDS,
    "moved": "stopped",
    "planned": "to stop",
    "there": "already stopped",
    "left": "not stopped",
}
"""By status of a retirement."""
_DELETED: Final[Mapping[str, str]] = {
    **_WORDS,
    "moved": "deleted",
    "planned": "to delete",
    "there": "already deleted",
    "left": "not deleted",
}
"""By status of a retirement that deletes."""
_RETIRED: Final[Mapping[str, str]] = {**_WORDS, "moved": "retired", "there": "already retired", "left": "not retired"}
"""By status of a retirement of which it is not known whether it deletes."""
STATUS_WORDS: Final[Mapping[str, Mapping[str, str]]] = {"cutover": _WORDS, "retire": _RETIRED}
"""By kind of run, the words for the statuses that its summary counts."""
_DOES: Final[Mapping[Does, str]] = {
    "pause": "pause the source job",
    "move away": "park the source job",
    "delete": "delete the source job",
    "restore": "restore the source job",
    "release": "activate the target job",
    "hold": "stage the target job",
}
"""By step, the words that are printed."""
_WIDTH: Final = max(map(len, _WORDS.values()))
_DARK: Final[Mapping[str, str]] = {
    "neither": "NOT ACTIVE ANYWHERE",
    "part": "ACTIVE ONLY IN PART at the target",
    "unknown": "PERHAPS NOT ACTIVE ANYWHERE",
}


def inactive_lines(jobs: Iterable[InactiveJob]) -> Iterator[Line]:
    """Yield the jobs that are active nowhere, each with the command that repairs it."""
    for one in jobs:
        since = instant(one.since.replace(microsecond=0))
        yield line((f"{_DARK[one.live]}: ", "bold red"), clean(one.name), f", since {since} UTC")
        yield line("to repair: ", (clean(one.repair), "bold"), indent=2)


def cutover_lines(found: Cutover, *, back: str, again: str, retires: bool = False) -> Iterator[Line]:
    """Yield the result of a cutover or a retirement as text.

    Args:
        found: the result.
        back: the command that switches back; "" where there is none.
        again: the command that tries again.
        retires: it is a retirement.
    """
    yield line(
        (f"{found.sync}: {found.source} → {found.target}", "bold"),
        ", retiring source jobs" if retires else f", switching to the {found.goal}",
    )
    yield line("")
    yield from inactive_lines(found.inactive)
    words = _words(found, retires=retires)
    for result in found.switches:
        yield from _switch_lines(result, words)
    if found.switches:
        yield line("")
    counts = ", ".join(f"{number:,} {words[status]}" for status, number in found.summary.items() if number)
    title = f"Run {found.run}: " if found.run else "Dry run: " if found.is_dry else "No changes: "
    yield line((title, "bold"), counts or "no jobs", ".")
    yield from ledger_lines(found.ledger)
    yield from _nightly_lines(found.nightly)
    if found.summary["failed"] or found.summary["skipped"]:
        yield line("To finish: ", (again, "bold"), *((". To switch back: ", (back, "bold")) if back else ()))
    elif found.summary["moved"] and back:
        yield line("To switch back: ", (back, "bold"))


def _words(found: Cutover, *, retires: bool) -> Mapping[str, str]:
    """Return the words for each status."""
    if not retires:
        return _WORDS
    deletes = any(step.does == "delete" for result in found.switches for step in result.switch.steps)
    return _DELETED if deletes else _STOPPED


def _switch_lines(result: SwitchResult, words: Mapping[str, str]) -> Iterator[Line]:
    word, style = _LIVE[result.live]
    does = ", then ".join(_DOES[step.does] for step in result.switch.steps)
    takes = f"; {does}" if result.status == "planned" and does else ""
    is_deleted = result.status == "moved" and result.switch.steps and result.switch.steps[-1].does == "delete"
    yield line(
        (pad("deleted" if is_deleted else words[result.status], _WIDTH) + " ", _STYLES[result.status]),
        clean(result.switch.name) + (" at the source" if is_deleted else ""),
        ": ",
        (word, style),
        takes,
    )
    if result.reason:
        yield line(clean(result.reason), indent=_WIDTH + 1)
    if result.gap and result.gap.is_narrow and result.gap.room:
        asked, room = result.gap.asked.total_seconds(), result.gap.room.total_seconds()
        yield line(
            f"the gap between its fires is {room:.0f} s, less than the guard of {asked:.0f} s", indent=_WIDTH + 1
        )
    if result.proof and result.proof not in {"proved", "approximate"}:
        yield line((f"verified afterwards: {result.proof}", "bold red"), indent=_WIDTH + 1)


def _nightly_lines(nightly: Iterable[Nightly]) -> Iterator[Line]:
    """Yield the jobs that stay exact only while syncs renew them, and the modes that would change that."""
    nightly = list(nightly)
    if not nightly:
        return
    yield line((f"Exact only while syncs run ({count(len(nightly), 'job')}):", "bold"))
    for one in nightly:
        yield line(f"{clean(one.name)}: exact until {stamp(one.until)}, renewed by each sync", indent=2)
        if not one.modes:
            yield line("no schedule.mode makes it independent of syncs", indent=4)
        for mode, how in one.modes.items():
            yield line(f'schedule.mode = "{mode}": {clean(how)}', indent=4)


def ledger_lines(ledger: Iterable[Missed]) -> Iterator[Line]:
    """Yield the instants at which it is not certain that exactly one side was active."""
    ledger = list(ledger)
    if not ledger:
        return
    yield line((f"Check {count(len(ledger), 'fire')}, which may be missing or may have run twice:", "bold red"))
    for entry in ledger:
        yield line(
            f"{instant(entry.at)} UTC {clean(entry.name)}: ", (entry.kind, "bold"), f"; {clean(entry.cause)}", indent=2
        )


def active_status_lines(active_statuses: Iterable[ActiveStatus]) -> Iterator[Line]:
    """Yield the active side of each job."""
    for one in active_statuses:
        word, style = _LIVE[one.live]
        odd = one.live not in {one.meant, "paused", "over"} and not (
            one.meant == "both" and one.live in {"source", "target"}
        )
        meant = f", expected: active at {one.meant}" if odd else ""
        unfinished = "; its cutover is unfinished" if one.is_unfinished else ""
        since = f" since {instant(one.since)} UTC" if one.since and not odd else ""
        yield line(f"{clean(one.name)}: ", (word, style), f"{since}{meant}{unfinished}")
