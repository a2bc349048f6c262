"""What a cutover writes into the state: the step under way, the active side that was reached, and missed instants."""

from __future__ import annotations

from datetime import datetime

import attrs
from attrs import define, field

from migrator.cutover.missed_runs import missed
from migrator.cutover.switches import Switch
from migrator.execute.writer import Writer
from migrator.http.clock import Clock
from migrator.store import State
from migrator.store.records import CUTOVER_KINDS, ActiveSide, Definition, Missed


@define(kw_only=True)
class CutoverJournal:
    """Writes down the steps of one run.

    Attributes:
        run: the run's id.
        state: the open state.
        origin: writes to the source.
        writer: writes to the target.
        clock: time.
        ledger: the missed instants that this run recorded.
    """

    run: str
    state: State
    origin: Writer
    writer: Writer
    clock: Clock
    ledger: list[Missed] = field(factory=list, init=False)

    def begin(self, move: Switch) -> datetime:
        """Record a switch under way and what the source job is about to hold; since when, also by a crashed run."""
        known, now = move.active_side, self.clock.now()
        begun = known.begun if known and known.begun else now
        ahead = move.switched if move.goal == "target" else known or move.switched
        if move.goal == "target":
            kept = Definition(source=move.source, sync=self.origin.journal.sync, fields=move.calendars[0].fields)
            self.state.keep_definitions([kept])
        if ahead:
            live, since = (known.live, known.since) if known else ("both", now)
            self._note(attrs.evolve(ahead, live=live, since=since, begun=begun))
        return begun

    async def end(self, move: Switch, begun: datetime, active_side: ActiveSide | None) -> None:
        """Note which side is active now, and what was missed."""
        entries, known = await self._missed(move, begun), move.active_side
        if active_side is None:
            place = (self.writer.adapter.provider, self.writer.journal.scope)
            self.state.drop_active_sides([move.source], place, missed=entries)
        else:
            since = known.since if known and known.live == active_side.live else self.clock.now()
            self._note(attrs.evolve(active_side, since=since), entries)

    def deleted(self, move: Switch) -> None:
        """Note that the source job was deleted on purpose: that no listing has it is no sign of another account."""
        self.state.note_retired(self.origin.journal.sync, [move.source])

    async def note_missed(self, move: Switch, begun: datetime) -> None:
        """Note what was missed by a move whose end is not known."""
        self.state.note_missed(await self._missed(move, begun))

    def _note(self, active_side: ActiveSide, missed: tuple[Missed, ...] = ()) -> None:
        self.state.put_active_side(active_side, dialect=self.origin.mapping.rules.dialect, missed=missed)

    async def _missed(self, move: Switch, begun: datetime) -> tuple[Missed, ...]:
        """The instants since a move was begun at which, by the journal, not exactly one side was live."""
        await self.writer.journal.flush()
        dialects = {side.adapter.provider: side.mapping.rules.dialect for side in (self.origin, self.writer)}
        known = self.state.about(move.source, CUTOVER_KINDS, dialects)
        writes = [write for write in known if write.at >= begun and write.sync == self.origin.journal.sync]
        entries = missed(move, writes, until=self.clock.now(), run=self.run)
        self.ledger += entries
        return entries
