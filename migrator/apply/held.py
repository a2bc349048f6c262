"""Making a job that must not fire.

No platform here can create a paused job. So it is created with a schedule that is most of a year away, paused, read
back, and only then given its real schedule: it is never live and due at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from migrator.canonical import Fields
from migrator.cron import parse, render
from migrator.mapping import ProviderMapping

_LAST_DAY_OF_EVERY_MONTH: Final = 28


def must_be_held(fields: Fields, mapping: ProviderMapping) -> bool:
    """Whether a job with these fields has to be made in steps."""
    return fields.get("enabled") is False and not mapping.rules.fields["enabled"].create_path


def far_away(fields: Fields, mapping: ProviderMapping, *, now: datetime) -> Mapping[str, Any]:
    """A trigger of the same kind as the job's own whose next fire is most of a year away."""
    if "trigger.at" in fields:
        return {"trigger.at": (now + timedelta(days=360)).replace(microsecond=0)}
    day = now - timedelta(days=5)
    yearly = parse(f"0 0 {min(day.day, _LAST_DAY_OF_EVERY_MONTH)} {day.month} *", "vixie")
    return {"trigger.cron": parse(render(yearly, mapping.rules.dialect), mapping.rules.dialect)}
