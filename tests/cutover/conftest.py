"""Laboratories for moving the right to fire."""

from __future__ import annotations

from tests.faults.conftest import _no_certificates, folder, served  # noqa: F401 (fixtures that these tests share)
from tests.recovery.conftest import MakeLab, make_lab

__all__ = ["MakeLab", "make_lab"]
