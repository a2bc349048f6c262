"""Compare what the source wants with what the target has, and write down what would change.

Pure: `make_plan` takes two complete listings and the bindings, and returns a `Plan`. It never changes a job that we did
not make, and never makes one that is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from migrator.plan.changes import TOUCHING, Change, FieldChange, Observed, Plan
from migrator.plan.identity import displaced
from migrator.plan.plan_input import PlanInput
from migrator.plan.planner import Planner
from migrator.plan.room import within_room


def make_plan(inputs: PlanInput, each: Callable[[], None] = lambda: None) -> Plan:
    """Return the changes that bring the target in line with the source; `each` is called for every source job."""
    source, source_seen = inputs.source.digested("")
    target, target_seen = inputs.target.digested(inputs.mapping.rules.dialect)
    if source is not inputs.source or target is not inputs.target:
        inputs = attrs.evolve(inputs, source=source, target=target)
    planned = within_room(inputs, Planner(inputs, each).changes())
    changes = tuple(sorted(planned, key=lambda c: (c.name.casefold(), str(c.source), c.piece)))
    rules = inputs.mapping.rules
    return Plan(
        sync=inputs.sync.name,
        source=inputs.sync.source,
        target=inputs.sync.target,
        target_provider=rules.provider,
        target_scope=inputs.target_scope,
        dialect=rules.dialect,
        contract=inputs.contract,
        lineage=inputs.lineage,
        serial=inputs.serial,
        created_at=inputs.now,
        observed=Observed(source=source_seen, target=target_seen),
        changes=changes,
        refusal=displaced(inputs) or _over_limits(changes, inputs),
    )


def most_possible(inputs: PlanInput, each: Callable[[], None] = lambda: None) -> tuple[PlanInput, Plan]:
    """Return the plan under the update contract by which most can be done, for a target whose contract is not known.

    Where the target turns out to follow another one, its first answer says so, and the run plans again.
    """
    contracts = inputs.mapping.rules.contracts
    found = [(one := attrs.evolve(inputs, contract=contract), make_plan(one, each)) for contract in contracts]
    return min(found, key=lambda pair: (pair[1].summary["blocked"], pair[1].summary["replace"]))


def _over_limits(changes: Iterable[Change], inputs: PlanInput) -> str:
    """Return why the plan does more than the sync allows in one run."""
    limits, bound_jobs = inputs.sync.limits, sum(binding.sync == inputs.sync.name for binding in inputs.bindings)
    counts = {
        "changes": sum(change.action in TOUCHING and not change.renews for change in changes),
        "deletes": sum(change.action == "delete" and not change.renews for change in changes),
    }
    for name, count in counts.items():
        limit = getattr(limits, name)
        if count and not limit.allows(count, of=bound_jobs, floor=limits.floor):
            return (
                f"the plan has {count} {name} among {bound_jobs} jobs, and limits.{name} allows {limit}; "
                f"if that is what you want, raise limits.{name} in [syncs.{inputs.sync.name}]"
            )
    return ""


__all__ = ["Change", "FieldChange", "Observed", "Plan", "PlanInput", "make_plan", "most_possible"]
