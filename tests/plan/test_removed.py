"""Target jobs that a plan ends, or would make beside one that goes on: removed at source, created again, duplicated."""

from __future__ import annotations

import attrs
import pytest

from migrator.canonical import Job, JobRef
from migrator.config import Limits
from migrator.config.shapes import Limit
from migrator.errors import MigratorError, UsageError
from migrator.extract import Extracted, Problem
from migrator.mapping.ownership import ownership_tag_for
from migrator.plan.changes import Change, Plan
from migrator.plan.duplicates import duplicates_of
from migrator.plan.narrowing import chosen, narrowed
from migrator.store.records import ActiveSide, Write
from tests.plan.builder import NOW, SOURCE_SCOPE, TARGET_SCOPE, Given, job, ref

REPORT, *OTHERS = (job(name) for name in ("Report", *"ABCDEFGHI"))
ANY = Limits(changes=Limit.read("100%"), deletes=Limit.read("100%"), floor=1000)


@pytest.fixture
def removed() -> Given:
    """Ten jobs that the target has, of which the first was removed at source, to be deleted."""
    given = Given(source=(REPORT, *OTHERS)).carried_out().having(on_missing="delete")
    return attrs.evolve(given, source=tuple(OTHERS))


def of(plan: Plan, source: Job | JobRef) -> Change:
    """Return the change of a source job."""
    (found,) = (one for one in plan.changes if one.source == (source if isinstance(source, JobRef) else source.ref))
    return found


def of_report(given: Given) -> tuple[str, str]:
    """Return what happens to the target job of the removed job, and why."""
    change = of(given.plan(), REPORT)
    return change.action, change.reason


def target_of(given: Given, source: Job) -> Job:
    """Return the target job of a source job."""
    (found,) = (binding.target for binding in given.bindings if binding.source == source.ref)
    return next(one for one in given.target if one.ref == found)


def changed(given: Given, source: Job, **values: object) -> Given:
    """Return the same with another target job of a source job."""
    ours = target_of(given, source).ref
    return given.with_target(lambda one: attrs.evolve(one, **values) if one.ref == ours else one)


def numbered(count: int) -> Given:
    """Return so many jobs that the target has."""
    return Given(source=tuple(job(f"J{n}") for n in range(count))).carried_out().having(on_missing="delete")


def test_what_is_proved_gone_is_deleted(removed: Given) -> None:
    """One of ten, and nothing speaks against it."""
    assert of_report(removed) == ("delete", "removed at source")


@pytest.mark.parametrize(("left", "action"), [(2, "delete"), (1, "blocked")])
def test_half_of_the_known_jobs_may_go_and_more_may_not(left: int, action: str) -> None:
    """At any size; not where nothing was proved by asking, because then the sync asks first."""
    given = numbered(4)
    shrunk = attrs.evolve(given, source=given.source[:left])
    (first,) = (one for one in shrunk.plan().changes if one.source == given.source[-1].ref)

    assert first.action == action
    if action == "blocked":
        assert "3 of the 4 jobs that this sync knows" in first.reason
        assert first.fields == ()
        assert of(shrunk.given(is_proved=False).plan(), given.source[-1]).action == "delete"


def test_limits_that_a_person_raised_let_most_go_but_not_all() -> None:
    """Three of four with 75%; four of four with nothing."""
    given = numbered(4)
    one_left = attrs.evolve(given, source=given.source[:1])
    none_left = attrs.evolve(given, source=(job("New"),)).having(limits=ANY)

    higher = Limits(deletes=Limit.read("75%"))
    assert of(one_left.having(limits=higher).plan(), given.source[3]).action == "delete"
    assert of(none_left.plan(), given.source[3]).action == "blocked"


def elsewhere(name: str) -> dict[str, JobRef]:
    """Return two ends of a binding."""
    return {"source": ref(name), "target": ref(name, "devin")}


def test_jobs_of_other_syncs_and_replaced_ones_do_not_make_the_share_smaller() -> None:
    """Three of the four jobs of this sync are too many, however many others are bound."""
    given = numbered(4)
    bindings = tuple(
        attrs.evolve(one, sync=sync, superseded=superseded, **elsewhere(f"{one.source.id} {sync}"))
        for one in given.bindings
        for sync, superseded in (("other", False), ("it", True))
    )
    shrunk = attrs.evolve(given, source=given.source[:1], bindings=(*given.bindings, *bindings))

    assert "3 of the 4 jobs" in of(shrunk.plan(), given.source[3]).reason


def test_what_is_kept_is_not_doubted() -> None:
    """Where nothing is removed, most may go."""
    given = numbered(4).having(on_missing="keep")
    change = of(attrs.evolve(given, source=given.source[:1]).plan(), given.source[3])

    assert (change.action, change.reason) == ("none", "removed at source; kept")


def test_the_replaced_job_of_a_removed_one_is_still_cleared_away() -> None:
    """It fires beside nothing of ours, and no share counts it."""
    given = numbered(4)
    replaced = attrs.evolve(given.target[0], ref=ref("Old", "devin"))
    binding = attrs.evolve(given.bindings[0], target=replaced.ref, superseded=True)
    plan = attrs.evolve(
        given, source=given.source[1:2], target=(*given.target, replaced), bindings=(*given.bindings, binding)
    ).plan()

    assert [one.action for one in plan.changes if one.target == replaced.ref] == ["delete"]
    (of_current,) = (one for one in plan.changes if one.target == given.bindings[0].target)
    assert of_current.action == "blocked"


def test_a_replaced_job_that_is_gone_needs_nothing(removed: Given) -> None:
    """Its binding says so, and the listing does not have it."""
    binding = attrs.evolve(removed.bindings[0], source=OTHERS[0].ref, target=ref("Old", "devin"), superseded=True)

    assert of(attrs.evolve(removed, bindings=(*removed.bindings, binding)).plan(), OTHERS[0]).action == "none"


def test_an_unreadable_source_job_is_not_removed(removed: Given) -> None:
    """It is there: its target job stays."""
    problem = Problem(ref=REPORT.ref, name="Report", error=MigratorError("odd"))
    listing = Extracted(jobs=tuple(OTHERS), problems=(problem,), scopes=(SOURCE_SCOPE,))

    action, reason = of_report(removed.given(source=listing))
    assert (action, "it cannot be read" in reason) == ("blocked", True)


@pytest.mark.parametrize("case", ["another sync", "a scope that is not listed"])
def test_absence_from_a_listing_of_something_else_proves_nothing(removed: Given, case: str) -> None:
    """What another sync owns, and what is in a scope that was not listed, is not touched."""
    (own,) = (one for one in removed.bindings if one.source == REPORT.ref)
    foreign = attrs.evolve(own, sync="other")
    if case != "another sync":
        foreign = attrs.evolve(own, source=attrs.evolve(own.source, scope="unlisted"))
    given = attrs.evolve(removed, bindings=(*(one for one in removed.bindings if one is not own), foreign))

    assert [one.target for one in given.plan().changes if one.action in {"delete", "blocked"}] == []


def test_an_unresolved_write_keeps_the_target_job(removed: Given) -> None:
    """A person settles it first."""
    write = Write(run="r", seq=1, sync="it", action="update", source=REPORT.ref, target_scope=TARGET_SCOPE, at=NOW)

    action, reason = of_report(removed.given(uncertain=(write,)))
    assert (action, "migrator settle r" in reason) == ("blocked", True)


@pytest.mark.parametrize("on_missing", ["delete", "pause"])
def test_a_target_job_that_is_gone_as_well_needs_nothing(removed: Given, on_missing: str) -> None:
    """Nothing is sent for it."""
    target_ref = target_of(removed, REPORT).ref
    given = attrs.evolve(removed, target=tuple(one for one in removed.target if one.ref != target_ref))

    assert of_report(given.having(on_missing=on_missing)) == ("none", "removed on both sides")


def test_kept_definitions_of_retired_jobs_do_not_make_a_listing_full(removed: Given) -> None:
    """Where the platform itself lists nothing, nothing is removed; one job that it lists is enough."""
    kept = frozenset(one.ref for one in OTHERS)

    action, reason = of_report(removed.given(kept=kept))
    assert (action, "an empty listing removes nothing" in reason) == ("blocked", True)
    assert of_report(removed.given(kept=kept - {OTHERS[0].ref}))[0] == "delete"


@pytest.mark.parametrize(
    ("rest", "told"),
    [({"unproved": frozenset({REPORT.ref})}, "got no answer"), ({"last_count": 40}, "went from 40 to 9")],
)
def test_a_doubtful_listing_removes_nothing(removed: Given, rest: dict[str, object], told: str) -> None:
    """Asking by the id got no answer, or the listing is much shorter than last time."""
    action, reason = of_report(removed.given(**rest))

    assert (action, told in reason) == ("blocked", True)


def test_a_target_job_with_the_tag_of_another_source_job_stays(removed: Given) -> None:
    """Somebody says that it stands for a job that is there; its own tag does not keep it."""
    with_tag = changed(removed, REPORT, ownership_tag=ownership_tag_for(job("New").ref))
    with_tag = attrs.evolve(with_tag, source=(*with_tag.source, job("New")))

    action, reason = of_report(with_tag.having(adopt="identical"))
    assert (action, "ownership tag of another job" in reason) == ("none", True)
    assert of_report(changed(removed, REPORT, ownership_tag=ownership_tag_for(REPORT.ref)))[0] == "delete"


def test_the_active_side_stays(removed: Given) -> None:
    """After a cutover the target job goes on, whatever becomes of the source job."""
    active_side = ActiveSide(source=REPORT.ref, target=("devin", TARGET_SCOPE), sync="it", live="target", since=NOW)

    action, reason = of_report(removed.given(active_sides={REPORT.ref: active_side}))
    assert (action, "the target is the active side" in reason) == ("none", True)


def test_a_paused_target_job_is_not_paused_again(removed: Given) -> None:
    """One request less every night."""
    given = changed(removed, REPORT, enabled=False).having(on_missing="pause")

    assert of_report(given) == ("none", "removed at source; already paused")


def again(removed: Given, **rest: object) -> tuple[Given, Job]:
    """Return the removed job created again under another id, and that job."""
    second = attrs.evolve(REPORT, ref=ref("Again"), **rest)
    return attrs.evolve(removed.having(adopt="identical"), source=(*removed.source, second)), second


def test_a_job_created_again_is_not_made_beside_the_one_that_goes_on(removed: Given) -> None:
    """Both are named, with the command that binds the new one; twice where it is there twice."""
    given, new = again(removed.having(on_missing="keep"), trigger=job("x", "0 7 ? * TUE *").trigger)
    change = of(given.plan(), new)

    assert (change.action, change.fields) == ("blocked", ())
    assert f"migrator state move job.{REPORT.ref.id} job.{new.ref.id} --sync it" in change.reason
    assert f"{new.ref} at the source has its name" in of(given.plan(), REPORT).reason
    with_third = attrs.evolve(given, source=(*given.source, attrs.evolve(new, ref=ref("Third"))))
    assert str(ref("Third")) in of(with_third.plan(), REPORT).reason
    assert str(new.ref) in of(with_third.plan(), REPORT).reason


@pytest.mark.parametrize("on_missing", ["pause", "delete"])
def test_a_job_created_again_is_made_where_the_old_one_ends(removed: Given, on_missing: str) -> None:
    """The plan names both, and nothing fires twice."""
    given, new = again(removed.having(on_missing=on_missing), trigger=job("x", "0 7 ? * TUE *").trigger)
    change = of(given.plan(), new)

    assert (change.action, str(REPORT.ref) in change.reason) == ("create", True)
    assert len(change.fields) > 0
    assert of(given.plan(), REPORT).action == on_missing


def test_a_job_created_again_is_made_where_the_old_one_stands_still(removed: Given) -> None:
    """Its target job is kept, and paused already."""
    given, new = again(removed.having(on_missing="keep"), trigger=job("x", "0 7 ? * TUE *").trigger)

    assert of(changed(given, REPORT, enabled=False).plan(), new).action == "create"


def test_other_names_and_jobs_that_are_gone_have_no_successor(removed: Given) -> None:
    """Nothing is blocked and nothing is said where no target job is left, or the name is another one."""
    given, new = again(removed.having(on_missing="keep"), name="Other name")
    assert (of(given.plan(), new).action, of(given.plan(), new).reason) == ("create", "")
    assert of(given.plan(), REPORT).reason == "removed at source; kept"
    target_ref = target_of(given, REPORT).ref
    with_same_name, new = again(removed.having(on_missing="keep"))
    without_target = attrs.evolve(
        with_same_name, target=tuple(one for one in with_same_name.target if one.ref != target_ref)
    )
    assert (of(without_target.plan(), new).action, of(without_target.plan(), new).reason) == ("create", "")


def test_what_is_adopted_has_no_predecessor(removed: Given) -> None:
    """A job that is found at the target is not blocked for the name of another one."""
    given, new = again(removed.having(on_missing="keep"), trigger=job("x", "0 7 ? * TUE *").trigger)
    tagged_job = attrs.evolve(
        target_of(given, REPORT), ref=ref("Held", "devin"), ownership_tag=ownership_tag_for(new.ref)
    )

    assert (
        of(attrs.evolve(given, target=(*given.target, tagged_job)).having(adopt="name").plan(), new).action == "adopt"
    )


def duplicated(removed: Given, *, bind: bool = True) -> tuple[Given, JobRef, JobRef]:
    """Return a job that a person copied at the target, tag and all, with the two target jobs; ours is bound, or not."""
    given = attrs.evolve(removed, source=(REPORT, *OTHERS))
    given = changed(given, REPORT, ownership_tag=ownership_tag_for(REPORT.ref), created_at=NOW)
    ours = target_of(given, REPORT)
    copy = attrs.evolve(ours, ref=ref("Copy", "devin"), created_at=None)
    bindings = given.bindings if bind else tuple(one for one in given.bindings if one.source != REPORT.ref)
    return attrs.evolve(given, target=(*given.target, copy), bindings=bindings), ours.ref, copy.ref


def test_a_copy_is_named_and_the_bound_job_goes_on(removed: Given) -> None:
    """The bound one comes first, though the copy sorts before it; the rest of the plan stands."""
    given, ours, copy = duplicated(removed)
    own, of_copy = (
        one for one in sorted(given.plan().changes, key=lambda c: c.action, reverse=True) if one.source == REPORT.ref
    )

    assert (own.action, own.target) == ("none", ours)
    assert (of_copy.action, of_copy.target) == ("blocked", copy)
    assert f"are bound to it: {ours.id}, {copy.id}; the state is bound to {ours.id}. " in of_copy.reason
    assert "part" not in of_copy.reason
    assert [one.bound for one in duplicates_of(given.inputs())] == [(ours,)]


def test_where_no_binding_tells_nothing_is_done(removed: Given) -> None:
    """Neither of two tagged jobs is taken, and none is made; the source is known by the tag."""
    given, ours, copy = duplicated(removed, bind=False)
    (change,) = (one for one in given.having(adopt="name").plan().changes if one.source == REPORT.ref)

    assert (change.action, change.target) == ("blocked", ours)  # the copy has no date, so it comes first
    assert "the state is bound" not in change.reason
    (found,) = duplicates_of(given.inputs())
    assert (found.source, found.jobs, found.extra) == (REPORT.ref, (copy, ours), (ours,))


def test_a_removed_job_with_copies_is_not_ended(removed: Given) -> None:
    """Which of them would be deleted is not clear."""
    given, _ours, _copy = duplicated(removed, bind=False)
    gone = attrs.evolve(given, source=tuple(OTHERS))
    (own,) = (one for one in removed.bindings if one.source == REPORT.ref)
    both_bound = (own, attrs.evolve(own, target=ref("Copy", "devin")))
    bound_twice = attrs.evolve(gone, bindings=(*gone.bindings, *both_bound))

    assert {one.action for one in gone.plan().changes if one.source == REPORT.ref} == {"blocked"}
    assert {one.action for one in bound_twice.plan().changes if one.source == REPORT.ref} == {"blocked"}


def test_parts_and_replaced_jobs_are_no_duplicates(removed: Given) -> None:
    """Two parts of one job, a job that waits to be deleted, and a binding to a job that is gone."""
    given, _ours, copy = duplicated(removed)
    (binding,) = (one for one in given.bindings if one.source == REPORT.ref)
    replaced = attrs.evolve(binding, target=copy, superseded=True)
    to_missing_job = attrs.evolve(binding, target=ref("Lost", "devin"))
    second_part = ownership_tag_for(REPORT.ref, 2, 2)

    assert duplicates_of(attrs.evolve(given, bindings=(*given.bindings, replaced)).inputs()) == ()
    parts = given.with_target(lambda one: attrs.evolve(one, ownership_tag=second_part) if one.ref == copy else one)
    assert duplicates_of(parts.inputs()) == ()
    single = attrs.evolve(given, target=tuple(one for one in given.target if one.ref != copy))
    assert duplicates_of(attrs.evolve(single, bindings=(to_missing_job, *given.bindings)).inputs()) == ()


def test_the_part_is_named_where_there_are_several(removed: Given) -> None:
    """Of two parts the second is there twice."""
    given, ours, copy = duplicated(removed, bind=False)
    second_part = ownership_tag_for(REPORT.ref, 2, 2)
    parts = given.with_target(
        lambda one: attrs.evolve(one, ownership_tag=second_part) if one.ref in {ours, copy} else one
    )
    (found,) = duplicates_of(parts.inputs())

    assert (found.piece, found.pieces, f"omni/{REPORT.ref.id}, part 2, or" in found.reason) == (2, 2, True)


@pytest.mark.parametrize("change", [{"scope": "foreign"}, {"provider": "scrip"}])
def test_copies_of_what_another_sync_made_are_its_business(removed: Given, change: dict[str, str]) -> None:
    """Unless one of them is bound to this sync."""
    given, ours, copy = duplicated(removed, bind=False)
    foreign_tag = ownership_tag_for(attrs.evolve(REPORT.ref, **change))
    given = given.with_target(
        lambda one: attrs.evolve(one, ownership_tag=foreign_tag) if one.ref in {ours, copy} else one
    )
    (own,) = (one for one in removed.bindings if one.source == REPORT.ref)
    of_this_sync = attrs.evolve(own, source=attrs.evolve(REPORT.ref, **change))

    assert duplicates_of(given.inputs()) == ()
    assert len(duplicates_of(attrs.evolve(given, bindings=(*given.bindings, of_this_sync)).inputs())) == 1
    of_another_sync = attrs.evolve(of_this_sync, sync="other")
    assert duplicates_of(attrs.evolve(given, bindings=(*given.bindings, of_another_sync)).inputs()) == ()


def test_copies_of_what_the_source_lists_are_named_whoever_is_bound(removed: Given) -> None:
    """The source job would get another target job here; and the tag counts of a job that is bound to something else."""
    given, ours, copy = duplicated(removed, bind=False)
    (own,) = (one for one in removed.bindings if one.source == REPORT.ref)
    bound_by_another_sync = attrs.evolve(given, bindings=(*given.bindings, attrs.evolve(own, sync="other")))
    bound_to_another_job = attrs.evolve(given, bindings=(*given.bindings, attrs.evolve(own, source=ref("Other"))))

    assert [one.bound for one in duplicates_of(bound_by_another_sync.inputs())] == [(ours,)]
    assert [set(one.jobs) for one in duplicates_of(bound_to_another_job.inputs())] == [{ours, copy}]


def test_a_plan_is_narrowed_to_the_named_jobs(removed: Given) -> None:
    """By the name at the source or target, or by the id of the source job, or of a target job without one."""
    plan = removed.plan()
    names = {OTHERS[0].ref: "Alpha"}
    orphan = Change(action="none", source=None, target=ref("Orphan", "devin"), name="Orphan")
    plan = attrs.evolve(plan, changes=(*plan.changes, orphan))

    assert narrowed(plan, (), names) == plan
    for name in ("Alpha", "A", OTHERS[0].ref.id):
        assert [one.source for one in narrowed(plan, (name,), names).changes] == [OTHERS[0].ref]
    assert narrowed(plan, (orphan.target.id,), names).changes == (orphan,)  # type: ignore[union-attr]  # it has one
    assert len(narrowed(plan, ("A", "Report"), names).changes) == 2


def test_a_name_that_fits_no_job_is_refused(removed: Given) -> None:
    """A typing error narrows a plan to nothing that was meant; the id of a target job is no name of a source job."""
    plan, target = removed.plan(), target_of(removed, OTHERS[0])

    for name in ("Reprot", target.ref.id):
        with pytest.raises(UsageError, match="unknown job in sync it"):
            narrowed(plan, ("A", name), {})
    with pytest.raises(UsageError, match="unknown job in here") as caught:
        chosen(OTHERS, ("nothing like it",), where="here")
    assert caught.value.hint == "migrator list CONNECTION names the jobs"


def test_a_listing_is_narrowed_to_the_named_jobs() -> None:
    """By name or id; all of them where none is named."""
    assert chosen(OTHERS, (), where="here") == tuple(OTHERS)
    assert chosen(OTHERS, ("A", OTHERS[1].ref.id), where="here") == (OTHERS[0], OTHERS[1])
