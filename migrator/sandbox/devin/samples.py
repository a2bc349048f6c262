"""Invented schedules for the demonstration, and what its configuration says of Devin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from migrator.sandbox import wire
from migrator.sandbox.devin import ORG, PLAYBOOK, USER
from migrator.sandbox.simulator import ExampleConnection
from migrator.sandbox.store import Json

EXAMPLE: Final = ExampleConnection(
    scope_key="org_id",
    main_scope=ORG,
    holds=("action.agent", "action.playbook", "delivery.slack", "delivery.notify", "labels", "run_as"),
    loses=frozenset(
        {
            *("description", "action.model", "action.branch", "action.topic", "delivery.email", "delivery.slack"),
            *("action.payload", "action.scope", "action.filter", "action.guard", "action.hints"),
        }
    ),
    target_line=(
        'schedule   = { mode = "window", days = 8 }   # Devin knows UTC only: exact for 8 days, renewed by every run\n'
    ),
    sets_for_events='"action.agent" = "devin"\n',
)


def schedules(today: datetime) -> Iterator[Json]:
    """Yield one schedule for each oddity worth seeing; dates are set around the midnight `today`."""

    def schedule(n: int, name: str, prompt: str, frequency: str | None, **rest: Any) -> Json:
        made = wire.stamp(today - timedelta(days=60 - n))
        return {
            "scheduled_session_id": f"sched-{wire.counted_id('sample', 'devin', n).hex}",
            "org_id": ORG,
            "name": name,
            "prompt": prompt,
            "frequency": frequency,
            "schedule_type": "recurring",
            "enabled": True,
            "playbook": None,
            "slack_channel_id": None,
            "slack_team_id": None,
            "created_by": USER,
            "created_at": made,
            "updated_at": made,
            "last_executed_at": None,
            "last_error_at": None,
            "last_error_message": None,
            "consecutive_failures": 0,
            **rest,
        }

    def at(days: int, hour: int) -> str:
        return wire.stamp(today + timedelta(days=days, hours=hour))

    yield schedule(
        1, "Dependency updates", "Update the dependencies of every service; one pull request each.", "0 5 * * 1"
    )
    yield schedule(
        2, "Flaky tests", "Find the three flakiest tests of the week and mend one.", "30 6 * * 1-5", notify_on="always"
    )
    yield schedule(
        3,
        "Release notes",
        "Write release notes from the merged pull requests.",
        "0 16 * * 5",
        playbook={"playbook_id": PLAYBOOK, "title": "House style"},
        tags=["docs", "weekly"],
    )
    yield schedule(
        4, "Sales figures", "Update the sales dashboard and explain outliers.", "15 7 1 * *", agent="data_analyst"
    )
    yield schedule(5, "Payday audit", "Check the payroll export for duplicates.", "0 9 1,15 * 5")
    yield schedule(6, "Every other week", "Rotate the on-call handbook.", "0 8 * * 1", interval_count=2)
    yield schedule(7, "Log tidying", "Remove debug logging that is older than a month.", "20 3 * * *", enabled=False)
    yield schedule(
        8,
        "Migration rehearsal",
        "Run the database migration on the copy.",
        None,
        schedule_type="one_time",
        scheduled_at=at(20, 14),
    )
    yield schedule(
        9,
        "Certificate renewal",
        "Renew the certificates of the test systems.",
        "0 4 * * 2",
        schedule_type="one_time",
        scheduled_at=at(-12, 9),
        last_executed_at=at(-12, 9),
        enabled=False,
    )
    yield schedule(
        10,
        "Link checker",
        "Open the manual and report dead links.\n\nKeep the list short.",
        "0 22 * * 0",
        consecutive_failures=3,
        last_error_at=at(-6, 22),
        last_error_message="The repository could not be cloned.",
    )
    yield schedule(
        11,
        "Incident summary",
        "Summarise yesterday's incidents.",
        "0 6 * * *",
        slack_channel_id="C0INCIDENT",
        slack_team_id="T0EXAMPLE",
    )
    yield schedule(12, "Quarter hour guard", "Check that the staging site answers.", "*/15 * * * *", notify_on="never")
