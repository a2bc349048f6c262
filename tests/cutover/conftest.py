"""Laboratories for switching the active side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from migrator.sandbox import BackgroundServer, Options, World
from tests.conformance.lab import Lab
from tests.faults.conftest import Served as ServedType
from tests.faults.conftest import _no_certificates, folder, served  # noqa: F401 (fixtures that these tests share)
from tests.faults.scenarios import PUT

MakeLab = Callable[..., Lab]


@pytest.fixture
def make_lab(served: ServedType, folder: Path) -> Iterator[MakeLab]:  # noqa: F811 (the fixtures)
    """Makes a laboratory: `make_lab("omni", "devin")`; one whose time passes brings a `world` of its own."""
    with ExitStack() as stack:

        def make(
            source: str, target: str, *, platforms: Options = PUT, world: World | None = None, **options: Any
        ) -> Lab:
            if world is None:
                world, port = served(platforms)
                world.clear()
            else:
                port = stack.enter_context(BackgroundServer(world)).port
            return stack.enter_context(Lab(world, port, folder, source, target, **options))

        yield make
