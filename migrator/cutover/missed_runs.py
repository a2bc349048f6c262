"""Which side was active when: from the journal, which records every write before it is sent and after it was read back.

Between the two it is unknown whether a write has taken effect. An instant at which, by all that is known, exactly one
side was active is in order; every other one is entered into the ledger with its cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Final, Literal

from attrs import frozen

from migrator.active_side import FiringSide
from migrator.canonical import TRIGGER_PATHS
from migrator.cutover.switches import Calendar, Switch
from migrator.plan.staging import is_distant
from migrator.store.records import ORIGIN, Missed, MissKind, Write

Liveness = Literal["live", "still", "unknown"]

_OPEN: Final = frozenset({"dispatched", "uncertain"})
_ONE_LIVE: Final = 1
_MOMENT: Final = timedelta(seconds=1)


@frozen(kw_only=True)
class Interval:
    """A job whose liveness is followed.

    Attributes:
        calendar: when it fires while it is active.
        was_live: whether it was active before the first write.
        writes: what was written to it, in order.
    """

    calendar: Calendar
    was_live: bool
    writes: tuple[Write, ...]

    def at(self, instant: datetime) -> Liveness:
        """Return whether it was active at an instant."""
        now: Liveness = "live" if self.was_live else "still"
        for write in self.writes:
            then = _brings(write, self.calendar)
            if write.at > instant or then is None or write.state == "failed":
                continue
            if write.state in _OPEN or write.ended_at is None or write.ended_at >= instant:
                now = now if now == then else "unknown"
            else:
                now = then
        return now


def missed(switch: Switch, writes: Iterable[Write], *, until: datetime, run: str) -> tuple[Missed, ...]:
    """Return the instants of a switch at which not exactly one side was active.

    Args:
        switch: the switch, as it was planned by the run that ended it.
        writes: everything that was written for it since it was first begun, by this run and by crashed ones.
        until: how far it has come; writes without an outcome are unknown until then.
        run: the run that records it.
    """
    writes = sorted(writes, key=lambda write: (write.at, write.seq))
    if not writes:
        return ()
    source, targets = _intervals(switch, writes)
    sync = writes[0].sync
    entries = []
    for at in source.calendar.between(writes[0].at - _MOMENT, until):
        if kind := _kind(source, targets, at):
            cause = _cause(writes, at)
            entry = Missed(source=switch.source, at=at, sync=sync, name=switch.name, kind=kind, cause=cause, run=run)
            entries.append(entry)
    return tuple(entries)


def _intervals(switch: Switch, writes: list[Write]) -> tuple[Interval, tuple[Interval, ...]]:
    """Return the source job and its target jobs, each with what was written to it."""
    active_before = _active_before(switch)
    written = {step.job for step in switch.steps}
    own, *others = switch.calendars
    source = Interval(
        calendar=own,
        was_live=active_before in {"source", "both"} and bool(own.fields.get("enabled", True)),
        writes=tuple(write for write in writes if write.piece == ORIGIN),
    )
    targets = tuple(
        Interval(
            calendar=one,
            was_live=_was_live(switch, active_before, is_written=one.job in written)
            and bool(one.fields.get("enabled", True)),
            writes=tuple(write for write in writes if write.piece != ORIGIN and write.target_id == one.job.id),
        )
        for one in others
    )
    return source, targets


def _active_before(switch: Switch) -> FiringSide:
    """Return which side was active before the first write of a switch; a crashed run may have sent some of them."""
    active_side = switch.active_side
    return active_side.live if active_side and active_side.begun else switch.live


def _was_live(switch: Switch, active_before: FiringSide, *, is_written: bool) -> bool:
    """Return whether a target job was live before: of one live in part, the parts that the switch does not activate."""
    return active_before in {"target", "both"} or (active_before == "part" and is_written == (switch.goal == "source"))


def _kind(source: Interval, targets: Sequence[Interval], at: datetime) -> MissKind | None:
    """Return what was wrong at an instant of the source's calendar; None when exactly one side was active."""
    own = [part for part in targets if part.calendar.between(at - _MOMENT, at)]
    liveness = [source.at(at)]
    # Where a schedule is approximate, no target job may have that very instant: then any that is active counts for it.
    states = [part.at(at) for part in own or targets]
    liveness.append("live" if "live" in states else "unknown" if "unknown" in states else "still")
    choices = [(1,) if one == "live" else (0,) if one == "still" else (0, 1) for one in liveness]
    sums = {sum(chosen) for chosen in product(*choices)}
    if sums == {_ONE_LIVE}:
        return None
    if len(sums) > 1:
        return "unclear"
    return "both" if sums.pop() > _ONE_LIVE else "neither"


def _brings(write: Write, calendar: Calendar) -> Liveness | None:
    """Return what a write makes of its job; None when it touches neither its flag nor its schedule."""
    if write.action == "delete":
        return "still"
    if "enabled" in write.fields:
        return "live" if write.fields["enabled"] else "still"
    if any(path in write.fields for path in TRIGGER_PATHS):
        return "still" if is_distant({**calendar.fields, **write.fields}, calendar.dialect, now=write.at) else "live"
    return None


def _cause(writes: Iterable[Write], at: datetime) -> str:
    """Return what was under way at an instant, or had gone wrong before it."""
    before = [write for write in writes if write.at <= at]
    last = before[-1]
    side = "source" if last.piece == ORIGIN else "target"
    sent = f"a write to the {side} was sent at {last.at:%H:%M:%S} UTC"
    if last.state in _OPEN or last.ended_at is None:
        return f"{sent}, and its outcome is unknown{f': {last.error}' if last.error else ''}"
    if last.ended_at >= at:
        return f"{sent} and confirmed only at {last.ended_at:%H:%M:%S}"
    ended = f"{'failed' if last.state == 'failed' else 'was confirmed'} at {last.ended_at:%H:%M:%S}"
    follow = next((write for write in writes if write.at > at), None)
    waited = f", and the next write was sent at {follow.at:%Y-%m-%d %H:%M:%S}" if follow else ""
    return f"a write to the {side} {ended}{f' ({last.error})' if last.error else ''}{waited}"
