"""Every kind of change meets every fault at every request."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from tests.faults.conftest import Served
from tests.faults.machine import VARIANTS, Machine
from tests.faults.scenarios import PAIRS, SCENARIOS

pytestmark = pytest.mark.slow

ALL = os.environ.get("MIGRATOR_FAULTS") == "all"
KINDS = [name for name in SCENARIOS if name != "everything"]
CASES = [
    (kind, variant)
    for kind in KINDS
    for variant in VARIANTS
    if not (SCENARIOS[kind].forgets and VARIANTS[variant].blinds)
]
Record = Callable[[str, object], None]


@pytest.mark.parametrize(("kind", "variant"), CASES)
async def test_every_request(
    served: Served,
    lengths: dict[tuple[str, str, str], int],
    folder: Path,
    record_property: Record,
    kind: str,
    variant: str,
) -> None:
    """A fault at any request of this kind of change is put right by the runs after it; the pairs take turns.

    With MIGRATOR_FAULTS=all every pair meets every fault at every request.
    """
    scenario = SCENARIOS[kind]
    machine = Machine(scenario=scenario, variant=VARIANTS[variant], served=served, folder=folder, lengths=lengths)
    turn = list(VARIANTS).index(variant) + 2 * KINDS.index(kind)
    try:
        for shift in range(len(scenario.pairs) if ALL else 1):
            await machine.at_every_request(turn=turn + shift)
    finally:
        record_property("faults", attrs.asdict(machine.tally))


@pytest.mark.parametrize("variant", ["connection reset, the effect stays", "the run dies, the effect stays"])
@pytest.mark.parametrize("pair", PAIRS, ids=" to ".join)
async def test_everything_at_once(
    served: Served, folder: Path, record_property: Record, pair: tuple[str, str], variant: str
) -> None:
    """Between every pair, a run that has everything to do meets what is worst for it, at three of its requests."""
    machine = Machine(scenario=SCENARIOS["everything"], variant=VARIANTS[variant], served=served, folder=folder)
    try:
        for nth in (4, 7, 10):
            await machine.case(pair, nth)
    finally:
        record_property("faults", attrs.asdict(machine.tally))
