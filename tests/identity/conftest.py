"""Folders and laboratories for what a place is called, and the commands that change it."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.sandbox import World
from tests.cli.bench import Run
from tests.cli.conftest import here, run, served, world
from tests.conformance.conftest import _served, make_lab
from tests.identity.desk import Desk

__all__ = ["_served", "here", "make_lab", "run", "served", "world"]


@pytest.fixture
def desk(served: tuple[World, int], here: Path, run: Run) -> Desk:
    """A folder with three Omni routines, which the sync "nightly" moves to Devin."""
    world, port = served
    desk = Desk(run, world, port, here)
    desk.configure()
    return desk
