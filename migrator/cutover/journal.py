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

    def begin(self, switch: Switch) -> datetime:
        """Record a switch under way and what the source job is about to hold; return when it was first begun."""
        known, now = switch.active_side, self.clock.now()
        begun = known.begun if known and known.begun else now
        ahead = switch.switched if switch.goal == "target" else known or switch.switched
        if switch.goal == "target":
            definition = Definition(
                source=switch.source, sync=self.origin.journal.sync, fields=switch.calendars[0].fields
            )
            self.state.keep_definitions([definition])
        if ahead:
            live, since = (known.live, known.since) if known else ("both", now)
            self._record(attrs.evolve(ahead, live=live, since=since, begun=begun))
        return begun

    async def end(self, switch: Switch, begun: datetime, active_side: ActiveSide | None) -> None:
        """Record which side is active now, and what was missed."""
        entries, known = await self._missed(switch, begun), switch.active_side
        if active_side is None:
            place = (self.writer.adapter.provider, self.writer.journal.scope)
            self.state.drop_active_sides([switch.source], place, missed=entries)
        else:
            since = known.since if known and known.live == active_side.live else self.clock.now()
            self._record(attrs.evolve(active_side, since=since), entries)

    def deleted(self, switch: Switch) -> None:
        """Record that the source job was deleted on purpose: that no listing has it is no sign of another account."""
        self.state.put_retired(self.origin.journal.sync, [switch.source])

    async def record_missed(self, switch: Switch, begun: datetime) -> None:
        """Record what was missed by a switch whose end is not known."""
        self.state.put_missed(await self._missed(switch, begun))

    def _record(self, active_side: ActiveSide, missed: tuple[Missed, ...] = ()) -> None:
        self.state.put_active_side(active_side, dialect=self.origin.mapping.rules.dialect, missed=missed)

    async def _missed(self, switch: Switch, begun: datetime) -> tuple[Missed, ...]:
        """Return the instants since a switch was begun at which, by the journal, not exactly one side was active."""
        await self.writer.journal.flush()
        dialects = {
            endpoint.adapter.provider: endpoint.mapping.rules.dialect for endpoint in (self.origin, self.writer)
        }
        known = self.state.about(switch.source, CUTOVER_KINDS, dialects)
        writes = [write for write in known if write.at >= begun and write.sync == self.origin.journal.sync]
        entries = missed(switch, writes, until=self.clock.now(), run=self.run)
        self.ledger += entries
        return entries
