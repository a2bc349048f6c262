"""The parts of one job stand or fall together: a platform in memory, a state on disk, and any write refused or lost."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs
import pytest

from migrator.errors import AuthError, RejectedError, StateError, UncertainError
from tests.execute.bench import LOCK, Bench
from tests.execute.conftest import MakeBench
from tests.execute.memory import Fault
from tests.execute.parts import (
    BOUND,
    DAILY,
    TWO,
    WEEKLY,
    creates,
    kept_and_deleted,
    parts,
    replaced,
    schedules,
    updates,
)
from tests.plan.builder import NOW, ref

NO = RejectedError("no")
LOST = UncertainError("no answer")
ROLLED_BACK = "rolled back, because another part of the same job failed"
STUCK = "another part of the same job failed, and this one could not be rolled back"
DAY = timedelta(days=1)


def watched(made: Bench) -> list[list[str]]:
    """Return a list that gets what fires after each write."""
    seen: list[list[str]] = []
    made.target.at[0] = Fault(then=lambda: seen.append(schedules(made)))
    return seen


async def test_new_parts_fire_only_when_all_of_them_are_there(bench: MakeBench) -> None:
    """Each is created with a schedule that is far away, and gets its own when the last was created."""
    made = bench(TWO)
    seen = watched(made)

    assert await made.applied(creates()) == [("create", "done", "")] * 2
    assert seen == [[], [], [f"One {WEEKLY}"], [f"One {WEEKLY}", f"Two {DAILY}"]]
    assert made.target.did == ["create", "create", "update", "update"]
    assert {one.target.id for one in made.bindings().values()} == {"new-1", "new-2"}


async def test_paused_parts_stay_paused(bench: MakeBench) -> None:
    """Nothing has to be switched."""
    given = TWO.with_source(lambda one: attrs.evolve(one, enabled=False))
    made = bench(given)
    seen = watched(made)

    assert [one[1] for one in await made.applied(parts(given, *given.plan().changes))] == ["done", "done"]
    assert seen == [[]] * len(seen)
    assert [raw["frequency"] for raw in made.target.raws.values()] == [WEEKLY, DAILY]


@pytest.mark.parametrize(("write", "did"), [(2, ["create", "create", "delete"]), (3, None), (4, None)])
async def test_where_one_part_is_refused_no_part_stays(bench: MakeBench, write: int, did: list[str] | None) -> None:
    """What was made is deleted; what was switched is switched off before that."""
    made = bench(TWO)
    made.target.at[write] = Fault(NO)

    found = await made.applied(creates())
    assert [one[1] for one in found] == ["failed", "failed"]
    assert {one[2] for one in found} == {"no", ROLLED_BACK}
    assert (made.target.raws, made.bindings()) == ({}, {})
    assert did is None or made.target.did == did


async def test_a_part_that_was_not_begun_is_skipped(bench: MakeBench) -> None:
    """The first was refused."""
    made = bench(TWO)
    made.target.at[1] = Fault(NO)

    first, second = await made.applied(creates())
    assert (first, second) == (
        ("create", "failed", "no"),
        ("create", "skipped", "another part of the same job failed"),
    )
    assert made.target.did == ["create"]


async def test_a_part_that_cannot_be_deleted_is_told(bench: MakeBench) -> None:
    """It stays bound, so that the next run finds it; it does not fire."""
    made = bench(TWO)
    made.target.at = {2: Fault(NO), 3: Fault(AuthError("expired"))}

    first, second = await made.applied(creates())
    assert (first[1], first[2], second[2]) == ("failed", f"{STUCK}: expired", "no")
    assert (set(made.bindings()), schedules(made)) == ({"new-1"}, [])


async def test_a_switch_whose_answer_was_lost_is_taken_back_too(bench: MakeBench) -> None:
    """It may have arrived: else the part would fire after a rollback."""
    made = bench(BOUND)
    made.target.at[2] = Fault(LOST, arrives=True)

    found = await made.applied(updates())
    assert [one[1:] for one in found] == [("failed", ROLLED_BACK), ("failed", "no answer")]
    assert [one.name for one in made.target.jobs()] == ["One", "Two"]
    assert made.target.did == ["update"] * 4


async def test_a_switch_that_is_kept_otherwise_is_taken_back_too(bench: MakeBench) -> None:
    """The platform took the write, so the part is not as it was."""
    made = bench(BOUND)
    key = BOUND.target[1].ref.id
    made.target.at[2] = Fault(then=lambda: made.target.raws[key].update(name="Kept"))

    assert [one[1] for one in await made.applied(updates())] == ["failed", "failed"]
    assert [one.name for one in made.target.jobs()] == ["One", "Two"]


async def test_a_change_that_was_refused_needs_no_way_back(bench: MakeBench) -> None:
    """Only the other part is written again."""
    made = bench(BOUND)
    made.target.at[2] = Fault(NO)

    await made.applied(updates())
    assert [key for _action, key, _body in made.target.log] == [
        BOUND.target[0].ref.id,
        BOUND.target[1].ref.id,
        BOUND.target[0].ref.id,
    ]
    assert [one.name for one in made.target.jobs()] == ["One", "Two"]


async def test_a_change_that_cannot_be_taken_back_is_told(bench: MakeBench) -> None:
    """The part that was changed says so; the other has failed by itself."""
    made = bench(BOUND)
    made.target.at = {2: Fault(NO), 3: Fault(AuthError("expired"))}

    found = await made.applied(updates())
    assert [one[2] for one in found] == [f"{STUCK}: expired", "no"]


async def test_a_part_is_stopped_with_the_others_and_deleted_after(bench: MakeBench) -> None:
    """Stopping it is one quick request; deleting it fires nothing."""
    made = bench(BOUND)
    seen = watched(made)

    assert [one[1] for one in await made.applied(kept_and_deleted())] == ["done", "done"]
    assert made.target.did == ["update", "update", "delete"]
    assert seen[1] == [f"One, renamed {WEEKLY}"]
    assert set(made.bindings()) == {BOUND.target[0].ref.id}


async def test_a_part_that_stands_still_is_not_stopped_again(bench: MakeBench) -> None:
    """Its owner has paused it."""
    paused = BOUND.with_target(lambda one: attrs.evolve(one, enabled=False))
    made = bench(paused)

    await made.applied(kept_and_deleted())
    assert made.target.did == ["update", "delete"]


async def test_a_part_that_stands_still_and_cannot_be_deleted_is_left_to_the_next_run(bench: MakeBench) -> None:
    """The job is changed all the same."""
    made = bench(BOUND)
    made.target.at[3] = Fault(NO)

    first, second = await made.applied(kept_and_deleted())
    assert (first[1], second[1:]) == ("done", ("failed", "it is stopped, and the next run deletes it: no"))
    assert (schedules(made), len(made.bindings())) == ([f"One, renamed {WEEKLY}"], 2)


async def test_parts_that_are_made_anew_take_the_place_of_the_old_ones(bench: MakeBench) -> None:
    """The new ones are made beside the old ones, which fire until they are switched off and deleted."""
    made = bench(BOUND)
    seen = watched(made)

    assert [one[1] for one in await made.applied(replaced())] == ["done", "done"]
    old = [f"One {WEEKLY}", f"Two {DAILY}"]
    assert (seen[0], seen[1], sorted(seen[-1])) == (old, old, [f"One, renamed {WEEKLY}", f"Two, renamed {DAILY}"])
    assert {one.target.id: one.superseded for one in made.bindings().values()} == {"new-1": False, "new-2": False}


@pytest.mark.parametrize("write", [2, 3, 5])
async def test_the_old_parts_go_on_where_a_new_one_fails(bench: MakeBench, write: int) -> None:
    """They are not marked as replaced any more, and nothing of the new is left."""
    made = bench(BOUND)
    made.target.at[write] = Fault(NO)

    assert {one[1] for one in await made.applied(replaced())} == {"failed"}
    assert schedules(made) == [f"One {WEEKLY}", f"Two {DAILY}"]
    assert {one.target.id: one.superseded for one in made.bindings().values()} == {
        one.ref.id: False for one in BOUND.target
    }


async def test_an_old_part_stays_marked_where_the_new_one_could_not_be_removed(bench: MakeBench) -> None:
    """Both are there: the next run has to delete one of them."""
    made = bench(BOUND)
    made.target.at = {2: Fault(NO), 3: Fault(AuthError("expired"))}

    await made.applied(replaced())
    assert made.bindings()[BOUND.target[0].ref.id].superseded
    assert "new-1" in made.bindings()


@pytest.mark.parametrize("write", [1, 3])
async def test_a_run_that_has_lost_its_lock_sends_nothing_more(bench: MakeBench, write: int) -> None:
    """Neither the rest nor a rollback: another run may write now."""
    made = bench(TWO)
    sent = []

    def lose() -> None:
        made.state.unlock(LOCK, made.state.owners()[LOCK])
        sent.append(len(made.target.log))

    made.target.at[write] = Fault(NO if write > 1 else None, then=lose)

    with pytest.raises(StateError, match="lost its lock"):
        await made.applied(creates())
    assert sent == [len(made.target.log)]


async def test_parts_are_not_switched_around_a_fire(bench: MakeBench) -> None:
    """The second part, which is to go, is due in ten seconds: nothing is sent before it has fired."""
    made = bench(BOUND)
    made.now = NOW.replace(hour=9, minute=59, second=50)
    sent: list[datetime] = []
    made.target.at[1] = Fault(then=lambda: sent.append(made.now))

    assert [one[1] for one in await made.applied(kept_and_deleted())] == ["done", "done"]
    assert sent == [NOW.replace(hour=10, second=1)]


@pytest.mark.parametrize(("passes_at", "did"), [(0, []), (2, ["create", "create", "delete", "delete"])])
async def test_parts_whose_schedule_has_stopped_being_exact_do_not_fire(
    bench: MakeBench, passes_at: int, did: list[str]
) -> None:
    """Before the first part is made, or before the first one is switched on."""
    plan = creates()
    changes = [
        attrs.evolve(one, schedule=attrs.evolve(one.schedule, verdict="exact_until", until=NOW + DAY))
        for one in plan.changes
        if one.schedule
    ]
    made = bench(TWO)

    def pass_time() -> None:
        made.now += 2 * DAY

    made.target.at[passes_at] = Fault(then=pass_time)
    if not passes_at:
        pass_time()

    found = await made.applied(attrs.evolve(plan, changes=tuple(changes)))
    assert "which has passed" in found[0][2]
    assert (made.target.did, made.target.raws) == (did, {})


def test_the_plans_here_are_of_one_job() -> None:
    """So that its parts are applied together."""
    for plan in (creates(), updates(), kept_and_deleted(), replaced()):
        assert [(one.source, one.piece, one.pieces) for one in plan.changes] == [(ref("One"), 1, 2), (ref("One"), 2, 2)]
