"""Move scheduled AI jobs between platforms, and keep them in step.

What programs use is listed in `__all__`, and loaded when it is first asked for: importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from migrator.api import to_document
    from migrator.api.awaited import AsyncMigrator, load_config
    from migrator.api.blocking import Migrator
    from migrator.audit import Audit
    from migrator.config import Config, Schedule
    from migrator.cron import Once, Recurring, Translation, next_fires, parse, render, translate
    from migrator.cutover.switches import Cutover
    from migrator.doctor.check import Check
    from migrator.errors import (
        ConfigError,
        LockedError,
        MigratorError,
        ProviderError,
        RefusedError,
        ScheduleError,
        StalePlanError,
        StateError,
        UsageError,
    )
    from migrator.execute.outcomes import Applied, Outcome
    from migrator.plan.changes import Change, Plan
    from migrator.store.records import Run, Write
    from migrator.sync.results import SyncRun
    from migrator.verify import Verification

__version__ = "0.1.0"

_HOMES = {
    "api": ("to_document",),
    "api.awaited": ("AsyncMigrator", "load_config"),
    "api.blocking": ("Migrator",),
    "execute.outcomes": ("Applied", "Outcome"),
    "audit": ("Audit",),
    "doctor.check": ("Check",),
    "config": ("Config", "Schedule"),
    "cron": ("Once", "Recurring", "Translation", "next_fires", "parse", "render", "translate"),
    "cutover.switches": ("Cutover",),
    "errors": (
        "ConfigError",
        "LockedError",
        "MigratorError",
        "ProviderError",
        "RefusedError",
        "ScheduleError",
        "StalePlanError",
        "StateError",
        "UsageError",
    ),
    "plan.changes": ("Change", "Plan"),
    "store.records": ("Run", "Write"),
    "sync.results": ("SyncRun",),
    "verify": ("Verification",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})


__all__ = [
    "Applied",
    "AsyncMigrator",
    "Audit",
    "Change",
    "Check",
    "Config",
    "ConfigError",
    "Cutover",
    "LockedError",
    "Migrator",
    "MigratorError",
    "Once",
    "Outcome",
    "Plan",
    "ProviderError",
    "Recurring",
    "RefusedError",
    "Run",
    "Schedule",
    "ScheduleError",
    "StalePlanError",
    "StateError",
    "SyncRun",
    "Translation",
    "UsageError",
    "Verification",
    "Write",
    "__version__",
    "load_config",
    "next_fires",
    "parse",
    "render",
    "to_document",
    "translate",
]
