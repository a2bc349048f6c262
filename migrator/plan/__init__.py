"""Compare what the source wants with what the target has, and write down what would change.

Pure: `make_plan` looks at two complete listings and the links, and returns a `Plan`. It never changes a job that we did
not make, and never makes one that is there already.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from migrator.plan.basis import Basis
from migrator.plan.identity import displaced
from migrator.plan.planner import Planner
from migrator.plan.values import TOUCHING, Change, FieldChange, Observed, Plan


def make_plan(basis: Basis) -> Plan:
    """The changes that bring the target in line with the source."""
    source, source_seen = basis.source.digested("")
    target, target_seen = basis.target.digested(basis.mapping.rules.dialect)
    if source is not basis.source or target is not basis.target:
        basis = attrs.evolve(basis, source=source, target=target)
    changes = tuple(sorted(Planner(basis).changes(), key=lambda c: (c.name.casefold(), str(c.source), c.piece)))
    rules = basis.mapping.rules
    return Plan(
        sync=basis.sync.name,
        source=basis.sync.source,
        target=basis.sync.target,
        target_provider=rules.provider,
        target_scope=basis.target_scope,
        dialect=rules.dialect,
        contract=basis.contract,
        lineage=basis.lineage,
        serial=basis.serial,
        created_at=basis.now,
        observed=Observed(source=source_seen, target=target_seen),
        changes=changes,
        refusal=displaced(basis) or _over_limits(changes, basis),
    )


def _over_limits(changes: Iterable[Change], basis: Basis) -> str:
    """Why the plan does more than the sync allows in one run."""
    limits, linked = basis.sync.limits, sum(link.sync == basis.sync.name for link in basis.links)
    counts = {
        "changes": sum(change.action in TOUCHING and not change.renews for change in changes),
        "deletes": sum(change.action == "delete" and not change.renews for change in changes),
    }
    for name, count in counts.items():
        limit = getattr(limits, name)
        if count and not limit.allows(count, of=linked, floor=limits.floor):
            return (
                f"the plan has {count} {name} among {linked} jobs, and limits.{name} allows {limit}; "
                f"if that is what you want, raise limits.{name} in [syncs.{basis.sync.name}]"
            )
    return ""


__all__ = ["Basis", "Change", "FieldChange", "Observed", "Plan", "make_plan"]
