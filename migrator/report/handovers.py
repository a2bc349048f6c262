"""What came of moving the right to fire: documents, lines and the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from migrator.cutover import STATUSES, Cutover, Found, Gap, Moved, Nightly, Sent, Standing, Status
from migrator.mapping.codecs import write_time
from migrator.report.words import Line, clean, count, instant, line, pad, stamp
from migrator.state.values import Dark, Missed

_STYLES: Final[Mapping[Status, str]] = {
    "moved": "green",
    "planned": "cyan",
    "there": "dim",
    "left": "yellow",
    "refused": "bold red",
    "failed": "bold red",
    "skipped": "yellow",
}
_LIVE: Final[Mapping[Found, tuple[str, str]]] = {
    "source": ("source", "cyan"),
    "target": ("target", "green"),
    "both": ("BOTH", "bold red"),
    "part": ("PART of the target", "bold red"),
    "neither": ("NEITHER", "bold red"),
    "paused": ("paused", "dim"),
    "over": ("over", "dim"),
    "unknown": ("unknown", "bold red"),
}
_WIDTH: Final = max(map(len, STATUSES))
_DARK: Final[Mapping[str, str]] = {
    "neither": "NOT ACTIVE ANYWHERE",
    "part": "ACTIVE ONLY IN PART at the target",
    "unknown": "PERHAPS NOT ACTIVE ANYWHERE",
}


def handover_document(found: Cutover, name: str) -> dict[str, Any]:
    """What came of a cut-over or a retirement, as `migrator/cutover@1` or `migrator/retire@1`."""
    return {
        "schema": f"migrator/{name}@1",
        "sync": found.sync,
        "source": found.source,
        "target": found.target,
        "goal": found.goal,
        "run": found.run,
        "dry_run": found.is_dry,
        "summary": dict(found.summary),
        "jobs": [_moved(moved) for moved in found.moves],
        "ledger": [missed_document(entry) for entry in found.ledger],
        "active_nowhere": [dark_document(one) for one in found.dark],
        "needs_nightly_sync": [_nightly(one) for one in found.nightly],
        "requests": dict(found.requests),
    }


def _moved(moved: Moved) -> dict[str, Any]:
    move = moved.move
    return {
        "status": moved.status,
        "name": move.name,
        "source": attrs.asdict(move.source),
        "targets": [attrs.asdict(target) for target in move.targets],
        "live": moved.live,
        "takes": [turn.does for turn in move.turns],
        "gap": moved.gap and _gap(moved.gap),
        "writes": [_sent(sent) for sent in moved.sent],
        "proof": moved.proof or None,
        "reason": moved.reason,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "start": write_time(gap.start),
        "end": gap.end and write_time(gap.end),
        "asked_seconds": gap.asked.total_seconds(),
        "is_narrow": gap.is_narrow,
    }


def _sent(sent: Sent) -> dict[str, Any]:
    confirmed = sent.confirmed and write_time(sent.confirmed)
    return {
        "side": sent.side,
        "job": attrs.asdict(sent.job),
        "does": sent.does,
        "at": write_time(sent.at),
        "confirmed": confirmed,
    }


def _nightly(one: Nightly) -> dict[str, Any]:
    return {
        "source": attrs.asdict(one.source),
        "name": one.name,
        "until": write_time(one.until),
        "modes": dict(one.modes),
    }


def dark_document(one: Dark) -> dict[str, Any]:
    """A job that is active nowhere, with the command that repairs it."""
    return {**attrs.asdict(one), "since": write_time(one.since)}


def dark_lines(dark: Iterable[Dark]) -> Iterator[Line]:
    """The jobs that are active nowhere, each with the command that repairs it."""
    for one in dark:
        since = instant(one.since.replace(microsecond=0))
        yield line((f"{_DARK[one.live]}: ", "bold red"), clean(one.name), f", since {since} UTC")
        yield line("repair it with: ", (clean(one.repair), "bold"), indent=2)


def missed_document(entry: Missed) -> dict[str, Any]:
    """An instant of the ledger."""
    return {
        "source": attrs.asdict(entry.source),
        "name": entry.name,
        "at": write_time(entry.at),
        "kind": entry.kind,
        "cause": entry.cause,
        "sync": entry.sync,
        "run": entry.run,
    }


def standing_document(one: Standing) -> dict[str, Any]:
    """Which side of a job fires."""
    return {
        "name": one.name,
        "source": attrs.asdict(one.source),
        "targets": [attrs.asdict(target) for target in one.targets],
        "live": one.live,
        "meant": one.meant,
        "since": one.since and write_time(one.since),
        "is_unfinished": one.is_unfinished,
    }


def handover_lines(found: Cutover, *, back: str, again: str) -> Iterator[Line]:
    """The same for people.

    Args:
        found: what came of it.
        back: what takes it back; "" where nothing does.
        again: what tries again.
    """
    yield line((f"{found.sync}: {found.source} → {found.target}", "bold"), f", the {found.goal} is to fire")
    yield line("")
    yield from dark_lines(found.dark)
    for moved in found.moves:
        yield from _moved_lines(moved)
    if found.moves:
        yield line("")
    counts = ", ".join(f"{number:,} {status}" for status, number in found.summary.items() if number)
    title = f"Run {found.run}: " if found.run else "Dry run: " if found.is_dry else "Nothing was changed: "
    yield line((title, "bold"), counts or "no jobs", ".")
    yield from ledger_lines(found.ledger)
    yield from _nightly_lines(found.nightly)
    if found.summary["failed"] or found.summary["skipped"]:
        yield line("Finish it with: ", (again, "bold"), *((" or take it back with: ", (back, "bold")) if back else ()))
    elif found.summary["moved"] and back:
        yield line("It can be taken back with: ", (back, "bold"))


def _moved_lines(moved: Moved) -> Iterator[Line]:
    word, style = _LIVE[moved.live]
    does = ", then ".join(turn.does for turn in moved.move.turns)
    takes = f": {does}" if moved.status == "planned" and does else ""
    is_deleted = moved.status == "moved" and moved.move.turns and moved.move.turns[-1].does == "delete"
    yield line(
        (pad("deleted" if is_deleted else moved.status, _WIDTH) + " ", _STYLES[moved.status]),
        clean(moved.move.name) + (" at the source" if is_deleted else takes),
        "; live: ",
        (word, style),
    )
    if moved.reason:
        yield line(clean(moved.reason), indent=_WIDTH + 1)
    if moved.gap and moved.gap.is_narrow and moved.gap.room:
        asked, room = moved.gap.asked.total_seconds(), moved.gap.room.total_seconds()
        yield line(f"its fires left a gap of {room:.0f} s only, not of {asked:.0f} s", indent=_WIDTH + 1)
    if moved.proof and moved.proof not in {"proved", "approximate"}:
        yield line((f"verifying it again: {moved.proof}", "bold red"), indent=_WIDTH + 1)


def _nightly_lines(nightly: Iterable[Nightly]) -> Iterator[Line]:
    """The jobs that stay exact only while syncs renew them, and what would end that."""
    nightly = list(nightly)
    if not nightly:
        return
    yield line((f"Exact only while syncs run ({count(len(nightly), 'job')}):", "bold"))
    for one in nightly:
        yield line(f"{clean(one.name)}: exact until {stamp(one.until)}, renewed by each sync", indent=2)
        if not one.modes:
            yield line("no schedule.mode would make it independent of syncs", indent=4)
        for mode, how in one.modes.items():
            yield line(f'schedule.mode = "{mode}": {clean(how)}', indent=4)


def ledger_lines(ledger: Iterable[Missed]) -> Iterator[Line]:
    """The instants at which not exactly one side was live, for a person to make up for."""
    ledger = list(ledger)
    if not ledger:
        return
    yield line((f"Look at {count(len(ledger), 'instant')} at which not exactly one side was surely live:", "bold red"))
    for entry in ledger:
        yield line(
            f"{instant(entry.at)} UTC {clean(entry.name)}: ", (entry.kind, "bold"), f"; {clean(entry.cause)}", indent=2
        )


def standing_lines(standings: Iterable[Standing]) -> Iterator[Line]:
    """Which side fires, job by job."""
    for one in standings:
        word, style = _LIVE[one.live]
        odd = one.live not in {one.meant, "paused", "over"} and not (
            one.meant == "both" and one.live in {"source", "target"}
        )
        meant = f", meant: {one.meant}" if odd else ""
        unfinished = "; its cut-over is unfinished" if one.is_unfinished else ""
        since = f" since {instant(one.since)} UTC" if one.since and not odd else ""
        yield line("live ", (word, style), f": {clean(one.name)}{since}{meant}{unfinished}")
