"""Random sources, targets, states and faults: whatever happened, running again makes exactly what the source wants.

A failure shrinks to a short script of what happened. `make fuzz` runs many more of them, from a seed that it prints.
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
from tests.conformance.platforms import Wish, wish
from tests.faults.conftest import Served
from tests.faults.machine import VARIANTS, Death, Tally, apply, check, until_quiet
from tests.faults.scenarios import PAIRS, PUT, gone

pytestmark = pytest.mark.fuzz

EXAMPLES: Final = int(os.environ.get("MIGRATOR_FUZZ", "16"))
STEPS: Final = 14

NUMBERS = st.integers(1, 6)
TEXTS = st.sampled_from(["Say what changed.", "Say it again.", "Grüße an alle ✓"])
HOURS = st.integers(5, 20)


class Nights(RuleBasedStateMachine):
    """Days on which people change things, and nights in which a run meets a fault."""

    def __init__(self, served: Served, folder: Path, tally: Tally) -> None:
        super().__init__()
        self.served, self.folder, self.tally = served, folder, tally
        self.lab: Lab | None = None
        self.wanted: dict[int, Wish] = {}
        self.newcomers = 910

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
        self.wanted[number] = self.here.source.wish(number, text=text, hour=hour, enabled=enabled)

    @rule(number=NUMBERS)
    def somebody_deletes_a_job(self, number: int) -> None:
        """At the source."""
        if self.wanted.pop(number, None):
            gone(self.here, number)

    @rule(which=st.integers(0, 9))
    def somebody_deletes_one_of_ours(self, which: int) -> None:
        """At the target."""
        if keys := sorted(self.here.made):
            self.here.target.remove(keys[which % len(keys)])

    @rule()
    def somebody_else_makes_a_job(self) -> None:
        """At the target, where it is nobody's business of ours."""
        lab, self.newcomers = self.here, self.newcomers + 1
        platform = lab.target.platform
        record = platform.write(self.newcomers, wish(self.newcomers, name=f"Foreign {self.newcomers}"))
        lab.target.put(record)
        lab.foreign = frozen_records(
            {key: raw for key, raw in lab.target.records().items() if key in {*lab.foreign, platform.id_of(record)}}
        )

    @rule(variant=st.sampled_from(sorted(VARIANTS)), nth=st.integers(1, 6))
    def a_run_meets_a_fault(self, variant: str, nth: int) -> None:
        """Of any kind, at any request."""
        asyncio.run(self._faulty(variant, nth))

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

    @rule()
    def the_state_is_lost(self) -> None:
        """After a quiet night; with adopt, the links are built anew from marks and names."""
        self.all_is_well()
        self.here.forget()
        self.here.configure(adopt="name")

    @rule()
    def all_is_well(self) -> None:
        """Runs without faults make exactly what the source wants, and then nothing."""
        lab = self.here
        asyncio.run(until_quiet(lab, "a quiet night"))
        check(lab, lab.expected(*self.wanted.values()), Counter(), self.tally, "a quiet night")

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
    tally = Tally()
    try:
        run_state_machine_as_test(
            lambda: Nights(served, folder, tally),
            settings=settings(max_examples=max(EXAMPLES // 2, 1), stateful_step_count=STEPS, print_blob=True),
        )
    finally:
        record_property("faults", attrs.asdict(tally))
