"""Parts of one job that are adopted, or that give their names away; and what ends when the lock is lost."""

from __future__ import annotations

import attrs
import pytest

from migrator.errors import RejectedError, StateError
from migrator.plan.changes import Plan
from tests.execute.bench import LOCK, RUN, Bench
from tests.execute.conftest import MakeBench
from tests.execute.memory import Fault
from tests.execute.parts import BOUND, DAILY, TWO, WEEKLY, kept_and_deleted, parts, replaced, schedules, updates

NO = RejectedError("no")
UNBOUND = attrs.evolve(BOUND, bindings=())


def adopts() -> Plan:
    """Return a plan that adopts and renames both parts."""
    return parts(UNBOUND, *(attrs.evolve(one, action="adopt") for one in updates().changes))


def with_unique_names(made: Bench) -> Bench:
    """Return the bench of a platform on which no two jobs have the same name."""
    rules = made.target.mapping.rules
    made.target.mapping = attrs.evolve(made.target.mapping, rules=attrs.evolve(rules, unique=("name",)))
    return made


def losing(made: Bench, write: int, *, refused: bool = False) -> list[int]:
    """Lose the lock at a write; return a list that gets how many were sent by then."""
    sent: list[int] = []

    def lose() -> None:
        made.state.unlock(LOCK, made.state.owners()[LOCK])
        sent.append(len(made.target.log))

    made.target.at[write] = Fault(NO if refused else None, then=lose)
    return sent


async def test_adopted_parts_are_bound_and_changed(bench: MakeBench) -> None:
    """Their records are kept without a binding: they were not ours."""
    made = bench(UNBOUND)

    assert [one[1] for one in await made.applied(adopts())] == ["done", "done"]
    assert [one.name for one in made.target.jobs()] == ["One, renamed", "Two, renamed"]
    assert set(made.bindings()) == {one.ref.id for one in BOUND.target}
    assert [one.binding for one in made.state.saved_records(RUN, "vixie")] == [None, None]


async def test_a_part_that_is_changed_was_ours_before(bench: MakeBench) -> None:
    """A rollback has to leave it bound."""
    made = bench(BOUND)

    await made.applied(updates())
    saved = {one.ref.id: one.binding for one in made.state.saved_records(RUN, "vixie")}
    assert saved == {one.target.id: one for one in BOUND.bindings}


@pytest.mark.parametrize("is_refused", [True, False])
async def test_old_parts_give_their_names_away_and_fire_until_they_are_switched(
    bench: MakeBench, *, is_refused: bool
) -> None:
    """They get them back where a new one cannot be made."""
    made = with_unique_names(bench(BOUND))
    seen: list[list[str]] = []
    made.target.at[4] = Fault(NO if is_refused else None, then=lambda: seen.append(schedules(made)))

    assert {one[1] for one in await made.applied(replaced())} == {"failed" if is_refused else "done"}
    assert seen == [[f"One (replaced 000001) {WEEKLY}", f"Two (replaced 000001) {DAILY}"]]
    suffix = "" if is_refused else ", renamed"
    assert sorted(schedules(made)) == [f"One{suffix} {WEEKLY}", f"Two{suffix} {DAILY}"]
    assert len(made.target.raws) == 2


async def test_a_name_that_is_not_given_back_keeps_no_other_part_from_its_own(bench: MakeBench) -> None:
    """The first one fires under the strange name; nothing of the new is left."""
    made = with_unique_names(bench(BOUND))
    made.target.at = {4: Fault(NO), 6: Fault(NO)}

    assert {one[1] for one in await made.applied(replaced())} == {"failed"}
    assert schedules(made) == [f"One (replaced 000001) {WEEKLY}", f"Two {DAILY}"]
    assert [one.superseded for one in made.bindings().values()] == [False, False]


async def test_a_run_that_has_lost_its_lock_deletes_nothing_that_stands_still(bench: MakeBench) -> None:
    """Both parts are switched; the deletion is left to the run that holds the lock."""
    made = bench(BOUND)
    sent = losing(made, 2)

    with pytest.raises(StateError, match="lost its lock"):
        await made.applied(kept_and_deleted())
    assert (sent, len(made.target.log)) == ([2], 2)


async def test_a_run_that_has_lost_its_lock_takes_no_switch_back(bench: MakeBench) -> None:
    """The second part is refused: another run may write to the first one now."""
    made = bench(BOUND)
    sent = losing(made, 2, refused=True)

    with pytest.raises(StateError, match="lost its lock"):
        await made.applied(updates())
    assert (sent, len(made.target.log)) == ([2], 2)


async def test_a_run_that_has_lost_its_lock_gives_no_name_back(bench: MakeBench) -> None:
    """The first new part is refused, so there is nothing else to put back."""
    made = with_unique_names(bench(BOUND))
    sent = losing(made, 2, refused=True)

    with pytest.raises(StateError, match="lost its lock"):
        await made.applied(replaced())
    assert (sent, len(made.target.log)) == ([2], 2)


async def test_what_is_told_of_a_part_names_its_target_job(bench: MakeBench) -> None:
    """The new one, or the one that was changed or deleted."""
    made = bench(TWO)
    await made.applied(parts(TWO, *TWO.plan().changes))
    assert [one.target.id if one.target else "" for one in made.told] == ["new-1", "new-2"]


async def test_what_is_told_of_a_changed_and_of_a_deleted_part_names_it(bench: MakeBench) -> None:
    """Each by the job that it was."""
    made = bench(BOUND)
    await made.applied(kept_and_deleted())
    assert [one.target for one in made.told] == [one.ref for one in BOUND.target]
