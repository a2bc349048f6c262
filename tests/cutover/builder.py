"""Both sides of one job without HTTP or SQL: what a cutover decides by.

given = Switching()                              # Alpha at Omni, and its copy at Devin, both live
given.plan("target")                             # pause the source
given.after("target").plan("source")             # restore the source, hold the target
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import attrs
from attrs import field, frozen

from migrator.active_side import SwitchContext, is_spent
from migrator.canonical import Job
from migrator.cron import Once, parse
from migrator.cutover.decide import SwitchPlanner
from migrator.cutover.switches import Goal, Switch
from migrator.mapping import ProviderMapping
from migrator.plan.staging import with_fields
from migrator.store.records import ActiveSide, Binding
from tests.plan.builder import NOW, TARGET_SCOPE, Given, job, mapping

SPARE: Final = timedelta(minutes=10)
PLACE: Final = ("devin", TARGET_SCOPE)


def bound_pair(source: Job, **options: Any) -> Given:
    """Return a source job and the target jobs that a plan makes for it."""
    return Given(source=(source,), options=options).carried_out()


@frozen(kw_only=True)
class Switching:
    """One source job, its target jobs, and what is recorded of its active side.

    Attributes:
        source: the source job as it is.
        wished: the source job as its owner wants it; None for as it is.
        targets: the target jobs as they are.
        bindings: between them.
        active_side: what is recorded.
        due: what the target jobs hold once they may fire, by number.
        contracts: the update contracts of source and target.
        may_delete: whether a source job may be deleted where nothing else stops it.
        fixed: by platform, the fields that it cannot change.
    """

    source: Job = field(factory=lambda: job("Alpha"))
    wished: Job | None = None
    targets: tuple[Job, ...] = field()
    bindings: tuple[Binding, ...] = field()
    active_side: ActiveSide | None = None
    due: dict[int, dict[str, Any]] = field(factory=dict)
    contracts: tuple[str, str] = ("put", "patch")
    may_delete: bool = False
    fixed: Mapping[str, tuple[str, ...]] = field(factory=dict)

    @targets.default
    def _made(self) -> tuple[Job, ...]:
        return bound_pair(self.source).target

    @bindings.default
    def _bound(self) -> tuple[Binding, ...]:
        return bound_pair(self.source).bindings

    @property
    def planner(self) -> SwitchPlanner:
        """What plans the switch."""
        return SwitchPlanner(
            sync="it",
            scope=PLACE,
            source=self._mapping("omni"),
            source_contract=self.contracts[0],
            target=self._mapping("devin"),
            target_contract=self.contracts[1],
            now=NOW,
            spare=SPARE,
            may_delete=self.may_delete,
        )

    @property
    def context(self) -> SwitchContext:
        """What is known of the job."""
        wished = self.wished or self.source
        active_sides = [(wished, "eventbridge"), *((one, "vixie") for one in self.targets)]
        return SwitchContext(
            source=self.source,
            wanted=wished,
            active_side=self.active_side,
            bindings=self.bindings,
            targets={one.ref: one for one in self.targets},
            due={self.targets[number].ref: fields for number, fields in self.due.items()},
            spent={one.ref for one, dialect in active_sides if is_spent(one, dialect, NOW)},
        )

    def _mapping(self, provider: str) -> ProviderMapping:
        found = mapping(provider)
        fixed = {path: attrs.evolve(found.rules.fields[path], change="fixed") for path in self.fixed.get(provider, ())}
        return attrs.evolve(found, rules=attrs.evolve(found.rules, fields={**found.rules.fields, **fixed}))

    def plan(self, goal: Goal) -> Switch:
        """Return the switch."""
        return self.planner.switch(self.context, goal)

    def having(self, **values: Any) -> Switching:
        """Return the same with other values."""
        return attrs.evolve(self, **values)

    def with_target(self, **values: Any) -> Switching:
        """Return the same with every target job changed."""
        return self.having(targets=tuple(attrs.evolve(one, **values) for one in self.targets))

    def staged(self) -> Switching:
        """Return the same with paused target jobs that are due to be live."""
        return self.with_target(enabled=False).having(due={n: {"enabled": True} for n in range(len(self.targets))})

    def after(self, goal: Goal, *, steps: int | None = None) -> Switching:
        """Return the same after the steps of a switch, or after the first of them, in a run that died."""
        switch = self.plan(goal)
        jobs = {one.ref: one for one in (self.source, *self.targets)}
        for step in switch.steps[:steps]:
            jobs[step.job] = with_fields(jobs[step.job], step.new)
        record = switch.switched if switch.status == "planned" else self.active_side
        if steps is not None:
            ahead = switch.switched if goal == "target" else self.active_side or switch.switched
            assert ahead
            record = attrs.evolve(ahead, live=self.active_side.live if self.active_side else "both", begun=NOW)
        return self.having(
            source=jobs[self.source.ref],
            wished=self.wished or self.source,
            targets=tuple(jobs[one.ref] for one in self.targets),
            active_side=record,
            due={number: {"enabled": True} for number in range(len(self.targets))},
        )


def active_side(**values: Any) -> ActiveSide:
    """Return what is recorded of the active side of Alpha."""
    made = ActiveSide(source=job("Alpha").ref, target=PLACE, sync="it", name="Alpha", live="target", since=NOW)
    return attrs.evolve(made, **values)


GIVEN: Final = Switching()
STAGED: Final = GIVEN.staged()


def steps(switch: Switch) -> list[tuple[str, dict[str, Any]]]:
    """Return what a switch does, in order."""
    assert switch.status == "planned", switch.reason
    return [(step.does, dict(step.new)) for step in switch.steps]


def refusal(switch: Switch) -> tuple[str, str]:
    """Return why there is no switch; it has no writes then."""
    assert switch.steps == ()
    return switch.status, switch.reason


def once(minutes: float, **values: Any) -> Switching:
    """Return a job that fires once, in so many minutes."""
    source = attrs.evolve(job("Alpha"), trigger=Once(NOW + timedelta(minutes=minutes)))
    return attrs.evolve(GIVEN, source=source, **values)


def parked_at(cron: str) -> Switching:
    """Return a job that a cutover stopped with this schedule, of which its owner wants another one."""
    parked, own = parse(cron, "eventbridge"), parse("0 9 ? * MON *", "eventbridge")
    return Switching(
        source=job("Alpha", cron),
        wished=job("Alpha"),
        targets=GIVEN.targets,
        bindings=GIVEN.bindings,
        active_side=active_side(parked={"trigger.cron": parked}, original={"trigger.cron": own}),
        contracts=("patch", "patch"),
    )
