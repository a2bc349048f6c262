"""Writes without an outcome, a state that has them, and listings of the target: no HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
from attrs import define, field

from migrator.canonical import Job, flatten
from migrator.extract import Extracted, Problem
from migrator.mapping.ownership import ownership_tag_for
from migrator.recovery.reconcile import Reconciler
from migrator.store import State
from migrator.store.records import Binding, Run, Write
from tests.plan.builder import NOW, TARGET_SCOPE, Given, job, mapping, ref

SOURCE = ref("Alpha")
MADE = Given(source=(job("Alpha"),)).carried_out().target[0]
"""What the create of Alpha makes."""


def older(minutes: float) -> datetime:
    """Return the time so many minutes ago."""
    return NOW - timedelta(minutes=minutes)


def found(key: str = "made", of: Job = MADE, **values: Any) -> Job:
    """Return a target job."""
    return attrs.evolve(of, ref=attrs.evolve(of.ref, id=key), **values)


def listing(*jobs: Job, problems: tuple[Problem, ...] = ()) -> Extracted:
    """Return a listing of the target."""
    return Extracted(jobs=jobs, problems=problems, scopes=(TARGET_SCOPE,))


def create(**values: Any) -> Write:
    """Return the create of Alpha, sent and without an outcome."""
    made = Write(
        run="r1",
        seq=1,
        sync="it",
        action="create",
        source=SOURCE,
        target_scope=TARGET_SCOPE,
        name="Alpha",
        fields=flatten(MADE),
        at=NOW,
    )
    return attrs.evolve(made, **values)


def bound(one: Job = MADE, **values: Any) -> Binding:
    """Return the binding to a target job as it is."""
    made = Binding(source=SOURCE, target=one.ref, sync="it", applied=flatten(one), seen=flatten(one))
    return attrs.evolve(made, **values)


@define
class ReconcilerBench:
    """A state with writes, and a target whose later listings are given.

    Attributes:
        state: the state.
        provider: of the target.
        now: the clock.
        later: the listings after the first; the last one stays.
        slept: the seconds waited.
        waiting: what was known of the writes during each wait.
    """

    state: State
    provider: str = "devin"
    now: datetime = NOW
    later: list[Extracted] = field(factory=list)
    slept: list[float] = field(factory=list)
    waiting: list[list[str]] = field(factory=list)

    def record(self, *writes: Write, bindings: Sequence[Binding] = ()) -> None:
        """Record writes and bindings."""
        run = Run(id="r1", sync="it", provider=self.provider, scope=TARGET_SCOPE, started_at=NOW)
        dialect = mapping(self.provider).rules.dialect
        self.state.begin_run(run, plan_digest="", dialect=dialect, claims=writes)
        if bindings:
            self.state.put_binding(*bindings, dialect=dialect)

    @property
    def reconciler(self) -> Reconciler:
        """What reconciles the writes."""

        async def relist() -> Extracted:
            return self.later.pop(0) if len(self.later) > 1 else self.later[0]

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.waiting.append([one.state for one in self.state.writes("r1")])
            self.now += timedelta(seconds=seconds)

        return Reconciler(
            mapping=mapping(self.provider),
            state=self.state,
            scopes=(TARGET_SCOPE,),
            relist=relist,
            now=lambda: self.now,
            sleep=sleep,
        )

    async def reconcile(self, write: Write, *jobs: Job, problems: tuple[Problem, ...] = ()) -> tuple[str, str]:
        """Reconcile one write with one listing; return its state, and the id of its target job or the error."""
        self.later = [listing(*jobs, problems=problems)]
        _target, unresolved = await self.reconciler.reconcile([write], self.later[0])
        (write_now,) = (one for one in self.state.writes("r1") if one.seq == write.seq)
        assert [one.error for one in unresolved] == ([write_now.error] if write_now.state == "uncertain" else [])
        return write_now.state, write_now.error or write_now.target_id or ""

    def bindings(self) -> list[Binding]:
        """Return the bindings."""
        rules = mapping(self.provider).rules
        return list(self.state.bindings(rules.provider, (TARGET_SCOPE,), rules.dialect))


TAG = ownership_tag_for(SOURCE)
"""The ownership tag of what the create of Alpha makes."""
