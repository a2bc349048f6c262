"""The fault machine: one run meets one fault, and the runs after it must put everything right.

What must hold in the end, whatever went wrong: the target holds exactly the planned jobs, none twice; nobody else's job
and nothing at the source was written to; every managed copy is bound; the journal has nothing open; and a job that must
not fire has not fired.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import httpx
from attrs import define, field, frozen

from migrator.errors import MigratorError
from migrator.execute.outcomes import Applied
from migrator.plan.changes import Plan
from migrator.sandbox import World
from migrator.sync import commands
from tests.conformance.lab import Lab, frozen_records
from tests.conformance.platforms import Wish
from tests.faults.conftest import Served
from tests.faults.scenarios import Scenario

RERUNS: Final = 4
"""How many further runs there may be until one finds nothing to do."""
DEATH: Final = 666.0
"""A slowness of so many seconds stands for the end of the run."""


@frozen
class Variant:
    """One way in which a request goes wrong.

    Attributes:
        name: what it is.
        rule: the simulators' rule.
        dies: whether the run ends there, in the middle of everything.
        blinds: whether a list shows what was there before; without a state nobody can see through that.
    """

    name: str
    rule: dict[str, Any]
    dies: bool = False
    blinds: bool = False


def _both(name: str, **rule: Any) -> Iterator[Variant]:
    yield Variant(f"{name}, no effect", rule)
    yield Variant(f"{name}, the effect stays", {**rule, "after": True})


VARIANTS: Final = {
    variant.name: variant
    for variant in (
        *_both("500", kind="status", status=500),
        *_both("503 five times", kind="status", status=503, times=5),
        *_both("404", kind="status", status=404),
        *_both("connection reset", kind="reset"),
        *_both("HTML", kind="html", status=200),
        Variant("429", {"kind": "throttle", "retry_after": 1.0}),
        Variant("429 storm", {"kind": "throttle", "times": 8}),
        Variant("broken JSON", {"kind": "broken_json"}),
        Variant("truncated page", {"kind": "truncated_page"}),
        Variant("repeated page", {"kind": "repeated_page"}, blinds=True),
        Variant("late to show", {"kind": "eventual", "reads": 3}),
        Variant("the run dies, no effect", {"kind": "slow", "seconds": DEATH}, dies=True),
        Variant("the run dies, the effect stays", {"kind": "slow", "seconds": DEATH, "after": True}, dies=True),
    )
}


@define
class Category:
    """What the machine did and found.

    Attributes:
        cases: runs that were to meet a fault.
        faults: faults that struck.
        healed: runs that ended with everything done all the same.
        duplicates: jobs too many at the target.
        lost: planned jobs that are not there.
        foreign: jobs of other people that were written to, and writes to a source.
    """

    cases: int = 0
    faults: int = 0
    healed: int = 0
    duplicates: int = 0
    lost: int = 0
    foreign: int = 0


@frozen
class Death:
    """Ends a run while a request is on its way; the platform has carried it out, or never sees it."""

    loop: asyncio.AbstractEventLoop
    task: asyncio.Task[Any]

    async def __call__(self, seconds: float) -> None:
        """Stand in for the simulators' waiting, on their thread."""
        if seconds == DEATH:
            self.loop.call_soon_threadsafe(self.task.cancel)
            raise ConnectionResetError("the client is gone")


async def apply(lab: Lab) -> tuple[Plan, Applied]:
    """Carry the sync out."""

    async def agree(_plan: Plan) -> bool:
        return True

    return await commands.apply(lab.runtime, lab.state, "it", agree=agree, stop=asyncio.Event())


async def until_quiet(lab: Lab, where: str) -> None:
    """Run again until there is nothing to do; nothing may fail or be blocked any more."""
    for _attempt in range(RERUNS):
        planned, applied = await apply(lab)
        assert () == planned.blocked, (where, planned.blocked)
        if not planned.pending:
            return
        assert {"done"} == {outcome.status for outcome in applied.outcomes}, (where, applied.outcomes)
    raise AssertionError(f"{where}: still something to do after {RERUNS} runs")


def check(lab: Lab, expected: Sequence[Wish], sent: Counter[str], tally: Category, where: str) -> None:
    """See that the laboratory is as it must be in the end, and count what is not.

    Args:
        lab: the laboratory.
        expected: what the managed copies at the target must be.
        sent: how many writes each provider had got before.
        tally: where the findings are counted.
        where: which case it is.
    """
    held = lab.target_jobs()
    found, wanted = Counter(job.name for job in held), Counter(job.name for job in expected)
    twice, lost = (found - wanted).total(), (wanted - found).total()
    changing = lab.target.platform.changing
    records = frozen_records(lab.target.records(), changing)
    neighbours = {key: text for key, text in records.items() if key in lab.foreign}
    touched = (writes(lab.world) - sent)[lab.source.platform.name] + len(lab.foreign.items() - neighbours.items())
    tally.duplicates += twice
    tally.lost += lost
    tally.foreign += touched
    assert (0, 0, 0) == (twice, lost, touched), (where, held)
    assert list(expected) == held, where
    provider = lab.target.platform.name
    bindings = lab.state.bindings(provider, (lab.scope,), lab.runtime.mapping(provider).rules.dialect)
    at_source = lab.source.records()
    assert sorted(lab.made) == sorted(binding.target.id for binding in bindings if binding.source.id in at_source), (
        where
    )
    states = {write.state for run in lab.state.runs() for write in lab.state.writes(run.id)}
    assert states <= {"done", "failed"}, (where, states)


def advance(lab: Lab, *, hours: int) -> None:
    """Let time pass at the platforms, on their own thread: requests of a dead run may still be under way there."""
    clock = f"http://127.0.0.1:{lab.port}/control/clock"
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without certificates, whose reading takes most of the time
    httpx.post(clock, json={"advance_seconds": hours * 3600}, trust_env=False, verify=plain).raise_for_status()


def writes(world: World) -> Counter[str]:
    """How many writes each provider got so far."""
    return Counter(entry["provider"] for entry in world.requests if entry["method"] not in {"GET", "OPTIONS"})


@define(kw_only=True)
class Machine:
    """Runs cases of one scenario with one variant of fault.

    Attributes:
        scenario: the kind of change.
        variant: what goes wrong.
        served: the platforms.
        folder: for states and configs.
        lengths: how many requests runs take when nothing goes wrong, as far as known.
        tally: what came of it.
    """

    scenario: Scenario
    variant: Variant
    served: Served
    folder: Path
    lengths: dict[tuple[str, str, str], int] = field(factory=dict)
    tally: Category = field(factory=Category)

    async def at_every_request(self, turn: int) -> None:
        """Let the fault strike the first request, the second, and so on to the last, each time between another pair."""
        pairs, nth = self.scenario.pairs, 0
        longest = 0
        while True:
            pair = pairs[(turn + nth) % len(pairs)]
            nth += 1
            key = (self.scenario.name, *pair)
            if key not in self.lengths:
                self.lengths[key] = await self._requests(pair)
            longest = max(longest, self.lengths[key])
            if nth > longest:
                return
            await self.case(pair, (nth - 1) % self.lengths[key] + 1)

    async def _requests(self, pair: tuple[str, str]) -> int:
        """How many requests the run takes when nothing goes wrong."""
        with self._lab(pair) as lab:
            await self.scenario.prepare(lab, apply)
            lab.world.requests.clear()
            await apply(lab)
            return len(lab.world.requests)

    def _lab(self, pair: tuple[str, str]) -> Lab:
        world, port = self.served(self.scenario.platforms)
        world.clear()
        for old in self.folder.glob("*"):
            old.unlink()
        return Lab(world, port, self.folder, *pair)

    async def case(self, pair: tuple[str, str], nth: int) -> None:
        """One run in which the `nth` request goes wrong, and the runs after it."""
        where = f"{self.scenario.name}, {pair[0]} to {pair[1]}, {self.variant.name} at request {nth}"
        with ExitStack() as stack:
            lab = stack.enter_context(self._lab(pair))
            expected = lab.expected(*await self.scenario.prepare(lab, apply))
            sent = writes(lab.world)
            rule = lab.world.fault(**{"times": 1, **self.variant.rule, "nth": nth})
            healed = await self._first_run(lab)
            self.tally.cases += 1
            self.tally.faults += rule.seen >= nth
            self.tally.healed += healed
            lab.world.faults.clear()
            if self.variant.rule["kind"] != "eventual":  # what is late to show is late for moments, not for a day
                advance(lab, hours=25)
            await until_quiet(lab, where)
            check(lab, expected, sent, self.tally, where)
            if self.scenario.never:
                advance(lab, hours=48)
                assert [] == [fire for fire in lab.world.fires if fire["id"] in lab.made], where

    async def _first_run(self, lab: Lab) -> bool:
        """The run that meets the fault; whether all of it was done."""
        task, waiting = asyncio.create_task(_run(lab)), lab.world.sleep
        if self.variant.dies:
            lab.world.sleep = Death(asyncio.get_running_loop(), task)
        try:
            return await task
        except asyncio.CancelledError:
            if not self.variant.dies:
                raise
            return False
        finally:
            lab.world.sleep = waiting


async def _run(lab: Lab) -> bool:
    try:
        planned, applied = await apply(lab)
    except MigratorError:
        return False
    return not planned.blocked and all(outcome.status == "done" for outcome in applied.outcomes)
