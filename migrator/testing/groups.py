"""One source job whose schedule takes several jobs at the target: they are made, changed and deleted together."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from migrator.errors import MigratorError
from migrator.testing.base import FILE, Base, MakeLab, synchronous
from migrator.testing.lab import Lab
from migrator.testing.place import not_applicable
from migrator.testing.platform import wish

SCHEDULES: Final = (
    ("20 3 1-7 * 1", "UTC"),
    ("*/45 9-10 * * *", "Asia/Kathmandu"),
    ("*/7 9-10 * * *", "Australia/Eucla"),
    ("0 9 1,15 * 1-5", "UTC"),
)
"""Schedules of a file of which one or the other platform needs several jobs."""
MODES: Final = ("window", "exact")


async def split(lab: Lab) -> Mapping[str, str]:
    """Return the trigger of a first job of the file that the target holds only in parts; the job is there.

    Skips where the source is another platform, or the target holds each of the schedules in one job.
    """
    if lab.source.platform is not FILE:
        not_applicable("groups are made from a file of jobs")
    lab.source.wish(1)
    for mode, (cron, timezone) in itertools.product(MODES, SCHEDULES):
        trigger = {"kind": "recurring", "cron": cron, "dialect": "vixie", "timezone": timezone}
        lab.source.send(lab.source.keys[1], {"trigger": trigger})
        lab.configure(schedule={"mode": mode})
        if (await lab.plan()).summary["create"] > 1:
            return trigger
    return not_applicable(f"{lab.target.title} holds every schedule in one job")


def say(lab: Lab, trigger: Mapping[str, str], text: str) -> None:
    """Let the first job say this."""
    lab.source.send(lab.source.keys[1], {**FILE.write(1, wish(1, text=text)), "trigger": trigger})


def texts(lab: Lab) -> set[str]:
    """Return what the parts of the first job say."""
    return {job.text for job in map(lab.target.platform.read, lab.made.values()) if job.name.startswith("Job 001")}


class Groups(Base):
    """Groups."""

    @synchronous
    async def test_a_group_changes_as_a_whole(self, make_lab: MakeLab) -> None:
        """Its parts are made, changed and deleted together, and each plan after that is empty."""
        lab = make_lab(on_missing="delete")
        trigger = await split(lab)
        lab.source.wish(2)
        created = (await lab.run())["create"]
        assert created > 2
        assert created == len(lab.made)

        say(lab, trigger, "Two.")
        assert {await lab.kind("action.text"): created - 1, "none": 1} == await lab.run()
        assert {"Two."} == texts(lab)

        lab.source.remove(lab.source.keys[1])
        assert {"delete": created - 1, "none": 1} == await lab.run()
        assert lab.expected(wish(2)) == lab.target_jobs()

    @synchronous
    async def test_any_request_of_a_group_may_fail(self, make_lab: MakeLab) -> None:
        """Whichever write of a group fails, after the next runs all of its parts are there and say the same."""
        lab = make_lab()
        trigger = await split(lab)
        await lab.until_quiet()
        number = len(lab.made)
        for nth in itertools.count(1):
            say(lab, trigger, f"Say {nth}.")
            fault = lab.target.served().fault("status", skips=lab.target.platform.reads, nth=nth, after=nth % 2 == 0)
            with suppress(MigratorError):
                await lab.carry_out()
            lab.target.served().faults.clear()
            await lab.until_quiet(f"write {nth} failed")
            assert (number, {f"Say {nth}."}) == (len(lab.made), texts(lab))
            if fault.seen < nth:
                break
        assert nth > number
