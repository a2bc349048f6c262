"""What is known of jobs from one run to the next: by the state, by a saved plan, or by nothing but the jobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from migrator.errors import StalePlanError
from migrator.plan.changes import Plan
from migrator.plan.document import plan_document, plan_from_json
from migrator.testing.base import Base, MakeLab, each, synchronous
from migrator.testing.lab import Lab
from migrator.testing.place import not_applicable
from migrator.testing.platform import wish

ADOPTING: Final[Mapping[str, Mapping[str, int]]] = {
    "never": {"blocked": 2, "create": 1},
    "identical": {"adopt": 2, "create": 1},
    "name": {"adopt": 2, "create": 1},
}
"""What happens to two jobs that are there and to one that is not."""

OTHER_WORLDS: Final[dict[str, tuple[Callable[[Lab], Any], str]]] = {
    "another state": (Lab.forget, "made on another state"),
    "a job was added to the source": (lambda lab: lab.source.wish(3), r"the source \(source\) has changed"),
    "a job of the source was edited": (
        lambda lab: lab.source.wish(1, text="More."),
        r"the source \(source\) has changed",
    ),
    "a job of the source was paused": (
        lambda lab: lab.source.wish(1, enabled=False),
        r"the source \(source\) has changed",
    ),
    "a job was removed at source": (
        lambda lab: lab.source.remove(lab.source.keys[1]),
        r"the source \(source\) has changed",
    ),
    "a job was added to the target": (lambda lab: lab.target.add(1, wish(1)), r"the target \(target\) has changed"),
}


async def saved(lab: Lab) -> Plan:
    """Return a plan for two new jobs that went to a file and came back."""
    lab.source.wish(1)
    lab.source.wish(2)
    return again(await lab.plan())


def again(plan: Plan) -> Plan:
    """Return what a file with this plan holds."""
    return plan_from_json(json.dumps(plan_document(plan).to_json()), where="plan.json")


class Memory(Base):
    """Lost states, saved plans, and managed copies, which no sync copies back."""

    @each(adopt=list(ADOPTING))
    @synchronous
    async def test_a_lost_state_makes_nothing_twice(self, make_lab: MakeLab, adopt: str) -> None:
        """Without the state, managed jobs are recognised by their ownership tags, or by being exactly alike."""
        lab = make_lab(adopt=adopt)
        lab.source.wish(1)
        lab.source.wish(2)
        await lab.run()
        lab.forget()
        lab.source.wish(3)

        assert ADOPTING[adopt] == await lab.run()
        assert lab.expected(wish(1), wish(2), wish(3)) == lab.target_jobs()

    @each(memory=["with the state", "without the state"])
    @synchronous
    async def test_copies_are_not_copied_back(self, make_lab: MakeLab, memory: str) -> None:
        """A sync back copies the endpoint's own jobs and no managed copies, known by the state or by their tags."""
        lab = make_lab()
        lab.source.wish(1)
        lab.source.wish(2)
        await lab.run()
        if memory == "without the state":
            if not lab.target.platform.keeps_tags:
                not_applicable(f"without a state nothing tells a managed copy at {lab.target.title}: it keeps no tag")
            lab.forget()

        others = len(lab.foreign)
        assert {"create": others, "none": 2} == await lab.run("back")
        assert 2 + others == len(lab.source.records())

        lab.configure(adopt="identical")
        known = {"none": 2 + others} if memory == "with the state" else {"adopt": 2, "none": others}
        assert known == await lab.run()
        assert lab.expected(wish(1), wish(2)) == lab.target_jobs()

    @synchronous
    async def test_a_saved_plan_is_applied_once(self, make_lab: MakeLab) -> None:
        """A saved plan does what it says; applied a second time it is refused and changes nothing."""
        lab = make_lab()
        plan = await saved(lab)
        assert plan_document(plan).to_json() == plan_document(again(plan)).to_json()

        await lab.carry_out(plan)
        assert lab.expected(wish(1), wish(2)) == lab.target_jobs()

        with pytest.raises(StalePlanError, match="applied already"):
            await lab.carry_out(plan)
        assert lab.expected(wish(1), wish(2)) == lab.target_jobs()

    @each(title=list(OTHER_WORLDS))
    @synchronous
    async def test_a_stale_plan_is_refused(self, make_lab: MakeLab, title: str) -> None:
        """A plan is refused, and nothing is written, when the state or either endpoint is not what it was made for."""
        change, told = OTHER_WORLDS[title]
        lab = make_lab()
        plan = await saved(lab)
        change(lab)
        before = lab.target.records()

        with pytest.raises(StalePlanError, match=told):
            await lab.carry_out(plan)

        assert before == lab.target.records()
