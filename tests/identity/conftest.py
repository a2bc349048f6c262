"""Folders and laboratories for what a place is called, and the commands that change it."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.sandbox import World
from tests.cli.bench import Run
from tests.cli.conftest import here, run, served, world
from tests.conformance.conftest import _served, make_lab
from tests.identity.installation import Installation

__all__ = ["_served", "here", "make_lab", "run", "served", "world"]


@pytest.fixture
def installation(served: tuple[World, int], here: Path, run: Run) -> Installation:
    """A folder with three Omni routines, which the sync "nightly" moves to Devin."""
    world, port = served
    installation = Installation(run, world, port, here)
    installation.configure()
    return installation
