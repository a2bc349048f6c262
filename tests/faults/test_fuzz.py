"""Random sources, targets, states and faults: whatever happened, running again makes exactly what the source wants.

A failure shrinks to a short script of what happened; give it up to five minutes. `make fuzz` runs many more of them,
from a seed that it prints.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from migrator.errors import MigratorError
from tests.conformance.lab import Lab, frozen_records
from tests.conformance.platforms import Raw, Wish, wish
from tests.faults.conftest import Served
from tests.faults.machine import VARIANTS, Category, Death, advance, apply, check, until_quiet
from tests.faults.scenarios import PAIRS, PUT, gone

pytestmark = pytest.mark.slow

EXAMPLES: Final = int(os.environ.get("MIGRATOR_FUZZ", "60"))
STEPS: Final = 14

NUMBERS = st.integers(1, 6)
TEXTS = st.sampled_from(["Say what changed.", "Say it again.", "Grüße an alle ✓"])
HOURS = st.integers(5, 20)
FAULTS = st.tuples(st.sampled_from(sorted(VARIANTS)), st.integers(1, 6))


class Nights(RuleBasedStateMachine):
    """Days on which people change things, and nights in which a run meets a fault."""

    def __init__(self, served: Served, folder: Path, tally: Category) -> None:
        super().__init__()
        self.served, self.folder, self.tally = served, folder, tally
        self.lab: Lab | None = None
        self.wanted: dict[int, Wish] = {}
        self.newcomers = 910
        self.unknown: set[str] = set()
        """What stood at the target when a state was lost."""
        self.knows_nothing = False
        """Whether all was not well since."""

    @initialize(pair=st.sampled_from(PAIRS))
    def begin(self, pair: tuple[str, str]) -> None:
        """A pair of platforms with one job."""
        world, port = self.served(PUT)
        world.clear()
        for old in self.folder.glob("*"):
            old.unlink()
        options: dict[str, Any] = {
            "on_missing": "delete",
            "on_deleted": "recreate",
            "on_drift": "source",
            "limits": {"changes": "100%", "deletes": "100%", "floor": 0},
        }
        self.lab = Lab(world, port, self.folder, *pair, **options)
        self.wanted = {0: self.lab.source.wish(0)}

    @property
    def here(self) -> Lab:
        """The laboratory."""
        assert self.lab
        return self.lab

    @rule(number=NUMBERS, text=TEXTS, hour=HOURS, enabled=st.booleans())
    def somebody_makes_or_edits_a_job(self, number: int, text: str, hour: int, enabled: bool) -> None:
        """At the source."""
        lab = self.here
        self.wanted[number] = lab.source.wish(number, text=text, hour=hour, enabled=enabled)
        for key in self._unlinked(number):
            lab.foreign.pop(key, None)

    @rule(number=NUMBERS)
    def somebody_deletes_a_job(self, number: int) -> None:
        """At the source. What stands for it stays for ever where a lost state has forgotten it: nobody may touch it."""
        lab = self.here
        if self.wanted.pop(number, None):
            lab.foreign |= frozen_records(self._unlinked(number), lab.target.platform.changing)
            gone(lab, number)

    def _unlinked(self, number: int) -> dict[str, Raw]:
        """What was the copy of a job when a state was lost, and has not been bound since."""
        bound_jobs = {binding.target.id for binding in self.here.bindings()}
        return {
            key: raw
            for key, raw in self.here.target.records().items()
            if key in self.unknown - bound_jobs and raw["name"] == wish(number).name
        }

    @rule(which=st.integers(0, 9))
    def somebody_deletes_a_managed_copy(self, which: int) -> None:
        """At the target."""
        if keys := sorted(self.here.made):
            self.here.target.remove(keys[which % len(keys)])

    @rule(which=st.integers(0, 9), hour=HOURS)
    def somebody_edits_a_managed_copy(self, which: int, hour: int) -> None:
        """At the target, where the source has its way again."""
        target = self.here.target
        if keys := sorted(self.here.made):
            schedule = target.platform.schedule
            target.edit(keys[which % len(keys)], **{schedule: target.platform.write(0, wish(0, hour=hour))[schedule]})

    @rule(hours=st.integers(1, 11))
    def time_passes(self, hours: int) -> None:
        """Jobs fire, and what was late to show has shown; never a week in all, after which more is forgotten."""
        for store in self.here.world.stores.values():
            while store.late:
                store.seen()
        advance(self.here, hours=hours)

    @rule(hour=HOURS)
    def somebody_else_makes_a_job(self, hour: int) -> None:
        """At the target, where it is no managed job."""
        lab, self.newcomers = self.here, self.newcomers + 1
        platform = lab.target.platform
        record = platform.write(self.newcomers, wish(self.newcomers, name=f"Foreign {self.newcomers}", hour=hour))
        lab.target.put(record)
        lab.foreign = frozen_records(
            {key: raw for key, raw in lab.target.records().items() if key in {*lab.foreign, platform.id_of(record)}},
            platform.changing,
        )

    @rule(nights=st.lists(FAULTS | st.none(), min_size=1, max_size=4))
    def runs_meet_faults(self, nights: list[tuple[str, int] | None]) -> None:
        """One run after the other, each with a fault of any kind at any request, or quiet: then all is well."""
        for fault in nights:
            if fault is None:
                self.all_is_well()
            elif not (self.knows_nothing and VARIANTS[fault[0]].blinds):
                asyncio.run(self._faulty(*fault))

    async def _faulty(self, variant: str, nth: int) -> None:
        lab, how = self.here, VARIANTS[variant]
        task, waiting = asyncio.create_task(_tried(lab)), lab.world.sleep
        if how.dies:
            lab.world.sleep = Death(asyncio.get_running_loop(), task)
        fault = lab.world.fault(**{"times": 1, **how.rule, "nth": nth})
        with contextlib.suppress(asyncio.CancelledError):
            await task
        lab.world.sleep = waiting
        lab.world.faults.clear()
        self.tally.cases += 1
        self.tally.faults += fault.seen >= nth

    @rule(hours=st.integers(1, 11))
    def the_state_is_lost(self, hours: int) -> None:
        """Some time after a quiet night; with adopt, the bindings are built again from tags and names."""
        self.all_is_well()
        advance(self.here, hours=hours)
        self.unknown |= self.here.made.keys()
        self.here.forget()
        self.knows_nothing = True
        self.here.configure(adopt="name")

    def all_is_well(self) -> None:
        """Runs without faults make exactly what the source wants, and then nothing."""
        lab = self.here
        asyncio.run(until_quiet(lab, "a quiet night"))
        check(lab, lab.expected(*self.wanted.values()), Counter(), self.tally, "a quiet night")
        self.knows_nothing = False

    def teardown(self) -> None:
        """The last night is quiet."""
        if self.lab:
            try:
                self.all_is_well()
            finally:
                self.lab.state.close()


async def _tried(lab: Lab) -> None:
    with contextlib.suppress(MigratorError):
        await apply(lab)


@pytest.mark.parametrize("part", range(2))
def test_any_nights_end_well(
    served: Served, folder: Path, record_property: Callable[[str, object], None], part: int
) -> None:
    """Any sequence of edits, deletions, lost states and faults converges to exactly the planned jobs."""
    tally = Category()
    try:
        run_state_machine_as_test(
            lambda: Nights(served, folder, tally),
            settings=settings(
                max_examples=max(EXAMPLES // 2, 1),
                stateful_step_count=STEPS,
                print_blob=True,
                report_multiple_bugs=False,
            ),
        )
    finally:
        record_property("faults", attrs.asdict(tally))
