"""One cutover meets one fault at one request; the runs after it must finish it, or switch back."""

from __future__ import annotations

import asyncio
import itertools
import random
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import define

from migrator.cutover.commands import active_statuses
from migrator.cutover.switches import Goal
from migrator.errors import MigratorError
from migrator.sandbox import BackgroundServer, Options, World
from migrator.store import State
from tests.conformance.lab import Lab
from tests.conformance.platforms import Raw, wish
from tests.cutover.simulated_time import Count, SimulatedTime, compared, cut, expected
from tests.faults.machine import VARIANTS as GENERAL
from tests.faults.machine import Death, Variant

VARIANTS: Final = {
    **GENERAL,
    **{
        variant.name: variant
        for side in ("source", "target")
        for variant in (
            *(
                Variant(
                    f"{status} at the {side} from then on", {"kind": "status", "status": status, "times": 0, "on": side}
                )
                for status in (401, 403, 503)
            ),
            *(
                Variant(f"{status} at the {side}, writes only", {"kind": "status", "status": status, "times": 3, **on})
                for status in (401, 404, 409, 422, 429, 503)
                for on in ({"method": "WRITE", "on": side},)
            ),
            Variant(f"HTML at the {side} on", {"kind": "html", "times": 0, "on": side}),
            Variant(f"a run in progress at the {side}", {"kind": "run", "path": "*/*-*", "seconds": 600.0, "on": side}),
        )
    },
    **{
        name: Variant(name, {"kind": "suspend", "method": "WRITE", "on": "target", "after": after})
        for name, after in (("the target stops the job", False), ("the target stops the job right after", True))
    },
}
"""What can go wrong with a cutover: as with any run, and what concerns one side.

`on` names the side; what a side does from then on lasts until the next run, as when a token expires and is renewed.
"""
SCHEDULES: Final = {"omni": "5 * * * ? *", "devin": "5 * * * *", "scrip": "5 * * * *"}
"""Every hour: what goes wrong for long is missed."""
_MOST: Final = 60
_RERUNS: Final = 5


@define
class CutoverTally:
    """What the machine did and found.

    Attributes:
        jobs: jobs that were switched.
        cases: cut-overs that were to meet a fault.
        struck: faults that struck.
        once: instants that fired exactly once.
        in_ledger: instants that did not, and stand in the ledger.
        wrong: instants that did not, and nobody knows.
    """

    jobs: int = 0
    cases: int = 0
    struck: int = 0
    once: int = 0
    in_ledger: int = 0
    wrong: int = 0

    def add(self, count: Count) -> None:
        """One more cut-over."""
        self.once += count.once
        self.in_ledger += count.in_ledger
        self.wrong += len(count.wrong)


@define
class CaseWorld:
    """A world that a case after the other is played in."""

    simulated: SimulatedTime
    world: World
    port: int
    folder: Path
    source: str
    target: str

    def lab(self, stack: ExitStack) -> Lab:
        """A laboratory on the emptied world, with one job that fires every hour."""
        self.world.clear()
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        lab = stack.enter_context(Lab(self.world, self.port, folder, self.source, self.target))
        self.simulated.rule(lab)
        raw = lab.source.platform.write(1, wish(1))
        lab.source.put({**raw, lab.source.platform.schedule: SCHEDULES[self.source]})
        return lab


def case_world(stack: ExitStack, folder: Path, source: str, target: str, options: Options) -> CaseWorld:
    """Return platforms, served for as long as the stack lasts."""
    simulated = SimulatedTime()
    stack.enter_context(simulated.counted())
    world = simulated.world(options)
    port = stack.enter_context(BackgroundServer(world)).port
    return CaseWorld(simulated=simulated, world=world, port=port, folder=folder, source=source, target=target)


async def cases(setup: CaseWorld, variant: Variant, tally: CutoverTally, *, seed: int, only: Iterator[int]) -> None:
    """One case for each request of a cut-over, as far as `only` asks for it."""
    for nth in itertools.takewhile(lambda number: number < _MOST, only):
        with ExitStack() as stack:
            lab = setup.lab(stack)
            if not await case(setup, lab, variant, nth, tally, _chance(seed, nth)):
                return


def _chance(seed: int, nth: int) -> random.Random:
    return random.Random(f"{seed} {nth}")  # noqa: S311 (repeatable, and no secret)


async def case(
    setup: CaseWorld, lab: Lab, variant: Variant, nth: int, tally: CutoverTally, chance: random.Random
) -> bool:
    """One case; whether the fault struck."""
    where = f"{setup.source} → {setup.target}, {variant.name}, request {nth}"
    records: list[Raw] = list(lab.source.records().values())
    begin = lab.world.now()
    await lab.carry_out(hold=True)
    await setup.simulated.sleep(chance.uniform(0, 3600))
    tally.jobs, tally.cases = tally.jobs + 1, tally.cases + 1
    struck = await cut_short(lab, {**variant.rule, "nth": nth}, dies=variant.dies)
    tally.struck += struck
    named = {one.name for found in lab.state.inactive_jobs().values() for one in found}
    inactive = {
        one.name for one in await active_statuses(lab.runtime, lab.state, "it") if one.live in {"neither", "part"}
    }
    assert inactive <= named, (where, inactive, named)
    is_stopped = variant.rule["kind"] == "suspend"  # for good: nobody resumes it there
    goal: Goal = "source" if is_stopped else chance.choice(["target", "source"])
    for _run in range(_RERUNS):
        await setup.simulated.sleep(chance.choice([0, chance.uniform(0, 5400)]))
        if await _reconciled(lab, goal):
            break
    else:
        at_last = await active_statuses(lab.runtime, lab.state, "it")
        raise AssertionError(f"{where}: not {goal} after {_RERUNS} runs: {at_last}")
    await setup.simulated.sleep(2.5 * 3600)
    lab.world.tick()
    found = compared(lab, expected(setup.source, records, lab.world.now(), since=begin), lab.state.missed())
    assert {} == found.wrong, (where, goal, found.wrong, lab.state.missed())
    assert () == lab.state.all_unresolved_writes(), (where, lab.state.all_unresolved_writes())
    planned = await lab.plan()
    odd = [change for change in planned.blocked if not (is_stopped and "stopped by" in change.reason)]
    assert ((), []) == (planned.pending, odd), (where, planned.pending, odd)
    assert {} == lab.state.inactive_jobs(), where
    tally.add(found)
    return struck


async def cut_short(lab: Lab, rule: Mapping[str, Any], *, dies: bool, **order: Any) -> bool:
    """Cut over, and meet a fault that the run may die of; whether it struck."""
    rule = dict(rule)
    if side := rule.pop("on", ""):
        rule["provider"] = (lab.source if side == "source" else lab.target).platform.name
    fault = lab.world.fault(**rule)
    task = asyncio.create_task(cut(lab, **order))
    waiting = lab.world.sleep
    if dies:
        lab.world.sleep = Death(asyncio.get_running_loop(), task)
    try:
        await task
    except (MigratorError, asyncio.CancelledError):
        pass
    finally:
        lab.world.sleep = waiting
        lab.world.faults.clear()
    return fault.seen >= fault.nth


@contextmanager
def dying_at_the_end() -> Iterator[None]:
    """Let a run die in the block, when it is about to be recorded that a switch has ended."""
    put = State.put_active_side

    def die(state: State, *active_sides: Any, **named: Any) -> None:
        if any(active_side.begun is None for active_side in active_sides):
            raise asyncio.CancelledError
        put(state, *active_sides, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(State, "put_active_side", die)
        with pytest.raises(asyncio.CancelledError):
            yield


async def _reconciled(lab: Lab, goal: Goal) -> bool:
    """Run again; whether the side that shall fire does, and alone."""
    await cut(lab, goal=goal)
    (found,) = await active_statuses(lab.runtime, lab.state, "it")
    return found.live == goal == found.meant and not found.is_unfinished
