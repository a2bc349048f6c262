"""Carry moves out: each in a gap between fires, journalled, confirmed by reading back, and taken back where it fails.

    a write that changes nothing is accepted where the job is to fire (once a run) ─▶ note what is about to be done
    ─▶ stop the one side, read back ─▶ release the other, read back ─▶ note who may fire

A run that dies anywhere leaves a note of what it was about to do; planned again from what both sides hold, the move is
finished or taken back by the next run. What was missed since it was begun is recorded in the commit that says that it
has ended, so that no death in between can lose it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import attrs
from attrs import define, field

from migrator.active_side import Found
from migrator.canonical import TRIGGER_PATHS, Job, flatten
from migrator.concurrency import side_by_side
from migrator.cutover.circuit_breaker import CircuitBreaker, proves_no_effect
from migrator.cutover.gaps import next_gap
from migrator.cutover.journal import CutoverJournal
from migrator.cutover.switches import Gap, Sent, Switch, SwitchResult, SwitchStep
from migrator.errors import MigratorError, StateError
from migrator.execute.source_writer import SourceWriter
from migrator.execute.writer import Writer
from migrator.http.clock import Clock
from migrator.plan.compare import same
from migrator.store.records import Missed

_SIDES: Final = 4
"""How many moves are under way at once: few, so that each takes no longer than its requests."""
_LOOKS: Final = 10
"""How often a run in progress is looked at before the move is refused; the looks share the guard."""
_RESTS: Final[frozenset[Found]] = frozenset({"neither", "paused", "over", "part"})
"""What is moved at once: nothing fires that could be cut off, or something has to fire again."""


@define(kw_only=True)
class Switcher:
    """Carries the moves of one run out.

    Attributes:
        record: writes down what is done.
        origin: writes to the source.
        writer: writes to the target.
        clock: time and chance.
        guard: the time without a fire after a switch has begun.
        after: the time without a fire before it.
        begin: no move begins before.
        stop: set when no new move may be begun.
        progress: told after each move.
    """

    record: CutoverJournal
    origin: SourceWriter
    writer: Writer
    clock: Clock
    guard: timedelta
    after: timedelta
    begin: datetime
    stop: asyncio.Event
    progress: Callable[[SwitchResult], None]
    _slots: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(_SIDES), init=False)
    _brake: CircuitBreaker = field(factory=CircuitBreaker, init=False)
    _proving: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _is_proven: bool = field(default=False, init=False)

    async def all(self, moves: list[Switch]) -> tuple[tuple[SwitchResult, ...], tuple[Missed, ...]]:
        """Apply switches side by side; return the result of each, and when not exactly one side was active."""
        ended = await side_by_side(self._one(move) for move in moves)
        return tuple(ended), tuple(self.record.ledger)

    async def _one(self, move: Switch) -> SwitchResult:
        switched = await self._when_it_is_time(move)
        if switched.status != "skipped":
            self.progress(switched)
        return switched

    # -- when ---------------------------------------------------------------------------------------------------------

    async def _when_it_is_time(self, move: Switch) -> SwitchResult:
        """Wait for a gap, and for a run in progress to end, outside of the few who write; then switch."""
        looks = 0
        while not self._is_over():
            asked = self.clock.now()
            gap = self._gap(move, asked)
            if gap.start > asked:
                await self._sleep_until(gap.start)
                if self.clock.now() > asked:
                    continue  # else the clock stands still, and nothing will ever fire
            async with self._slots:
                now = self.clock.now()
                gap = self._gap(move, now) if now > asked else gap
                if (now < gap.start and asked < now) or self._is_over():
                    continue
                if found := await self._carried_out(move, gap, may_wait=looks < _LOOKS):
                    return found
            looks += 1
            await self._sleep_until(self.clock.now() + self.guard / _LOOKS)
        reason = self._brake.reason or "interrupted before it was started"
        return SwitchResult(move=move, status="skipped", live=move.live, reason=reason)

    def _is_over(self) -> bool:
        return self.stop.is_set() or bool(self._brake.reason)

    def _gap(self, move: Switch, now: datetime) -> Gap:
        if move.live in _RESTS or move.live == move.goal:
            return Gap(start=now, end=None, asked=self.guard)
        return next_gap(move.calendars, now=max(now, self.begin), guard=self.guard, after=self.after)

    async def _sleep_until(self, at: datetime) -> None:
        """Wait, or until somebody interrupts."""
        waiting = asyncio.ensure_future(self.clock.sleep((at - self.clock.now()).total_seconds()))
        tasks = {waiting, *(asyncio.ensure_future(event.wait()) for event in (self.stop, self._brake.pulled))}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    # -- how ----------------------------------------------------------------------------------------------------------

    async def _carried_out(self, move: Switch, gap: Gap, *, may_wait: bool) -> SwitchResult | None:
        """Result of a move; None where a run is in progress and may be waited for."""
        base = SwitchResult(move=move, status="moved", live=move.live, gap=gap)
        try:
            changed, running = await self._looked(move)
            if changed:
                return attrs.evolve(base, status="refused", reason=changed)
            if running:
                return None if may_wait else attrs.evolve(base, status="refused", reason=self._in_progress(running))
            await self._prove(move)
        except StateError:
            raise
        except MigratorError as error:
            self._brake.failed(error)
            return attrs.evolve(base, status="failed", reason=f"nothing was changed: {error}")
        if self._brake.reason:
            return attrs.evolve(base, status="skipped", gap=None, reason=self._brake.reason)
        found = await self._steps(base)
        if found.status == "moved":
            self._brake.passed()
        return found

    async def _steps(self, base: SwitchResult) -> SwitchResult:
        """Send the writes of a move in order; where one fails, put everything back."""
        move, begun = base.move, self.record.begin(base.move)
        sent: list[Sent] = []
        done: list[SwitchStep] = []
        for turn in move.turns:
            try:
                await self._send(turn, sent)
            except StateError:
                raise
            except MigratorError as error:
                there = await self._shows(turn)
                if not there:
                    self._brake.failed(error)
                if there is None and not proves_no_effect(error):
                    await self.record.note_missed(move, begun)
                    reason = f"{error}; its result cannot be read; run the command again"
                    return attrs.evolve(base, status="failed", live="unknown", sent=tuple(sent), reason=reason)
                if not there:
                    return attrs.evolve(await self._undone(base, begun, done, str(error)), sent=tuple(sent))
            if why := self._stopped(turn):
                self._brake.failed(MigratorError(why, hint="resume it there, then run the command again"))
                return attrs.evolve(await self._undone(base, begun, done, why), sent=tuple(sent))
            done.append(turn)
        if any(turn.does == "delete" for turn in move.turns):
            self.record.deleted(move)
        await self.record.end(move, begun, move.switched)
        return attrs.evolve(base, live=_reached(move), sent=tuple(sent))

    async def _looked(self, move: Switch) -> tuple[str, str]:
        """Why a move does not fit any more, and what says that a run is in progress where the job is to be stopped."""
        for turn in move.turns:
            if turn.side == "source" and turn.does != "restore":
                job = await self.origin.read(turn.job)
                fields = flatten(job)
                paths = ("enabled", *TRIGGER_PATHS)
                if changed := [path for path in paths if not same(fields.get(path), turn.before.get(path))]:
                    return f"{', '.join(changed)} changed at the source during the run; run the command again", ""
            elif turn.does == "hold" and self.writer.mapping.rules.running:
                job = await self._target(turn)
            else:
                continue
            if job.running:
                return "", f"at the {turn.side} ({job.running})"
        return "", ""

    def _in_progress(self, running: str) -> str:
        return (
            f"a run of it is in progress {running}, which a pause does not stop; it did not end within "
            f"{self.guard.total_seconds():.0f} s: run this again, or wait longer with --guard"
        )

    async def _prove(self, move: Switch) -> None:
        """Once a run, before anything is stopped: the side that is to fire accepts a write of the same kind.

        It writes what the job holds already, so that nothing changes.
        """
        later = next((turn for turn in move.turns[1:] if turn.side == move.goal != move.turns[0].side), None)
        if later is None:
            return
        async with self._proving:
            if not (self._is_proven or self._brake.reason):
                await self._send(attrs.evolve(later, new=later.back), [])
                self._is_proven = True

    def _stopped(self, turn: SwitchStep) -> str:
        """Why a job does not fire although it was activated: its platform stopped it; "" where it did not."""
        if turn.does not in {"release", "restore"}:
            return ""
        side = self.writer if turn.does == "release" else self.origin
        why = side.stopped.get(turn.job)
        return "" if why is None else f"{side.mapping.rules.title} has stopped it at the {turn.side} ({why})"

    async def _send(self, turn: SwitchStep, sent: list[Sent], *, back: bool = False) -> None:
        """Send one write, and wait until it was read back."""
        new = turn.back if back else turn.new
        note = Sent(side=turn.side, job=turn.job, does=turn.does, at=self.clock.now())
        sent.append(note)
        if turn.binding:
            binding = self.writer.noted(turn.job) or turn.binding
            await self.writer.update(binding, new, binding.seen if back else turn.before)
            await self.writer.notes.flush()
        elif turn.does == "delete":
            await self.origin.delete(turn.job)
        else:
            await self.origin.update(turn.job, new)
        sent[-1] = attrs.evolve(note, confirmed=self.clock.now())

    async def _shows(self, turn: SwitchStep) -> bool | None:
        """Whether a job holds what a write that failed was to bring; None when it cannot be read."""
        try:
            if turn.side == "source":
                job: Job = await self.origin.read(turn.job)
            else:
                job = await self._target(turn)
        except StateError:
            raise
        except MigratorError:
            return None
        if job.suspended is not None and turn.does in {"release", "restore"}:
            return False
        fields = flatten(job)
        return turn.does != "delete" and all(same(fields.get(path), value) for path, value in turn.new.items())

    async def _target(self, turn: SwitchStep) -> Job:
        record = await self.writer.adapter.get_job(turn.job.scope, turn.job.id)
        return self.writer.mapping.read(record.raw, scope=record.scope)

    async def _undone(self, base: SwitchResult, begun: datetime, done: list[SwitchStep], error: str) -> SwitchResult:
        """Put everything back as it was, latest first."""
        move, unsent = base.move, list[Sent]()
        for turn in reversed(done):
            try:
                await self._send(turn, unsent, back=True)
            except StateError:
                raise
            except MigratorError as trouble:
                self._brake.failed(trouble)
                await self.record.note_missed(move, begun)
                reason = f"{error}; it could not be taken back: {trouble}; run this again, or with --back"
                return attrs.evolve(base, status="failed", live="unknown", reason=reason)
        await self.record.end(move, begun, move.active_side)
        return attrs.evolve(base, status="failed", reason=f"{error}; everything is as it was before")


def _reached(move: Switch) -> Found:
    """Which side fires once a move has ended."""
    if not move.calendars[0].fields.get("enabled", True):
        return "paused"
    if move.goal == "source":
        return "source"
    return "target"
