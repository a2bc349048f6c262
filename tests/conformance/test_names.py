"""Names: as long as a platform takes them, and each only once where it wants that."""

from __future__ import annotations

from migrator.sandbox import Options
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import counts
from tests.conformance.platforms import wish


async def test_names_that_are_exchanged_converge_at_once(make_lab: MakeLab) -> None:
    """Names that jobs pass on to each other, in a ring or after a deletion, cost Scrip one run and stay as they are."""
    lab = make_lab("omni", "scrip", on_missing="delete")
    for number, name in enumerate(["Left", "Right", "Old"]):
        lab.source.wish(number, name=name)
    await lab.run()

    lab.source.wish(0, name="Right")
    lab.source.wish(1, name="Left")
    lab.source.remove(lab.source.platform.id_of(lab.source.platform.write(2, wish(2))))
    lab.source.wish(3, name="Old")
    assert {"create": 1, "update": 2, "delete": 1} == await lab.run()
    assert ["Left", "Old", "Right"] == [job.name.partition(" (")[0] for job in lab.target_jobs()]


async def test_an_archived_job_may_keep_its_name(make_lab: MakeLab) -> None:
    """Where Scrip keeps the names of archived jobs, the one that comes back is reported, and the others are made."""
    lab = make_lab("omni", "scrip", platforms=Options(scrip_reserve_names=True), on_deleted="recreate")
    wanted = [lab.source.wish(n) for n in (1, 2)]
    await lab.run()
    lab.target.remove(lab.key_of("Job 001"))
    wanted.append(lab.source.wish(3))

    _planned, applied = await lab.carry_out()

    assert {"failed": 1, "done": 1} == {status: n for status, n in applied.summary.items() if n}
    assert "already exists" in next(outcome.error for outcome in applied.outcomes if outcome.status == "failed")
    assert lab.expected(*wanted[1:]) == lab.target_jobs()
    assert {"create": 1, "none": 2} == counts(await lab.plan())
