"""How much one run may do: more is refused as a whole, before anything is written."""

from __future__ import annotations

from typing import Final

import pytest

from migrator.errors import RefusedError
from migrator.testing.base import Base, MakeLab, synchronous
from migrator.testing.lab import Lab
from migrator.testing.platform import wish

JOBS: Final = 12


async def synced(lab: Lab) -> Lab:
    """Move a dozen jobs."""
    for number in range(JOBS):
        lab.source.wish(number)
    assert await lab.run() == {"create": JOBS}
    return lab


def rename(lab: Lab, number: int) -> None:
    """Rename that many jobs at the source."""
    for n in range(number):
        lab.source.wish(n, name=f"Renamed {n:03}")


class FieldLimits(Base):
    """The limits of a run."""

    @synchronous
    async def test_a_run_that_changes_too_much_is_refused(self, make_lab: MakeLab) -> None:
        """Beyond the limit nothing at all is changed, and the reason names the setting; raised, all of it is done."""
        lab = await synced(make_lab(limits={"changes": 3}))
        rename(lab, 4)
        before = lab.target.records()

        with pytest.raises(RefusedError, match=r"limits\.changes"):
            await lab.carry_out()
        assert before == lab.target.records()

        lab.configure(limits={"changes": 4})
        assert {await lab.kind("name"): 4, "none": JOBS - 4} == await lab.run()

    @synchronous
    async def test_a_source_that_shrank_too_much_deletes_nothing(self, make_lab: MakeLab) -> None:
        """When more jobs are missing than may be deleted, none is, night after night, until the limit is raised."""
        lab = await synced(make_lab(on_missing="delete", limits={"deletes": 3}))
        lab.source.remove(*(lab.source.keys[number] for number in range(4)))
        before = lab.target.records()

        for _night in range(2):
            assert await lab.run() == {"blocked": 4, "none": JOBS - 4}
        assert before == lab.target.records()
        assert all("limits.deletes" in change.reason for change in (await lab.plan()).blocked)

        lab.configure(limits={"deletes": 4})
        assert await lab.run() == {"delete": 4, "none": JOBS - 4}

    @synchronous
    async def test_a_share_binds_from_the_floor_on(self, make_lab: MakeLab) -> None:
        """A share of the jobs is no limit where there are fewer than the floor says."""
        lab = await synced(make_lab(limits={"changes": "30%", "floor": JOBS}))
        rename(lab, 4)
        with pytest.raises(RefusedError):
            await lab.carry_out()

        lab.configure(limits={"changes": "30%", "floor": JOBS + 1})
        assert {await lab.kind("name"): 4, "none": JOBS - 4} == await lab.run()

    @synchronous
    async def test_creating_never_counts(self, make_lab: MakeLab) -> None:
        """However little may be changed, any number of new jobs is made."""
        lab = await synced(make_lab(limits={"changes": 0, "deletes": 0, "floor": 0}))
        assert lab.expected(*(wish(number) for number in range(JOBS))) == lab.target_jobs()
