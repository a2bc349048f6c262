"""Which target jobs the planner takes for its own, and which it leaves alone: those of others, and doubtful ones."""

from __future__ import annotations

import attrs
import pytest

from migrator.canonical import Job, JobRef
from migrator.config.model import Select
from migrator.errors import MigratorError
from migrator.extract import Extracted, Problem
from migrator.mapping.ownership import ownership_tag_for
from migrator.plan.changes import Change, Plan
from migrator.store.records import Binding, Write
from tests.plan.builder import NOW, SOURCE_SCOPE, TARGET_SCOPE, Given, job, only, ref

REPORT = job("Report")


@pytest.fixture
def bound() -> Given:
    """One job that the target has."""
    return Given(source=(REPORT,)).carried_out()


@pytest.fixture
def unbound(bound: Given) -> Given:
    """The same without its binding, and identical jobs are adopted."""
    return attrs.evolve(bound.having(adopt="identical"), bindings=())


def tagged(one: Job, source: JobRef, piece: int = 1) -> Job:
    """Return a target job with the ownership tag of a source job."""
    return attrs.evolve(one, ownership_tag=ownership_tag_for(source, piece, max(piece, 1)))


def copied(one: Job, name: str = "Copy", **changes: object) -> Job:
    """Return a target job like another one."""
    return attrs.evolve(one, ref=ref(name, "devin"), **changes)


def of(plan: Plan, source: Job) -> Change:
    """Return the change of a source job."""
    (found,) = (one for one in plan.changes if one.source == source.ref)
    return found


def unreadable(one: Job, **rest: object) -> Problem:
    """Return the record of a job, as one that cannot be read."""
    return Problem(ref=one.ref, name=one.name, error=MigratorError("odd"), **rest)  # type: ignore[arg-type]  # of Problem


def test_a_job_that_another_sync_is_bound_to_is_nobodys_to_adopt(bound: Given) -> None:
    """It is exactly alike, and stands for another source job: a new one is made."""
    of_another_sync = attrs.evolve(bound.bindings[0], source=ref("Other"), sync="other")

    change = only(attrs.evolve(bound.having(adopt="name"), bindings=(of_another_sync,)).plan())
    assert (change.action, change.target) == ("create", None)


def test_a_tagged_job_is_no_look_alike(unbound: Given) -> None:
    """What carries the tag of another source job is that one's, be it exactly alike."""
    given = unbound.having(adopt="name").with_target(lambda one: tagged(one, ref("Other")))

    assert of(given.plan(), REPORT).action == "create"


@pytest.mark.parametrize(("adopt", "action"), [("identical", "create"), ("name", "adopt")])
def test_a_namesake_that_differs_is_adopted_by_its_name_alone(unbound: Given, adopt: str, action: str) -> None:
    """Somebody's own job of that name is changed only where the sync says so."""
    given = unbound.having(adopt=adopt).with_source(
        lambda one: attrs.evolve(one, trigger=job("x", "0 7 ? * TUE *").trigger)
    )
    change = only(given.plan())

    assert change.action == action
    if action == "adopt":
        assert (change.reason, [one.path for one in change.fields]) == ("it has its name", ["trigger.cron"])


def test_a_tagged_job_that_differs_is_changed_by_its_name_alone(unbound: Given) -> None:
    """With adopt = "identical" it is blocked, and the setting that adopts it is named."""
    given = unbound.with_target(lambda one: tagged(attrs.evolve(one, enabled=False), REPORT.ref))
    change = only(given.plan())

    assert (change.action, change.target) == ("blocked", given.target[0].ref)
    assert 'carries its ownership tag, but differs in enabled; adopt = "name"' in change.reason
    assert only(given.having(adopt="never").plan()).action == "blocked"


def test_several_look_alikes_are_left_to_a_person(unbound: Given) -> None:
    """None of two is taken, and both are named."""
    with_copy = attrs.evolve(unbound, target=(*unbound.target, copied(unbound.target[0])))
    change = only(with_copy.plan())

    assert (change.action, change.target) == ("blocked", None)
    assert "several jobs at the target match, each is exactly like it" in change.reason
    assert all(one.ref.id in change.reason for one in with_copy.target)


def test_one_look_alike_serves_one_source_job(unbound: Given) -> None:
    """The second of two equal source jobs gets a job of its own."""
    twin = attrs.evolve(REPORT, ref=ref("Twin"))
    plan = attrs.evolve(unbound, source=(REPORT, twin)).plan()

    assert sorted(one.action for one in plan.changes) == ["adopt", "create"]


def test_a_namesake_of_several_source_jobs_is_adopted_by_none(unbound: Given) -> None:
    """Each of them would change it; one that the sync does not select does not count."""
    given = unbound.having(adopt="name").with_target(lambda one: attrs.evolve(one, enabled=False))
    rival = attrs.evolve(REPORT, ref=ref("Rival"))
    plan = attrs.evolve(given, source=(REPORT, rival)).plan()

    assert [one.action for one in plan.changes] == ["blocked", "blocked"]
    assert all(str(REPORT.ref) in one.reason and str(rival.ref) in one.reason for one in plan.changes)
    unselected = attrs.evolve(rival, enabled=False)
    with_unselected_rival = attrs.evolve(given, source=(REPORT, unselected)).having(select=Select(enabled=True))
    assert of(with_unselected_rival.plan(), REPORT).action == "adopt"


def test_rivals_do_not_matter_where_the_job_is_exactly_alike_or_tagged(unbound: Given) -> None:
    """It is known by more than its name."""
    rival = attrs.evolve(REPORT, ref=ref("Rival"), trigger=job("x", "0 7 ? * TUE *").trigger)
    given = attrs.evolve(unbound.having(adopt="name"), source=(REPORT, rival))

    assert of(given.plan(), REPORT).action == "adopt"
    with_tag = given.with_target(lambda one: tagged(attrs.evolve(one, enabled=False), REPORT.ref))
    assert of(with_tag.plan(), REPORT).action == "adopt"


def test_a_tagged_job_that_the_state_binds_to_another_source_job_is_touched_by_neither(bound: Given) -> None:
    """One of tag and binding is wrong, as long as the other source job is there, readable or not."""
    other = job("Other")
    binding = attrs.evolve(bound.bindings[0], source=other.ref)
    given = (
        attrs.evolve(bound, bindings=(binding,)).with_target(lambda one: tagged(one, REPORT.ref)).having(adopt="name")
    )

    assert "one of the two is wrong" in of(attrs.evolve(given, source=(REPORT, other)).plan(), REPORT).reason
    listing = Extracted(jobs=(REPORT,), problems=(unreadable(other),), scopes=(SOURCE_SCOPE,))
    assert "one of the two is wrong" in of(given.given(source=listing).plan(), REPORT).reason
    assert of(given.plan(), REPORT).action == "adopt"  # the other one is gone


def test_a_tagged_record_that_cannot_be_read_is_not_made_again(unbound: Given) -> None:
    """Unless the state binds it to something, or it is another part of the job."""
    (target_job,) = unbound.target

    def action_with(problem: Problem, bindings: tuple[Binding, ...] = ()) -> str:
        listing = Extracted(jobs=(), problems=(problem,), scopes=(TARGET_SCOPE,))
        return of(attrs.evolve(unbound, bindings=bindings).given(target=listing).plan(), REPORT).action

    assert action_with(unreadable(target_job, ownership_tag=ownership_tag_for(REPORT.ref))) == "blocked"
    assert action_with(unreadable(target_job, ownership_tag=ownership_tag_for(REPORT.ref, 2, 2))) == "create"
    assert action_with(unreadable(target_job)) == "create"


def test_a_tag_counts_in_any_scope_where_ids_are_unique(unbound: Given) -> None:
    """The scope has another name now; the id is the same job. A file's id 1 in another file is not."""
    old_ref = attrs.evolve(REPORT.ref, scope="old")
    given = unbound.with_target(lambda one: tagged(attrs.evolve(one, name="Edited"), old_ref)).having(adopt="name")
    origin = given.inputs().origin
    rules = attrs.evolve(origin.rules, identity=attrs.evolve(origin.rules.identity, unique=False))

    assert of(given.plan(), REPORT).action == "adopt"
    assert of(given.given(origin=attrs.evolve(origin, rules=rules)).plan(), REPORT).action == "create"


def test_a_bound_job_is_not_taken_for_its_tag(unbound: Given, bound: Given) -> None:
    """Another sync has it, in another scope; or it cannot be read, and carries another job's tag."""
    old_ref = attrs.evolve(REPORT.ref, scope="old")
    binding = attrs.evolve(bound.bindings[0], source=old_ref, sync="other")
    bound_and_tagged = attrs.evolve(unbound.having(adopt="name"), bindings=(binding,)).with_target(
        lambda one: tagged(one, old_ref)
    )
    assert of(bound_and_tagged.plan(), REPORT).action == "create"

    other = job("Other")
    problem = unreadable(bound.target[0], ownership_tag=ownership_tag_for(other.ref))
    listing = Extracted(jobs=(), problems=(problem,), scopes=(TARGET_SCOPE,))
    assert of(attrs.evolve(bound, source=(REPORT, other)).given(target=listing).plan(), other).action == "create"


def test_the_tag_of_this_scope_goes_before_that_of_another(unbound: Given) -> None:
    """Two tagged jobs, one of each: the first is ours, and not one of several."""
    (target_job,) = unbound.target
    of_old_scope = tagged(copied(target_job, name="Old"), attrs.evolve(REPORT.ref, scope="old"))
    given = attrs.evolve(unbound, target=(tagged(target_job, REPORT.ref), of_old_scope))

    assert (of(given.plan(), REPORT).action, of(given.plan(), REPORT).target) == ("adopt", target_job.ref)


def test_a_replaced_job_is_not_adopted_again(bound: Given) -> None:
    """It carries the tag, and waits to be deleted: a new one is made, not that one taken."""
    (binding,) = bound.bindings
    given = attrs.evolve(bound, bindings=(attrs.evolve(binding, superseded=True),)).having(adopt="name")
    plan = given.with_target(lambda one: tagged(one, REPORT.ref)).plan()

    assert sorted(one.action for one in plan.changes) == ["create", "delete"]


def test_a_tagged_job_stands_in_for_the_one_that_is_gone(bound: Given) -> None:
    """With on_deleted = "recreate" nothing is made while another job carries the tag."""
    (target_job,) = bound.target
    stand_in = tagged(copied(target_job), REPORT.ref)
    given = attrs.evolve(bound, target=(stand_in,)).having(on_deleted="recreate", adopt="identical")

    assert (only(given.plan()).action, only(given.plan()).target) == ("adopt", stand_in.ref)
    assert only(attrs.evolve(given, target=(copied(target_job),)).plan()).action == "create"
    unproved = given.given(unproved=frozenset({target_job.ref}))
    assert (only(unproved.plan()).action, "got no answer" in only(unproved.plan()).reason) == ("blocked", True)


def test_a_bound_job_that_cannot_be_read_has_no_stand_in(bound: Given) -> None:
    """It is there: the plan says that it cannot be read."""
    (target_job,) = bound.target
    listing = Extracted(
        jobs=(tagged(copied(target_job), REPORT.ref),), problems=(unreadable(target_job),), scopes=(TARGET_SCOPE,)
    )
    change = of(bound.having(on_deleted="recreate", adopt="identical").given(target=listing).plan(), REPORT)

    assert (change.action, change.target, "cannot be read" in change.reason) == ("blocked", target_job.ref, True)


def orphaned(unbound: Given) -> Given:
    """Return a target job with the tag of a source job that is not listed."""
    return unbound.with_target(lambda one: tagged(attrs.evolve(one, name="Orphan"), ref("Gone")))


def test_an_orphan_is_named_and_left(unbound: Given) -> None:
    """Nothing is done to it."""
    change = of(orphaned(unbound).plan(), job("Gone"))

    assert (change.action, change.target) == ("none", unbound.target[0].ref)
    assert "no binding to it; it is kept" in change.reason


def test_what_is_no_orphan_is_not_named(unbound: Given) -> None:
    """Another scope's, one whose source cannot be read, and one whose write is unresolved, which is named as that."""
    given = orphaned(unbound)
    problem = unreadable(job("Gone"))
    listing = Extracted(jobs=(REPORT,), problems=(problem,), scopes=(SOURCE_SCOPE,))
    write = Write(run="r", seq=1, sync="it", action="create", source=ref("Gone"), target_scope=TARGET_SCOPE, at=NOW)
    foreign = attrs.evolve(ref("Gone"), scope="foreign")

    assert [one.action for one in given.with_target(lambda one: tagged(one, foreign)).plan().changes] == ["create"]
    assert of(given.given(source=listing).plan(), job("Gone")).action == "blocked"
    assert of(given.given(uncertain=(write,)).plan(), job("Gone")).action == "blocked"
