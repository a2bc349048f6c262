"""The platforms that can be reached, and the way to open a connection."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from migrator.agents.patterns import Agents
from migrator.instrumentation import SILENT, Instrumentation
from migrator.providers.base import Connection, LoadAdapter
from migrator.providers.declaration import Local, Opening
from migrator.providers.registry import PROVIDERS, Registry

if TYPE_CHECKING:
    from migrator.http.clock import Clock
    from migrator.http.rate_limit import RateLimiter
    from migrator.http.retry import Retry
    from migrator.http.transport import Transport

__all__ = ["PROVIDERS", "Registry", "open_adapter", "scopes_of"]


def scopes_of(connection: Connection) -> tuple[str, ...]:
    """Return every scope that a connection reaches, without opening it."""
    return PROVIDERS[connection.provider].scopes(connection)


_MOST: Final = 32
"""Requests in flight at once, however long a platform takes to answer, unless the connection says otherwise."""


@asynccontextmanager
async def open_adapter(
    connection: Connection,
    *,
    target: bool = False,
    rate_limiters: MutableMapping[str, RateLimiter] | None = None,
    clock: Clock | None = None,
    retry: Retry | None = None,
    transport: Transport | None = None,
    instrumentation: Instrumentation = SILENT,
    fence: Callable[[], None] = lambda: None,
    hide: Callable[[str], str] | None = None,
    agents: Agents | None = None,
) -> AsyncIterator[LoadAdapter]:
    """Open a connection for as long as the block lasts.

    Args:
        connection: already validated.
        target: it will be written to, so files need not exist yet.
        rate_limiters: shared by all connections of a run: those that a platform counts as one share a limit.
        clock: time and chance; the real ones by default.
        retry: how long to keep trying.
        transport: what carries requests; the network by default.
        instrumentation: told of every request.
        fence: asked right before every request leaves and anything on this machine is changed; raises when none may.
        hide: takes secrets out of a text; those of this connection by default.
        agents: the command lines of agents that the mapping knows; none by default.

    Raises:
        UsageError: base_url, rate or token cannot be used as they are.
    """
    access = PROVIDERS[connection.provider].access
    if isinstance(access, Local):
        yield access.open(connection, Opening(must_exist=not target, fence=fence, agents=agents or Agents()))
        return
    from migrator.http.client import LISTING_TIMEOUT, TIMEOUT, Client  # noqa: PLC0415 (httpx is slow to import; config needs only the registry)
    from migrator.http.clock import REAL  # noqa: PLC0415 (as above)
    from migrator.http.rate_limit import Rate, RateLimiter  # noqa: PLC0415 (as above)
    from migrator.http.retry import PATIENT  # noqa: PLC0415 (as above)

    clock = clock or REAL
    base_url = connection.base_url or access.base_url or ""
    rate = connection.rate or access.rate or ""
    budget = connection.budget or access.counted_by(connection)
    key = hashlib.sha256(f"{connection.provider}\n{base_url}\n{budget}".encode()).hexdigest()
    rate_limiters = {} if rate_limiters is None else rate_limiters
    rate_limiters.setdefault(key, RateLimiter(Rate.parse(rate), clock=clock)).restrict(Rate.parse(rate))
    async with Client(
        provider=connection.provider,
        base_url=base_url,
        secret=connection.token,
        headers={access.auth[0]: f"{access.auth[1]}{connection.token}"} if access.auth and connection.token else {},
        rate_limiter=rate_limiters[key],
        concurrency=connection.concurrency or access.concurrency,
        most=connection.concurrency or _MOST,
        retry=retry or PATIENT,
        clock=clock,
        is_quota=access.is_quota,
        advice=partial(access.advice, connection),
        kept_in=connection.kept_in,
        renew=connection.renew,
        transport=transport,
        instrumentation=instrumentation,
        fence=fence,
        timeout=connection.timeout or TIMEOUT,
        listing_timeout=connection.listing_timeout or LISTING_TIMEOUT,
        hide=hide,
    ) as client:
        yield access.adapter(client=client, connection=connection)
