"""Prompts that travel as events and come home, and copies that are never copied back."""

from __future__ import annotations

from typing import Any, Final

import pytest

from migrator import export as exports
from migrator.sandbox.omni import BRANCH, GROUP
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab
from tests.conformance.platforms import wish

RICH: Final[dict[str, dict[str, Any]]] = {
    "omni": {
        "prompt": 'Say "hello" to ${name}.\n\n\tAnd 世界 🚀, {too}.\r\n',
        "description": "Read me.\n\nTwice.",
        "branchId": BRANCH,
        "topicName": "orders",
        "schedule": "0 9 ? * MON-FRI *",
        "timezone": "America/New_York",
        "destination": {
            "type": "email",
            "recipientEmails": ["b@example.com", "a@example.com"],
            "userGroupIds": [GROUP],
        },
    },
    "devin": {
        "prompt": "Tidy up.\n",
        "agent": "data_analyst",
        "notify_on": "never",
        "tags": ["docs", "weekly"],
        "slack_channel_id": "C1",
        "slack_team_id": "T1",
        "frequency": "*/30 8-18 * * 1-5",
    },
}
HOME: Final = {"id", "origin", "mark", "created_at", "updated_at", "provider_fields", "trigger"}
"""What belongs to the place where a job lives, and not to the job."""


async def exported(lab: Lab, connection: str) -> dict[str, dict[str, Any]]:
    """A connection's jobs in canonical form, by name, other people's left out."""
    document = await exports.export(lab.runtime, connection)
    return {job["name"]: job for job in document["jobs"] if not job["name"].startswith("Foreign")}


@pytest.mark.parametrize("source", RICH)
async def test_a_prompt_survives_a_migration_to_scrip_and_back(make_lab: MakeLab, source: str) -> None:
    """Read back from Scrip, a job is exactly what it was: every field, to the byte; only its home is another."""
    lab = make_lab(source, "scrip", allow_loss=[])
    lab.source.put({**lab.source.platform.write(1, wish(1)), **RICH[source]})
    lab.source.put(lab.source.platform.write(2, wish(2)))
    assert {"create": 2} == await lab.run()

    home, away = await exported(lab, source), await exported(lab, "scrip")

    assert [{k: v for k, v in job.items() if k not in HOME} for job in home.values()] == [
        {k: v for k, v in away[name].items() if k not in HOME} for name, job in home.items()
    ]
    assert ["timezone" in job["trigger"] and job["trigger"]["timezone"] for job in home.values()] == [
        away[name]["trigger"]["timezone"] for name in home
    ]
