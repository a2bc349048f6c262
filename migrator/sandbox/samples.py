"""A small invented world for the demonstration: a dozen jobs on each platform, one for each oddity worth seeing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from migrator.sandbox import devin, omni, omni_body, scrip, wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.sandbox.store import Json
    from migrator.sandbox.world import World


def load_samples(world: World) -> None:
    """Put the sample jobs into an empty world; dates are set around its clock."""
    today = world.now().replace(hour=0, minute=0, second=0, microsecond=0)
    world.load("omni", _omni(today))
    world.load("devin", _devin(today))
    world.load("scrip", _scrip(today))


def _omni(today: datetime) -> Iterator[Json]:
    year = today.year

    def routine(n: int, name: str, prompt: str, schedule: str, timezone: str, *to: str, **rest: Any) -> Json:
        made = wire.stamp(today - timedelta(days=90 - n))
        return {
            "id": str(wire.counted_id("sample", "omni", n)),
            "name": name,
            "prompt": prompt,
            "description": None,
            "modelId": omni.MODEL,
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
        branchId=omni.BRANCH,
        destination={"type": "email", "recipientEmails": ["growth@example.com"], "userGroupIds": [omni.GROUP]},
        recipientCount=1 + omni_body.LARGEST_GROUP,
    )


def _devin(today: datetime) -> Iterator[Json]:
    def schedule(n: int, name: str, prompt: str, frequency: str | None, **rest: Any) -> Json:
        made = wire.stamp(today - timedelta(days=60 - n))
        return {
            "scheduled_session_id": f"sched-{wire.counted_id('sample', 'devin', n).hex}",
            "org_id": devin.ORG,
            "name": name,
            "prompt": prompt,
            "frequency": frequency,
            "schedule_type": "recurring",
            "enabled": True,
            "playbook": None,
            "slack_channel_id": None,
            "slack_team_id": None,
            "created_by": devin.USER,
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
        playbook={"playbook_id": devin.PLAYBOOK, "title": "House style"},
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


def _scrip(today: datetime) -> Iterator[Json]:
    def automation(n: int, name: str, event: str, kind: str = "cron", scope: str = "program", **rest: Any) -> Json:
        made = wire.stamp(today - timedelta(days=75 - n))
        fan_out = {"execution_status": "idle", "participants_total": 0, "participants_processed": 0}
        return {
            "id": str(wire.counted_id("sample", "scrip", n)),
            "program_id": scrip.PROGRAM,
            "name": name,
            "event_name": event,
            "trigger_type": kind,
            "scope": scope,
            "source": "api",
            "status": "active",
            "created_at": made,
            "updated_at": made,
            **(fan_out if scope == "participants" else {}),
            **({"timezone": "UTC"} if kind in {"cron", "one_time"} else {}),
            **rest,
        }

    later = wire.stamp(today + timedelta(days=25, hours=12))
    earlier = wire.stamp(today - timedelta(days=8) + timedelta(hours=12))
    yield automation(
        1, "Weekly points summary", "points.summary", cron_expression="0 9 * * 1", timezone="Europe/Berlin"
    )
    yield automation(
        2,
        "Expiry reminder",
        "points.expiring",
        scope="participants",
        cron_expression="30 1 * * *",
        timezone="America/New_York",
        participant_filter="participant.balance > 0",
        filter_hints=[{"has_balance": True}],
    )
    yield automation(
        3,
        "Happy hour",
        "multiplier.on",
        cron_expression="0 17 * * FRI",
        timezone="America/Chicago",
        payload={"factor": 2},
    )
    yield automation(
        4,
        "Budget guard",
        "budget.check",
        cron_expression="0 */6 * * *",
        guard_condition="program.budget_remaining > 0",
        description="Stops rewards when the budget is spent.",
    )
    yield automation(
        5, "Mid-month and Fridays", "payout.run", cron_expression="15 10 1,15 * 5", timezone="Asia/Kolkata"
    )
    yield automation(6, "Season start", "season.start", "one_time", trigger_at=later, timezone="Europe/London")
    yield automation(
        7, "Season end", "season.end", "one_time", trigger_at=earlier, status="completed", processed_at=earlier
    )
    yield automation(
        8, "Welcome wave", "welcome.sent", "immediate", "participants", status="completed", execution_status="completed"
    )
    yield automation(
        9,
        "Birthday gift",
        "gift.birthday",
        "participant_state",
        "participants",
        schedule_type="ATTRIBUTE_DATE",
        schedule_config={"attribute": "birthday"},
    )
    yield automation(
        10, "Paused lottery", "lottery.draw", cron_expression="0 20 * * 6", timezone="Europe/Paris", status="paused"
    )
    yield automation(
        11,
        "Tier recount",
        "tier.recount",
        cron_expression="0 3 1 * *",
        timezone="Australia/Lord_Howe",
        status="failed",
        last_error="guard_condition: no such key: tier",
    )
    yield automation(
        12,
        "Follow-up by rule",
        "follow.up",
        "one_time",
        trigger_at=later,
        source="rule_action",
        participant_id="member-17",
    )
    yield automation(13, "Night settlement", "ledger.settle", cron_expression="30 2 * * *", timezone="America/New_York")
