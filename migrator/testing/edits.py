"""Edits at the target that are written back to the source, and what both endpoints have changed."""

from __future__ import annotations

from typing import Final

from migrator.testing.base import Base, MakeLab, each, synchronous
from migrator.testing.lab import Lab
from migrator.testing.place import not_applicable
from migrator.testing.platform import Wish, wish

CHANGED: Final[dict[str, Wish]] = {
    "name": wish(1, name="Edited"),
    "trigger.cron": wish(1, hour=15),
    "enabled": wish(1, enabled=False),
    "action.text": wish(1, text="Edited."),
}
"""What becomes of the first job, by what is edited."""


def at_source(lab: Lab) -> list[Wish]:
    """Return what the source's records stand for, by number."""
    jobs = lab.source.jobs()
    return [jobs[lab.source.keys[number]] for number in (1, 2)]


async def switched(lab: Lab) -> Lab:
    """Move two jobs."""
    lab.source.wish(1)
    lab.source.wish(2)
    await lab.night()
    return lab


class Edits(Base):
    """Syncs in both directions."""

    @each(what=list(CHANGED))
    @synchronous
    async def test_an_edit_at_the_target_goes_back(self, make_lab: MakeLab, what: str) -> None:
        """The source gets what was edited, the target keeps it, and the next night there is nothing to do.

        What the source cannot hold in place is blocked and named.
        """
        lab = await switched(make_lab(on_drift="target", two_way=True))
        if what == "action.text" and lab.expected(CHANGED[what]) != [CHANGED[what]]:
            not_applicable(f"a prompt of {lab.target.title} is made from an event of {lab.source.title}")
        lab.target.change(lab.key_of("Job 001"), CHANGED[what])
        at_target = lab.target_jobs()
        in_envelope = what == "action.text" and "prompt" not in lab.target.mapping.rules.actions
        writes_back = not in_envelope and await lab.kind(what, role="source") == "update"
        (found,) = (await lab.night()).results

        assert (found.exit_code, lab.target_jobs()) == (0 if writes_back else 3, at_target), found
        assert at_source(lab) == ([CHANGED[what], wish(2)] if writes_back else [wish(1), wish(2)])
        assert [hand.is_conflict for hand in found.drifted] == [False]
        await lab.settled()

    @each(two_way=[True, False])
    @synchronous
    async def test_a_field_that_both_endpoints_change_is_a_conflict(self, make_lab: MakeLab, *, two_way: bool) -> None:
        """Nothing is done to the job at either endpoint; the plan has all three values, and it is announced once."""
        lab = await switched(make_lab(on_drift="target", two_way=two_way))
        lab.source.wish(1, name="Source")
        lab.target.change(lab.key_of("Job 001"), lab.expected(wish(1, name="Target"))[0])
        nights = [(await lab.night()).results[0] for _ in range(3)]

        assert [(night.exit_code, len(night.conflicts)) for night in nights] == [(3, 1)] * 3
        assert [night.conflicts[0].is_new for night in nights] == [True, False, False]
        assert len({night.conflicts[0].since for night in nights}) == 1
        assert nights[0].plan
        ((field,),) = [change.fields for change in nights[0].plan.blocked]
        assert (field.path, field.old, field.new, field.remote) == ("name", "Job 001", "Source", "Target")
        assert at_source(lab)[0].name == "Source"
        assert [job.name for job in lab.target_jobs()] == ["Job 002", "Target"]
