"""Every provider to every other: each job of a corpus moves or is refused with a reason, and fires as before."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path
from typing import Any, Final

import pytest

from migrator.providers.registry import built_in
from migrator.testing.lab import Lab
from tests.conformance.corpus import PLATFORMS, filled, move_all
from tests.conformance.lab import started

SERVED_BY_OTHERS: Final = frozenset({"langgraph"})
"""Providers whose own software is needed, so that the corpus meets them in `make platforms` alone."""

SAMPLES: Final[Mapping[tuple[str, str], tuple[int, int, int]]] = {
    ("omni", "devin"): (12, 0, 1),
    ("omni", "scrip"): (12, 0, 1),
    ("devin", "omni"): (8, 3, 1),
    ("devin", "scrip"): (10, 1, 1),
    ("scrip", "omni"): (7, 5, 1),
    ("scrip", "devin"): (9, 3, 1),
}
"""How many samples are migrated, refused, and expired, where each of them has been checked."""


@pytest.mark.slow
@pytest.mark.parametrize("mode", [{"mode": "window", "days": 8}, {"mode": "year"}], ids=["window", "year"])
@pytest.mark.parametrize(("source", "target"), list(permutations(PLATFORMS, 2)))
async def test_every_provider_migrates_to_every_other(
    tmp_path: Path, source: str, target: str, mode: Mapping[str, Any]
) -> None:
    """Each job of the corpus is moved, refused with a reason, or over; doing it again changes nothing."""
    with ExitStack() as stack:
        places = [stack.enter_context(started(PLATFORMS[name], tmp_path / name)) for name in (source, target)]
        await filled(places[0], tmp_path, stack)
        with Lab(*places, tmp_path, schedule=mode) as lab:
            found = await move_all(lab)

            assert len(lab.source.records()) >= sum(found)
            assert found[0] > 0
            if "MIGRATOR_CORPUS" not in os.environ and mode["mode"] == "window":
                assert SAMPLES.get((source, target), found) == found


def test_every_provider_takes_part() -> None:
    """A provider that is registered has a platform here, and so moves to and from every other."""
    assert set(built_in()) - SERVED_BY_OTHERS == PLATFORMS.keys()
