"""What attacks are played on: laboratories whose platforms go by the time of day, and a count of what was withstood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.attack.bench import LEASE, Attack
from tests.faults.killing import Killer, Labs, laboratories
from tests.postgres import private_server


@pytest.fixture(scope="module")
def make_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Labs]:
    """Makes laboratories on one server."""
    with laboratories(tmp_path_factory.mktemp("attack"), Killer()) as labs:
        yield labs


@pytest.fixture
def attack(record_property: Callable[[str, object], None]) -> Attack:
    """Counts what is tried within its block, and what was withstood."""
    tally = {"tried": 0, "withstood": 0}
    record_property("attack", tally)  # which goes on counting until the test has ended

    @contextmanager
    def attacking() -> Iterator[None]:
        tally["tried"] += 1
        yield
        tally["withstood"] += 1

    return attacking


@pytest.fixture(autouse=True)
def _short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEASE", f"{LEASE:g}")


@pytest.fixture(scope="session")
def own_server() -> Iterator[str]:
    """URL of a PostgreSQL server that nobody else uses, so that it can be stopped."""
    with private_server() as url:
        yield url
