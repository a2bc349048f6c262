"""Jobs that are at the target already: never made a second time, and never touched without leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.conformance.conftest import MakeLab
from tests.conformance.platforms import wish
from tests.faults.scenarios import gone

ADOPTING: Final[Mapping[str, Mapping[str, int]]] = {
    "never": {"blocked": 2, "create": 1},
    "identical": {"adopt": 2, "create": 1},
    "name": {"adopt": 2, "create": 1},
}
"""What happens to two jobs that are there and to one that is not."""

"""A platform on which managed copies carry no ownership tag."""


@pytest.mark.parametrize(
    ("adopt", "actions", "holds"),
    [
        ("never", {"blocked": 1, "none": 0}, wish(1)),
        ("identical", {"blocked": 1}, wish(1)),
        ("name", {"adopt": 1}, wish(1, text="Say more.")),
    ],
)
async def test_a_changed_managed_copy_is_known_by_its_tag(
    make_lab: MakeLab, adopt: str, actions: Mapping[str, int], holds: Any
) -> None:
    """A marked job whose source has changed since the state was lost is changed only with adopt = "name"."""
    lab = make_lab("omni", "scrip", adopt=adopt)
    lab.source.wish(1)
    await lab.run()
    lab.forget()
    lab.source.wish(1, text="Say more.")

    assert {action: count for action, count in actions.items() if count} == await lab.run()
    assert lab.expected(holds) == lab.target_jobs()


@pytest.mark.parametrize(
    ("adopt", "twin", "namesake"),
    [("never", "blocked", "create"), ("identical", "adopt", "create"), ("name", "adopt", "adopt")],
)
async def test_other_peoples_look_alikes(make_lab: MakeLab, adopt: str, twin: str, namesake: str) -> None:
    """A job that somebody made just alike is taken over or reported, and a mere namesake only with adopt = "name"."""
    lab = make_lab("omni", "devin", adopt=adopt)
    lab.source.wish(1)
    lab.source.wish(2)
    lab.target.put(
        lab.target.platform.write(1, wish(1)), lab.target.platform.write(2, wish(2, text="Other words.", hour=3))
    )

    planned, _applied = await lab.carry_out()

    assert [twin, namesake] == [change.action for change in planned.changes]
    await lab.settled()
    texts = [job.text for job in lab.target_jobs() if job.name == "Job 002"]
    assert (["Other words.", "Say number 2."] if namesake == "create" else ["Say number 2."]) == sorted(texts)
    assert ["Say number 1."] == [job.text for job in lab.target_jobs() if job.name == "Job 001"]


async def test_several_candidates_are_left_to_a_person(make_lab: MakeLab) -> None:
    """When two jobs at the target could be it, none is touched and none is made, and the reason names both."""
    lab = make_lab("omni", "devin", adopt="name")
    lab.source.wish(1)
    lab.target.put(*(lab.target.platform.write(n, wish(1)) for n in (1, 2)))

    planned = await lab.plan()

    assert {"blocked": 1} == await lab.run()
    assert all(key in planned.changes[0].reason for key in lab.made)


async def test_one_look_alike_serves_one_job(make_lab: MakeLab) -> None:
    """Two equal source jobs and one equal job at the target: one adopts it, the other one is made."""
    lab = make_lab("json", "devin", adopt="identical")
    lab.source.put(*({**lab.source.platform.write(n, wish(1)), "name": "Twin"} for n in (1, 2)))
    lab.target.put(lab.target.platform.write(1, wish(1, name="Twin")))

    assert {"adopt": 1, "create": 1} == await lab.run()
    assert ["Twin", "Twin"] == [job.name for job in lab.target_jobs()]


@pytest.mark.parametrize("on_missing", ["keep", "pause", "delete"])
@pytest.mark.parametrize("adopt", ADOPTING)
async def test_what_was_removed_at_source_while_the_state_was_lost(
    make_lab: MakeLab, adopt: str, on_missing: str
) -> None:
    """Its job stays, whatever is to be done with missing ones, for it could be another state's; the plan names it."""
    lab = make_lab("devin", "omni", adopt=adopt, on_missing=on_missing)
    lab.source.wish(1)
    lab.source.wish(2)
    await lab.run()
    lab.forget()
    gone(lab, 2)
    before = lab.made

    planned, _applied = await lab.carry_out()

    (orphan,) = [change for change in planned.changes if change.name == "Job 002"]
    assert ("none", lab.key_of("Job 002")) == (orphan.action, orphan.target and orphan.target.id)
    assert "it carries an ownership tag, but its source job is not listed" in orphan.reason
    assert before == lab.made


async def test_what_comes_back_to_the_source_is_known_again(make_lab: MakeLab) -> None:
    """A job that left the source while the state was lost, and is there again, is adopted and not made twice."""
    lab = make_lab("devin", "omni", adopt="identical")
    lab.source.wish(1)
    lab.source.wish(2)
    await lab.run()
    lab.forget()
    gone(lab, 2)
    await lab.run()

    lab.source.wish(2)

    assert {"adopt": 1, "none": 1} == await lab.run()
    assert lab.expected(wish(1), wish(2)) == lab.target_jobs()


async def test_what_is_adopted_is_never_recreated(make_lab: MakeLab) -> None:
    """A namesake that could only be brought in line by deleting it is somebody's work: it is blocked, and stays."""
    lab = make_lab("json", "omni", adopt="name")
    lab.source.wish(1)
    lab.target.put({**lab.target.platform.write(1, wish(1, text="Other words.")), "topicName": "orders"})

    assert {"blocked": 1} == await lab.run()
    assert ["Other words."] == [job.text for job in lab.target_jobs()]
    assert "only by recreating it" in (await lab.plan()).changes[0].reason
