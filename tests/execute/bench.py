"""A run that writes, with a state on disk and platforms in memory: what is sent, in which order, and what is noted.

bench = Bench(state, given)                   # the target holds the target jobs of `given`, and the state its bindings
outcomes = await bench.applied()              # of the plan of `given`
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import attrs
from attrs import define, field

from migrator.canonical import Job
from migrator.execute.executor import Executor
from migrator.execute.journal import WriteJournal
from migrator.execute.outcomes import Outcome
from migrator.execute.planned_writes import planned_writes
from migrator.execute.writer import Writer
from migrator.extract import Extracted
from migrator.plan.changes import Change, Plan
from migrator.store import State
from migrator.store.records import Binding, Run, RunKind
from tests.execute.memory import Memory
from tests.plan.builder import NOW, SOURCE_SCOPE, TARGET_SCOPE, Given, job

RUN = "run-000001"
LOCK = "the lock"


@define
class Bench:
    """A run that was begun, and both of its platforms.

    Attributes:
        state: the state.
        given: both sides as planned.
        source: the source.
        target: the target.
        contracts: the update contracts of source and target.
        now: the clock.
        slept: the seconds waited.
        meanwhile: run at each wait.
        told: the outcomes as they were told.
        options: of the writer to the target.
        kind: what kind of run it is.
    """

    state: State
    given: Given
    contracts: tuple[str, str] = ("put", "patch")
    source: Memory = field()
    target: Memory = field()
    now: datetime = NOW
    slept: list[float] = field(factory=list)
    meanwhile: Callable[[], None] = lambda: None
    told: list[Outcome] = field(factory=list)
    stop: asyncio.Event = field(factory=asyncio.Event)
    options: dict[str, Any] = field(factory=dict)
    kind: RunKind = "apply"
    writer: Writer = field(init=False)

    @source.default
    def _source(self) -> Memory:
        return Memory(provider="omni", scope=SOURCE_SCOPE).holding(*self.given.source)

    @target.default
    def _target(self) -> Memory:
        return Memory(provider="devin", scope=TARGET_SCOPE).holding(*self.given.target)

    def begin(self, plan: Plan | None = None) -> Bench:
        """Note the bindings and the run, take its lock, and open the writer; return self."""
        run = Run(id=RUN, sync="it", provider="devin", scope=TARGET_SCOPE, kind=self.kind, started_at=NOW)
        pending = plan.pending if plan else ()
        claims = list(planned_writes(pending, run=RUN, sync="it", scope=TARGET_SCOPE, now=NOW))
        if self.given.bindings:
            self.state.put_binding(*self.given.bindings, dialect="vixie")
        self.state.begin_run(run, plan_digest="", dialect="vixie", claims=claims)
        self.state.lock(LOCK, RUN)
        journal = WriteJournal(
            run=RUN,
            sync="it",
            state=self.state,
            now=lambda: self.now,
            provider="devin",
            scope=TARGET_SCOPE,
            dialect="vixie",
            lock=LOCK,
        )
        self.writer = Writer(
            adapter=adapter_of(self.target),
            mapping=self.target.mapping,
            journal=journal,
            contract=self.contracts[1],
            sleep=self.sleep,
            listing=self.listed(),
            bindings={binding.target.id: binding for binding in self.given.bindings},
            **self.options,
        )
        return self

    def listed(self) -> Extracted:
        """Return the target as it is."""
        raws = {self.target.ref(key): dict(raw) for key, raw in self.target.raws.items()}
        return Extracted(jobs=self.target.jobs(), raws=raws, scopes=(TARGET_SCOPE,))

    async def sleep(self, seconds: float) -> None:
        """Let time go on."""
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
        self.meanwhile()
        await asyncio.sleep(0)

    @property
    def origin(self) -> Writer:
        """What writes to the source."""
        return Writer(
            adapter=adapter_of(self.source),
            mapping=self.source.mapping,
            journal=attrs.evolve(
                self.writer.journal, provider="omni", scope=SOURCE_SCOPE, dialect="eventbridge", at_once=True
            ),
            contract=self.contracts[0],
            sleep=self.sleep,
        )

    async def applied(self, plan: Plan | None = None, **options: Any) -> list[tuple[str, str, str]]:
        """Apply a plan, or that of `given`; return action, status and error of each change."""
        plan = plan or self.given.plan()
        self.begin(plan)
        executor = Executor(
            target=self.writer, source=self.origin, stop=self.stop, progress=self.told.append, **options
        )
        outcomes = await executor.apply(plan)
        assert [one for one in outcomes if one.status != "skipped"] == sorted(self.told, key=outcomes.index)
        return [(one.action, one.status, one.error) for one in outcomes]

    def bindings(self) -> dict[str, Binding]:
        """Return the bindings on disk, by target id."""
        return {one.target.id: one for one in self.state.bindings("devin", (TARGET_SCOPE,), "vixie")}

    def writes(self) -> list[tuple[str, str]]:
        """Return the journal of the run: what was written, and how that ended."""
        return [(one.action, one.state) for one in self.state.writes(RUN)]

    def edited(self, plan: Plan, **values: Any) -> Plan:
        """Return a plan with other values in each of its changes."""
        return attrs.evolve(plan, changes=tuple(attrs.evolve(one, **values) for one in plan.changes))


def adapter_of(platform: Any) -> Any:
    """Return a platform as an adapter, whose provider is the class's and not each one's own."""
    return platform


def jobs(number: int) -> Given:
    """Return so many source jobs."""
    return Given(source=tuple(job(f"Job {one}") for one in range(number)))


MADE = jobs(3).carried_out()
RENAMED = MADE.with_source(lambda one: attrs.evolve(one, name=f"{one.name}, renamed"))


def deletes(given: Given, *names: str) -> tuple[Change, ...]:
    """Return deletions of target jobs."""
    found = [one for one in given.target if one.name in names]
    bound = {binding.target: binding for binding in given.bindings}
    return tuple(Change(action="delete", source=bound[one.ref].source, target=one.ref, name=one.name) for one in found)


def live(*jobs: Job) -> list[str]:
    """Return the names of the jobs that may fire."""
    return [one.name for one in jobs if one.live]


def replacing() -> tuple[Given, Plan]:
    """Return a job that is recreated under another name."""
    given = attrs.evolve(RENAMED, source=RENAMED.source[:1], target=MADE.target[:1], bindings=MADE.bindings[:1])
    plan = given.plan()
    return given, attrs.evolve(plan, changes=tuple(attrs.evolve(one, action="replace") for one in plan.pending))


def fixed(mapping: Any) -> Any:
    """Return the mapping of a platform that has a second contract, under which it cannot pause."""
    rules = mapping.rules
    enabled = attrs.evolve(rules.fields["enabled"], change={"patch": "update", "put": "fixed"})
    contracts = {**rules.contracts, "put": rules.contracts["patch"]}
    rules = attrs.evolve(rules, fields={**rules.fields, "enabled": enabled}, contracts=contracts)
    return attrs.evolve(mapping, rules=rules)
