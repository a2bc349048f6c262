"""Benches: runs that write to a platform in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrator.store import open_state
from tests.execute.bench import Bench
from tests.plan.builder import Given

MakeBench = Callable[..., Bench]


@pytest.fixture
def bench(tmp_path: Path) -> MakeBench:
    """Makes a bench."""

    def make(given: Given, **values: Any) -> Bench:
        made: Bench = Bench(open_state(f"sqlite:///{tmp_path}/it.db", now=lambda: made.now), given, **values)
        return made

    return make
