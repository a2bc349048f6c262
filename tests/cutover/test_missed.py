"""What the ledger of a cutover says, against what really fired: any writes to a job, its parts and their neighbours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.canonical import JobRef
from migrator.cron import parse
from migrator.cutover.missed_runs import missed
from migrator.cutover.switches import Calendar, Goal, Switch, SwitchStep
from migrator.store.records import ORIGIN, ActiveSide, Write
from tests.cutover.ledger import MOVE, SOURCE, TARGET, at, found, write

SECOND: Final = timedelta(seconds=1)
START, UNTIL = at("09:00:30"), at("09:08:30")
OTHER: Final = JobRef(provider="devin", scope="org-1", id="3")
SAME_ID: Final = attrs.evolve(TARGET, id=SOURCE.id)
"""A target job whose platform calls it as the source calls its own."""
AWAY: Final = {"trigger.cron": parse("0 0 18 11 *", "vixie")}
BACK: Final = {"trigger.cron": parse("* * * * *", "vixie")}
EFFECTS: Final[dict[str, tuple[dict[str, Any], bool | None]]] = {
    "resume": ({"enabled": True}, True),
    "pause": ({"enabled": False}, False),
    "park": (AWAY, False),
    "restore": (BACK, True),
    "rename": ({"name": "New"}, None),
    "delete": ({}, False),
}
"""What a write does: its fields, and whether the job is live then; None for as before."""


def calendar(job: JobRef, cron: str = "* * * * *", **fields: Any) -> Calendar:
    """Return when a job fires."""
    known = {"enabled": True, "trigger.cron": parse(cron, "vixie"), "trigger.timezone": "UTC"}
    return Calendar(job=job, fields=known | fields, dialect="vixie")


def recorded(live: Any, *, begun: bool = False) -> ActiveSide:
    """Return what is recorded of the active side."""
    since, place = at("08:00:00"), ("devin", "org-1")
    return ActiveSide(
        source=SOURCE, target=place, sync="it", name="Job", live=live, since=since, begun=since if begun else None
    )


PARTS: Final = attrs.evolve(
    MOVE,
    targets=(SAME_ID, OTHER),
    calendars=(calendar(SOURCE), calendar(SAME_ID, "*/2 * * * *"), calendar(OTHER, "1-59/2 * * * *")),
)
"""One job at the source; at the target one for the even minutes and one for the odd."""


@attrs.frozen
class Happened:
    """A write, and what it really did.

    Attributes:
        write: as the journal has it.
        effect: when it took effect, in seconds since the start; None for never.
        is_after: whether what was due in that second fired before.
    """

    write: Write
    effect: float | None
    is_after: bool


@st.composite
def histories(draw: st.DrawFn) -> list[Happened]:
    """Writes to the three jobs: to each one after another, confirmed, refused or lost."""
    found: list[Happened] = []
    for job in (SOURCE, SAME_ID, OTHER):
        second = 0
        for _ in range(draw(st.integers(0, 3))):
            sent = second + 5 * draw(st.integers(0, 30))
            second = sent + 5 * draw(st.integers(0, 14))
            fields, _live = EFFECTS[kind := draw(st.sampled_from(list(EFFECTS)))]
            state = draw(st.sampled_from(["done", "done", "done", "failed", "dispatched", "uncertain"]))
            is_known = state in {"done", "failed"}
            effect = draw(st.floats(sent, second)) if is_known else draw(st.none() | st.floats(sent, 500))
            known = write(
                job,
                "live",
                "09:00:00",
                None,
                seq=len(found) + 1,
                action="delete" if kind == "delete" else "update",
                fields=fields,
                state=state,
                at=START + sent * SECOND,
                ended_at=START + second * SECOND if is_known or draw(st.booleans()) else None,
            )
            found.append(Happened(known, None if state == "failed" else effect, draw(st.booleans())))
            if not is_known or kind == "delete":
                break
    return found


def is_live(happened: list[Happened], job: JobRef, second: float, *, before: bool) -> bool:
    """Whether a job was really live when it was due."""
    live = before
    for one in happened:
        piece = ORIGIN if job == SOURCE else 1
        if one.write.target_id != job.id or one.write.piece != piece or one.effect is None:
            continue
        if one.effect < second or (one.effect == second and not one.is_after):
            kind = next(kind for kind, (fields, _live) in EFFECTS.items() if fields == one.write.fields)
            brings = EFFECTS["delete" if one.write.action == "delete" else kind][1]
            live = live if brings is None else brings
    return live


def is_open(happened: list[Happened], second: float) -> bool:
    """Whether a write was under way, or its outcome is not known."""
    now = START + second * SECOND
    lost = [one.write for one in happened if one.write.state in {"dispatched", "uncertain"}]
    known = [one.write for one in happened if one.write.state == "done"]
    return any(one.at <= now for one in lost) or any(one.ended_at and one.at <= now <= one.ended_at for one in known)


@settings(max_examples=50)
@given(happened=histories(), began=st.sampled_from(["source", "target", "both", "neither"]), is_dead=st.booleans())
def test_what_the_ledger_says_is_true(happened: list[Happened], began: Any, *, is_dead: bool) -> None:
    """Each instant that did not fire once is in it, what it calls certain is so, and what is in order is not in it."""
    if is_dead and began != "neither":  # the run that began it; another one ends it, and reads something else
        move = attrs.evolve(PARTS, active_side=recorded(began, begun=True), live="neither")
    else:
        move = attrs.evolve(PARTS, live=began)
    writes = [one.write for one in happened]
    told = {entry.at: entry.kind for entry in missed(move, writes, until=UNTIL, run="one")}
    first = min((one.at for one in writes), default=UNTIL)

    for minute in range(9):
        due = at(f"09:0{minute}:00")
        if not first <= due <= UNTIL:
            assert due not in told
            continue
        second = (due - START) / SECOND
        source = is_live(happened, SOURCE, second, before=began in {"source", "both"})
        part = OTHER if minute % 2 else SAME_ID
        fired = source + is_live(happened, part, second, before=began in {"target", "both"})
        possible = {0: {"neither", "unclear"}, 1: {None, "unclear"}, 2: {"both", "unclear"}}[fired]
        assert told.get(due) in possible
        if not is_open([one for one in happened if one.write.target_id in {SOURCE.id, part.id}], second):
            assert told.get(due) != "unclear"


STILL: Final = write(SOURCE, "still", "09:00:12", "09:00:15")
LIVE: Final = write(TARGET, "live", "09:03:12", "09:03:15")


@pytest.mark.parametrize(
    ("record", "live", "kinds"),
    [
        (None, "source", ["neither"] * 3),
        (None, "both", []),
        (recorded("source", begun=True), "neither", ["neither"] * 3),
        (recorded("both", begun=True), "neither", []),
        (recorded("target"), "both", []),
        (recorded("target"), "source", ["neither"] * 3),
        (recorded("target"), "neither", ["neither"] * 3),
        (recorded("source"), "both", []),
    ],
)
def test_what_was_live_before_is_what_was_read_before(record: ActiveSide | None, live: Any, kinds: list[str]) -> None:
    """By this run; or by the one that began the move and died, as it has recorded."""
    move = attrs.evolve(MOVE, active_side=record, live=live)
    assert [kind for _minute, kind in found(STILL, LIVE, until="09:03:30", switch=move)] == kinds


def steps(*jobs: JobRef) -> tuple[SwitchStep, ...]:
    """Return writes to target jobs."""
    return tuple(SwitchStep(side="target", job=job, does="release", before={}) for job in jobs)


@pytest.mark.parametrize(("goal", "turns"), [("target", steps(OTHER)), ("source", steps(SAME_ID))])
def test_of_a_target_that_was_live_in_part_the_other_parts_are_not(goal: Goal, turns: tuple[SwitchStep, ...]) -> None:
    """The part that the move has to stop was live, and so was the one that it need not activate: the even minutes."""
    move: Switch = attrs.evolve(PARTS, active_side=recorded("target"), live="part", goal=goal, steps=turns)
    assert found(STILL, until="09:04:30", switch=move) == [("09:01", "neither"), ("09:03", "neither")]


def test_where_no_target_job_has_that_very_instant_any_that_is_live_stands_for_it() -> None:
    """The schedule is approximate."""
    calendars = (calendar(SOURCE), calendar(TARGET, "30 3 * * *"))
    assert found(STILL, LIVE, until="09:05:30", switch=attrs.evolve(MOVE, calendars=calendars)) == [
        (f"09:0{minute}", "neither") for minute in (1, 2, 3)
    ]


def test_a_lost_write_that_would_change_nothing_leaves_nothing_unclear() -> None:
    """A pause of what is paused already."""
    again = write(SOURCE, "still", "09:01:30", None, state="uncertain", seq=2)
    live = write(TARGET, "live", "09:00:20", "09:00:25")
    assert found(STILL, live, again) == []


@pytest.mark.parametrize(
    ("writes", "cause"),
    [
        (
            [write(SOURCE, "still", "09:00:50", None)],
            "a write to the source was sent at 09:00:50 UTC, and its outcome is unknown",
        ),
        (
            [write(SOURCE, "still", "09:00:50", "09:00:55", state="uncertain", error="no answer")],
            "a write to the source was sent at 09:00:50 UTC, and its outcome is unknown: no answer",
        ),
        (
            [STILL, write(TARGET, "live", "09:01:00", "09:01:05")],
            "a write to the target was sent at 09:01:00 UTC and confirmed only at 09:01:05",
        ),
        (
            [STILL, write(TARGET, "live", "09:00:55", "09:01:00")],
            "a write to the target was sent at 09:00:55 UTC and confirmed only at 09:01:00",
        ),
        ([STILL], "a write to the source was confirmed at 09:00:15"),
        (
            [STILL, LIVE],
            "a write to the source was confirmed at 09:00:15, and the next write was sent at 2026-11-23 09:03:12",
        ),
        (
            [STILL, write(TARGET, "live", "09:00:20", "09:00:25", state="failed", error="no")],
            "a write to the target failed at 09:00:25 (no)",
        ),
    ],
)
def test_the_cause_is_what_was_under_way_or_came_before(writes: list[Write], cause: str) -> None:
    """Which side, when, and how it ended."""
    told = missed(MOVE, writes, until=at("09:01:30"), run="one")
    assert [(entry.at, entry.cause) for entry in told] == [(at("09:01:00"), cause)]


@pytest.mark.parametrize(
    ("writes", "minutes"),
    [
        ([write(SOURCE, "still", "09:01:00", "09:01:05"), write(TARGET, "live", "09:01:10", "09:01:20")], ["unclear"]),
        ([write(SOURCE, "still", "09:00:12", "09:00:15", state="uncertain")], ["unclear", "unclear"]),
        ([STILL, write(SOURCE, "", "09:00:20", "09:00:25", fields={"name": "New"}, seq=2)], ["neither", "neither"]),
    ],
)
def test_what_is_not_known_and_what_changes_nothing(writes: list[Write], minutes: list[str]) -> None:
    """A write in the very second of a fire, one that was given up, and one that touches no schedule."""
    assert [kind for _minute, kind in found(*writes, until="09:02:30")] == minutes
