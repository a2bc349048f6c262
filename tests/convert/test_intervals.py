"""What a platform of whole minutes, and of a minimum interval, makes of a schedule."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from migrator.canonical import Email, Job, JobRef, Prompt
from migrator.config.model import Schedule, Sync
from migrator.convert import Converted, convert
from migrator.cron import Once, Recurring, parse
from migrator.mapping import load_mapping

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
OMNI = load_mapping("omni")
SET = {"action.model": "5d3a9f60-7c21-4e0b-8f6e-2b1d4c000001", "delivery.email": Email(recipients=("ops@example.com",))}


def converted(trigger: Recurring | Once, parts: int = 1) -> Converted:
    """A job of Devin's as Omni can hold it."""
    sync = Sync(name="it", source="devin", target="omni", schedule=Schedule(split_for_interval=parts), set=SET)
    ref = JobRef(provider="devin", scope="all", id="1")
    job = Job(ref=ref, name="Report", trigger=trigger, action=Prompt(text="Report."))
    return convert(job, target=OMNI, sync=sync, now=NOW)


@pytest.mark.parametrize(("text", "parts"), [("0,30 9 * * *", 2), ("*/15 9-17 * * *", 4)])
def test_a_minimum_interval_is_met_on_request(text: str, parts: int) -> None:
    """Without the setting the job is refused, and the refusal names the number that does."""
    trigger = Recurring(parse(text, "vixie"), "UTC")
    refused = converted(trigger)
    assert not refused.parts
    assert f"schedule = {{ split_for_interval = {parts} }} in the sync makes {parts} jobs" in refused.refused[0]
    assert "Omni AI Routines takes at least 60 min" in refused.refused[0]

    found = converted(trigger, parts)
    assert (found.schedule.verdict, len(found.parts), found.refused) == ("exact_split", parts, ())


def test_an_instant_within_a_minute_is_a_declared_loss() -> None:
    """It goes to the next whole minute, and says so under `trigger.at`."""
    found = converted(Once(datetime(2027, 3, 15, 9, 0, 30, tzinfo=UTC)))
    (loss,) = [loss for loss in found.losses if loss.path.startswith("trigger")]
    assert (loss.path, loss.had, loss.becomes) == (
        "trigger.at",
        "2027-03-15T09:00:30+00:00",
        "2027-03-15T09:01:00+00:00",
    )
    assert "Omni AI Routines fires on whole minutes" in loss.reason
    assert [str(piece["trigger.cron"]) for piece in found.parts] == ["1 9 15 3 ? 2027"]
    assert not found.refused


def test_an_instant_on_the_minute_loses_nothing() -> None:
    """There is nothing to round."""
    found = converted(Once(datetime(2027, 3, 15, 9, tzinfo=UTC)))
    assert [loss for loss in found.losses if loss.path.startswith("trigger")] == []
