"""What an adapter is: it knows a platform's addresses, authentication and paging, and passes raw JSON through.

An *extract adapter* lists jobs as the platform writes them; a *load adapter* can also create, change and delete one.
Adapters hold no policy: pacing, retries and errors are the transport's, meaning is the mapping's.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, ClassVar, Final, Protocol, runtime_checkable
from urllib.parse import urlsplit

from attrs import field, frozen

from migrator.errors import ProviderError, RejectedError, UsageError

Raw = dict[str, Any]
"""A job as the platform writes it."""

PATCH = "patch"
PUT = "put"
UNKNOWN = "unknown"
"""In place of an update contract: the platform was asked and does not tell."""

_LOOPBACK: Final = "127.0.0.1"
"""The one spelling of this machine."""

_HEXADECIMAL: Final = re.compile(r"(?:[a-z]+-)?[0-9a-f-]{8,}", re.IGNORECASE)
"""A UUID or the like, with the prefix that some platforms put before it."""


@frozen(kw_only=True)
class Connection:
    """A platform, the way to it and what it reaches; what a `[connections.*]` table says, with secrets resolved.

    Attributes:
        provider: the name of a provider.
        settings: what only connections of this provider have, by key; a setting that is not given has no entry.
        base_url: None for the documented one.
        token: the secret itself.
        kept_in: where the token is kept, as the file says: "file:PATH" and so on.
        renew: reads the token again, for a run in which it is replaced; None where a run cannot see another one.
        identity: name of the place where its address does not tell; None for what the address tells.
        known_contract: which update contract an earlier run found out, `UNKNOWN` included.
        rate: such as "500/min", None for the documented one.
        concurrency: requests in flight at once, None for the provider's default.
        room: how many jobs that may fire the platform takes in one place, None for the number in its mapping.
        budget: connections to one host with the same name here share one limit; None for what the platform counts by.
        timeout: seconds that one request may take, None for the default.
        listing_timeout: seconds that reading a whole list may take, None for the default.
        cron: how cron text is read where engines disagree, as `migrator.cron.parse` takes it.
    """

    provider: str
    settings: Mapping[str, Any] = field(factory=dict)
    base_url: str | None = None
    token: str = field(default="", repr=False)
    kept_in: str = ""
    renew: Callable[[], str] | None = field(default=None, repr=False, eq=False)
    identity: str | None = None
    known_contract: str | None = None
    rate: str | None = None
    concurrency: int | None = None
    room: int | None = None
    budget: str | None = None
    timeout: int | None = None
    listing_timeout: int | None = None
    cron: Mapping[str, str] = field(factory=dict)

    def text(self, setting: str, default: str = "") -> str:
        """Return a setting that holds a text."""
        return str(self.settings.get(setting, default))

    def texts(self, setting: str) -> tuple[str, ...]:
        """Return a setting that holds a list of texts; () where it is not given."""
        return tuple(self.settings.get(setting, ()))


@frozen(kw_only=True)
class Record:
    """A job as read.

    Attributes:
        scope: where it lives: one of the adapter's `scopes`.
        raw: what the platform answered, unchanged.
    """

    scope: str
    raw: Raw = field(repr=False)


@frozen(kw_only=True)
class Created:
    """A new job.

    Attributes:
        id: the platform's key for it.
        record: the whole job, when the platform answers with it.
    """

    id: str
    record: Record | None = None


@frozen(kw_only=True)
class Probe:
    """What a harmless look at a scope told.

    Attributes:
        jobs: how many there are, None when the platform does not say and there is more than a page.
        pages: how many requests a whole list takes, None when that cannot be told.
        may_write: whether the token may change jobs; None when that was not asked, or the answer does not tell.
        heard: the headers of the answer, names in lower case.
        records: the jobs of the first page, as the platform writes them.
    """

    jobs: int | None
    pages: int | None
    may_write: bool | None = None
    heard: Mapping[str, str] = field(factory=dict, repr=False)
    records: tuple[Raw, ...] = field(default=(), repr=False)


@frozen(kw_only=True)
class Documented:
    """Every field that a platform's documentation names, in all its generations, as dotted paths.

    Attributes:
        response: fields of a job as read.
        create: fields of the body that creates one.
        update: fields of the body that changes one, by update contract.
    """

    response: frozenset[str]
    create: frozenset[str]
    update: Mapping[str, frozenset[str]]


class ContractError(RejectedError):
    """The platform updates in another way than the change was planned for; nothing happened, plan again.

    Args:
        error: the platform's refusal.
        contract: the update contract in force.
    """

    def __init__(self, error: ProviderError, contract: str) -> None:
        what = f"this platform updates by {contract.upper()}"
        hint = f'plan again with the "{contract}" contract'
        super().__init__(what, where=error.where, status=error.status, body=error.body, hint=hint)
        self.contract = contract


def one_spelling(key: str) -> str:
    """Return an id as scopes spell it: without blanks around it, and in lower case where it is hexadecimal."""
    key = key.strip()
    return key.lower() if _HEXADECIMAL.fullmatch(key) else key


def place_of(base_url: str) -> str:
    """Return the host and path of an address in one spelling, without the port: a scope where each address is one."""
    address = urlsplit(base_url.strip())
    host = (address.hostname or "").rstrip(".")
    path = "/".join(filter(None, address.path.split("/")))
    return "/".join(filter(None, (_LOOPBACK if _is_loopback(host) else host, path)))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ExtractAdapter(Protocol):
    """Reads the jobs of one connection."""

    provider: ClassVar[str]
    documented: ClassVar[Documented | None]  # None for a format of our own, which its mapping file defines

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every scope that this connection reaches."""

    @property
    def requests(self) -> int:
        """Requests sent so far."""

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once."""

    @property
    def ahead(self) -> timedelta | None:
        """How far the platform's clock is ahead of this machine's, as its answers say; None where that is not known."""

    def list_jobs(self) -> AsyncIterator[Record]:
        """Every job of every scope, each id once.

        Raises:
            ProviderError: the list cannot be read to its end; what was yielded until then is not the whole.
        """

    async def probe(self, scope: str, *, writing: bool) -> Probe:
        """Look whether the scope can be read and, with `writing`, changed; changes nothing.

        Raises:
            ProviderError: it cannot be read.
        """

    async def get_job(self, scope: str, job_id: str) -> Record:
        """One job.

        Raises:
            NotFoundError: it is not there.
        """


class LoadAdapter(ExtractAdapter, Protocol):
    """Also changes them."""

    async def create_job(self, scope: str, payload: Raw) -> Created:
        """Make a job.

        Raises:
            UncertainError: it may exist now; list before trying again.
            QuotaError: there is no room for another.
        """

    async def update_job(self, scope: str, job_id: str, payload: Raw, *, contract: str | None = None) -> Record | None:
        """Change a job; `payload` has the shape of `contract` (the adapter's own when None).

        Returns:
            The job as it is now, when the platform answers with it.

        Raises:
            ContractError: the platform follows another contract.
        """

    async def delete_job(self, scope: str, job_id: str) -> None:
        """Remove a job; one that is already gone is no error."""

    async def update_contract(self) -> str | None:
        """The name of the update contract in force: a key of `documented.update`.

        It may cost a request the first time, so ask only when there is something to update.

        Returns:
            None when it is not known yet.
        """

    @property
    def contract_untold(self) -> bool:
        """Whether the platform was asked for its update contract and does not tell: asking again is no use."""


@runtime_checkable
class TagSearch(Protocol):
    """Finds jobs by their ownership tag: what an adapter can also do where its provider declares `tag_search`."""

    async def tagged_jobs(self, scope: str, tag: str) -> Sequence[Record]:
        """The jobs of a scope that carry this text as their ownership tag, where the mapping puts it.

        Raises:
            ProviderError: they cannot be read.
        """


@runtime_checkable
class FireLog(Protocol):
    """Tells which runs took place: what an adapter can also do where its provider declares `fire_log`."""

    async def fires(self, record: Record, since: datetime) -> Sequence[datetime] | None:
        """The instants from `since` on at which the platform started a job because it was due, and not by hand.

        Returns:
            None where it keeps no log of this job, or none that goes back so far.

        Raises:
            ProviderError: they cannot be read.
        """


def check_scope(scope: str, scopes: tuple[str, ...], provider: str) -> None:
    """Refuse a job of another connection.

    Raises:
        UsageError: the connection does not reach `scope`.
    """
    if scope not in scopes:
        what = f"this {provider} connection does not reach the job's scope"
        raise UsageError(what, actual=scope, allowed=scopes, hint="check the connection in migrator.toml")
