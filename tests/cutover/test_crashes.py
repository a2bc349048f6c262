"""A cut-over that fails or dies at any request: the next run ends it, and no instant is unknown."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import attrs
import pytest

from migrator.sandbox import Options
from tests.cutover.cases import CASE_IDS, CASES
from tests.cutover.crashing import VARIANTS, CutoverTally, case_world, cases

pytestmark = pytest.mark.slow

SEED: Final = 20261125
DEATHS: Final = [name for name, variant in VARIANTS.items() if variant.dies]
OTHERS: Final = [name for name, variant in VARIANTS.items() if not variant.dies]
Record = Callable[[str, object], None]


@pytest.mark.parametrize("name", DEATHS)
@pytest.mark.parametrize(("source", "target", "options"), CASES, ids=CASE_IDS)
async def test_a_run_that_dies_at_any_request(
    folder: Path, record_property: Record, source: str, target: str, options: Options, name: str
) -> None:
    """Killed at each request of a cutover in turn, before or after its effect, on every pair."""
    tally = CutoverTally()
    with ExitStack() as stack:
        setup = case_world(stack, folder, source, target, options)
        await cases(setup, VARIANTS[name], tally, seed=SEED, only=itertools.count(1))
    record_property("cutover", attrs.asdict(tally))
    assert tally.cases - 1 == tally.struck


@pytest.mark.parametrize(("number", "name"), list(enumerate(OTHERS)), ids=OTHERS)
async def test_a_fault_at_any_request(folder: Path, record_property: Record, number: int, name: str) -> None:
    """Every other fault at each request of a cut-over, the pairs taking turns."""
    tally = CutoverTally()
    with ExitStack() as stack:
        source, target, options = CASES[number % len(CASES)]
        setup = case_world(stack, folder, source, target, options)
        step = 2 if VARIANTS[name].rule.get("times") == 0 else 1  # what goes on for long meets neighbours alike
        await cases(setup, VARIANTS[name], tally, seed=SEED + number, only=itertools.count(1 + number % step, step))
    record_property("cutover", attrs.asdict(tally))
    assert 0 < tally.struck
