"""Carry out one change by its action, in as many journalled writes as it takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import attrs
from attrs import frozen

from migrator.canonical import Fields, JobRef, flatten
from migrator.errors import MigratorError, StalePlanError, UncertainError
from migrator.execute.gaps import wait_for_gap
from migrator.execute.read_back import ReadBackError
from migrator.execute.source_writes import update_source
from migrator.execute.writer import Writer
from migrator.plan.changes import Change
from migrator.plan.staging import must_be_staged, parked_schedule, stopping_fields
from migrator.providers.base import ContractError, Record
from migrator.store.records import Binding

_REPLACING: Final = timedelta(minutes=2)
"""How close to a fire a job may not be replaced."""


@frozen(kw_only=True)
class Made:
    """What a change led to.

    Attributes:
        target: the target job; None when it was deleted.
        unread: the binding of a job that was created and is still to be read back.
    """

    target: JobRef | None = None
    unread: Binding | None = None


async def carry_out(change: Change, target: Writer, source: Writer | None = None) -> Made:
    """Make one change at the target, write edits back to the source, and return what it led to.

    Args:
        change: the change.
        target: writes to the target.
        source: writes to the source; None where a sync goes one way only.

    Raises:
        MigratorError: it could not be made; what was begun is put back, or recorded for the next run.
    """
    check_promise(change, target)
    made = await _at_target(change, target)
    if change.back:
        assert source is not None
        assert change.source is not None
        assert made.target is not None
        await update_source(source, change.source, change.back.wanted())
        target.journal.agree(target.binding(made.target), change.back.paths, target.last_seen(made.target))
    return made


async def _at_target(change: Change, target: Writer) -> Made:
    match change.action:
        case "create":
            return await create(change, change.new_fields(), target)
        case "replace":
            return await replace(change, target)
        case "adopt":
            return await adopt(change, target)
        case "delete":
            await target.delete(bound(change, target))
            return Made()
        case _:
            binding = bound(change, target)
            await target.update(binding, change.wanted(), target.listed(binding.target))
            return Made(target=binding.target)


def check_promise(change: Change, target: Writer) -> None:
    """Make sure, right before a write, that what the plan promises of a schedule has not passed.

    Raises:
        StalePlanError: it has.
    """
    if passed := change.expired(target.journal.now()):
        raise StalePlanError(passed, where=change.label, hint=f"plan again: migrator plan {target.journal.sync}")


def bound(change: Change, target: Writer) -> Binding:
    """Return the binding of the change's target job, as it was when the run began."""
    assert change.target is not None
    return target.bindings[change.target.id]


# -- create ---------------------------------------------------------------------------------------------------------


async def create(change: Change, fields: Fields, target: Writer) -> Made:
    """Create the target job of a change; one that is to be paused never fires."""
    made, record = await _create(change, fields, target)
    if made.unread is None or record is None:
        return made
    await target.check(made.unread, record)
    return Made(target=made.target)


async def _create(change: Change, fields: Fields, target: Writer) -> tuple[Made, Record | None]:
    """Return a new job, not yet checked unless it is paused, and its record where the platform answered with it."""
    if must_be_staged(fields, target.mapping):
        return Made(target=(await create_paused(change, fields, target)).target), None
    binding, record = await target.create(change, fields)
    return Made(target=binding.target, unread=binding), record


async def create_paused(change: Change, fields: Fields, target: Writer) -> Binding:
    """Create a paused job where the platform creates active ones only: parked, then paused, then with its schedule."""
    parked = parked_schedule(fields, target.mapping, now=target.journal.now())
    binding, record = await target.create(change, {**fields, **parked})
    binding = await target.check(binding, record)
    try:
        binding = await target.update(binding, {"enabled": False}, binding.seen)
    except ContractError:
        await target.delete(binding)  # the target cannot pause after all, which was not known before
        raise
    return await target.update(binding, {path: fields[path] for path in parked}, binding.seen)


async def create_parked(change: Change, fields: Fields, target: Writer) -> tuple[Binding, Mapping[str, Any]]:
    """Create a job that fires nothing yet; return its binding, and the fields that it needs to fire.

    A job that is to be paused is whole at once. Any other job is parked until then.
    """
    if must_be_staged(fields, target.mapping):
        return await create_paused(change, fields, target), {}
    parked = parked_schedule(fields, target.mapping, now=target.journal.now())
    is_active = fields.get("enabled", True)
    binding, record = await target.create(change, {**fields, **(parked if is_active else {})})
    return await target.check(binding, record), {path: fields[path] for path in parked} if is_active else {}


# -- adopt ----------------------------------------------------------------------------------------------------------


async def adopt(change: Change, target: Writer) -> Made:
    """Bind a job that is at the target already, and bring it in line."""
    binding = bind_adopted(change, target)
    if change.fields:
        await target.update(binding, change.wanted(), flatten(target.listing.job(binding.target)))
    return Made(target=binding.target)


def bind_adopted(change: Change, target: Writer) -> Binding:
    """Bind a job that is at the target already; return the binding."""
    assert change.target is not None
    job = target.listing.job(change.target)
    target.journal.save_record(job.ref, target.listing.raws.get(job.ref))
    return target.journal.adopt(job, change)


# -- replace --------------------------------------------------------------------------------------------------------


async def replace(change: Change, target: Writer) -> Made:
    """Recreate a job: stop the old one, create the new one, and only then delete the old one.

    The old one is paused first where the platform can pause, and the moment is chosen so that no fire falls into
    the change.
    """
    old = bound(change, target)
    remote = target.listed(old.target)
    fields = as_written(old, remote, change, target)
    aside = out_of_the_way(remote, target)
    if remote.get("enabled"):
        await wait_for_gap(
            [[remote], [], [remote, fields], [fields]],
            dialect=target.mapping.rules.dialect,
            guard=_REPLACING,
            now=target.journal.now,
            sleep=target.sleep,
        )
        check_promise(change, target)
    resting = await target.update(old, aside, remote) if aside else old
    waiting = supersede(resting, target)
    before = {path: remote[path] for path in aside}
    try:
        made, record = await _create(attrs.evolve(change, target=None), fields, target)
    except UncertainError:
        raise  # the new one may be there: the old one stays aside, so that never both are active
    except MigratorError:
        await _put_back(resting, before, target)
        raise
    if made.unread:
        try:
            await target.check(made.unread, record)
        except ReadBackError:
            await target.delete(made.unread)
            await _put_back(resting, before, target)
            raise
    await target.delete(waiting)
    return Made(target=made.target)


async def _put_back(resting: Binding, before: Mapping[str, Any], target: Writer) -> None:
    """Let the old job go on, because the new one could not be made."""
    target.journal.supersede(resting, superseded=False)
    if before:
        await target.update(resting, before, resting.seen)


def supersede(binding: Binding, target: Writer) -> Binding:
    """Record that another job is about to take the place of this one; return its binding."""
    target.save_record(binding)
    return target.journal.supersede(binding)


def as_written(binding: Binding, remote: Fields, change: Change, target: Writer) -> Fields:
    """Return the fields of a job to recreate: what was last written, where the target still holds it."""
    same, seen = target.mapping.same, binding.seen
    kept = {path: v for path, v in binding.applied.items() if same(path, seen.get(path), remote.get(path))}
    return {path: value for path, value in {**remote, **kept, **change.wanted()}.items() if value is not None}


def out_of_the_way(remote: Fields, target: Writer) -> dict[str, Any]:
    """Return what makes room for a new job: the old one's pause, and another name where names are unique."""
    rules = target.mapping.rules
    aside: dict[str, Any] = {}
    if remote.get("enabled") and rules.fields["enabled"].change_under(target.contract) == "update":
        aside["enabled"] = False
    if "name" in rules.unique:
        suffix = f" (replaced {target.journal.run[-6:]})"
        room = rules.fields["name"].max or len(remote["name"]) + len(suffix)
        aside["name"] = remote["name"][: room - len(suffix)] + suffix
    return aside


def at_rest(remote: Fields, target: Writer) -> Mapping[str, Any]:
    """Return the fields that stop an active job: a pause, or a parked schedule where the platform cannot pause."""
    mapping, now = target.mapping, target.journal.now()
    return stopping_fields(remote, mapping, target.contract, now=now) or parked_schedule(remote, mapping, now=now)
