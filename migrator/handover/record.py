"""What a cutover writes into the state: the step under way, the active side that was reached, and missed instants."""

from __future__ import annotations

from datetime import datetime

import attrs
from attrs import define, field

from migrator.apply.origin import Origin
from migrator.apply.writer import Writer
from migrator.cutover import Move, missed
from migrator.state import State
from migrator.state.values import HANDOVERS, Definition, Missed, Right
from migrator.transport.clock import Clock


@define(kw_only=True)
class Record:
    """Writes down the steps of one run.

    Attributes:
        run: the run's id.
        state: the open state.
        origin: writes to the source.
        writer: writes to the target.
        clock: time.
        ledger: the missed instants that this run noted.
    """

    run: str
    state: State
    origin: Origin
    writer: Writer
    clock: Clock
    ledger: list[Missed] = field(factory=list, init=False)

    def begin(self, move: Move) -> datetime:
        """Note that a move is under way, and what the source job is about to hold; since when, a dead run included."""
        known, now = move.right, self.clock.now()
        begun = known.begun if known and known.begun else now
        ahead = move.moved if move.goal == "target" else known or move.moved
        if move.goal == "target":
            self.state.keep_definitions(
                [Definition(source=move.source, sync=self.origin.sync, fields=move.calendars[0].fields)],
                dialect=self.origin.mapping.rules.dialect,
            )
        if ahead:
            live, since = (known.live, known.since) if known else ("both", now)
            self._note(attrs.evolve(ahead, live=live, since=since, begun=begun))
        return begun

    async def end(self, move: Move, begun: datetime, right: Right | None) -> None:
        """Note which side is active now, and what was missed."""
        entries, known = await self._missed(move, begun), move.right
        if right is None:
            place = (self.writer.adapter.provider, self.writer.scope)
            self.state.drop_rights([move.source], place, missed=entries)
        else:
            since = known.since if known and known.live == right.live else self.clock.now()
            self._note(attrs.evolve(right, since=since), entries)

    async def note_missed(self, move: Move, begun: datetime) -> None:
        """Note what was missed by a move whose end is not known."""
        self.state.note_missed(await self._missed(move, begun))

    def _note(self, right: Right, missed: tuple[Missed, ...] = ()) -> None:
        self.state.put_right(right, dialect=self.origin.mapping.rules.dialect, missed=missed)

    async def _missed(self, move: Move, begun: datetime) -> tuple[Missed, ...]:
        """The instants since a move was begun at which, by the journal, not exactly one side was live."""
        await self.writer.notes.flush()
        dialects = {side.adapter.provider: side.mapping.rules.dialect for side in (self.origin, self.writer)}
        known = self.state.about(move.source, HANDOVERS, dialects)
        writes = [write for write in known if write.at >= begun and write.sync == self.origin.sync]
        entries = missed(move, writes, until=self.clock.now(), run=self.run)
        self.ledger += entries
        return entries
