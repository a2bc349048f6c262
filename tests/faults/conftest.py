"""Platforms for the fault machine, served once for each worker."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from migrator.sandbox import BackgroundServer, Options, World

Served = Callable[[Options], tuple[World, int]]


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """A world of the wanted kind and the port that serves it."""
    worlds: dict[Options, tuple[World, int]] = {}
    with ExitStack() as stack:

        def serve(options: Options) -> tuple[World, int]:
            if options not in worlds:
                world = World(options=options)
                worlds[options] = world, stack.enter_context(BackgroundServer(world)).port
            return worlds[options]

        yield serve


@pytest.fixture(scope="session")
def lengths() -> dict[tuple[str, str, str], int]:
    """How many requests a run takes when nothing goes wrong, by kind of change, source and target."""
    return {}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where states and configs are kept: in memory where there is such a place, for a state waits for its disk."""
    memory = Path("/dev/shm")  # noqa: S108 (a folder of our own is made in it)
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def _no_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here speaks TLS, and reading certificates takes most of the time of opening a client."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
