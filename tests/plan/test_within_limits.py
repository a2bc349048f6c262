"""What a target cannot hold: more active jobs than it takes, and jobs that stand still where nothing can be paused."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from migrator.canonical import Job, flatten
from migrator.errors import MigratorError
from migrator.extract import Extracted, Problem
from migrator.plan.changes import Action, Change
from migrator.plan.parking import parked, paused_for_good
from migrator.plan.plan_input import PlanInput
from migrator.plan.room import within_room
from migrator.plan.staging import is_distant
from migrator.store.records import Binding
from tests.plan.builder import NOW, TARGET_SCOPE, Given, job, mapping, ref

MOST = 100
JOBS = tuple(
    attrs.evolve(job(name), created_at=NOW - timedelta(days=age)) for name, age in zip("CAB", (1, 3, 2), strict=True)
)
NEW, OLDEST, OLD = JOBS


def held(number: int, scope: str = TARGET_SCOPE, **rest: object) -> Job:
    """Return an Omni routine at the target."""
    return attrs.evolve(job(f"Held {number}", **rest), ref=attrs.evolve(ref(f"Held {number}"), scope=scope))  # type: ignore[arg-type]  # of a job


def full(free: int, *more: Job, **rest: object) -> PlanInput:
    """Return plan input for a target that takes so many more active jobs."""
    target = Extracted(jobs=(*map(held, range(MOST - free)), *more), scopes=(TARGET_SCOPE,))
    values = {"mapping": mapping("omni"), "target": target, "contract": "patch"} | rest
    return Given(source=JOBS).having(target="omni").given(**values).inputs()


def change(source: Job, action: Action = "create", **rest: int) -> Change:
    """Return a change of a source job."""
    return Change(action=action, source=source.ref, name=source.name, **rest)  # type: ignore[arg-type]  # of a change


def actions(inputs: PlanInput, *changes: Change) -> list[str]:
    """Return what is left of the changes."""
    return [one.action for one in within_room(inputs, changes)]


def test_the_oldest_at_the_source_go_first() -> None:
    """What does not fit is blocked, with the number in the reason, and loses its fields."""
    inputs = full(2)
    found = list(within_room(inputs, [change(one) for one in JOBS]))

    assert [one.action for one in found] == ["blocked", "create", "create"]
    assert "takes 100 active routines of one member, 98 are active there already" in found[0].reason
    assert actions(full(3), *map(change, JOBS)) == ["create"] * 3
    assert actions(full(0), *map(change, JOBS)) == ["blocked"] * 3


def test_only_what_is_active_in_the_place_takes_room() -> None:
    """Paused and disabled jobs, and those of another member, take none; what cannot be read does."""
    idle = (held(200, enabled=False), held(201, suspended="quota"), held(202, scope="other"))
    inputs = full(1, *idle)
    problem = Problem(ref=held(203).ref, name="odd", error=MigratorError("odd"))
    unreadable = attrs.evolve(inputs, target=attrs.evolve(inputs.target, problems=(problem,)))
    elsewhere = attrs.evolve(problem, ref=attrs.evolve(problem.ref, scope="other"))

    assert actions(inputs, change(NEW)) == ["create"]
    assert actions(unreadable, change(NEW)) == ["blocked"]
    assert actions(attrs.evolve(inputs, target=attrs.evolve(inputs.target, problems=(elsewhere,))), change(NEW)) == [
        "create"
    ]


def test_where_more_are_active_than_is_said_nothing_is_foreseen() -> None:
    """Another number holds there; that of the connection goes before that of the mapping."""
    assert actions(full(-1), change(NEW)) == ["create"]
    assert actions(full(MOST - 1, room=1), change(NEW)) == ["blocked"]
    assert actions(full(0, room=MOST + 1), change(NEW)) == ["create"]


def test_a_target_without_such_a_limit_is_never_full() -> None:
    """Whatever number the connection says."""
    assert actions(full(0, mapping=mapping("devin")), change(NEW)) == ["create"]
    assert actions(full(50, mapping=mapping("devin"), room=50), change(NEW)) == ["create"]


def test_what_is_resumed_and_what_is_made_beside_the_old_goes_before_new_jobs() -> None:
    """Both take room; an update takes none."""
    assert actions(full(1), change(OLDEST), change(NEW, "resume")) == ["blocked", "resume"]
    assert actions(full(1), change(OLDEST), change(NEW, "replace")) == ["blocked", "replace"]
    assert actions(full(1), change(OLDEST), change(NEW, "update")) == ["create", "update"]
    assert actions(full(0), change(NEW, "replace")) == ["blocked"]


def test_what_is_paused_before_it_is_replaced_takes_no_room() -> None:
    """Of one part; several parts change together, so all are there at once."""
    assert actions(full(0, contract="put"), change(NEW, "replace")) == ["replace"]
    assert actions(full(0, contract="put"), change(NEW, "replace", pieces=2)) == ["blocked"]
    assert actions(full(0, contract="put"), change(NEW, "replace", pieces=1), change(OLD)) == ["replace", "blocked"]


def test_the_parts_of_a_job_fit_together_or_not_at_all() -> None:
    """Two parts need room for two, and what else is done to such a job waits; other jobs do not."""
    parts = [change(OLDEST, piece=number, pieces=2) for number in (1, 2)]
    rest = [change(OLDEST, "update", piece=3, pieces=3), change(OLDEST, "none"), change(OLDEST, "blocked")]
    found = list(within_room(full(1), [*parts, *rest, change(NEW), change(OLD, "update")]))

    assert [one.action for one in found] == ["blocked", "blocked", "blocked", "none", "blocked", "create", "update"]
    told = [one.reason.startswith("no room for it") for one in found]
    assert told == [True, True, False, False, False, False, False]
    assert found[2].reason.startswith("a part of the same job is blocked: no room")
    replaced = list(within_room(full(0), [change(NEW, "replace")]))
    assert replaced[0].reason.startswith("no room for it")
    assert actions(full(2), *parts) == ["create", "create"]


def park(contract: str = "patch", when: str = "park", **rest: object) -> PlanInput:
    """Return plan input for a target that cannot pause under that contract."""
    return (
        Given()
        .having(target="omni", when_unpausable=when)
        .given(mapping=mapping("omni"), contract=contract, **rest)
        .inputs()
    )


PIECE = Change(action="none", source=NEW.ref, name="C", reason="said before")


def test_a_job_that_is_paused_is_parked_where_it_cannot_be_paused() -> None:
    """Its schedule is far away, and the plan knows the one that it comes back to."""
    fields = {**flatten(NEW), "enabled": False}
    piece, wanted = parked(park(), PIECE, fields, None)

    assert wanted["enabled"] is True
    assert is_distant(wanted, "eventbridge", now=NOW)
    assert piece.due == {"trigger.cron": fields["trigger.cron"]}
    assert piece.reason.startswith("said before; it is paused at the source, and ")


@pytest.mark.parametrize(("inputs", "enabled"), [(park(), True), (park("put"), False), (park(when="refuse"), False)])
def test_what_is_not_to_be_parked_stays_as_it_is(inputs: PlanInput, enabled: bool) -> None:
    """A job that runs, a target that can pause, and a sync that does not ask for it."""
    fields = {**flatten(NEW), "enabled": enabled}

    assert parked(inputs, PIECE, fields, None) == (PIECE, fields)


def test_a_parked_schedule_stays_until_it_comes_near() -> None:
    """A night later nothing is written again; half a year later it moves on."""
    fields = {**flatten(NEW), "enabled": False}
    _piece, wanted = parked(park(), PIECE, fields, None)
    binding = Binding(source=NEW.ref, target=ref("T"), sync="it", applied=wanted, seen=wanted)

    assert parked(park(now=NOW + timedelta(days=100)), PIECE, fields, binding)[1] == wanted
    moved = parked(park(now=NOW + timedelta(days=330)), PIECE, fields, binding)[1]
    assert moved["trigger.cron"] != wanted["trigger.cron"]


def test_the_job_of_a_removed_one_is_paused_or_parked_once() -> None:
    """As the contract allows; where neither can be done, it is blocked."""
    gone = Change(action="none", source=ref("Gone"), target=NEW.ref, name="C")

    assert [one.path for one in paused_for_good(park("put"), gone, NEW).fields] == ["enabled"]
    moved = paused_for_good(park(), gone, NEW)
    assert (moved.action, [one.path for one in moved.fields]) == ("pause", ["trigger.cron"])
    away = attrs.evolve(NEW, trigger=attrs.evolve(NEW.trigger, cron=moved.fields[0].new))  # type: ignore[type-var]
    assert paused_for_good(park(), gone, away).action == "none"
    assert paused_for_good(park(when="refuse"), gone, NEW).action == "blocked"
    idle = attrs.evolve(NEW, enabled=False)
    assert {paused_for_good(park(contract), gone, idle).action for contract in ("put", "patch")} == {"none"}


def test_where_a_schedule_cannot_be_moved_either_it_is_blocked() -> None:
    """The job goes on, and the plan says so."""
    rules = mapping("omni").rules
    fixed = {**rules.fields, "trigger.cron": attrs.evolve(rules.fields["trigger.cron"], change={"patch": "fixed"})}
    inputs = attrs.evolve(park(), mapping=attrs.evolve(mapping("omni"), rules=attrs.evolve(rules, fields=fixed)))
    gone = Change(action="none", source=ref("Gone"), target=NEW.ref, name="C")

    assert paused_for_good(inputs, gone, NEW).action == "blocked"
    paused = {**flatten(NEW), "enabled": False}
    assert parked(inputs, PIECE, paused, None) == (PIECE, paused)
