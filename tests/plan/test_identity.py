"""Whether the endpoints of a run are those that the sync knows: two listings and the bindings in, a refusal out."""

from __future__ import annotations

import attrs
import pytest

from migrator.canonical import JobRef
from migrator.config import Limits
from migrator.config.shapes import Limit
from migrator.errors import MigratorError
from migrator.extract import Extracted, Problem
from migrator.store.records import Bound
from tests.plan.builder import SOURCE_SCOPE, TARGET_SCOPE, Given, job, mapping, ref

JOBS = (job("Alpha"), job("Beta"))
LOOSE = {"limits": Limits(changes=Limit.read("100%"), deletes=Limit.read("100%"), floor=1000)}


@pytest.fixture
def bound() -> Given:
    """Two jobs that the target has."""
    return Given(source=JOBS).carried_out()


def under(given: Given, scope: str, *, role: str = "source") -> Given:
    """Return the same jobs of one endpoint, listed under another scope."""
    jobs = tuple(attrs.evolve(one, ref=attrs.evolve(one.ref, scope=scope)) for one in getattr(given, role))
    listing = Extracted(jobs=jobs, scopes=(scope,))
    return attrs.evolve(given, **{role: jobs}).given(**{role: listing})


def elsewhere(one: JobRef, *, sync: str = "other", target: JobRef | None = None) -> Bound:
    """Return a binding of a sync between other places."""
    return Bound(sync=sync, source=one, target=target or ref("Elsewhere", "devin"), name="Elsewhere")


def test_known_jobs_where_they_were_are_no_reason_to_refuse(bound: Given) -> None:
    """Also beside new ones, and beside what other syncs know of other jobs."""
    with_others = attrs.evolve(bound, source=(*JOBS, job("New"))).given(elsewhere=(elsewhere(ref("Theirs")),))

    assert (bound.plan().refusal, with_others.plan().refusal) == ("", "")


@pytest.mark.parametrize(("role", "provider", "scope"), [("source", "omni", "acme"), ("target", "devin", "org-1")])
def test_known_ids_under_another_scope_are_refused(bound: Given, role: str, provider: str, scope: str) -> None:
    """Both scopes are named, and the command that tells the state that they are one."""
    refusal = under(bound, "renamed", role=role).plan().refusal

    assert f"2 jobs that the {role} lists in {provider}:renamed" in refusal
    assert f"migrator state move scope.{provider}:{scope} scope.{provider}:renamed" in refusal
    assert "--job" not in refusal


def test_one_job_of_a_scope_that_is_listed_as_well_is_moved_alone(bound: Given) -> None:
    """The other job stays in the scope that it is in."""
    moved = attrs.evolve(JOBS[0], ref=attrs.evolve(JOBS[0].ref, scope="renamed"))
    listing = Extracted(jobs=(moved, JOBS[1]), scopes=(SOURCE_SCOPE, "renamed"))
    refusal = attrs.evolve(bound, source=listing.jobs).given(source=listing).plan().refusal

    assert "1 job that the source lists" in refusal
    assert " is known to this state" in refusal
    assert f"--job {moved.ref.id}" in refusal


def test_ids_of_another_sync_count_where_the_platform_gives_each_id_once(bound: Given) -> None:
    """A file does not: another sync's job 1 is another job there, and its own job 1 is not."""
    known_elsewhere = bound.given(elsewhere=(elsewhere(attrs.evolve(JOBS[0].ref, scope="old")),))
    rules = attrs.evolve(mapping("omni").rules, identity=attrs.evolve(mapping("omni").rules.identity, unique=False))
    of_files = known_elsewhere.given(origin=attrs.evolve(mapping("omni"), rules=rules))
    of_own_file = of_files.given(elsewhere=(elsewhere(attrs.evolve(JOBS[0].ref, scope="old"), sync="it"),))

    refusal = known_elsewhere.plan().refusal
    assert "known to this state in omni:old" in refusal
    assert "give sync it another name" not in refusal
    assert attrs.evolve(of_files, bindings=(), target=()).plan().refusal == ""
    assert "give sync it another name" in attrs.evolve(of_own_file, bindings=(), target=()).plan().refusal


def test_an_id_of_another_platform_is_another_job(bound: Given) -> None:
    """The same text as an id says nothing where the provider differs."""
    at_scrip = JobRef(provider="scrip", scope="old", id=JOBS[0].ref.id)

    assert attrs.evolve(bound, bindings=(), target=()).given(elsewhere=(elsewhere(at_scrip),)).plan().refusal == ""


def test_none_of_the_known_jobs_is_refused_and_one_is_enough(bound: Given) -> None:
    """Another account's jobs in their place, whatever the limits."""
    none_left = attrs.evolve(bound, source=(job("Theirs"),)).having(**LOOSE)
    one_left = attrs.evolve(bound, source=(JOBS[0], job("Theirs"))).having(**LOOSE)

    refusal = none_left.plan().refusal
    assert "none of the 2 jobs that sync it knows at its source is in omni:acme any more, which lists 1 job:" in refusal
    assert "migrator state forget sync.it" in refusal
    assert one_left.plan().refusal == ""


def test_a_known_job_that_cannot_be_read_is_there(bound: Given) -> None:
    """Its record proves that the account is the same."""
    problem = Problem(ref=JOBS[0].ref, name="Alpha", error=MigratorError("odd"))
    listing = Extracted(jobs=(job("New"),), problems=(problem,), scopes=(SOURCE_SCOPE,))

    assert attrs.evolve(bound, source=listing.jobs).having(**LOOSE).given(source=listing).plan().refusal == ""


def test_what_other_syncs_know_is_not_missed(bound: Given) -> None:
    """Their jobs are not listed here, and need not be."""
    of_another_sync = tuple(attrs.evolve(binding, sync="other") for binding in bound.bindings)

    assert attrs.evolve(bound, source=(job("New"),), bindings=of_another_sync).plan().refusal == ""


def test_a_replaced_target_job_is_no_job_that_is_known(bound: Given) -> None:
    """It waits to be deleted; that it is gone says nothing of the account."""
    replaced = tuple(attrs.evolve(binding, superseded=True) for binding in bound.bindings)

    assert attrs.evolve(bound, source=(job("New"),), target=(), bindings=replaced).plan().refusal == ""


def test_another_scope_altogether_is_refused_with_the_connection(bound: Given) -> None:
    """Other ids in another scope: the place that is known, the one that is opened, and what opens it."""
    listing = Extracted(jobs=(attrs.evolve(job("New"), ref=attrs.evolve(ref("New"), scope="new")),), scopes=("new",))
    refusal = attrs.evolve(bound, source=listing.jobs).given(source=listing).plan().refusal

    assert "(omni:acme) is in omni:new, which connection omni opens" in refusal
    empty_listing = Extracted(jobs=(), scopes=("new",))
    assert "connection omni opens" in attrs.evolve(bound, source=()).given(source=empty_listing).plan().refusal


def test_a_scope_of_that_name_on_another_platform_is_another_scope(bound: Given) -> None:
    """The provider of the source changed, and its scope has the name of the old one."""
    bindings = tuple(attrs.evolve(one, source=attrs.evolve(one.source, provider="scrip")) for one in bound.bindings)

    assert (
        "(scrip:acme) is in omni:acme, which connection omni opens"
        in attrs.evolve(bound, bindings=bindings).plan().refusal
    )


def test_an_empty_source_is_not_refused_and_an_empty_target_is(bound: Given) -> None:
    """Nothing is removed on the word of an empty source; at an empty target every job would be made again."""
    assert attrs.evolve(bound, source=()).plan().refusal == ""
    empty_target = attrs.evolve(bound, target=())
    assert f"is in devin:{TARGET_SCOPE} any more, which lists 0 jobs" in empty_target.plan().refusal
    assert empty_target.having(on_deleted="recreate").plan().refusal == ""


def test_recreating_does_not_excuse_another_account_at_the_source(bound: Given) -> None:
    """It is about the target alone."""
    none_left = attrs.evolve(bound, source=(job("Theirs"),)).having(on_deleted="recreate", **LOOSE)

    assert "at its source" in none_left.plan().refusal


@pytest.mark.parametrize("why", ["removed", "retired"])
def test_jobs_that_were_deleted_by_migrator_are_not_missed(bound: Given, why: str) -> None:
    """A cutover ended with `retire`, and new jobs are there: no reason to refuse."""
    after_deletion = attrs.evolve(bound, source=(job("New"),)).given(**{why: frozenset(one.ref for one in JOBS)})

    assert after_deletion.plan().refusal == ""


def test_jobs_that_are_gone_on_both_sides_are_not_missed(bound: Given) -> None:
    """One that still has a target job, readable or not, is."""
    source = (job("New"), *JOBS[1:])
    at_target = attrs.evolve(bound, source=source, target=bound.target[:1], bindings=bound.bindings[:1])
    assert at_target.bindings[0].target == at_target.target[0].ref
    values = {"source": (job("New"),), "target": (attrs.evolve(bound.target[1]),), "bindings": bound.bindings[:1]}

    gone_on_both_sides = attrs.evolve(bound, **values)
    assert "at its source" not in gone_on_both_sides.plan().refusal
    assert "at its source" in attrs.evolve(gone_on_both_sides, target=bound.target).having(**LOOSE).plan().refusal
    problem = Problem(ref=bound.bindings[0].target, name="Alpha", error=MigratorError("odd"))
    unreadable = Extracted(jobs=gone_on_both_sides.target, problems=(problem,), scopes=(TARGET_SCOPE,))
    assert "at its source" in gone_on_both_sides.having(**LOOSE).given(target=unreadable).plan().refusal


@pytest.mark.parametrize("change", [{"scope": "org-2"}, {"provider": "scrip"}])
def test_a_target_job_in_a_place_that_is_not_listed_is_not_gone(bound: Given, change: dict[str, str]) -> None:
    """Its absence from this listing proves nothing, so the source job is missed."""
    (first, *_rest) = bound.bindings
    unlisted = Bound(sync="it", source=first.source, target=attrs.evolve(first.target, **change), name="Alpha")
    given = attrs.evolve(bound, source=(job("New"),), target=(), bindings=()).given(elsewhere=(unlisted,))

    assert "at its source" in given.plan().refusal
