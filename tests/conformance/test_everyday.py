"""What people do to jobs between two nights, and what a sync makes of it, in every direction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from attrs import field, frozen

from migrator.sandbox import Options
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import PAIRS, Lab
from tests.conformance.platforms import Wish, wish

ONE: Final = wish(1)
TWO: Final = wish(2)


@frozen
class Result:
    """What a run is to do, and what the target holds of ours afterwards."""

    actions: Mapping[str, int]
    holds: tuple[Wish, ...]


def then(*holds: Wish, **actions: int) -> Result:
    """The result `holds` of the `actions`."""
    return Result(actions, holds)


@frozen(kw_only=True)
class Step:
    """Something happens, and a run deals with it.

    Attributes:
        do: what happens.
        then: what comes of it.
        instead: what comes of it where the source ("devin ->") or the target ("-> devin") cannot do that.
    """

    do: Callable[[Lab], Any]
    then: Result
    instead: Mapping[str, Result] = field(factory=dict)

    def result(self, lab: Lab) -> Result:
        """What comes of it in this laboratory."""
        roles = (f"-> {lab.target.platform.name}", f"{lab.source.platform.name} ->")
        return next((self.instead[role] for role in roles if role in self.instead), self.then)


def at_source(number: int, /, **changes: Any) -> Callable[[Lab], Any]:
    """Somebody makes or changes a job of the source."""
    return lambda lab: lab.source.wish(number, **changes)


def gone_from_source(*numbers: int) -> Callable[[Lab], Any]:
    """Somebody deletes jobs of the source."""
    return lambda lab: lab.source.remove(
        *(lab.source.platform.id_of(lab.source.platform.write(n, wish(n))) for n in numbers)
    )


def edited_at_target(name: str, /, **changes: Any) -> Callable[[Lab], Any]:
    """Somebody edits one of our jobs at the target."""
    return lambda lab: lab.target.edit(lab.key_of(name), **changes)


def deleted_at_target(name: str) -> Callable[[Lab], Any]:
    """Somebody deletes one of our jobs at the target."""
    return lambda lab: lab.target.remove(lab.key_of(name))


def broken_at_source(lab: Lab) -> None:
    """The first job's record loses what every record has."""
    platform = lab.source.platform
    lab.source.edit(platform.id_of(platform.write(1, ONE)), **platform.breaks)


def both(*things: Callable[[Lab], Any]) -> Callable[[Lab], Any]:
    """Several things happen."""
    return lambda lab: [thing(lab) for thing in things]


DESCRIBED: Final = {"description": "Read me."}
NO_DESCRIPTION: Final = {role: then(ONE, TWO, none=2) for role in ("-> devin", "devin ->", "-> github", "github ->")}
CANNOT_PAUSE: Final = {"-> omni": then(ONE, TWO, blocked=1, none=1)}
RENAMED: Final = wish(1, name="Renamed")
EDITED: Final = wish(1, name="Edited")
UNICODE: Final = "Übersicht — 日本語 🚀 ñ"

SCENARIOS: Final[Mapping[str, tuple[Mapping[str, Any], tuple[Step, ...]]]] = {
    "nothing happens": ({}, (Step(do=lambda _lab: None, then=then(ONE, TWO, none=2)),)),
    "a job is added": ({}, (Step(do=at_source(3), then=then(ONE, TWO, wish(3), create=1, none=2)),)),
    "a job is renamed": ({}, (Step(do=at_source(1, name="Renamed"), then=then(RENAMED, TWO, update=1, none=1)),)),
    "a job gets a name of many scripts": (
        {},
        (Step(do=at_source(1, name=UNICODE), then=then(wish(1, name=UNICODE), TWO, update=1, none=1)),),
    ),
    "a job says something else": (
        {},
        (Step(do=at_source(1, text="Say\nmore."), then=then(wish(1, text="Say\nmore."), TWO, update=1, none=1)),),
    ),
    "a job moves to another hour": (
        {},
        (Step(do=at_source(1, hour=17), then=then(wish(1, hour=17), TWO, update=1, none=1)),),
    ),
    "a description is set and cleared": (
        {},
        (
            Step(
                do=at_source(1, **DESCRIBED),
                then=then(wish(1, **DESCRIBED), TWO, update=1, none=1),
                instead=NO_DESCRIPTION,
            ),
            Step(do=at_source(1), then=then(ONE, TWO, update=1, none=1), instead=NO_DESCRIPTION),
        ),
    ),
    "a job is paused and resumed": (
        {},
        (
            Step(
                do=at_source(1, enabled=False),
                then=then(wish(1, enabled=False), TWO, pause=1, none=1),
                instead=CANNOT_PAUSE,
            ),
            Step(do=at_source(1), then=then(ONE, TWO, resume=1, none=1), instead={"-> omni": then(ONE, TWO, none=2)}),
        ),
    ),
    "a job that has left the source is kept": (
        {"on_missing": "keep"},
        (Step(do=gone_from_source(1), then=then(ONE, TWO, none=2)),),
    ),
    "a job that has left the source is paused": (
        {"on_missing": "pause"},
        (
            Step(do=gone_from_source(1), then=then(wish(1, enabled=False), TWO, pause=1, none=1), instead=CANNOT_PAUSE),
            Step(do=at_source(1), then=then(ONE, TWO, resume=1, none=1), instead={"-> omni": then(ONE, TWO, none=2)}),
        ),
    ),
    "a job that has left the source is deleted": (
        {"on_missing": "delete"},
        (
            Step(do=gone_from_source(1), then=then(TWO, delete=1, none=1)),
            Step(do=at_source(1), then=then(ONE, TWO, create=1, none=1)),
        ),
    ),
    "an empty source deletes nothing": (
        {"on_missing": "delete"},
        (Step(do=gone_from_source(1, 2), then=then(ONE, TWO, blocked=2)),),
    ),
    "a job is no longer selected": (
        {"on_missing": "delete"},
        (Step(do=lambda lab: lab.configure(select={"name": ["*2"]}), then=then(ONE, TWO, none=2)),),
    ),
    "a record cannot be read": (
        {"on_missing": "delete"},
        (
            Step(do=broken_at_source, then=then(ONE, TWO, blocked=1, none=1)),
            Step(do=at_source(1, name="Renamed"), then=then(RENAMED, TWO, update=1, none=1)),
        ),
    ),
    "a schedule cannot be read": (
        {"on_missing": "delete"},
        (Step(do=lambda lab: lab.source.reschedule(1, "whenever it suits"), then=then(ONE, TWO, blocked=1, none=1)),),
    ),
    "an edit at the target is refused": (
        {},
        (
            Step(do=edited_at_target("Job 001", name="Edited"), then=then(EDITED, TWO, blocked=1, none=1)),
            Step(do=at_source(1, text="More."), then=then(EDITED, TWO, blocked=1, none=1)),
            Step(
                do=edited_at_target("Edited", name="Job 001"), then=then(wish(1, text="More."), TWO, update=1, none=1)
            ),
        ),
    ),
    "the source overrules an edit at the target": (
        {"on_drift": "source"},
        (Step(do=edited_at_target("Job 001", name="Edited"), then=then(ONE, TWO, update=1, none=1)),),
    ),
    "an edit at the target stays": (
        {"on_drift": "target"},
        (
            Step(do=edited_at_target("Job 001", name="Edited"), then=then(EDITED, TWO, none=2)),
            Step(do=at_source(1, text="More."), then=then(wish(1, name="Edited", text="More."), TWO, update=1, none=1)),
        ),
    ),
    "both sides name a job anew": (
        {},
        (
            Step(
                do=both(edited_at_target("Job 001", name="Edited"), at_source(1, name="Renamed")),
                then=then(EDITED, TWO, blocked=1, none=1),
            ),
            Step(do=lambda lab: lab.configure(on_drift="target"), then=then(EDITED, TWO, blocked=1, none=1)),
            Step(do=lambda lab: lab.configure(on_drift="source"), then=then(RENAMED, TWO, update=1, none=1)),
        ),
    ),
    "both sides name a job anew, and alike": (
        {},
        (
            Step(
                do=both(edited_at_target("Job 001", name="Renamed"), at_source(1, name="Renamed")),
                then=then(RENAMED, TWO, none=2),
            ),
            Step(do=at_source(1, name="Edited"), then=then(EDITED, TWO, update=1, none=1)),
        ),
    ),
    "a job that was deleted at the target is reported": (
        {},
        (Step(do=deleted_at_target("Job 001"), then=then(TWO, blocked=1, none=1)),),
    ),
    "a job that was deleted at the target is made anew": (
        {"on_deleted": "recreate"},
        tuple(Step(do=deleted_at_target("Job 001"), then=then(ONE, TWO, create=1, none=1)) for _ in range(4)),
    ),
}


@pytest.mark.parametrize("title", SCENARIOS)
@pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda name: name)
async def test_everyday(make_lab: MakeLab, source: str, target: str, title: str) -> None:
    """The run does what the scenario says and nothing else; then the same plan is empty and costs listings only."""
    options, steps = SCENARIOS[title]
    lab = make_lab(source, target, platforms=Options(scrip_reserve_names=False), **options)
    lab.source.put(*(lab.source.platform.write(n, wish(n)) for n in (1, 2)))
    assert {"create": 2} == await lab.run()

    for step in steps:
        step.do(lab)
        result = step.result(lab)
        assert (result.actions, lab.expected(*result.holds)) == (await lab.run(), lab.held())
