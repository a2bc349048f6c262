"""What is left of a plan that was only partly applied: by a crashed run, or by one that got no responses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import attrs

from migrator.canonical import JobRef
from migrator.errors import StalePlanError
from migrator.execute.outcomes import Outcome
from migrator.mapping.codecs import write_time
from migrator.plan.changes import PENDING, Change, Plan
from migrator.plan.compare import same
from migrator.store.records import Run, Write

_MAKING: Final = frozenset({"create", "replace", "adopt"})


def still_fits(saved: Plan, fresh: Plan) -> Plan:
    """Return the changes of a saved plan as a fresh plan has them: what is applied is never taken from the file.

    Args:
        saved: the plan that was reviewed.
        fresh: what would be planned now.

    Raises:
        StalePlanError: a side or the state is not as it was, or the fresh plan lacks a change of the saved one.
    """
    _same_state(saved, fresh)
    where, hint = _where_and_hint(saved)
    if saved.serial != fresh.serial:
        runs = f"{saved.serial} run{'' if saved.serial == 1 else 's'}"
        what = f"the plan was applied already, or another run came after it: it was made after {runs} of the sync, "
        raise StalePlanError(f"{what}which has had {fresh.serial} by now", where=where, hint=hint)
    for side in ("source", "target"):
        if getattr(saved.observed, side) != getattr(fresh.observed, side):
            name = getattr(saved, side)
            raise StalePlanError(f"the {side} ({name}) has changed since the plan was made", where=where, hint=hint)
    for change in saved.pending:
        if expired := change.expired(fresh.created_at):
            raise StalePlanError(f"{change.label}: {expired}", where=where, hint=hint)
    remaining = {(change.source, change.piece, change.target): change for change in fresh.pending}
    kept: list[Change] = []
    for change in saved.pending:
        now = remaining.pop((change.source, change.piece, change.target), None)
        if now is None or not _is_same(change, now):
            what = f"a plan that is made now does not {change.action} {change.label} as the saved one does"
            raise StalePlanError(what, where=where, hint=hint)
        kept.append(now)
    planned = {(change.source, change.piece, change.target) for change in saved.changes}
    rest = (
        change
        for change in fresh.changes
        if change.action not in PENDING and (change.source, change.piece, change.target) in planned
    )
    return attrs.evolve(fresh, changes=(*kept, *rest))


def is_staged(saved: Plan) -> bool:
    """Return whether a saved plan creates its jobs staged."""
    creates = [change for change in saved.pending if change.action == "create"]
    return bool(creates) and all(change.active_side == "source" for change in creates)


def _is_same(change: Change, now: Change) -> bool:
    """Return whether two plans want the same of a job; how far ahead it is parked may differ: it depends on the day."""
    if any(getattr(change, name) != getattr(now, name) for name in ("action", "name", "pieces", "active_side", "back")):
        return False
    fields, fresh = ({one.path: one for one in plan.fields} for plan in (change, now))
    return fields.keys() == fresh.keys() and all(
        path in now.due or (same(one.new, fresh[path].new) and same(one.remote, fresh[path].remote))
        for path, one in fields.items()
    )


def rest_of(run: Run, saved: Plan, fresh: Plan, *, later: Sequence[Run], sent: Iterable[Write]) -> Plan:
    """Return what a run has left of its plan, if that still fits.

    Args:
        run: the run.
        saved: its plan.
        fresh: what would be planned now, with every write reconciled that can be.
        later: the runs of the same sync after it.
        sent: what the run, and those that resumed it, wrote.

    Raises:
        StalePlanError: the source has changed, another run came after it, or a job that is still to be changed is not
            as it was.
    """
    where, hint = f"run {run.id}", f"plan what is left: migrator plan {saved.sync}"
    _same_state(saved, fresh)
    if others := [other.id for other in later if (other.kind, other.of) != ("resume", run.id)]:
        raise StalePlanError("another run came after it", where=where, actual=", ".join(others), hint=hint)
    if saved.observed.source != fresh.observed.source:
        raise StalePlanError(f"the source ({saved.source}) has changed since", where=where, hint=hint)
    touched = {write.source for write in sent if write.state != "claimed"}
    remaining: list[Change] = []
    planned = {change.source for change in saved.pending}
    for change in fresh.changes:
        if change.source not in planned:
            continue
        before = _counterpart(change, saved)
        if change.action == "blocked" or (change in fresh.pending and not _continues(change, before, touched)):
            reason = change.reason or "it has changed since the plan was made"
            what = f"what is left of the plan no longer fits: {change.label}: {reason}"
            raise StalePlanError(what, where=where, hint=hint)
        remaining.append(change)
    return attrs.evolve(fresh, changes=tuple(remaining), refusal="")


def unfinished(
    planned: Sequence[Change], outcomes: Sequence[Outcome], fresh: Plan, unclear: AbstractSet[JobRef]
) -> Plan:
    """Return what remains of a run's changes after writes without a response were reconciled.

    Args:
        planned: the run's changes.
        outcomes: what became of them, one for each.
        fresh: what would be planned now.
        unclear: the source jobs whose writes had no response.
    """
    failed = any(o.status != "done" and o.action in _MAKING and o.source not in unclear for o in outcomes)
    withheld = {
        change.target
        for change, outcome in zip(planned, outcomes, strict=True)
        if change.action == "delete" and outcome.status == "skipped" and not failed
    }
    rest = [
        change
        for change in fresh.changes
        if (change.source in unclear and not (failed and change.action == "delete"))
        or (change.action == "delete" and change.target in withheld)
    ]
    return attrs.evolve(fresh, changes=tuple(rest), refusal="")


def merged(
    planned: Sequence[Change],
    outcomes: Sequence[Outcome],
    rest: Plan,
    later: Sequence[Outcome],
    unclear: AbstractSet[JobRef],
) -> tuple[Outcome, ...]:
    """Return the outcomes of a run, after its unfinished changes were applied once more."""
    taken_up = {change.target for change in rest.changes if change.action == "delete"}
    return tuple(
        _merged_outcome(change, outcome, rest, later)
        if outcome.status != "done" and (change.source in unclear or change.target in taken_up)
        else outcome
        for change, outcome in zip(planned, outcomes, strict=True)
    )


def replanned(plan: Plan, outcomes: Sequence[Outcome], fresh: Plan) -> Plan:
    """Return what a fresh plan makes of what a run could not do as it was planned: failed, skipped or blocked.

    Args:
        plan: the run's plan.
        outcomes: what became of its changes, one for each that was pending.
        fresh: what would be planned now.
    """
    undone = {outcome.source for outcome in outcomes if outcome.status != "done"}
    undone |= {change.source for change in plan.blocked}
    return attrs.evolve(fresh, changes=tuple(change for change in fresh.changes if change.source in undone))


def joined(
    plan: Plan, outcomes: Sequence[Outcome], rest: Plan, later: Sequence[Outcome]
) -> tuple[Plan, tuple[Outcome, ...]]:
    """Return a run's plan and outcomes with those changes exchanged that were planned again, by `replanned`."""
    again = {change.source for change in rest.changes}
    outcome_of = {id(change): outcome for change, outcome in zip(plan.pending, outcomes, strict=True)}
    outcome_of |= {id(change): outcome for change, outcome in zip(rest.pending, later, strict=True)}
    kept = [change for change in plan.changes if change.source not in again or _is_done(outcome_of.get(id(change)))]
    changes = tuple(sorted([*kept, *rest.changes], key=lambda one: (one.name.casefold(), str(one.source), one.piece)))
    whole = attrs.evolve(plan, contract=rest.contract, changes=changes)
    return whole, tuple(outcome_of[id(change)] for change in whole.pending)


def _is_done(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.status == "done"


def _merged_outcome(change: Change, outcome: Outcome, rest: Plan, later: Sequence[Outcome]) -> Outcome:
    own = [(found, result) for found, result in zip(rest.pending, later, strict=True) if found.source == change.source]
    if not_done := [(found.piece != change.piece, result) for found, result in own if result.status != "done"]:
        _rank, result = min(not_done, key=lambda one: (one[0], bool(one[1].follows)))  # its own, if there is one
        return attrs.evolve(outcome, status=result.status, error=result.error, follows=result.follows)
    now = [found for found in rest.changes if found.source == change.source]
    if blocked := next((found for found in now if found.action == "blocked"), None):
        return attrs.evolve(outcome, status="failed", error=blocked.reason, follows=None)
    made = [result.target for found, result in own if found.piece == change.piece and result.action != "delete"]
    kept = [found.target for found in now if found.piece == change.piece and found.action != "delete"]
    target = next(iter([*made, *kept]), outcome.target)
    return attrs.evolve(outcome, status="done", error="", follows=None, target=target)


def _same_state(saved: Plan, fresh: Plan) -> None:
    where, hint = _where_and_hint(saved)
    if saved.lineage != fresh.lineage:
        raise StalePlanError("the plan was made on another state", where=where, hint=hint)
    if saved.contract != fresh.contract or saved.target_scope != fresh.target_scope:
        raise StalePlanError("the target is updated in another way than the plan expects", where=where, hint=hint)


def _where_and_hint(saved: Plan) -> tuple[str, str]:
    """Return how messages name a plan, and what they advise."""
    return f"plan of {write_time(saved.created_at)}", f"make a new plan: migrator plan {saved.sync} -o plan.json"


def _counterpart(change: Change, saved: Plan) -> Change | None:
    return next((c for c in saved.pending if (c.source, c.piece) == (change.source, change.piece)), None)


def _continues(change: Change, before: Change | None, touched: AbstractSet[JobRef | None]) -> bool:
    """Return whether a change is what was planned, or what is left of it where the run has begun it."""
    if change.source not in touched:
        return before is not None and (before.action, before.target, before.fields, before.back) == (
            change.action,
            change.target,
            change.fields,
            change.back,
        )
    wanted = {field.path: field.new for field in before.fields} if before else {}
    return all(same(wanted[field.path], field.new) for field in change.fields if field.path in wanted)
