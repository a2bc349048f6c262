"""Years in which the laws of time change."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.cron import zones
from tests.year.laws import forget_zones


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose zones go before those of the system and of the package."""
    found = tmp_path / "zoneinfo"
    found.mkdir()
    (found / "+VERSION").write_text("2098a\n", encoding="utf-8")
    monkeypatch.setattr(zones, "TZPATH", (str(found), *zones.TZPATH))
    zoneinfo.reset_tzpath(to=[str(found), *zoneinfo.TZPATH])
    forget_zones()
    yield found
    monkeypatch.undo()
    zoneinfo.reset_tzpath()
    forget_zones()
