"""One side of a sync, open: what reaches it, what dead runs left there, and the lock under which it is written to."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import field, frozen

from migrator.canonical import TRIGGER_PATHS, Job, flatten
from migrator.catalog import entry_of
from migrator.config import Config
from migrator.cron import DIALECTS
from migrator.errors import UsageError
from migrator.execute.source_writes import reconcile_source_write
from migrator.extract import Extracted, extract, forget
from migrator.http.clock import REAL, Clock
from migrator.instrumentation import SILENT, Instrumentation
from migrator.locking import Fence, locking
from migrator.mapping import ProviderMapping
from migrator.plan.compare import same
from migrator.providers import open_adapter, scopes_of
from migrator.providers.base import UNKNOWN, Connection, LoadAdapter
from migrator.providers.registry import PROVIDERS
from migrator.recovery.reconcile import Reconciler
from migrator.redaction import Secrets
from migrator.store import State
from migrator.store.records import ORIGIN, Write

_MOMENTS: Final = timedelta(minutes=1)
"""How long after a write a listing that does not show it is taken for late."""
_PATIENCE: Final = (0.5, 1.0, 2.0)
"""Seconds between listings while one is late."""
_CONTRACT: Final = "update_contract"


@frozen(kw_only=True)
class Runtime:
    """What a command brings along.

    Attributes:
        config: the config file.
        environ: where secrets of the form env:NAME are found.
        mappings: a folder of mapping files, None for our own.
        clock: time and chance.
        rate_limiters: shared by every connection of the run.
        instrumentation: receives stages and steps.
        secrets: the tokens that were read; nothing that is said or stored holds one.
    """

    config: Config
    environ: Mapping[str, str] = field(repr=False)
    mappings: Path | None = None
    clock: Clock = REAL
    rate_limiters: dict[str, Any] = field(factory=dict, repr=False)
    instrumentation: Instrumentation = field(default=SILENT, repr=False)
    secrets: Secrets = field(factory=Secrets, repr=False)

    def connection(self, name: str) -> Connection:
        """Return a connection with its token, which is hidden from then on, as is one that takes its place."""
        connection = self.config.connection(name, environ=self.environ)
        renew = connection.renew
        self._hide(connection.token)
        return attrs.evolve(connection, renew=lambda: self._hide(renew())) if renew else connection

    def _hide(self, token: str) -> str:
        self.secrets.add(token)
        return token

    @property
    def shared(self) -> dict[str, Any]:
        """Return what every connection of the run is opened with."""
        return {
            "rate_limiters": self.rate_limiters,
            "clock": self.clock,
            "instrumentation": self.instrumentation,
            "hide": self.secrets.hide,
        }

    def delay(self) -> float:
        """Return the seconds for which a platform's limit delays the next request; 0 when none is delayed."""
        return max((rate_limiter.until_turn for rate_limiter in list(self.rate_limiters.values())), default=0.0)

    def mapping(self, provider: str) -> ProviderMapping:
        """Return a provider's mapping, checked against its documentation."""
        return entry_of(provider, directory=self.mappings).mapping

    def bound_mapping(self, connection: Connection) -> ProviderMapping:
        """Return the mapping of a connection's provider, with what the connection decides of it."""
        mapping = self.mapping(connection.provider)
        provider = PROVIDERS[connection.provider]
        decided: dict[str, Any] = {**provider.binds(connection)}
        if decided:
            mapping = attrs.evolve(mapping, rules=attrs.evolve(mapping.rules, **decided))
        if provider.refuses:
            refuses = partial(provider.refuses, connection, mapping.rules.commands)
            mapping = attrs.evolve(mapping, refuses=refuses)
        return mapping


@frozen(kw_only=True)
class Endpoint:
    """One open connection with its mapping.

    Attributes:
        name: its name in the config.
        adapter: what reaches it.
        mapping: what its records mean.
        fence: stands before every request to it: closed when a lock that was taken for it is lost.
    """

    name: str
    adapter: LoadAdapter
    mapping: ProviderMapping
    fence: Fence = field(factory=Fence, repr=False)

    @property
    def lock(self) -> str:
        """Return the name of the lock that protects what it writes to."""
        return f"{self.adapter.provider}:{self.adapter.scopes[0]}"

    @property
    def place(self) -> tuple[str, str]:
        """Return the provider and the scope that jobs are made in."""
        return self.adapter.provider, self.adapter.scopes[0]

    @property
    def dialect(self) -> str:
        """Return its cron dialect."""
        return self.mapping.rules.dialect

    async def list_all(self, *, as_source: bool = False, each: Callable[[Job], None] = forget) -> Extracted:
        """Return every job that it holds; `each` is called with every job as it comes."""
        return await extract(self.adapter, self.mapping, as_source=as_source, each=each)


@asynccontextmanager
async def opened(
    runtime: Runtime, name: str, *, state: State | None = None, target: bool = False, fence: Fence | None = None
) -> AsyncIterator[Endpoint]:
    """A connection, open for as long as the block lasts; with a state, with what that knows about it."""
    connection = runtime.connection(name)
    mapping = _decided(runtime.bound_mapping(connection), connection, name)
    scopes = scopes_of(connection)
    if target and len(scopes) > 1:
        what, actual = "a target must be one scope", f"{len(scopes)} scopes: {', '.join(scopes)}"
        hint = "give the target a connection that reaches one of them"
        raise UsageError(what, where=f"connections.{name}", actual=actual, hint=hint)
    fence = fence or Fence()

    connection = attrs.evolve(connection, known_contract=state.recall(scopes[0], _CONTRACT) if state else None)
    agents = mapping.rules.commands
    async with open_adapter(connection, target=target, fence=fence.check, agents=agents, **runtime.shared) as adapter:
        yield Endpoint(name=name, adapter=adapter, mapping=mapping, fence=fence)


def _decided(mapping: ProviderMapping, connection: Connection, name: str) -> ProviderMapping:
    """Return the mapping with the connection's answers to how cron text is read.

    Raises:
        UsageError: the platform leaves no doubt about what an answer decides.
    """
    dialect = mapping.rules.dialect
    for question in connection.cron:
        if dialect and question not in DIALECTS[dialect].doubtful:
            where, allowed = f"connections.{name}.cron.{question}", ", ".join(sorted(DIALECTS[dialect].doubtful))
            what = f"decides nothing: {mapping.rules.title} reads it in one way"
            raise UsageError(what, where=where, allowed=allowed or "no settings", hint="remove it")
    return attrs.evolve(mapping, decided=tuple(sorted(connection.cron.items())))


async def reconciled(
    runtime: Runtime, state: State, endpoint: Endpoint, target: Extracted, *, locked: bool
) -> tuple[Extracted, tuple[Write, ...]]:
    """Reconcile what crashed runs left at a target; return the latest listing, and what only a person can resolve.

    Args:
        runtime: what the command brings along.
        state: the open state.
        endpoint: the target.
        target: its listing.
        locked: whether the target's lock is held already, and was before the listing began.

    Raises:
        LockedError: another run is writing to the target, so that nothing about it is certain.
    """
    provider, scopes = endpoint.adapter.provider, endpoint.adapter.scopes
    reconciler = Reconciler(
        mapping=endpoint.mapping,
        state=state,
        scopes=scopes,
        relist=endpoint.list_all,
        now=runtime.clock.now,
        sleep=runtime.clock.sleep,
    )
    if locked:
        state.release(provider, scopes)
        target, unresolved = await reconciler.reconcile(await _unresolved_writes(runtime, state, endpoint), target)
        reconciler.reclaim(target)
        return await reconciler.caught_up(target), unresolved
    if not state.unresolved_writes(provider, scopes, None):
        return await reconciler.caught_up(target), ()
    async with locking(state, endpoint.lock, f"settle-{uuid.uuid4().hex[:8]}", fence=endpoint.fence):
        state.release(provider, scopes)
        writes = await _unresolved_writes(runtime, state, endpoint)
        return await reconciler.reconcile(writes, await endpoint.list_all())


async def _unresolved_writes(runtime: Runtime, state: State, endpoint: Endpoint) -> tuple[Write, ...]:
    """Return the unresolved writes to a side's jobs, its own jobs apart: those are reconciled first."""
    await reconcile_source_writes(runtime, state, endpoint)
    found = state.unresolved_writes(endpoint.adapter.provider, endpoint.adapter.scopes, endpoint.dialect)
    return tuple(write for write in found if write.piece != ORIGIN)


async def caught_up(runtime: Runtime, state: State, endpoint: Endpoint, source: Extracted) -> Extracted:
    """Return a listing of the source that shows which of its jobs were stopped or started in the last moments.

    A platform may show a write late. A job that we have just stopped would look as if somebody had resumed it; so the
    source is listed again until it shows, or until it is old news.
    """
    since = runtime.clock.now() - _MOMENTS
    written = state.ended_since(endpoint.adapter.provider, endpoint.adapter.scopes, endpoint.dialect, since)
    latest = {one.source: one for one in written if one.piece == ORIGIN and one.state == "done" and one.source}
    for wait in _PATIENCE if latest else ():
        if not any(_lags(source, write) for write in latest.values()):
            break
        await runtime.clock.sleep(wait)
        source = await endpoint.list_all(as_source=True)
    return source


def _lags(source: Extracted, write: Write) -> bool:
    """Return whether a listing does not show yet that a job was stopped, started or deleted."""
    fields = next((flatten(job) for job in source.jobs if job.ref == write.source), None)
    if fields is None or write.action == "delete":
        return fields is not None
    paths = [path for path in write.fields if path in {"enabled", *TRIGGER_PATHS}]
    return any(not same(write.fields[path], fields.get(path)) for path in paths)


async def reconcile_source_writes(runtime: Runtime, state: State, endpoint: Endpoint) -> None:
    """Reconcile what crashed runs left of writes to the jobs that a side is the source of; its lock is held."""
    for write in state.unresolved_writes(endpoint.adapter.provider, endpoint.adapter.scopes, endpoint.dialect):
        if write.piece == ORIGIN:
            sleep = runtime.clock.sleep
            await reconcile_source_write(
                write, adapter=endpoint.adapter, mapping=endpoint.mapping, state=state, sleep=sleep
            )


async def contract_of(state: State, endpoint: Endpoint) -> str:
    """Return a target's update contract; where it is not known, the one that its own server code publishes."""
    found = await endpoint.adapter.update_contract()
    learned = UNKNOWN if endpoint.adapter.contract_untold else found
    if learned:
        remember_contract(state, endpoint, learned)
    return found or next(iter(endpoint.mapping.rules.contracts))


def remember_contract(state: State, endpoint: Endpoint, contract: str) -> None:
    """Record the update contract that was found in force, or that the platform does not tell it."""
    scope = endpoint.adapter.scopes[0]
    if state.recall(scope, _CONTRACT) != contract:
        state.remember(scope, _CONTRACT, contract)


def requests_of(*endpoints: Endpoint) -> dict[str, int]:
    """Return how many requests each provider got."""
    counts: dict[str, int] = {}
    for endpoint in endpoints:
        provider = endpoint.adapter.provider
        counts[provider] = counts.get(provider, 0) + endpoint.adapter.requests
    return counts
