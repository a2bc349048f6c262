"""Invented automations for the demonstration, and what its configuration says of Scrip."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from migrator.sandbox import wire
from migrator.sandbox.scrip import PROGRAM
from migrator.sandbox.simulator import ExampleConnection
from migrator.sandbox.store import Json

EXAMPLE: Final = ExampleConnection(
    scope_key="program_id",
    main_scope=PROGRAM,
    holds=("description", "action.payload", "action.scope", "action.filter", "action.guard", "action.hints"),
    has_events=True,  # and it loses nothing: it takes a prompt whole, in an event's payload
)


def automations(today: datetime) -> Iterator[Json]:
    """Yield one automation for each oddity worth seeing; dates are set around the midnight `today`."""

    def automation(n: int, name: str, event: str, kind: str = "cron", scope: str = "program", **rest: Any) -> Json:
        made = wire.stamp(today - timedelta(days=75 - n))
        fan_out = {"execution_status": "idle", "participants_total": 0, "participants_processed": 0}
        return {
            "id": str(wire.counted_id("sample", "scrip", n)),
            "program_id": PROGRAM,
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
