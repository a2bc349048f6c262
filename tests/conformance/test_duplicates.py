"""At most one target job for each source job and part: copies are named, and removed when a person says which."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from migrator import dedupe as deduping
from migrator.errors import RefusedError, StateError, UsageError
from migrator.execute.outcomes import Applied
from migrator.extract import Extracted
from migrator.plan.changes import Plan
from migrator.plan.duplicates import Duplicate
from migrator.store import tables as t
from migrator.sync import commands, undo
from migrator.sync.checkpoint import known_duplicates
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab, counts
from tests.conformance.platforms import wish

PAIRS = [("omni", "devin"), ("omni", "scrip"), ("devin", "omni"), ("omni", "json")]


def copied(lab: Lab, name: str, number: int) -> str:
    """Copy a target job as a person does at the platform, tag and all; the id of the copy."""
    raw = lab.made[lab.key_of(name)]
    fresh = lab.target.platform.write(number, wish(number))
    key = next(key for key, value in raw.items() if value == lab.key_of(name))
    lab.target.put({**raw, key: fresh[key]})
    return str(fresh[key])


async def with_copy(make_lab: MakeLab, source: str, target: str, **options: Any) -> tuple[Lab, str, str]:
    """Two jobs moved, and the first of them copied at the target; ids of the target job and of its copy."""
    lab = make_lab(source, target, **options)
    lab.source.wish(1)
    lab.source.wish(2)
    await lab.run()
    mine = lab.key_of("Job 001")
    return lab, mine, copied(lab, "Job 001", 77)


async def dedupe(lab: Lab, *ids: str) -> tuple[list[Duplicate], Plan, Applied]:
    """Remove target jobs among the duplicates."""
    seen: list[Duplicate] = []

    async def choose(found: Sequence[Duplicate], _target: Extracted) -> Collection[str]:
        seen.extend(found)
        return ids

    async def agree(_plan: Plan) -> bool:
        return True

    plan, applied = await deduping.dedupe(
        lab.runtime, lab.state, "it", choose=choose, agree=agree, stop=asyncio.Event()
    )
    return seen, plan, applied


@pytest.mark.parametrize(("source", "target"), PAIRS)
async def test_a_copy_is_found_and_named(make_lab: MakeLab, source: str, target: str) -> None:
    """The plan names both ids, verify does not call the job proved, status knows it, and nothing is touched."""
    lab, mine, copy = await with_copy(make_lab, source, target)

    planned = await lab.plan()
    assert counts(planned) == {"none": 2, "blocked": 1}
    (extra,) = planned.blocked
    assert (extra.name, mine in extra.reason, copy in extra.reason) == ("Job 001", True, True)
    assert "migrator dedupe it" in extra.reason

    found = await commands.verify(lab.runtime, lab.state, "it")
    (bad,) = [proof for proof in found.proofs if proof.status != "proved"]
    assert (found.is_well, bad.name, bad.status, copy in bad.reason) == (False, "Job 001", "differs", True)
    assert bad.fires is None or bad.fires.twice.count > 0

    (known,) = known_duplicates(lab.state, ["it"])["it"]
    assert sorted(known["targets"]) == sorted([mine, copy])
    assert {mine, copy} <= set(lab.made)


@pytest.mark.parametrize("removed", ["copy", "bound"])
@pytest.mark.parametrize(("source", "target"), PAIRS)
async def test_a_person_removes_either_one(make_lab: MakeLab, source: str, target: str, removed: str) -> None:
    """What is chosen is deleted by a run of its own; what is left stands for the source job, and all is in order."""
    lab, mine, copy = await with_copy(make_lab, source, target)
    gone, left = (copy, mine) if removed == "copy" else (mine, copy)

    seen, _plan, applied = await dedupe(lab, gone)

    assert [sorted(job.id for job in one.jobs) for one in seen] == [sorted([mine, copy])]
    assert [(one.action, one.status) for one in applied.outcomes] == [("delete", "done")]
    assert (gone in lab.made, left in lab.made) == (False, True)
    assert ("dedupe", 1) == (lab.state.runs()[0].kind, len(lab.state.writes(applied.run or "")))
    assert [
        saved_record.ref.id
        for saved_record in lab.state.saved_records(applied.run or "", lab.runtime.mapping(target).rules.dialect)
    ] == [gone]
    assert known_duplicates(lab.state, ["it"]) == {}
    await lab.settled()
    assert lab.expected(wish(1), wish(2)) == lab.target_jobs()
    with pytest.raises(RefusedError, match="run twice again"):
        await undo.rollback(lab.runtime, lab.state, applied.run or "", agree=_yes, stop=asyncio.Event())


async def _yes(_plan: Plan) -> bool:
    return True


async def test_only_a_copy_can_be_removed_and_never_the_last(make_lab: MakeLab) -> None:
    """An id that is no duplicate is refused, and so is every copy at once; nothing is sent."""
    lab, mine, copy = await with_copy(make_lab, "omni", "devin")
    before = lab.target.records()

    with pytest.raises(UsageError, match="not one of the duplicates"):
        await dedupe(lab, lab.key_of("Job 002"))
    with pytest.raises(RefusedError, match="no job would be left of Job 001"):
        await dedupe(lab, mine, copy)
    _seen, _plan, applied = await dedupe(lab)
    assert (applied.run, before) == (None, lab.target.records())


async def test_an_edit_still_reaches_the_bound_one(make_lab: MakeLab) -> None:
    """A copy does not keep the source's changes from the job that the state is bound to; the copy stays as it is."""
    lab, mine, copy = await with_copy(make_lab, "omni", "devin")
    before = lab.made[copy]
    lab.source.wish(1, text="Say more.")

    planned, _applied = await lab.carry_out()

    assert counts(planned) == {"update": 1, "none": 1, "blocked": 1}
    assert ("Say more.", before) == (lab.target.platform.read(lab.made[mine]).text, lab.made[copy])


async def test_copies_without_a_binding_are_left_alone(make_lab: MakeLab) -> None:
    """With the state lost, none of two tagged jobs is adopted; a person removes one, and the other is adopted."""
    lab, mine, copy = await with_copy(make_lab, "omni", "devin", adopt="identical")
    lab.forget()

    assert counts(await lab.plan()) == {"adopt": 1, "blocked": 1}
    _seen, _plan, applied = await dedupe(lab, copy)
    assert [one.status for one in applied.outcomes] == ["done"]
    assert await lab.run() == {"adopt": 2}
    assert mine in lab.made


async def test_a_copy_of_a_job_that_is_gone_is_named_too(make_lab: MakeLab) -> None:
    """The invariant does not depend on the source: two jobs of a deleted source job are two too many."""
    lab, mine, copy = await with_copy(make_lab, "omni", "devin", on_missing="keep")
    lab.forget()
    lab.source.remove(lab.source.platform.id_of(lab.source.platform.write(1, wish(1))))

    (extra,) = [one for one in (await lab.plan()).blocked if one.name == "Job 001"]
    assert (mine in extra.reason, copy in extra.reason) == (True, True)


# -- what else would make a job twice -------------------------------------------------------------------------------


def rebind(lab: Lab, name: str, **columns: Any) -> None:
    """Change a binding behind the program's back, with a checksum that fits."""
    (binding,) = [one for one in lab.bindings() if one.applied["name"] == name]
    lab.state.drop_binding(binding.target)
    ref = attrs.evolve(binding.source, **columns)
    lab.state.put_binding(attrs.evolve(binding, source=ref), dialect="vixie")


@pytest.mark.parametrize("on_missing", ["keep", "delete"])
async def test_a_binding_to_another_source_makes_nothing_twice(make_lab: MakeLab, on_missing: str) -> None:
    """A target job that carries the tag is known by it: it is neither made again nor removed, and adopt heals it."""
    lab = make_lab("omni", "devin", on_missing=on_missing)
    lab.source.wish(1)
    lab.source.wish(2)
    await lab.run()
    mine = lab.key_of("Job 001")
    rebind(lab, "Job 001", id="00000000-0000-0000-0000-00000000dead")

    planned, _applied = await lab.carry_out()
    assert counts(planned) == {"none": 2, "blocked": 1}
    assert mine in planned.blocked[0].reason
    assert len(lab.made) == 2

    lab.configure(adopt="identical")
    assert await lab.run() == {"adopt": 1, "none": 2}
    assert [(binding.source.id != "00000000-0000-0000-0000-00000000dead") for binding in lab.bindings()] == [True, True]
    assert lab.expected(wish(1), wish(2)) == lab.target_jobs()


async def test_a_binding_to_a_source_that_is_there_blocks_both(make_lab: MakeLab) -> None:
    """When the wrong source job is another one of the sync, neither job is changed, and nothing is made."""
    lab = make_lab("omni", "devin")
    lab.source.wish(1)
    lab.source.wish(2)
    await lab.run()
    before = lab.made
    (other,) = [binding.source for binding in lab.bindings() if binding.applied["name"] == "Job 002"]
    with lab.state.transaction() as connection:
        row = t.bindings.c.target_id == lab.key_of("Job 001")
        connection.execute(sa.update(t.bindings).where(row).values(source_id=other.id))

    try:
        planned, _applied = await lab.carry_out()
    except StateError:  # a checksum tells, too
        planned = None
    assert before == lab.made
    assert planned is None or not planned.pending


async def test_a_binding_to_a_target_that_is_not_there_makes_nothing_twice(make_lab: MakeLab) -> None:
    """With on_deleted = "recreate", a job that carries the tag stands in for the one that is gone."""
    lab = make_lab("omni", "devin", on_deleted="recreate")
    lab.source.wish(1)
    await lab.run()
    (binding,) = lab.bindings()
    lab.state.drop_binding(binding.target)
    lab.state.put_binding(attrs.evolve(binding, target=attrs.evolve(binding.target, id="sched-lost")), dialect="vixie")

    planned, _applied = await lab.carry_out()
    assert (counts(planned), len(lab.made)) == ({"blocked": 1}, 1)
    lab.configure(adopt="identical")
    assert await lab.run() == {"adopt": 1}
    assert len(lab.made) == 1


async def test_an_audit_names_copies(make_lab: MakeLab) -> None:
    """A connection whose jobs carry one tag twice is told so, without a sync and without the state."""
    lab, mine, copy = await with_copy(make_lab, "omni", "devin")
    found = await commands.audit(lab.runtime, "devin", "omni", lab.runtime.config.sync("it").schedule)

    assert [sorted(job.id for job in one.jobs) for one in found.duplicates] == [sorted([mine, copy])]
