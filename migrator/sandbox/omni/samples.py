"""Invented routines for the demonstration, and what its configuration says of Omni."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from migrator.sandbox import wire
from migrator.sandbox.omni import BRANCH, GROUP, MODEL
from migrator.sandbox.omni.body import LARGEST_GROUP
from migrator.sandbox.simulator import ExampleConnection
from migrator.sandbox.store import Json

EXAMPLE: Final = ExampleConnection(
    holds=("description", "action.model", "action.branch", "action.topic", "delivery.email", "delivery.slack"),
    loses=frozenset(
        {
            *("action.agent", "action.playbook", "delivery.slack", "delivery.notify", "labels", "run_as"),
            *("action.payload", "action.scope", "action.filter", "action.guard", "action.hints"),
        }
    ),
    sets=f'"action.model"   = "{MODEL}"\n"delivery.email" = {{ recipients = ["ops@example.com"] }}\n',
)


def routines(today: datetime) -> Iterator[Json]:
    """Yield one routine for each oddity worth seeing; dates are set around the midnight `today`."""
    year = today.year

    def routine(n: int, name: str, prompt: str, schedule: str, timezone: str, *to: str, **rest: Any) -> Json:
        made = wire.stamp(today - timedelta(days=90 - n))
        return {
            "id": str(wire.counted_id("sample", "omni", n)),
            "name": name,
            "prompt": prompt,
            "description": None,
            "modelId": MODEL,
            "branchId": None,
            "topicName": None,
            "schedule": schedule,
            "timezone": timezone,
            "destination": {"type": "email", "recipientEmails": list(to or ["ops@example.com"]), "userGroupIds": []},
            "recipientCount": len(to) or 1,
            "disabled": False,
            "systemDisabled": False,
            "systemDisabledReason": None,
            "lastRun": None,
            "createdAt": made,
            "updatedAt": made,
            **rest,
        }

    yield routine(
        1,
        "Weekly revenue note",
        "Compare last week's revenue with the four weeks before it. Name the three accounts that moved most, and why.",
        "0 9 ? * MON *",
        "America/New_York",
        "finance@example.com",
        "chief@example.com",
        description="Read out in the Monday meeting.",
        topicName="orders",
    )
    yield routine(2, "Night loads", "List the tables that were not refreshed tonight.", "30 2 * * ? *", "Europe/Berlin")
    yield routine(3, "Month end close", "Summarise invoices open for 30 days.", "0 18 L * ? *", "Europe/London")
    yield routine(4, "First working day", "Draft the capacity forecast for the month.", "0 8 1W * ? *", "Asia/Tokyo")
    yield routine(5, "Refunds", "Review last month's refunds by cause.", "15 14 ? * TUE#2 *", "America/Chicago")
    yield routine(6, "Stock levels", "What will run out within ten days?", "0 6,12,18 ? * MON-FRI *", "Asia/Kolkata")
    yield routine(7, "Hourly pulse", "Orders of the last hour against the same hour last week.", "5 * * * ? *", "UTC")
    yield routine(8, "Campaign end", "How did the campaign end?", f"0 10 15 3 ? {year + 1}", "Europe/Madrid")
    yield routine(9, "Old anniversary report", "Figures for the tenth anniversary.", "0 10 1 6 ? 2019", "UTC")
    yield routine(
        10,
        "Support digest",
        "Group yesterday's tickets by theme; quote one ticket for each.",
        "0 7 ? * MON-FRI *",
        "America/Sao_Paulo",
        destination={"type": "slack", "recipientId": "C0SUPPORT1", "slackRecipientType": "channel"},
    )
    yield routine(11, "Pricing test", "Report the test's result.", "0 11 ? * FRI *", "Europe/Paris", disabled=True)
    yield routine(
        12,
        "Board pack figures",
        "Collect the figures for the board pack.",
        "0 7 1 1,4,7,10 ? *",
        "Australia/Sydney",
        systemDisabled=True,
        systemDisabledReason="The shared model is no longer accessible to the routine owner.",
    )
    yield routine(
        13,
        "Churn watch",
        "Which customers show the pattern that came before churn last year?",
        "45 8 ? * THU *",
        "America/Los_Angeles",
        branchId=BRANCH,
        destination={"type": "email", "recipientEmails": ["growth@example.com"], "userGroupIds": [GROUP]},
        recipientCount=1 + LARGEST_GROUP,
    )
