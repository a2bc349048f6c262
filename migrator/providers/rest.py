"""What the HTTP platforms have in common: jobs are a collection under one address, listed in pages.

Addresses, queries and the shape of a page are each adapter's own.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final

from attrs import define, field

from migrator.errors import (
    NotFoundError,
    ProtocolError,
    ProviderError,
    RejectedError,
    UncertainError,
)
from migrator.ids import path_to, wrong_with
from migrator.providers.base import PATCH, Connection, Created, Documented, Probe, Raw, Record, check_scope
from migrator.providers.paging import NOT_USED, ListBounds, Page, count, is_overrun
from migrator.redaction import HIDDEN

if TYPE_CHECKING:
    from migrator.http.client import Client

_JSON_KINDS: Final = {"str": "text", "dict": "JSON object", "list": "list"}
_MAY_WRITE: Final[Mapping[int, bool]] = {
    HTTPStatus.NOT_FOUND: True,
    HTTPStatus.UNAUTHORIZED: False,
    HTTPStatus.FORBIDDEN: False,
}
"""What the status of a change to a job that no platform has says about the token."""


@define(kw_only=True)
class RestAdapter(ABC):
    """Lists, reads and changes jobs; a platform that differs overrides what differs.

    Attributes:
        id_field: the field of a job that holds its id.
        no_job: an id that no job has.
        no_change: the body of an update that asks whether a token may write; sent to `no_job` only.
        total_is_exact: whether a list that holds fewer jobs than the platform counts is an error.
        version_field: the field of a job that holds its version; a change of a job that was read is then sent with it
            as If-Match, so that the platform refuses it (412) where somebody has changed the job since.
        client: the way to the platform.
        connection: what to reach there.
    """

    provider: ClassVar[str]
    documented: ClassVar[Documented | None] = None
    id_field: ClassVar[str] = "id"
    no_job: ClassVar[str] = "00000000-0000-0000-0000-000000000000"
    no_change: ClassVar[Raw] = {}
    total_is_exact: ClassVar[bool] = False
    version_field: ClassVar[str] = ""

    client: Client
    connection: Connection = field(repr=False)
    _versions: dict[str, str] = field(factory=dict, init=False, repr=False)

    @property
    @abstractmethod
    def scopes(self) -> tuple[str, ...]:
        """Every scope that this connection reaches."""

    @abstractmethod
    def _collection(self, scope: str) -> str:
        """The address of the jobs of `scope`."""

    @abstractmethod
    async def _page(self, scope: str, start: str | int | None) -> Page:
        """The page of the list of `scope` that begins at `start`, the first one when None."""

    def _query(self, scope: str) -> dict[str, str]:  # noqa: ARG002 (for those who need one)
        """What every request about `scope` says in its query."""
        return {}

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included."""
        return self.client.requests

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once."""
        return self.client.slots

    @property
    def ahead(self) -> timedelta | None:
        """How far the platform's clock is ahead of this machine's; None where its answers do not tell."""
        return self.client.ahead

    async def list_jobs(self) -> AsyncGenerator[Record, None]:
        """Every job of every scope, in the platform's order; a job that two scopes show belongs to the first."""
        taken: set[str] = set()
        listing = self._listing()
        for scope in self.scopes:
            async with aclosing(self._read(scope, listing)) as read:
                async for job_id, raw in read:
                    if job_id not in taken:
                        taken.add(job_id)
                        self._note_version(raw)
                        yield Record(scope=scope, raw=raw)

    def _listing(self) -> ListBounds:
        until = asyncio.get_running_loop().time() + self.client.listing_timeout
        return ListBounds(client=self.client, until=until, received=self.client.received)

    async def _read(self, scope: str, listing: ListBounds) -> AsyncGenerator[tuple[str, Raw], None]:
        """The jobs of one scope, some more than once.

        A job made or deleted while we read moves the pages, and a page may be cut short. So when there are fewer jobs
        than the platform counts, the list is read once more: the second reading sees what the first one missed.
        """
        where = self.client.where("GET", self._collection(scope))
        found: set[str] = set()
        total = 0
        for _reading in range(2):
            read: set[str] = set()
            number = 0
            async with aclosing(listing.pages(partial(self._page, scope), where)) as pages:
                async for page in pages:
                    before, total, number = len(read), page.total or 0, number + 1
                    for raw in page.items:
                        job_id = self._key(raw, len(read), where=where)
                        read.add(job_id)
                        yield job_id, raw
                    if page.following is not None and len(read) == before:
                        what = "the list repeats a page and claims to have more"
                        raise ProtocolError(what, where=where, hint=NOT_USED)
                    if page.following is not None and is_overrun(page, number):
                        what = f"the list goes on after {len(read)} jobs, and says that it holds {page.total}"
                        raise ProtocolError(what, where=where, hint=NOT_USED)
            found |= read
            if len(found) >= total:
                return
        if self.total_is_exact:
            raise ProtocolError(f"the list ends after {len(found)} of {total} jobs", where=where, hint=NOT_USED)

    def _key(self, raw: Any, number: int, *, where: str) -> str:
        """Return what tells a record from the others: its id, or its place in the list where it has none.

        One record without an id is a problem of that record, which whoever reads it names.

        Raises:
            ProtocolError: it is no object.
        """
        if not isinstance(raw, dict):
            body = f"an entry that is {raw!r:.80}"
            raise ProtocolError("the list holds something that is not a job", where=where, body=body, hint=NOT_USED)
        job_id = raw.get(self.id_field)
        return job_id if isinstance(job_id, str) and job_id else f"\0{number}"

    async def probe(self, scope: str, *, writing: bool) -> Probe:
        """Read the first page and, with `writing`, ask to change a job that does not exist."""
        page = await self._page(scope, None)
        heard, size = self.client.heard, len(page.items)
        whole = page.following is None
        return Probe(
            jobs=size if whole else page.total,
            pages=1 if whole else -(-page.total // size) if page.total and size else None,
            may_write=await self._may_write(scope) if writing else None,
            heard=heard,
            records=tuple(raw for raw in page.items if isinstance(raw, dict)),
        )

    async def _may_write(self, scope: str) -> bool | None:
        """Whether a change is refused because the job does not exist (404), and not because of the token (401, 403).

        It is asked by the update contract in force, and by each where that is not known: a method that the platform
        does not have says nothing about the token.
        """
        path = self._address(scope, self.no_job)
        known, told = await self.update_contract(), None
        contracts = tuple(self.documented.update) if self.documented else (PATCH,)
        for contract in (known,) if known else contracts:
            status, _ = await self.client.status_of(
                contract.upper(), path, params=self._query(scope), json=self.no_change
            )
            told = _MAY_WRITE.get(status)
            if status != HTTPStatus.METHOD_NOT_ALLOWED:
                break
        return told

    async def get_job(self, scope: str, job_id: str) -> Record:
        """Read one job."""
        path = self._address(scope, job_id)
        raw = await self.client.request("GET", path, params=self._query(scope))
        where = self.client.where("GET", path)
        member(raw, self.id_field, str, where=where)
        self._note_version(raw)
        return Record(scope=scope, raw=raw or {})

    async def create_job(self, scope: str, payload: Raw) -> Created:
        """Make a job; it is live at once on every platform."""
        (path, body), name = self._creation(scope, payload), self._name(payload)
        raw = await self.client.request("POST", path, params=self._query(scope), json=body, job=name)
        job_id = (raw or {}).get(self.id_field)
        wrong = "holds the token" if HIDDEN in str(job_id) else wrong_with(job_id) if isinstance(job_id, str) else ""
        if raw is None or not isinstance(job_id, str) or wrong:
            where = self.client.where("POST", path, name)
            hint = "find the job in a fresh list before sending it again"
            what = f"an id that {wrong}" if isinstance(job_id, str) else "no id"
            raise UncertainError(f"the platform accepted the job and named {what}", where=where, hint=hint)
        self._note_version(raw)
        whole = raw.keys() > {self.id_field}
        return Created(id=job_id, record=Record(scope=scope, raw=raw) if whole else None)

    async def update_job(self, scope: str, job_id: str, payload: Raw, *, contract: str | None = None) -> Record | None:
        """Change the fields that `payload` names."""
        path = self._address(scope, job_id)
        method = (contract or PATCH).upper()
        job = self._name(payload) or job_id
        version = self._versions.pop(job_id, "")
        raw = await self.client.request(method, path, params=self._query(scope), json=payload, job=job, version=version)
        self._note_version(raw)
        return Record(scope=scope, raw=raw) if raw else None

    async def delete_job(self, scope: str, job_id: str) -> None:
        """Remove a job, or find it gone: a refusal or a lost response is no error when the job can be read no more."""
        version = self._versions.pop(job_id, "")
        try:
            await self.client.request(
                "DELETE", self._address(scope, job_id), params=self._query(scope), version=version
            )
        except (NotFoundError, RejectedError, UncertainError) as error:
            try:
                await self.get_job(scope, job_id)
            except NotFoundError:
                return
            except ProviderError:
                raise error from None  # whether it is gone stays unknown
            raise

    async def update_contract(self) -> str | None:
        """The one way of updating."""
        return PATCH

    @property
    def contract_untold(self) -> bool:
        """There is one way."""
        return False

    def _note_version(self, raw: Raw | None) -> None:
        """Remember the version of a job as read; of one that was answered without, the next change is sent without."""
        found = raw and self.version_field and (raw.get(self.id_field), raw.get(self.version_field))
        if found and isinstance(found[0], str) and isinstance(found[1], str | int):
            self._versions[found[0]] = str(found[1])

    def _creation(self, scope: str, payload: Raw) -> tuple[str, Raw]:
        """Return the address and the body of the request that makes a job."""
        return self._address(scope), payload

    def _name(self, payload: Raw) -> str:
        """Return the job's name, for messages; "" where the payload does not hold it."""
        name = payload.get("name")
        return name if isinstance(name, str) else ""

    def _address(self, scope: str, job_id: str | None = None) -> str:
        check_scope(scope, self.scopes, self.provider)
        path = self._collection(scope)
        return path if job_id is None else path + path_to(job_id)


def member(answer: Mapping[str, Any] | None, key: str, kind: type, *, where: str) -> Any:
    """`answer[key]`, which must be a `kind`.

    Raises:
        ProtocolError: it is missing, or something else.
    """
    value = (answer or {}).get(key)
    if not isinstance(value, kind):
        body, allowed = f"{key} = {value!r:.80}", f"a {_JSON_KINDS[kind.__name__]}, as the platform's pages say"
        raise ProtocolError(f"the answer has no usable {key}", where=where, body=body, allowed=allowed)
    return value


__all__ = ["ListBounds", "Page", "RestAdapter", "count", "member"]
