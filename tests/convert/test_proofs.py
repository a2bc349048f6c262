"""Proofs of schedules are shared where that changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs

from migrator.canonical import Job, JobRef, Prompt
from migrator.config.model import Sync
from migrator.convert import convert
from migrator.convert.schedule import prefetch
from migrator.cron import Once, Recurring, parse
from migrator.mapping import load_mapping

NOW = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
SYNC = Sync(name="it", source="omni", target="devin")
DEVIN = load_mapping("devin")


def job(text: str) -> Job:
    """A job that is due as the text says."""
    trigger = Recurring(parse(text, "eventbridge"), "Asia/Tokyo")
    ref = JobRef(provider="omni", scope="all", id="1")
    return Job(ref=ref, name="Report", trigger=trigger, action=Prompt(text="Report."))


def test_what_was_foreseen_is_not_proved_again() -> None:
    """A job that is converted within the minute after its schedule was foreseen has that very proof."""
    prefetch(job("0 9 ? * MON *"), target=DEVIN.rules, sync=SYNC, now=NOW)
    early = convert(job("0 9 ? * MON *"), target=DEVIN, sync=SYNC, now=NOW)
    late = convert(job("0 9 ? * MON *"), target=DEVIN, sync=SYNC, now=NOW + timedelta(seconds=29))

    assert early.schedule is late.schedule
    assert early.schedule.evidence["horizon"][0] == "2026-11-22T10:01:00+00:00"


def test_schedules_that_are_written_differently_are_told_as_they_are_written() -> None:
    """Two schedules that mean the same share no proof, because a proof tells the source's own text."""
    told = {text: convert(job(text), target=DEVIN, sync=SYNC, now=NOW) for text in ("0 9 ? * MON *", "00 9 ? * 2 *")}

    assert {text: one.schedule.evidence["source"]["text"] for text, one in told.items()} == {t: t for t in told}


def test_a_time_within_the_minute_is_not_past() -> None:
    """A one-time job is judged by the second, so that one which is due in this very minute still goes."""
    once = attrs.evolve(job("0 9 ? * MON *"), trigger=Once(NOW + timedelta(seconds=10)))

    assert not convert(once, target=DEVIN, sync=SYNC, now=NOW).dead
    assert convert(once, target=DEVIN, sync=SYNC, now=NOW + timedelta(seconds=11)).dead
