"""What the tests of the commands work with."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen

from migrator.sandbox import World
from migrator.sandbox.omni import MODEL

SYNCS = """
[syncs.strict]
source = "omni"
target = "devin"
[syncs.lenient]
source = "omni"
target = "devin"
on_refused = "report"
[syncs.backup]
source = "omni"
target = "archive"
"""


@frozen
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one document on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found


Run = Callable[..., Ended]


def routine(name: str, **rest: Any) -> dict[str, Any]:
    """An Omni record that can move to Devin and stay exact for ever."""
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        "name": name,
        "prompt": f"Do {name}.",
        "description": None,
        "modelId": MODEL,
        "branchId": None,
        "topicName": None,
        "schedule": "0 9 ? * MON *",
        "timezone": "UTC",
        "destination": {"type": "email", "recipientEmails": ["ops@example.com"], "userGroupIds": []},
        "recipientCount": 1,
        "disabled": False,
        "systemDisabled": False,
        "systemDisabledReason": None,
        "lastRun": None,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
    } | rest


def edit_config(here: Path, old: str, new: str) -> None:
    """Change the config file where a pattern is found first."""
    text, times = re.subn(old, new, (here / "migrator.toml").read_text("utf-8"), count=1)
    assert times
    (here / "migrator.toml").write_text(text, encoding="utf-8")


def edit_job(world: World, name: str, **fields: Any) -> None:
    """Change a job at Devin outside of migrator."""
    (record,) = [row["record"] for row in world.records("devin") if row["record"]["name"] == name]
    world.load("devin", [record | fields])


def names(world: World, provider: str) -> list[str]:
    """Return the names of the jobs that a simulator holds."""
    return sorted(row["record"]["name"] for row in world.records(provider) if not row["gone"])
