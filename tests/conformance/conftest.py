"""Laboratories on served platforms; one server for all tests that need the same kind of platforms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from migrator.sandbox import BackgroundServer, Options, World
from migrator.testing.faults import Faults
from migrator.testing.kills import Kills
from tests.conformance.lab import Lab

MakeLab = Callable[..., Lab]

LONG = {name for part in (Faults, Kills) for name in vars(part) if name.startswith("test_")}
"""The scenarios of the table that meet something at every request."""


@pytest.fixture(scope="session")
def _served() -> Iterator[Callable[[Options], tuple[World, int]]]:
    """A world of the wanted kind and the port that serves it, started when it is first asked for."""
    worlds: dict[Options, tuple[World, int]] = {}
    with ExitStack() as stack:

        def served(options: Options) -> tuple[World, int]:
            if options not in worlds:
                world = World(options=options)
                worlds[options] = world, stack.enter_context(BackgroundServer(world)).port
            return worlds[options]

        yield served


@pytest.fixture
def make_lab(
    tmp_path: Path, _served: Callable[[Options], tuple[World, int]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeLab]:
    """Makes a laboratory: `make_lab("omni", "devin", on_missing="delete")`; in the end, no neighbour was touched.

    The platforms, of the kind that `platforms` says, are empty and their clock stands still; a test that moves the
    clock brings a `world` of its own.
    """
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)  # no test here speaks TLS, and reading certificates takes time
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with ExitStack() as stack:

        def make(
            source: str, target: str, *, platforms: Options | None = None, world: World | None = None, **options: Any
        ) -> Lab:
            if world is None:
                world, port = _served(platforms or Options())
                world.clear()
            else:
                port = stack.enter_context(BackgroundServer(world)).port
            return stack.enter_context(Lab(world, port, tmp_path, source, target, **options))

        yield make


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Faults at every request and kills take long."""
    for item in items:
        if item.path.name == "test_table.py" and getattr(item, "originalname", "") in LONG:
            item.add_marker(pytest.mark.slow)
