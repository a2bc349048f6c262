"""What the author of a provider runs: the conformance table against a platform.

    class TestAcme(Conformance):
        platform = Acme()

pytest loads `migrator.testing.plugin` in every project, so this package imports nothing until it is asked.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from migrator.testing.conformance import Conformance
    from migrator.testing.platform import JobsFile, Platform, Raw, Wish, hour_of, wish

_HOME_OF: Final = {"Conformance": "conformance"} | dict.fromkeys(
    ("JobsFile", "Platform", "Raw", "Wish", "hour_of", "wish"), "platform"
)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)


__all__ = ["Conformance", "JobsFile", "Platform", "Raw", "Wish", "hour_of", "wish"]
