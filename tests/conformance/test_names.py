"""Names: as long as a platform takes them, and each only once where it wants that."""

from __future__ import annotations

import pytest

from migrator.sandbox import Options
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import EVERYTHING, counts
from tests.conformance.platforms import wish

ROOM = {"omni": 255, "scrip": 255}


@pytest.mark.parametrize("target", ROOM)
async def test_a_name_at_the_limit_stays_whole(make_lab: MakeLab, target: str) -> None:
    """A name of exactly as many characters as the target takes arrives as it is, with nothing lost."""
    lab = make_lab("devin", target, allow_loss=["action.agent", "delivery.notify"])
    wanted = lab.source.wish(1, name="é" * ROOM[target])

    assert {"create": 1} == await lab.run()
    assert lab.expected(wanted) == lab.held()


@pytest.mark.parametrize("target", ROOM)
async def test_a_longer_name_is_cut_only_with_leave(make_lab: MakeLab, target: str) -> None:
    """A name that is one character too long is refused; with leave to lose it, its end becomes an ellipsis."""
    lab = make_lab("devin", target)
    lab.source.wish(1, name="n" * (ROOM[target] + 1))

    assert {"blocked": 1} == await lab.run()
    assert {} == lab.made

    lab.configure(allow_loss=[*EVERYTHING, "name"])
    assert {"create": 1} == await lab.run()
    assert ["n" * (ROOM[target] - 1) + "…"] == [job.name for job in lab.held()]


@pytest.mark.parametrize("source", ["omni", "devin", "json"])
async def test_namesakes_get_names_of_their_own_where_names_are_unique(make_lab: MakeLab, source: str) -> None:
    """Into Scrip, whoever has a name keeps it, and its namesake gets its own id behind it, in every run the same."""
    lab = make_lab(source, "scrip")
    lab.source.wish(1, name="Twin")
    assert {"create": 1} == await lab.run()
    first = lab.key_of("Twin")

    lab.source.wish(2, name="Twin")
    lab.source.wish(3, name="Foreign 901")
    assert {"create": 2, "none": 1} == await lab.run()

    names = sorted(job.name for job in lab.held())
    assert lab.made[first]["name"] == "Twin"
    assert ["Foreign 901 (", "Twin", "Twin ("] == [name[: name.find("(") + 1] or name for name in names]
    assert len({raw["name"] for raw in lab.target.records().values()}) == len(lab.target.records())


@pytest.mark.parametrize("target", ["omni", "devin"])
async def test_namesakes_stay_namesakes_elsewhere(make_lab: MakeLab, target: str) -> None:
    """Where names need not be unique, two jobs of one name arrive as two jobs of one name."""
    lab = make_lab("json", target)
    wanted = [lab.source.wish(n, name="Twin") for n in (1, 2)]

    assert {"create": 2} == await lab.run()
    assert sorted(job.text for job in wanted) == sorted(job.text for job in lab.held())
    assert ["Twin", "Twin"] == [job.name for job in lab.held()]


async def test_names_that_change_hands_settle_at_once(make_lab: MakeLab) -> None:
    """Names that jobs pass on to each other, in a ring or after a deletion, cost Scrip one run and stay as they are."""
    lab = make_lab("omni", "scrip", on_missing="delete")
    for number, name in enumerate(["Left", "ActiveSide", "Old"]):
        lab.source.wish(number, name=name)
    await lab.run()

    lab.source.wish(0, name="ActiveSide")
    lab.source.wish(1, name="Left")
    lab.source.remove(lab.source.platform.id_of(lab.source.platform.write(2, wish(2))))
    lab.source.wish(3, name="Old")
    assert {"create": 1, "update": 2, "delete": 1} == await lab.run()
    assert ["Left", "Old", "ActiveSide"] == [job.name.partition(" (")[0] for job in lab.held()]


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
    assert lab.expected(*wanted[1:]) == lab.held()
    assert {"create": 1, "none": 2} == counts(await lab.plan())
