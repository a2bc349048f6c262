"""Managed target jobs whose source job is gone, or that another managed job has replaced."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import attrs

from migrator.canonical import Job, JobRef
from migrator.mapping.ownership import key_of_tag
from migrator.plan.changes import Change
from migrator.plan.parking import paused_for_good
from migrator.plan.plan_input import PlanInput
from migrator.store.records import Binding

_REMOVALS: Final = frozenset({"delete", "pause"})


def removed_at_source(inputs: PlanInput, unclear: Collection[JobRef] = ()) -> Iterator[Change]:
    """Yield what happens to the target jobs whose source jobs were removed.

    Args:
        inputs: what the plan is made from.
        unclear: source jobs that several target jobs claim; nothing is done to those.
    """
    replaced = {binding.target for binding in inputs.bindings if binding.superseded}
    removals = list(_removals(inputs, unclear))
    doubtful = [change for change in removals if change.action in _REMOVALS and change.target not in replaced]
    reason = _suspicious(inputs, {change.source for change in doubtful}) if inputs.is_proved else ""
    for change in removals:
        is_doubted = reason and change in doubtful
        yield attrs.evolve(change, action="blocked", fields=(), reason=reason) if is_doubted else change


def _suspicious(inputs: PlanInput, removed: Collection[JobRef | None]) -> str:
    """Return why so many known jobs were removed at source that none of it is believed; "" when it is.

    Shares of the limits do not bind where there are few jobs; that most of them are gone is no more likely there.
    """
    known = {
        binding.source for binding in inputs.bindings if binding.sync == inputs.sync.name and not binding.superseded
    }
    if len(removed) * 2 <= len(known) or (
        len(removed) < len(known) and inputs.sync.limits.deletes.allows(len(removed), of=len(known), floor=0)
    ):
        return ""
    return (
        f"removed at source, but so are {len(removed)} of the {len(known)} jobs that this sync knows there; check "
        "that the connection opens the right account; if they are really gone, raise limits.deletes in "
        f"[syncs.{inputs.sync.name}]"
    )


def _removals(inputs: PlanInput, unclear: Collection[JobRef]) -> Iterator[Change]:
    present = {job.ref for job in inputs.source.jobs} | {problem.ref for problem in inputs.source.problems}
    for binding in inputs.bindings:
        if binding.source in inputs.unresolved or binding.source in unclear:
            continue
        if binding.superseded:
            yield from _leftover(inputs, binding)
            continue
        listed = binding.source.scope in inputs.source.scopes
        if binding.sync == inputs.sync.name and listed and binding.source not in present:
            yield _removal(inputs, binding)


def _leftover(inputs: PlanInput, binding: Binding) -> Iterator[Change]:
    """Yield the deletion of a job that another managed job has replaced, if it still exists."""
    if binding.target.id in inputs.at_target:
        name = str(binding.applied.get("name", binding.target.id))
        reason = "another managed job has replaced it"
        yield Change(action="delete", source=binding.source, target=binding.target, name=name, reason=reason)


def _removal(inputs: PlanInput, binding: Binding) -> Change:
    name = str(binding.applied.get("name", binding.source.id))
    change = Change(
        action="none",
        source=binding.source,
        target=binding.target,
        name=name,
        piece=binding.piece,
        pieces=binding.pieces,
    )
    remote = inputs.at_target.get(binding.target.id)
    if remote is None:
        return attrs.evolve(change, reason="removed on both sides")
    if reason_kept := _why_kept(inputs, binding, remote):
        return attrs.evolve(change, reason=reason_kept)
    if all(job.ref in inputs.kept for job in inputs.source.jobs):
        reason = "removed at source, but so is everything else: an empty listing removes nothing"
        return attrs.evolve(change, action="blocked", reason=reason)
    if binding.source in inputs.unproved:
        reason = "the source's listing lacks it, and reading it by its id got no answer"
        return attrs.evolve(change, action="blocked", reason=reason)
    if inputs.shrunk:
        return attrs.evolve(change, action="blocked", reason=f"removed at source, but {inputs.shrunk}")
    if inputs.sync.on_missing == "delete":
        return attrs.evolve(change, action="delete", reason="removed at source")
    return paused_for_good(inputs, change, remote)


def _why_kept(inputs: PlanInput, binding: Binding, remote: Job) -> str:
    """Return why a target job stays although its source job is gone; "" when something is to be done."""
    if remote.ownership_tag and key_of_tag(remote.ownership_tag) in inputs.source_keys:
        return f"{remote.ref.id} carries the ownership tag of another job of the source, so it stays as it is"
    if inputs.active_side_of(binding.source) == "target":
        return "removed at source; kept, because the target is the active side"
    return "removed at source; kept" if inputs.sync.on_missing == "keep" else ""
