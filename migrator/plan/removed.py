"""Target jobs of ours whose source job is gone, or that another one of ours has replaced."""

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
    """What happens to the target jobs that nothing at the source stands behind any more.

    Args:
        inputs: what the plan is made from.
        unclear: source jobs of which several target jobs claim to stand for them; nothing is done to those.
    """
    replaced = {binding.target for binding in inputs.bindings if binding.superseded}
    left = list(_departed(inputs, unclear))
    removals = [change for change in left if change.action in _REMOVALS and change.target not in replaced]
    reason = _suspicious(inputs, {change.source for change in removals}) if inputs.is_proved else ""
    for change in left:
        is_doubted = reason and change in removals
        yield attrs.evolve(change, action="blocked", fields=(), reason=reason) if is_doubted else change


def _suspicious(inputs: PlanInput, gone: Collection[JobRef | None]) -> str:
    """Why so many known jobs left the source that none of it is believed; "" when it is.

    Shares of the limits do not bind where there are few jobs; that most of them are gone is no more likely there.
    """
    known = {
        binding.source for binding in inputs.bindings if binding.sync == inputs.sync.name and not binding.superseded
    }
    if len(gone) * 2 <= len(known) or (
        len(gone) < len(known) and inputs.sync.limits.deletes.allows(len(gone), of=len(known), floor=0)
    ):
        return ""
    return (
        f"removed at source, but so are {len(gone)} of the {len(known)} jobs that this sync knows there; check "
        "that the connection opens the right account; if they are really gone, raise limits.deletes in "
        f"[syncs.{inputs.sync.name}]"
    )


def _departed(inputs: PlanInput, unclear: Collection[JobRef]) -> Iterator[Change]:
    present = {job.ref for job in inputs.source.jobs} | {problem.ref for problem in inputs.source.problems}
    for binding in inputs.bindings:
        if binding.source in inputs.unsettled or binding.source in unclear:
            continue
        if binding.superseded:
            yield from _leftover(inputs, binding)
            continue
        listed = binding.source.scope in inputs.source.scopes
        if binding.sync == inputs.sync.name and listed and binding.source not in present:
            yield _left(inputs, binding)


def _leftover(inputs: PlanInput, binding: Binding) -> Iterator[Change]:
    """A job that another one of ours has replaced, if it is still there."""
    if binding.target.id in inputs.at_target:
        name = str(binding.applied.get("name", binding.target.id))
        reason = "another managed job has replaced it"
        yield Change(action="delete", source=binding.source, target=binding.target, name=name, reason=reason)


def _left(inputs: PlanInput, binding: Binding) -> Change:
    name = str(binding.applied.get("name", binding.source.id))
    gone = Change(
        action="none",
        source=binding.source,
        target=binding.target,
        name=name,
        piece=binding.piece,
        pieces=binding.pieces,
    )
    remote = inputs.at_target.get(binding.target.id)
    if remote is None:
        return attrs.evolve(gone, reason="removed on both sides")
    if kept := _kept(inputs, binding, remote):
        return attrs.evolve(gone, reason=kept)
    if all(job.ref in inputs.retired for job in inputs.source.jobs):
        reason = "removed at source, but so is everything else: an empty listing removes nothing"
        return attrs.evolve(gone, action="blocked", reason=reason)
    if binding.source in inputs.unproved:
        reason = "the source's listing lacks it, and reading it by its id got no answer"
        return attrs.evolve(gone, action="blocked", reason=reason)
    if inputs.shrunk:
        return attrs.evolve(gone, action="blocked", reason=f"removed at source, but {inputs.shrunk}")
    if inputs.sync.on_missing == "delete":
        return attrs.evolve(gone, action="delete", reason="removed at source")
    return paused_for_good(inputs, gone, remote)


def _kept(inputs: PlanInput, binding: Binding, remote: Job) -> str:
    """Why a target job stays although its source job is gone; "" when something is to be done."""
    if remote.ownership_tag and key_of_tag(remote.ownership_tag) in inputs.source_keys:
        return f"{remote.ref.id} carries the ownership tag of another job of the source, so it stays as it is"
    if inputs.active_side_of(binding.source) == "target":
        return "removed at source; kept, because the target is the active side"
    return "removed at source; kept" if inputs.sync.on_missing == "keep" else ""
