"""Plan input without HTTP, SQL or a platform: two listings of Omni and Devin jobs, and the bindings between them.

given = Given(source=(job("Report"),))
plan = given.plan()                # one create
given = given.carried_out()        # the target holds what the plan creates, and the bindings say so
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import attrs
from attrs import field, frozen

from migrator.canonical import Job, JobRef, Prompt, flatten, unflatten
from migrator.config import Sync
from migrator.cron import Recurring, parse
from migrator.extract import Extracted
from migrator.mapping import ProviderMapping, load_mapping
from migrator.plan import make_plan
from migrator.plan.changes import Change, Plan
from migrator.plan.plan_input import PlanInput
from migrator.store.records import Binding

NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
SOURCE_SCOPE: Final = "acme"
TARGET_SCOPE: Final = "org-1"


@cache
def mapping(provider: str) -> ProviderMapping:
    """Return a provider's mapping."""
    return load_mapping(provider)


def ref(name: str, provider: str = "omni") -> JobRef:
    """Return where a job of that name lives."""
    key = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
    return JobRef(provider=provider, scope=SOURCE_SCOPE if provider == "omni" else TARGET_SCOPE, id=key)


def job(name: str, cron: str = "0 9 ? * MON *", timezone: str = "UTC", **rest: Any) -> Job:
    """Return an Omni job that a Devin organisation can hold without any loss."""
    trigger = Recurring(parse(cron, "eventbridge"), timezone)
    return Job(ref=ref(name), name=name, trigger=trigger, action=Prompt(text=f"Do {name}."), created_at=NOW, **rest)


@frozen(kw_only=True)
class Given:
    """What a planner is given.

    Attributes:
        source: the jobs of the source.
        target: the jobs of the target.
        bindings: the bindings.
        options: of the sync.
        rest: of the plan input.
    """

    source: tuple[Job, ...] = ()
    target: tuple[Job, ...] = ()
    bindings: tuple[Binding, ...] = ()
    options: dict[str, Any] = field(factory=dict)
    rest: dict[str, Any] = field(factory=dict)

    def inputs(self) -> PlanInput:
        """Return the plan input."""
        values: dict[str, Any] = {
            "sync": Sync(**{"name": "it", "source": "omni", "target": "devin"} | self.options),
            "source": Extracted(jobs=self.source, scopes=(SOURCE_SCOPE,)),
            "target": Extracted(jobs=self.target, scopes=(TARGET_SCOPE,)),
            "target_scope": TARGET_SCOPE,
            "bindings": self.bindings,
            "mapping": mapping("devin"),
            "origin": mapping("omni"),
            "contract": "patch",
            "now": NOW,
            "lineage": "lineage",
            "serial": 0,
        }
        return PlanInput(**values | self.rest)

    def plan(self) -> Plan:
        """Return the plan."""
        return make_plan(self.inputs())

    def carried_out(self) -> Given:
        """Return the same after every create of the plan has been made."""
        made = [change for change in self.plan().changes if change.action == "create"]
        target = (*self.target, *(_made(change) for change in made))
        return attrs.evolve(self, target=target, bindings=(*self.bindings, *map(_bound, made)))

    def with_source(self, change: Callable[[Job], Job]) -> Given:
        """Return the same with every source job changed."""
        return attrs.evolve(self, source=tuple(map(change, self.source)))

    def with_target(self, change: Callable[[Job], Job]) -> Given:
        """Return the same with every target job changed."""
        return attrs.evolve(self, target=tuple(map(change, self.target)))

    def having(self, **options: Any) -> Given:
        """Return the same with other options of the sync."""
        return attrs.evolve(self, options=self.options | options)

    def given(self, **rest: Any) -> Given:
        """Return the same with other plan input."""
        return attrs.evolve(self, rest=self.rest | rest)


def only(plan: Plan) -> Change:
    """Return the one change of a plan."""
    (change,) = plan.changes
    return change


def _target(change: Change) -> JobRef:
    return ref(f"{change.source} {change.piece}", "devin")


def _made(change: Change) -> Job:
    """Return the target job that a create makes."""
    return unflatten(change.new_fields(), ref=_target(change), created_at=NOW)


def _bound(change: Change) -> Binding:
    """Return the binding that a create leaves."""
    assert change.source is not None
    fields = flatten(_made(change))
    return Binding(
        source=change.source,
        target=_target(change),
        piece=change.piece,
        pieces=change.pieces,
        sync="it",
        applied=fields,
        seen=fields,
        stands_for=change.schedule.stands_for if change.schedule else "",
    )
