"""The platforms that can be reached: one literal registry, and the way to open a connection."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from migrator.instrumentation import SILENT, Instrumentation
from migrator.providers import devin, jsonfile, omni, scrip
from migrator.providers.base import Connection, Documented, LoadAdapter
from migrator.providers.devin import Devin
from migrator.providers.jsonfile import JsonFile
from migrator.providers.omni import Omni, is_quota
from migrator.providers.scrip import Scrip

if TYPE_CHECKING:
    from migrator.http.clock import Clock
    from migrator.http.rate_limit import RateLimiter
    from migrator.http.responses import Call, Response
    from migrator.http.retry import Retry
    from migrator.http.transport import Wire


@frozen(kw_only=True)
class ProviderInfo:
    """What must be known about a platform before connecting to it.

    Attributes:
        adapter: called with (client, connection).
        scopes: the places that a connection reaches, as the platform names them and not as the address is spelled.
        documented: every field that its documentation names, None for a format of our own.
        required: settings that a connection must give.
        optional: settings that it may give; `rate`, `concurrency`, `budget` and the timeouts everywhere but for `json`.
            Every connection may give `cron`.
        base_url: the documented host, None when every customer has another.
        auth: the header that carries the token, and what stands before it there; None when there is no token.
        rate: the documented limit of one key, or our own modest one where none is published.
        counted_by: what a connection shares its limit with others by, as the platform counts and as far as is known.
        concurrency: requests in flight at once unless the connection says otherwise; more where answers take long.
        is_quota: tells from the body of a 429 whether waiting cannot help.
        permissions: what a token needs to make and change jobs, in words.
        advice: says what to do about a refusal, which permission it is about and which setting may be wrong; "" where
            nothing particular is known.
    """

    adapter: Callable[..., LoadAdapter]
    scopes: Callable[[Connection], tuple[str, ...]]
    documented: Documented | None = None
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    base_url: str | None = None
    auth: tuple[str, str] | None = None
    rate: str | None = None
    counted_by: Callable[[Connection], str] = lambda connection: connection.token
    concurrency: int = 1
    is_quota: Callable[[Any], bool] = lambda _body: False
    permissions: str = "the permission to change jobs"
    advice: Callable[[Connection, Call, Response], str] = lambda _connection, _call, _reply: ""

    @property
    def settings(self) -> tuple[str, ...]:
        """Every setting that a connection may give, beside its provider."""
        return (*self.required, *self.optional, "cron")


_TUNING: Final = ("rate", "concurrency", "budget", "timeout", "listing_timeout")
"""What every connection over HTTP may set."""

PROVIDERS: Final[dict[str, ProviderInfo]] = {
    "omni": ProviderInfo(
        adapter=Omni,
        scopes=omni.scopes,
        documented=Omni.documented,
        required=("base_url", "token"),
        optional=("user_ids", "identity", "update_contract", "room", *_TUNING),
        auth=("Authorization", "Bearer "),
        rate="60/min",
        concurrency=8,
        is_quota=is_quota,
        permissions="the permission USE_AI for the routines' owner, with AI routines switched on in the organisation",
        advice=omni.advice,
    ),
    "devin": ProviderInfo(
        adapter=Devin,
        scopes=devin.scopes,
        documented=Devin.documented,
        required=("org_id", "token"),
        optional=("base_url", *_TUNING),
        base_url="https://api.devin.ai",
        auth=("Authorization", "Bearer "),
        rate="5/s burst 10",
        counted_by=lambda connection: connection.org_id or "",
        concurrency=4,
        permissions="the permission ManageOrgSchedules, and ImpersonateOrgSessions where jobs run as somebody",
        advice=devin.advice,
    ),
    "scrip": ProviderInfo(
        adapter=Scrip,
        scopes=scrip.scopes,
        documented=Scrip.documented,
        required=("program_id", "token"),
        optional=("base_url", *_TUNING),
        base_url="https://api.scrip.dev",
        auth=("X-API-Key", ""),
        rate="10/s burst 30",
        # By organisation, which no answer names: so whoever asks one host shares one limit.
        counted_by=lambda _connection: "",
        concurrency=8,
        permissions="no permission of its own but to be a key of the organisation that has the program",
        advice=scrip.advice,
    ),
    "json": ProviderInfo(
        adapter=JsonFile,
        scopes=jsonfile.scopes,
        required=("path",),
        optional=("identity",),
    ),
}


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
    wire: Wire | None = None,
    instrumentation: Instrumentation = SILENT,
    fence: Callable[[], None] = lambda: None,
    hide: Callable[[str], str] | None = None,
) -> AsyncIterator[LoadAdapter]:
    """Open a connection for as long as the block lasts.

    Args:
        connection: already validated.
        target: it will be written to, so a `json` file need not exist yet.
        rate_limiters: shared by all connections of a run: those that a platform counts as one share a limit.
        clock: time and chance; the real ones by default.
        retry: how long to keep trying.
        wire: what carries requests; the network by default.
        instrumentation: told of every request.
        fence: asked right before every request leaves and every file is written; raises when none may.
        hide: takes secrets out of a text; those of this connection by default.

    Raises:
        UsageError: base_url, rate or token cannot be used as they are.
    """
    info = PROVIDERS[connection.provider]
    if info.auth is None:
        identity = info.scopes(connection)[0]
        yield JsonFile(path=connection.path or "", identity=identity, must_exist=not target, fence=fence)
        return
    from migrator.http.client import LISTING_TIMEOUT, TIMEOUT, Client  # noqa: PLC0415 (httpx is slow to import; config needs only the registry)
    from migrator.http.clock import REAL  # noqa: PLC0415 (as above)
    from migrator.http.rate_limit import Rate, RateLimiter  # noqa: PLC0415 (as above)
    from migrator.http.retry import PATIENT  # noqa: PLC0415 (as above)

    clock = clock or REAL
    header, prefix = info.auth
    base_url = connection.base_url or info.base_url or ""
    rate = connection.rate or info.rate or ""
    budget = connection.budget or info.counted_by(connection)
    key = hashlib.sha256(f"{connection.provider}\n{base_url}\n{budget}".encode()).hexdigest()
    rate_limiters = {} if rate_limiters is None else rate_limiters
    rate_limiters.setdefault(key, RateLimiter(Rate.parse(rate), clock=clock)).restrict(Rate.parse(rate))
    async with Client(
        provider=connection.provider,
        base_url=base_url,
        secret=connection.token,
        headers={header: f"{prefix}{connection.token}"},
        rate_limiter=rate_limiters[key],
        concurrency=connection.concurrency or info.concurrency,
        most=connection.concurrency or _MOST,
        retry=retry or PATIENT,
        clock=clock,
        is_quota=info.is_quota,
        advice=partial(info.advice, connection),
        kept_in=connection.kept_in,
        renew=connection.renew,
        wire=wire,
        instrumentation=instrumentation,
        fence=fence,
        timeout=connection.timeout or TIMEOUT,
        listing_timeout=connection.listing_timeout or LISTING_TIMEOUT,
        hide=hide,
    ) as client:
        yield info.adapter(client=client, connection=connection)
