"""The stages wired together: the only place that knows all of them.

open both sides ─▶ list and read both ─▶ settle what a dead run left ─▶ plan ─▶ apply
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import field, frozen

from migrator.apply import Applied, Applier, Changer, Outcome, Writer
from migrator.apply.settle import settle
from migrator.concurrency import side_by_side
from migrator.config import Config, Sync
from migrator.document import job_document
from migrator.errors import LockedError, RefusedError, StalePlanError, UsageError
from migrator.extract import Extracted, extract
from migrator.mapping import ProviderMapping, load_mapping
from migrator.mapping.codecs import write_time
from migrator.plan import Basis, make_plan
from migrator.plan.document import plan_digest
from migrator.plan.values import Plan
from migrator.providers import PROVIDERS, open_adapter
from migrator.providers.base import LoadAdapter
from migrator.state import State
from migrator.transport.clock import REAL, Clock

_BEAT: Final = 15.0
_CONTRACT: Final = "update_contract"


@frozen(kw_only=True)
class Runtime:
    """What a command brings along.

    Attributes:
        config: the config file.
        environ: where secrets of the form env:NAME are found.
        mappings: a folder of mapping files, None for our own.
        clock: time and chance.
        pacers: shared by every connection of the run.
    """

    config: Config
    environ: Mapping[str, str] = field(repr=False)
    mappings: Path | None = None
    clock: Clock = REAL
    pacers: dict[str, Any] = field(factory=dict, repr=False)

    def mapping(self, provider: str) -> ProviderMapping:
        """A provider's mapping, checked against its documentation."""
        documented = None if provider == "json" else PROVIDERS[provider].documented
        return load_mapping(provider, directory=self.mappings, documented=documented)


@frozen(kw_only=True)
class Side:
    """One open connection with its mapping."""

    name: str
    adapter: LoadAdapter
    mapping: ProviderMapping

    @property
    def lock(self) -> str:
        """The name of the lock that protects what it writes to."""
        return f"{self.adapter.provider}:{self.adapter.scopes[0]}"


@asynccontextmanager
async def _open(
    runtime: Runtime, name: str, *, state: State | None = None, target: bool = False
) -> AsyncIterator[Side]:
    connection = runtime.config.connection(name, environ=runtime.environ)
    mapping = runtime.mapping(connection.provider)
    if target and len(connection.user_ids) > 1:
        what = "a target must be one place, and this connection names several members"
        raise UsageError(what, where=f"connections.{name}", hint="give the target a connection with one of user_ids")
    async with open_adapter(connection, target=target, pacers=runtime.pacers, clock=runtime.clock) as adapter:
        known = state.recall(adapter.scopes[0], _CONTRACT) if state and target else None
        if known and connection.update_contract == "auto":
            remembered = attrs.evolve(connection, known_contract=known)
            async with open_adapter(remembered, target=target, pacers=runtime.pacers, clock=runtime.clock) as informed:
                yield Side(name=name, adapter=informed, mapping=mapping)
        else:
            yield Side(name=name, adapter=adapter, mapping=mapping)


async def export(runtime: Runtime, connection: str) -> dict[str, Any]:
    """Every job of a connection as a `migrator/jobs@1` document; writes to no provider.

    Jobs that cannot be read stand in `problems`, with their records.
    """
    async with _open(runtime, connection) as side:
        found = await extract(side.adapter, side.mapping, as_source=True)
        mapping = runtime.mapping("json")
        return {
            "schema": "migrator/jobs@1",
            "connection": connection,
            "provider": side.adapter.provider,
            "exported_at": write_time(runtime.clock.now()),
            "jobs": [job_document(job, mapping) for job in found.jobs],
            "problems": [
                {
                    "id": problem.ref.id,
                    "name": problem.name,
                    "error": str(problem.error),
                    "record": found.raws[problem.ref],
                }
                for problem in found.problems
            ],
        }


@frozen(kw_only=True)
class _Session:
    """Both sides of a sync, open."""

    runtime: Runtime
    sync: Sync
    state: State
    source: Side
    target: Side

    async def look(self, *, locked: bool) -> tuple[Plan, Extracted]:
        """List both sides, settle what a dead run left, and plan.

        Args:
            locked: whether this run holds the target's lock.
        """
        source, target = await side_by_side(
            [
                extract(self.source.adapter, self.source.mapping, as_source=True),
                extract(self.target.adapter, self.target.mapping, as_source=False),
            ]
        )
        await self._settle(target, locked=locked)
        lineage, serial = self.state.lineage(self.sync.name, fresh=uuid.uuid4().hex)
        provider, dialect = self.target.adapter.provider, self.target.mapping.rules.dialect
        basis = Basis(
            sync=self.sync,
            source=source,
            target=target,
            target_scope=self.target.adapter.scopes[0],
            links=self.state.links(provider, self.target.adapter.scopes, dialect),
            reverse=self.state.links(
                self.source.adapter.provider, self.source.adapter.scopes, self.source.mapping.rules.dialect
            ),
            mapping=self.target.mapping,
            contract=await self._contract(),
            now=self.runtime.clock.now(),
            lineage=lineage,
            serial=serial,
        )
        return make_plan(basis), target

    async def _contract(self) -> str:
        """The target's update contract; where it is not known, the one that its own server code publishes."""
        found = await self.target.adapter.update_contract()
        if found:
            self._remember(found)
        return found or next(iter(self.target.mapping.rules.contracts))

    def _remember(self, contract: str) -> None:
        scope = self.target.adapter.scopes[0]
        if self.state.recall(scope, _CONTRACT) != contract:
            self.state.remember(scope, _CONTRACT, contract)

    async def _settle(self, target: Extracted, *, locked: bool) -> None:
        provider, dialect = self.target.adapter.provider, self.target.mapping.rules.dialect
        intents = self.state.open_intents(provider, self.target.adapter.scopes, dialect)
        if not intents:
            return
        if not locked:
            owner = self.state.lock(self.target.lock, f"settle-{uuid.uuid4().hex[:8]}")
        try:
            links = self.state.links(provider, self.target.adapter.scopes, dialect)
            left = settle(intents, target=target, links=links, mapping=self.target.mapping, state=self.state)
        finally:
            if not locked:
                self.state.unlock(self.target.lock, owner)
        if left:
            told = "; ".join(f"{intent.name} (run {intent.run}): {intent.error}" for intent in left)
            raise RefusedError("writes of an earlier run are uncertain", actual=told, hint="look at these jobs by hand")


@asynccontextmanager
async def _session(runtime: Runtime, state: State, name: str) -> AsyncIterator[_Session]:
    sync = runtime.config.sync(name)
    async with (
        _open(runtime, sync.source) as source,
        _open(runtime, sync.target, state=state, target=True) as target,
    ):
        yield _Session(runtime=runtime, sync=sync, state=state, source=source, target=target)


async def plan(runtime: Runtime, state: State, sync: str) -> tuple[Plan, Mapping[str, int]]:
    """What `sync` would change, and how many requests it took to find out."""
    async with _session(runtime, state, sync) as session:
        result, _target = await session.look(locked=False)
        return result, _requests(session)


async def apply(
    runtime: Runtime,
    state: State,
    sync: str,
    *,
    saved: Plan | None = None,
    agree: Callable[[Plan], Awaitable[bool]],
    stop: asyncio.Event,
    progress: Callable[[Outcome], None] = lambda _outcome: None,
) -> tuple[Plan, Applied]:
    """Make the changes of a sync.

    Args:
        runtime: what the command brings along.
        state: the open state.
        sync: its name.
        saved: a plan that was made before; it must still fit.
        agree: asked with the plan before anything is written.
        stop: set it to begin no new change.
        progress: called after each change.

    Returns:
        The plan, and what came of it: no run when there was nothing to do or `agree` said no.

    Raises:
        StalePlanError: the saved plan does not fit any more.
        RefusedError: the plan is unsafe as a whole.
        LockedError: another run writes to the same target.
    """
    run = f"{runtime.clock.now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
    async with _session(runtime, state, sync) as session, _locked(session, run):
        fresh, target = await session.look(locked=True)
        current = _still_fits(saved, fresh) if saved else fresh
        if current.refusal:
            raise RefusedError(current.refusal, where=f"sync {sync}")
        if not current.pending or not await agree(current):
            return current, Applied(requests=_requests(session))
        writer = Writer(
            run=run,
            sync=sync,
            scope=current.target_scope,
            adapter=session.target.adapter,
            mapping=session.target.mapping,
            state=state,
            contract=current.contract,
            target=target,
            now=runtime.clock.now,
            marks=_takes_marks(session.target.mapping, target),
        )
        links = state.links(writer.adapter.provider, writer.adapter.scopes, current.dialect)
        applier = Applier(
            writer=writer,
            changer=Changer(writer=writer, links={link.target.id: link for link in links}, sleep=runtime.clock.sleep),
            stop=stop,
            progress=progress,
        )
        state.begin_run(
            run,
            sync=sync,
            provider=current.target_provider,
            scope=current.target_scope,
            plan_digest=plan_digest(current),
        )
        outcomes = await applier.apply(current)
        session._remember(writer.contract)  # noqa: SLF001 (the session is this module's own)
        applied = Applied(run=run, outcomes=outcomes, requests=_requests(session), stopped=stop.is_set())
        state.end_run(run, dict(applied.summary))
        return current, applied


def _still_fits(saved: Plan, fresh: Plan) -> Plan:
    """The saved plan, if both sides and the state are as they were when it was made."""
    hint = f"make a new one with: migrator plan {saved.sync} -o plan.json"
    where = f"plan of {write_time(saved.created_at)}"
    if saved.lineage != fresh.lineage:
        raise StalePlanError("the plan was made on another state", where=where, hint=hint)
    if saved.serial != fresh.serial:
        what = "the plan was applied already, or another run came after it"
        raise StalePlanError(what, where=where, actual=f"run {saved.serial}", allowed=f"run {fresh.serial}", hint=hint)
    for side in ("source", "target"):
        if getattr(saved.observed, side) != getattr(fresh.observed, side):
            name = getattr(saved, side)
            raise StalePlanError(f"the {side} ({name}) has changed since the plan was made", where=where, hint=hint)
    if saved.contract != fresh.contract or saved.target_scope != fresh.target_scope:
        raise StalePlanError("the target is updated in another way than the plan expects", where=where, hint=hint)
    return saved


def _takes_marks(mapping: ProviderMapping, target: Extracted) -> bool:
    """Whether the platform has the field that holds our mark; where nothing is listed, it is tried."""
    marker = mapping.rules.marker
    if marker is None:
        return False
    return marker.form != "item" or not target.raws or any(marker.path in raw for raw in target.raws.values())


def _requests(session: _Session) -> dict[str, int]:
    counts: dict[str, int] = {}
    for side in (session.source, session.target):
        provider = side.adapter.provider
        counts[provider] = counts.get(provider, 0) + side.adapter.requests
    return counts


@asynccontextmanager
async def _locked(session: _Session, run: str) -> AsyncIterator[None]:
    """Hold the target's lock, and keep it alive."""
    state, scope = session.state, session.target.lock
    owner = state.lock(scope, run)

    async def beat() -> None:
        while True:
            await asyncio.sleep(_BEAT)
            if not state.beat(scope, owner):
                raise LockedError("this run lost its lock", where=scope, hint="run the command again")

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, LockedError):
            await task
        state.unlock(scope, owner)


__all__ = ["Runtime", "apply", "export", "plan"]
