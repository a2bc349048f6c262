"""Jobs on both sides, and what switches them: platforms in memory, a state on disk.

made = bench_of(path, STAGED)
assert await made.only() == ("moved", "target", "")
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

from migrator.cutover.journal import CutoverJournal
from migrator.cutover.switcher import Switcher
from migrator.cutover.switches import Switch, SwitchResult
from migrator.errors import RejectedError, UncertainError
from migrator.http.clock import Clock
from migrator.store import open_state
from migrator.store.records import Missed
from tests.cutover.builder import Switching
from tests.execute.bench import RUN, Bench
from tests.plan.builder import NOW, SOURCE_SCOPE, Given, job

MINUTE = timedelta(minutes=1)
NO = RejectedError("no")
LOST = UncertainError("no answer")
BOTH = Switching()
STAGED = BOTH.staged()
CUT = STAGED.after("target")
"""After a cutover: the source is paused, the target is active."""


@attrs.define
class SwitcherBench:
    """Jobs on both sides, and what switches them.

    Attributes:
        bench: the run and the platforms.
        jobs: the jobs.
        results: the results, in the order in which they were reported.
        values: of the switcher.
        missed: what was missed.
    """

    bench: Bench
    jobs: tuple[Switching, ...]
    results: list[SwitchResult] = attrs.field(factory=list)
    values: dict[str, Any] = attrs.field(factory=dict)
    missed: tuple[Missed, ...] = ()

    async def switch(self, goal: Any = "target", switches: list[Switch] | None = None) -> list[SwitchResult]:
        """Switch every job, or apply these switches."""
        bench, clock = self.bench, Clock(now=lambda: self.bench.now, sleep=self.bench.sleep)
        origin = bench.origin
        clock = self.values.pop("clock", clock)
        values: dict[str, Any] = {"guard": 5 * MINUTE, "after": 5 * MINUTE, "begin": NOW} | self.values
        switcher = Switcher(
            record=CutoverJournal(run=RUN, state=bench.state, origin=origin, writer=bench.writer, clock=clock),
            origin=origin,
            writer=bench.writer,
            clock=clock,
            stop=bench.stop,
            progress=self.results.append,
            **values,
        )
        found, self.missed = await switcher.all(switches or [one.plan(goal) for one in self.jobs])
        return list(found)

    async def only(self, goal: Any = "target") -> tuple[str, str, str]:
        """Switch the one job; return status, active side and reason."""
        (found,) = await self.switch(goal)
        return found.status, found.live, found.reason

    def live(self) -> list[str]:
        """Return the sides that fire, one entry for each job that may."""
        sides = (("source", self.bench.source), ("target", self.bench.target))
        return [name for name, side in sides for one in side.jobs() if one.live]

    def recorded(self) -> list[tuple[str, datetime | None]]:
        """Return what is recorded of the active sides: which, and since when a switch is under way."""
        recorded = self.bench.state.active_sides("omni", (SOURCE_SCOPE,), "eventbridge")
        return [(one.live, one.begun) for one in recorded]


def bench_of(path: Path, *jobs: Switching) -> SwitcherBench:
    """Return a bench with these jobs."""
    made: SwitcherBench
    given = Given(
        source=tuple(one.source for one in jobs),
        target=tuple(target for one in jobs for target in one.targets),
        bindings=tuple(binding for one in jobs for binding in one.bindings),
    )
    state = open_state(f"sqlite:///{path}/it.db", now=lambda: made.bench.now)
    made = SwitcherBench(Bench(state, given, kind="cutover"), jobs)
    for one in jobs:
        if one.active_side:
            state.put_active_side(one.active_side, dialect="eventbridge")
    made.bench.begin()
    return made


def staged(number: int) -> tuple[Switching, ...]:
    """Return so many jobs whose targets are staged."""
    return tuple(Switching(source=job(f"Job {one}")).staged() for one in range(number))
