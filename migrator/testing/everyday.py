"""What people do to jobs between two nights, and what a sync makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from migrator.testing.base import Base, MakeLab, each, synchronous
from migrator.testing.lab import Lab
from migrator.testing.platform import Wish, wish

ONE: Final = wish(1)
TWO: Final = wish(2)


@frozen
class Result:
    """What a run does, and what the target holds of ours afterwards."""

    actions: Mapping[str, int]
    holds: tuple[Wish, ...]


def then(*holds: Wish, **actions: int) -> Result:
    """Return the result `holds` of the `actions`."""
    return Result(actions, holds)


@frozen(kw_only=True)
class ScenarioStep:
    """Something happens, and a run deals with it.

    Attributes:
        do: what happens.
        then: what comes of it.
        changes: the canonical path that is changed by it; where that makes a new job of it, "update" is "replace".
        undescribed: what comes of it where one of the two cannot hold a description.
        unpaused: what comes of it where the target cannot pause.
        returns: whether a job comes back, which it only does where users choose its id.
    """

    do: Callable[[Lab], Any]
    then: Result
    changes: str = "name"
    undescribed: Result | None = None
    unpaused: Result | None = None
    returns: bool = False

    async def result(self, lab: Lab) -> Result:
        """Return what comes of it between these two."""
        if self.undescribed and not lab.holds("description"):
            return self.undescribed
        if self.unpaused and not await lab.pauses():
            return self.unpaused
        if "update" in self.then.actions and await lab.kind(self.changes) == "replace":
            actions = {"replace" if name == "update" else name: count for name, count in self.then.actions.items()}
            return Result(actions, self.then.holds)
        return self.then


def at_source(number: int, /, **changes: Any) -> Callable[[Lab], Any]:
    """Somebody makes or changes a job of the source."""
    return lambda lab: lab.source.wish(number, **changes)


def gone_from_source(*numbers: int) -> Callable[[Lab], Any]:
    """Somebody deletes jobs of the source."""
    return lambda lab: lab.source.remove(*(lab.source.keys[number] for number in numbers))


def edited_at_target(name: str, becomes: Wish) -> Callable[[Lab], Any]:
    """Somebody edits one of our jobs at the target."""
    return lambda lab: lab.target.change(lab.key_of(name), lab.expected(becomes)[0])


def deleted_at_target(name: str) -> Callable[[Lab], Any]:
    """Somebody deletes one of our jobs at the target."""
    return lambda lab: lab.target.remove(lab.key_of(name))


def spoiled_at_source(path: str, value: Any) -> Callable[[Lab], Any]:
    """The first job's record holds at a canonical path what cannot be read."""
    return lambda lab: lab.source.spoil(lab.source.keys[1], path, value)


def mended_at_source(lab: Lab) -> None:
    """The first job's record is as it was, and gets another name."""
    if lab.source.proxy:
        lab.source.proxy.altered.clear()
    else:
        lab.source.send(lab.source.keys[1], lab.source.platform.write(1, ONE))
    lab.source.wish(1, name="Renamed")


def both(*things: Callable[[Lab], Any]) -> Callable[[Lab], Any]:
    """Several things happen."""
    return lambda lab: [thing(lab) for thing in things]


def configured(**options: Any) -> Callable[[Lab], Any]:
    """Somebody changes options of the sync."""
    return lambda lab: lab.configure(**options)


RENAMED: Final = wish(1, name="Renamed")
EDITED: Final = wish(1, name="Edited")
UNICODE: Final = "Übersicht — 日本語 🚀 ñ"
CANNOT_PAUSE: Final = then(ONE, TWO, blocked=1, none=1)
NOTHING: Final = then(ONE, TWO, none=2)

SCENARIOS: Final[Mapping[str, tuple[Mapping[str, Any], tuple[ScenarioStep, ...]]]] = {
    "nothing happens": ({}, (ScenarioStep(do=lambda _lab: None, then=NOTHING),)),
    "a job is added": ({}, (ScenarioStep(do=at_source(3), then=then(ONE, TWO, wish(3), create=1, none=2)),)),
    "a job is renamed": (
        {},
        (ScenarioStep(do=at_source(1, name="Renamed"), then=then(RENAMED, TWO, update=1, none=1)),),
    ),
    "a job gets a name of many scripts": (
        {},
        (ScenarioStep(do=at_source(1, name=UNICODE), then=then(wish(1, name=UNICODE), TWO, update=1, none=1)),),
    ),
    "a job says something else": (
        {},
        (
            ScenarioStep(
                do=at_source(1, text="Say\nmore."),
                then=then(wish(1, text="Say\nmore."), TWO, update=1, none=1),
                changes="action.text",
            ),
        ),
    ),
    "a job moves to another hour": (
        {},
        (
            ScenarioStep(
                do=at_source(1, hour=17), then=then(wish(1, hour=17), TWO, update=1, none=1), changes="trigger.cron"
            ),
        ),
    ),
    "a description is set and cleared": (
        {},
        (
            ScenarioStep(
                do=at_source(1, description="Read me."),
                then=then(wish(1, description="Read me."), TWO, update=1, none=1),
                changes="description",
                undescribed=NOTHING,
            ),
            ScenarioStep(
                do=at_source(1),
                then=then(ONE, TWO, update=1, none=1),
                changes="description",
                undescribed=NOTHING,
            ),
        ),
    ),
    "a job is paused and resumed": (
        {},
        (
            ScenarioStep(
                do=at_source(1, enabled=False),
                then=then(wish(1, enabled=False), TWO, pause=1, none=1),
                unpaused=CANNOT_PAUSE,
            ),
            ScenarioStep(do=at_source(1), then=then(ONE, TWO, resume=1, none=1), unpaused=NOTHING),
        ),
    ),
    "a job removed at source is kept": (
        {"on_missing": "keep"},
        (ScenarioStep(do=gone_from_source(1), then=NOTHING),),
    ),
    "a job removed at source is paused": (
        {"on_missing": "pause"},
        (
            ScenarioStep(
                do=gone_from_source(1),
                then=then(wish(1, enabled=False), TWO, pause=1, none=1),
                unpaused=CANNOT_PAUSE,
            ),
            ScenarioStep(do=at_source(1), then=then(ONE, TWO, resume=1, none=1), unpaused=NOTHING, returns=True),
        ),
    ),
    "a job removed at source is deleted": (
        {"on_missing": "delete"},
        (
            ScenarioStep(do=gone_from_source(1), then=then(TWO, delete=1, none=1)),
            ScenarioStep(do=at_source(1), then=then(ONE, TWO, create=1, none=1)),
        ),
    ),
    "an empty source deletes nothing": (
        {"on_missing": "delete"},
        (ScenarioStep(do=gone_from_source(1, 2), then=then(ONE, TWO, blocked=2)),),
    ),
    "a job is no longer selected": (
        {"on_missing": "delete"},
        (ScenarioStep(do=configured(select={"name": ["*2"]}), then=NOTHING),),
    ),
    "a record cannot be read": (
        {"on_missing": "delete"},
        (
            ScenarioStep(do=spoiled_at_source("name", 7), then=then(ONE, TWO, blocked=1, none=1)),
            ScenarioStep(do=mended_at_source, then=then(RENAMED, TWO, update=1, none=1)),
        ),
    ),
    "a schedule cannot be read": (
        {"on_missing": "delete"},
        (
            ScenarioStep(
                do=spoiled_at_source("trigger.cron", "whenever it suits"),
                then=then(ONE, TWO, blocked=1, none=1),
            ),
        ),
    ),
    "an edit at the target is refused": (
        {},
        (
            ScenarioStep(do=edited_at_target("Job 001", EDITED), then=then(EDITED, TWO, blocked=1, none=1)),
            ScenarioStep(do=at_source(1, text="More."), then=then(EDITED, TWO, blocked=1, none=1)),
            ScenarioStep(
                do=edited_at_target("Edited", ONE),
                then=then(wish(1, text="More."), TWO, update=1, none=1),
                changes="action.text",
            ),
        ),
    ),
    "the source overrules an edit at the target": (
        {"on_drift": "source"},
        (ScenarioStep(do=edited_at_target("Job 001", EDITED), then=then(ONE, TWO, update=1, none=1)),),
    ),
    "an edit at the target stays": (
        {"on_drift": "target"},
        (
            ScenarioStep(do=edited_at_target("Job 001", EDITED), then=then(EDITED, TWO, none=2)),
            ScenarioStep(
                do=at_source(1, text="More."),
                then=then(wish(1, name="Edited", text="More."), TWO, update=1, none=1),
                changes="action.text",
            ),
        ),
    ),
    "both endpoints rename a job": (
        {},
        (
            ScenarioStep(
                do=both(edited_at_target("Job 001", EDITED), at_source(1, name="Renamed")),
                then=then(EDITED, TWO, blocked=1, none=1),
            ),
            ScenarioStep(do=configured(on_drift="target"), then=then(EDITED, TWO, blocked=1, none=1)),
            ScenarioStep(do=configured(on_drift="source"), then=then(RENAMED, TWO, update=1, none=1)),
        ),
    ),
    "both endpoints rename a job alike": (
        {},
        (
            ScenarioStep(
                do=both(edited_at_target("Job 001", RENAMED), at_source(1, name="Renamed")),
                then=then(RENAMED, TWO, none=2),
            ),
            ScenarioStep(do=at_source(1, name="Edited"), then=then(EDITED, TWO, update=1, none=1)),
        ),
    ),
    "a job that was deleted at the target is reported": (
        {},
        (ScenarioStep(do=deleted_at_target("Job 001"), then=then(TWO, blocked=1, none=1)),),
    ),
    "a job that was deleted at the target is made again": (
        {"on_deleted": "recreate"},
        tuple(ScenarioStep(do=deleted_at_target("Job 001"), then=then(ONE, TWO, create=1, none=1)) for _ in range(4)),
    ),
}


class Everyday(Base):
    """The everyday changes."""

    @each(title=list(SCENARIOS))
    @synchronous
    async def test_everyday(self, make_lab: MakeLab, title: str) -> None:
        """The run does what the scenario says and nothing else; then the same plan is empty and costs lists only."""
        options, steps = SCENARIOS[title]
        lab = make_lab(**options)
        lab.source.wish(1)
        lab.source.wish(2)
        assert await lab.run() == {"create": 2}

        for step in steps:
            if step.returns and not lab.source.platform.chooses_ids:
                return
            step.do(lab)
            result = await step.result(lab)
            assert (result.actions, lab.expected(*result.holds)) == (await lab.run(), lab.target_jobs())
