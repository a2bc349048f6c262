"""Carry moves out: each in a gap between fires, journalled, confirmed by reading back, and taken back where it fails.

    note what is about to be done ─▶ stop the one side, read back ─▶ release the other, read back ─▶ note who may fire

A run that dies anywhere leaves a note of what it was about to do; planned anew from what both sides hold, the move is
finished or taken back by the next run. What was missed since it was begun is noted in the commit that says that it has
ended, so that no death in between can lose it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import attrs
from attrs import define, field

from migrator.apply.origin import Origin
from migrator.apply.writer import Writer
from migrator.canonical import TRIGGER_PATHS, Job, flatten
from migrator.concurrency import side_by_side
from migrator.cutover import Found, Gap, Move, Moved, Sent, Turn, missed, next_gap
from migrator.errors import MigratorError, StateError
from migrator.plan.compare import same
from migrator.state import State
from migrator.state.values import HANDOVERS, Missed, Right
from migrator.transport.clock import Clock

_SIDES: Final = 4
"""How many moves are under way at once: few, so that each takes no longer than its requests."""
_RESTS: Final[frozenset[Found]] = frozenset({"neither", "paused", "over", "part"})
"""What is moved at once: nothing fires that could be cut off, or something has to fire again."""


@define(kw_only=True)
class Changeover:
    """Carries the moves of one run out.

    Attributes:
        run: the run's id.
        state: the open state.
        origin: writes to the source.
        writer: writes to the target.
        clock: time and chance.
        guard: how long nothing shall fire after a move has begun.
        after: how long nothing shall have fired before.
        begin: no move begins before.
        stop: set when no new move may be begun.
        progress: told after each move.
    """

    run: str
    state: State
    origin: Origin
    writer: Writer
    clock: Clock
    guard: timedelta
    after: timedelta
    begin: datetime
    stop: asyncio.Event
    progress: Callable[[Moved], None]
    _slots: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(_SIDES), init=False)
    _ledger: list[Missed] = field(factory=list, init=False)

    async def all(self, moves: list[Move]) -> tuple[tuple[Moved, ...], tuple[Missed, ...]]:
        """Carry moves out side by side; what came of each, and the instants at which not exactly one side was live."""
        ended = await side_by_side(self._one(move) for move in moves)
        return tuple(ended), tuple(self._ledger)

    async def _one(self, move: Move) -> Moved:
        moved = await self._when_it_is_time(move)
        self.progress(moved)
        return moved

    # -- when ---------------------------------------------------------------------------------------------------------

    async def _when_it_is_time(self, move: Move) -> Moved:
        """Wait for a gap outside of the few who write, and look again when it is this one's turn."""
        while not self.stop.is_set():
            gap, asked = self._gap(move), self.clock.now()
            if gap.start > asked:
                await self._sleep_until(gap.start)
                if self.clock.now() > asked:
                    continue  # else the clock stands still, and nothing will ever fire
            async with self._slots:
                now = self.clock.now()
                gap = self._gap(move) if now > asked else gap
                if (gap.start <= now or now <= asked) and not self.stop.is_set():
                    return await self._carried_out(move, gap)
        return Moved(move=move, status="skipped", live=move.live, reason="interrupted before it was begun")

    def _gap(self, move: Move) -> Gap:
        now = self.clock.now()
        if move.live in _RESTS or move.live == move.goal:
            return Gap(start=now, end=None, asked=self.guard)
        return next_gap(move.calendars, now=max(now, self.begin), guard=self.guard, after=self.after)

    async def _sleep_until(self, at: datetime) -> None:
        """Wait, or until somebody interrupts."""
        waiting = asyncio.ensure_future(self.clock.sleep((at - self.clock.now()).total_seconds()))
        stopping = asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (waiting, stopping):
                task.cancel()

    # -- how ----------------------------------------------------------------------------------------------------------

    async def _carried_out(self, move: Move, gap: Gap) -> Moved:
        base = Moved(move=move, status="moved", live=move.live, gap=gap)
        try:
            if changed := await self._changed(move):
                return attrs.evolve(base, status="refused", reason=changed)
        except StateError:
            raise
        except MigratorError as error:
            return attrs.evolve(base, status="failed", reason=f"nothing was changed: {error}")
        begun = self._begin(move)
        sent: list[Sent] = []
        done: list[Turn] = []
        for turn in move.turns:
            try:
                await self._send(turn, sent)
            except StateError:
                raise
            except MigratorError as error:
                if (there := await self._shows(turn)) is None:
                    self.state.note_missed(await self._missed(move, begun))
                    reason = f"{error}; and what became of that cannot be read, so run this again"
                    return attrs.evolve(base, status="failed", live="unknown", sent=tuple(sent), reason=reason)
                if not there:
                    return attrs.evolve(await self._undone(base, begun, done, error), sent=tuple(sent))
            done.append(turn)
        await self._end(move, begun, move.moved)
        return attrs.evolve(base, live=_reached(move), sent=tuple(sent))

    async def _changed(self, move: Move) -> str:
        """Why a move does not fit any more: its owner has paused or re-timed the source job while it waited."""
        known = next((turn for turn in move.turns if turn.side == "source" and turn.does != "restore"), None)
        if known is None:
            return ""
        fields = flatten(await self.origin.read(known.job))
        paths = [path for path in ("enabled", *TRIGGER_PATHS) if not same(fields.get(path), known.before.get(path))]
        return f"somebody has changed {', '.join(paths)} at the source meanwhile: run this again" if paths else ""

    async def _send(self, turn: Turn, sent: list[Sent], *, back: bool = False) -> None:
        """Send one write, and wait until it was read back."""
        new = turn.back if back else turn.new
        note = Sent(side=turn.side, job=turn.job, does=turn.does, at=self.clock.now())
        sent.append(note)
        if turn.link:
            link = self.writer.noted(turn.job) or turn.link
            await self.writer.update(link, new, link.seen if back else turn.before)
            await self.writer.notes.flush()
        elif turn.does == "delete":
            await self.origin.delete(turn.job)
        else:
            await self.origin.update(turn.job, new)
        sent[-1] = attrs.evolve(note, confirmed=self.clock.now())

    async def _shows(self, turn: Turn) -> bool | None:
        """Whether a job holds what a write that failed was to bring; None when it cannot be read."""
        try:
            if turn.side == "source":
                job: Job = await self.origin.read(turn.job)
            else:
                record = await self.writer.adapter.get_job(turn.job.scope, turn.job.id)
                job = self.writer.mapping.read(record.raw, scope=record.scope)
        except StateError:
            raise
        except MigratorError:
            return None
        fields = flatten(job)
        return turn.does != "delete" and all(same(fields.get(path), value) for path, value in turn.new.items())

    async def _undone(self, base: Moved, begun: datetime, done: list[Turn], error: MigratorError) -> Moved:
        """Put everything back as it was, latest first."""
        move, unsent = base.move, list[Sent]()
        for turn in reversed(done):
            try:
                await self._send(turn, unsent, back=True)
            except StateError:
                raise
            except MigratorError as trouble:
                self.state.note_missed(await self._missed(move, begun))
                reason = f"{error}; it could not be taken back: {trouble}; run this again, or with --back"
                return attrs.evolve(base, status="failed", live="unknown", reason=reason)
        await self._end(move, begun, move.right)
        return attrs.evolve(base, status="failed", reason=f"{error}; everything is as it was before")

    # -- noting -------------------------------------------------------------------------------------------------------

    def _begin(self, move: Move) -> datetime:
        """Note that a move is under way, and what the source job is about to hold; since when, a dead run included."""
        known, now = move.right, self.clock.now()
        begun = known.begun if known and known.begun else now
        ahead = move.moved if move.goal == "target" else known
        if ahead:
            live, since = (known.live, known.since) if known else ("both", now)
            self._note(attrs.evolve(ahead, live=live, since=since, begun=begun))
        return begun

    async def _end(self, move: Move, begun: datetime, right: Right | None) -> None:
        """Note who may fire now, and what was missed."""
        entries, known = await self._missed(move, begun), move.right
        if right is None:
            place = (self.writer.adapter.provider, self.writer.scope)
            self.state.drop_rights([move.source], place, missed=entries)
        else:
            since = known.since if known and known.live == right.live else self.clock.now()
            self._note(attrs.evolve(right, since=since), entries)

    def _note(self, right: Right, missed: tuple[Missed, ...] = ()) -> None:
        self.state.put_right(right, dialect=self.origin.mapping.rules.dialect, missed=missed)

    async def _missed(self, move: Move, begun: datetime) -> tuple[Missed, ...]:
        """The instants since a move was begun at which, by the journal, not exactly one side was live."""
        await self.writer.notes.flush()
        dialects = {side.adapter.provider: side.mapping.rules.dialect for side in (self.origin, self.writer)}
        known = self.state.about(move.source, HANDOVERS, dialects)
        writes = [write for write in known if write.at >= begun and write.sync == self.origin.sync]
        entries = missed(move, writes, until=self.clock.now(), run=self.run)
        self._ledger += entries
        return entries


def _reached(move: Move) -> Found:
    """Which side fires once a move has ended."""
    if not move.calendars[0].fields.get("enabled", True):
        return "paused"
    if move.goal == "source":
        return "source" if move.moved else "both"
    return "target"
