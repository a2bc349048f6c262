"""Jobs for the benchmarks, as each platform answers them: invented, all different, one job on the other side too."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from typing import Any, Final

from migrator.sandbox import devin, omni, scrip

Json = dict[str, Any]

ZONES: Final = ("UTC", "Asia/Kolkata", "Asia/Tokyo", "America/Bogota")
"""Without summer time, so that one expression in UTC says the same for ever and a job stays one job."""
DAYS: Final = ("daily", "weekdays", "weekly")
_MADE: Final = "2026-01-01T00:00:00Z"
_PROMPT: Final = "Compare {n} figures of last week with the four weeks before, and name the three that moved most. " * 3


def of(provider: str, count: int) -> Iterator[Json]:
    """`count` records of a platform."""
    make = {"omni": _omni, "devin": _devin, "scrip": _scrip}[provider]
    clock = itertools.cycle(itertools.product(range(7, 57, 5), range(24)))
    for n, (minute, hour) in zip(range(count), clock, strict=False):
        yield make(n, minute, hour)


def _name(n: int) -> str:
    return f"Report {n:06}"


def _omni(n: int, minute: int, hour: int) -> Json:
    day = {"daily": "* * ?", "weekdays": "? * MON-FRI", "weekly": "? * TUE"}[DAYS[n % 3]]
    return {
        "id": str(uuid.UUID(int=n + 1)),
        "name": _name(n),
        "prompt": _PROMPT.format(n=n),
        "description": None,
        "modelId": omni.MODEL,
        "branchId": None,
        "topicName": None,
        "schedule": f"{minute} {hour} {day} *",
        "timezone": ZONES[n % len(ZONES)],
        "destination": {"type": "email", "recipientEmails": ["ops@example.com"], "userGroupIds": []},
        "recipientCount": 1,
        "disabled": False,
        "systemDisabled": False,
        "systemDisabledReason": None,
        "lastRun": None,
        "createdAt": _MADE,
        "updatedAt": _MADE,
    }


def _devin(n: int, minute: int, hour: int) -> Json:
    day = {"daily": "* * *", "weekdays": "* * 1-5", "weekly": "* * 2"}[DAYS[n % 3]]
    return {
        "scheduled_session_id": f"sched-{uuid.UUID(int=n + 1).hex}",
        "org_id": devin.ORG,
        "name": _name(n),
        "prompt": _PROMPT.format(n=n),
        "frequency": f"{minute} {hour} {day}",
        "schedule_type": "recurring",
        "agent": "devin",
        "notify_on": "failure",
        "enabled": True,
        "created_by": devin.USER,
        "created_at": _MADE,
        "updated_at": _MADE,
        "last_executed_at": None,
        "last_error_at": None,
        "last_error_message": None,
        "consecutive_failures": 0,
    }


def _scrip(n: int, minute: int, hour: int) -> Json:
    day = {"daily": "* * *", "weekdays": "* * 1-5", "weekly": "* * 2"}[DAYS[n % 3]]
    return {
        "id": str(uuid.UUID(int=n + 1)),
        "program_id": scrip.PROGRAM,
        "name": _name(n),
        "description": None,
        "event_name": "agent.prompt",
        "payload": {"text": _PROMPT.format(n=n)},
        "trigger_type": "cron",
        "cron_expression": f"{minute} {hour} {day}",
        "timezone": ZONES[n % len(ZONES)],
        "scope": "program",
        "status": "active",
        "created_at": _MADE,
        "updated_at": _MADE,
    }
