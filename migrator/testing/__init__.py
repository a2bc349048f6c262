"""What the author of a provider runs: the conformance table against a platform.

class TestAcme(Conformance):
    platform = Acme()
"""

from __future__ import annotations

import pytest

for _module in (
    "base",
    "edits",
    "everyday",
    "faults",
    "groups",
    "kills",
    "lab",
    "limits",
    "listings",
    "memory",
    "names",
):
    pytest.register_assert_rewrite(f"{__name__}.{_module}")

from migrator.testing.conformance import Conformance
from migrator.testing.platform import JsonFile, Platform, Raw, Wish, hour_of, wish

__all__ = ["Conformance", "JsonFile", "Platform", "Raw", "Wish", "hour_of", "wish"]
