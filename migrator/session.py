"""Both sides of a sync, open: what is there, what a dead run left, and the plan that follows.

list both sides ─▶ settle what a dead run left ─▶ plan ─▶ prove what is missing ─▶ plan
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import field, frozen

from migrator.apply.origin import settle_origin
from migrator.apply.settle import Settler
from migrator.canonical import JobRef
from migrator.concurrency import side_by_side
from migrator.config import Config, Sync
from migrator.errors import StateError, UsageError
from migrator.extract import Extracted, extract, look_up
from migrator.holding import as_wished, is_parked, stirs
from migrator.mapping import ProviderMapping, load_mapping
from migrator.noting import last_count
from migrator.plan import Basis, make_plan
from migrator.plan.values import Plan
from migrator.providers import PROVIDERS, open_adapter
from migrator.providers.base import LoadAdapter
from migrator.state import State
from migrator.state.values import ORIGIN, Intent, Link, Right
from migrator.transport.clock import REAL, Clock
from migrator.watching import NOBODY, Watch

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
        watch: told what goes on.
    """

    config: Config
    environ: Mapping[str, str] = field(repr=False)
    mappings: Path | None = None
    clock: Clock = REAL
    pacers: dict[str, Any] = field(factory=dict, repr=False)
    watch: Watch = field(default=NOBODY, repr=False)

    def held(self) -> float:
        """Seconds for which a platform's limit holds up the next request that wants to go; 0 when none is held up."""
        return max((pacer.held for pacer in list(self.pacers.values())), default=0.0)

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

    @property
    def place(self) -> tuple[str, str]:
        """The provider and the scope that jobs are made in."""
        return self.adapter.provider, self.adapter.scopes[0]

    @property
    def dialect(self) -> str:
        """Its cron dialect."""
        return self.mapping.rules.dialect

    async def list_all(self, *, as_source: bool = False) -> Extracted:
        """Every job that it holds."""
        return await extract(self.adapter, self.mapping, as_source=as_source)


@asynccontextmanager
async def opened(
    runtime: Runtime, name: str, *, state: State | None = None, target: bool = False
) -> AsyncIterator[Side]:
    """A connection, open for as long as the block lasts; with a state, with what that knows about it."""
    connection = runtime.config.connection(name, environ=runtime.environ)
    mapping = runtime.mapping(connection.provider)
    if target and len(connection.user_ids) > 1:
        what = "a target must be one place, and this connection names several members"
        raise UsageError(what, where=f"connections.{name}", hint="give the target a connection with one of user_ids")
    async with open_adapter(
        connection, target=target, pacers=runtime.pacers, clock=runtime.clock, watch=runtime.watch
    ) as adapter:
        known = state.recall(adapter.scopes[0], _CONTRACT) if state else None
        if known and connection.update_contract == "auto":
            remembered = attrs.evolve(connection, known_contract=known)
            async with open_adapter(
                remembered, target=target, pacers=runtime.pacers, clock=runtime.clock, watch=runtime.watch
            ) as informed:
                yield Side(name=name, adapter=informed, mapping=mapping)
        else:
            yield Side(name=name, adapter=adapter, mapping=mapping)


@frozen(kw_only=True)
class Look:
    """What was seen, and the plan that follows from it.

    Attributes:
        plan: the plan.
        source: the source's jobs as their owners want them.
        target: the target's jobs.
        is_short: whether the source's listing is suspiciously short.
        listed: the source's jobs as they are, stopped by a cut-over or not.
        rights: which side may fire, by source job.
    """

    plan: Plan
    source: Extracted
    target: Extracted
    is_short: bool
    links: tuple[Link, ...] = ()
    listed: Extracted = field(factory=lambda: Extracted(jobs=()))
    rights: Mapping[JobRef, Right] = field(factory=dict)


@frozen(kw_only=True)
class Session:
    """Both sides of a sync, open."""

    runtime: Runtime
    sync: Sync
    state: State
    source: Side
    target: Side

    async def look(self, *, locked: bool, source: Extracted | None = None, hold: bool = False) -> Look:
        """List both sides, settle what a dead run left, and plan.

        Args:
            locked: whether this run holds the target's lock.
            source: the source's listing, when it was read before.
            hold: whether new target jobs are to be held back until the cut-over.
        """
        stage = self.runtime.watch.stage
        with stage("list"):
            if source is None:
                source, target = await side_by_side([self.source.list_all(as_source=True), self.target.list_all()])
            else:
                target = await self.target.list_all()
        with stage("settle"):
            if locked and self.sync.two_way:
                await settle_origins(self.runtime, self.state, self.source)
            target, uncertain = await settled(self.runtime, self.state, self.target, target, locked=locked)
        with stage("plan"):
            basis = attrs.evolve(await self._basis(source, target, uncertain), hold=hold)
            return await self._proved(basis, make_plan(basis), source)

    async def _basis(self, source: Extracted, target: Extracted, uncertain: tuple[Intent, ...]) -> Basis:
        lineage, serial = self.state.lineage(self.sync.name, fresh=uuid.uuid4().hex)
        return Basis(
            sync=self.sync,
            target=target,
            target_scope=self.target.adapter.scopes[0],
            links=self.state.links(self.target.adapter.provider, self.target.adapter.scopes, self.target.dialect),
            reverse=self.state.links(self.source.adapter.provider, self.source.adapter.scopes, self.source.dialect),
            mapping=self.target.mapping,
            contract=await contract_of(self.state, self.target),
            origin=self.source.mapping,
            origin_contract=await contract_of(self.state, self.source) if self.sync.two_way else "",
            now=self.runtime.clock.now(),
            lineage=lineage,
            serial=serial,
            uncertain=uncertain,
            last_count=last_count(self.state, self.sync.name, source),
            **self._in_their_right(source),
        )

    def _in_their_right(self, listed: Extracted) -> dict[str, Any]:
        """The source's jobs as their owners want them, and which of them are not where their right to fire is."""
        known = self.state.rights(self.source.adapter.provider, listed.scopes, self.source.dialect)
        rights = {right.source: right for right in known if right.target == self.target.place}
        moved, now = {ref for ref, right in rights.items() if right.live == "target"}, self.runtime.clock.now()
        mine = [(job, rights[job.ref]) for job in listed.jobs if job.ref in rights]
        return {
            "source": listed.with_jobs(lambda job: as_wished(job, known)) if known else listed,
            "rights": rights,
            "revived": frozenset(job.ref for job, right in mine if stirs(job, right, self.source.dialect, now=now)),
            "unfinished": frozenset(j.ref for j, right in mine if j.ref not in moved and is_parked(j, right)),
        }

    async def _proved(self, basis: Basis, plan: Plan, listed: Extracted) -> Look:
        """Plan again with what the listings missed, where the plan rests on a job's absence.

        A job that moved between two pages while we read is in none of them. So before anything is done to a target job
        because its source is missing, the source is asked for that job by its id; and likewise the target, before a job
        of ours is made anew.
        """
        gone, lost = basis.missing(plan)
        if (gone or lost) and not plan.refusal:
            found, lost_found = await side_by_side(
                [
                    look_up(self.source.adapter, self.source.mapping, gone, as_source=True),
                    look_up(self.target.adapter, self.target.mapping, lost, sleep=self.runtime.clock.sleep),
                ]
            )
            listed = listed.with_found(found)
            basis = attrs.evolve(
                basis,
                target=basis.target.with_found(lost_found),
                unproved=found.unproved | lost_found.unproved,
                **self._in_their_right(listed),
            )
            plan = make_plan(basis)
        return Look(
            plan=plan,
            source=basis.source,
            target=basis.target,
            is_short=bool(basis.shrunk),
            links=basis.links,
            listed=listed,
            rights=basis.rights,
        )

    @asynccontextmanager
    async def locking(self, run: str, *, lost: Callable[[], None]) -> AsyncIterator[None]:
        """Hold the lock of what the sync writes to: its target, and its source where it goes both ways.

        Args:
            run: who holds it.
            lost: as in `locking`.

        Raises:
            UsageError: it goes both ways, and its source is no single place.
            LockedError: another run holds one.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(locking(self.state, self.target.lock, run, lost=lost))
            if self.sync.two_way:
                if len(self.source.adapter.scopes) > 1:
                    what = "a sync that goes both ways needs a source that is one place"
                    where, hint = f"syncs.{self.sync.name}", "give it a connection with one of user_ids"
                    raise UsageError(what, where=where, hint=hint)
                await stack.enter_async_context(locking(self.state, self.source.lock, run, lost=lost))
            yield

    @property
    def requests(self) -> dict[str, int]:
        """How many requests each provider got."""
        return requests_of(self.source, self.target)


@asynccontextmanager
async def session_of(runtime: Runtime, state: State, name: str) -> AsyncIterator[Session]:
    """A sync with both sides open for as long as the block lasts."""
    sync = runtime.config.sync(name)
    with runtime.watch.stage("sync", sync=name):
        async with (
            opened(runtime, sync.source, state=state) as source,
            opened(runtime, sync.target, state=state, target=True) as target,
        ):
            yield Session(runtime=runtime, sync=sync, state=state, source=source, target=target)


async def settled(
    runtime: Runtime, state: State, side: Side, target: Extracted, *, locked: bool
) -> tuple[Extracted, tuple[Intent, ...]]:
    """Settle what dead runs left at a target; the latest listing, and what only a person can settle.

    Args:
        runtime: what the command brings along.
        state: the open state.
        side: the target.
        target: its listing.
        locked: whether the target's lock is held already, and was before the listing began.

    Raises:
        LockedError: another run is writing to the target, so that nothing about it is certain.
    """
    provider, scopes = side.adapter.provider, side.adapter.scopes
    settler = Settler(
        mapping=side.mapping,
        state=state,
        scopes=scopes,
        relist=side.list_all,
        now=runtime.clock.now,
        sleep=runtime.clock.sleep,
    )
    if locked:
        state.release(provider, scopes)
        target, left = await settler.settle(await _open_intents(runtime, state, side), target)
        settler.reclaim(target)
        return await settler.caught_up(target), left
    if not state.open_intents(provider, scopes, None):
        return await settler.caught_up(target), ()
    async with locking(state, side.lock, f"settle-{uuid.uuid4().hex[:8]}"):
        state.release(provider, scopes)
        intents = await _open_intents(runtime, state, side)
        return await settler.settle(intents, await side.list_all())


async def _open_intents(runtime: Runtime, state: State, side: Side) -> tuple[Intent, ...]:
    """The writes to a side's jobs that nobody knows the end of, its own jobs apart: those are settled first."""
    await settle_origins(runtime, state, side)
    found = state.open_intents(side.adapter.provider, side.adapter.scopes, side.dialect)
    return tuple(intent for intent in found if intent.piece != ORIGIN)


async def settle_origins(runtime: Runtime, state: State, side: Side) -> None:
    """Settle what dead runs left of writes to the jobs that a side is the source of; its lock is held."""
    for intent in state.open_intents(side.adapter.provider, side.adapter.scopes, side.dialect):
        if intent.piece == ORIGIN:
            sleep = runtime.clock.sleep
            await settle_origin(intent, adapter=side.adapter, mapping=side.mapping, state=state, sleep=sleep)


async def contract_of(state: State, side: Side) -> str:
    """A target's update contract; where it is not known, the one that its own server code publishes."""
    found = await side.adapter.update_contract()
    if found:
        remember_contract(state, side, found)
    return found or next(iter(side.mapping.rules.contracts))


def remember_contract(state: State, side: Side, contract: str) -> None:
    """Note the update contract that was found in force."""
    scope = side.adapter.scopes[0]
    if state.recall(scope, _CONTRACT) != contract:
        state.remember(scope, _CONTRACT, contract)


def requests_of(*sides: Side) -> dict[str, int]:
    """How many requests each provider got."""
    counts: dict[str, int] = {}
    for side in sides:
        provider = side.adapter.provider
        counts[provider] = counts.get(provider, 0) + side.adapter.requests
    return counts


@asynccontextmanager
async def locking(
    state: State, scope: str, run: str, *, lost: Callable[[], None] = lambda: None
) -> AsyncIterator[None]:
    """Hold a target's lock, and keep it alive.

    Args:
        state: the open state.
        scope: the lock.
        run: who holds it.
        lost: called when another run has taken it, because this one gave no sign of life for too long.

    Raises:
        LockedError: another run holds it.
    """
    owner = state.lock(scope, run)

    async def beat() -> None:
        while True:
            await asyncio.sleep(_BEAT)
            with suppress(StateError):  # a busy database now is no reason to stop; the next write tells
                if not state.beat(scope, owner):
                    lost()
                    return

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, StateError):
            await task
        with suppress(StateError):  # what went wrong before matters more, and the lock lapses by itself
            state.unlock(scope, owner)
