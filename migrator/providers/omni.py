"""Omni AI Routines (https://docs.omni.co/api/ai-routines).

A list holds the routines of one member only; with an organisation key, `userId` (a membership id) chooses the member.
Two contracts for updating are published, PATCH and PUT with different bodies; which one an instance follows must be
found out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

from attrs import define, field

from migrator.errors import NotFoundError, ProviderError, RejectedError
from migrator.providers.base import (
    PATCH,
    PUT,
    UNKNOWN,
    Connection,
    ContractError,
    Documented,
    Raw,
    Record,
    one_spelling,
)
from migrator.providers.rest import Page, RestAdapter, count, member

if TYPE_CHECKING:
    from migrator.http.responses import Call, Response

PAGE_SIZE = 100
_ROUTINES = "/v1/ai/routines"
_LOOPBACK: Final = "127.0.0.1"
"""The one spelling of this machine."""

_DESTINATION = frozenset(
    f"destination.{leaf}" for leaf in ("type", "recipientEmails", "userGroupIds", "recipientId", "slackRecipientType")
)
_EDITABLE = frozenset({"name", "prompt", "schedule", "description"})
_SETTABLE = _EDITABLE | _DESTINATION | {"modelId", "branchId", "topicName", "timezone"}
_SHOWN = frozenset(
    {
        "id",
        "recipientCount",
        "disabled",
        "systemDisabled",
        "systemDisabledReason",
        "lastRun",
        "createdAt",
        "updatedAt",
    }
)


def scopes(connection: Connection) -> tuple[str, ...]:
    """Return the scopes of a connection: the instance, or one for each member where members are configured."""
    instance = connection.identity or _instance(connection.base_url or "")
    return tuple(f"{instance}/{one_spelling(user)}" for user in connection.user_ids) or (instance,)


def _instance(base_url: str) -> str:
    """Return an instance's host and path in one spelling, without the port and the path that the address gives."""
    address = urlsplit(base_url.strip())
    host = (address.hostname or "").rstrip(".")
    path = "/".join(filter(None, address.path.split("/")))
    return "/".join(filter(None, (_LOOPBACK if _is_loopback(host) else host, path)))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_quota(body: Any) -> bool:
    """Whether a 429 means the limit of active routines, `{detail, status}`; a throttle answers `{error, message}`."""
    return isinstance(body, dict) and "detail" in body and "status" in body


def advice(connection: Connection, _call: Call, reply: Response) -> str:
    """Return what a refusal of Omni's is about; "" where nothing particular is known."""
    said = reply.text.casefold()
    members = ", ".join(connection.user_ids)
    if reply.status == HTTPStatus.NOT_FOUND and "member" in said and members:
        return f"check user_ids: {members}; an entry is the id of a membership of this organisation, not that of a user"
    if reply.status != HTTPStatus.FORBIDDEN:
        return ""
    if "userid" in said or "organization api key" in said:
        return "user_ids takes an organisation API key: use one, or leave user_ids out to see the token's own routines"
    if "another user" in said:
        return "the routine belongs to another member: name its owner in user_ids, with an organisation API key"
    return (
        "the owner of the routines needs the permission USE_AI, and AI routines have to be switched on for the "
        "organisation; an administrator does both"
    )


@define(kw_only=True)
class Omni(RestAdapter):
    """The routines of one Omni connection; its scopes are the instance, or one for each member."""

    provider: ClassVar[str] = "omni"
    total_is_exact: ClassVar[bool] = True
    documented: ClassVar[Documented | None] = Documented(
        response=_SETTABLE | _SHOWN,
        create=_SETTABLE,
        update={
            PATCH: _EDITABLE | _DESTINATION | {"timezone"},
            PUT: _EDITABLE | {"modelId", "isActive"},
        },
    )

    _contract: str | None = field(init=False)
    _asked: bool = field(default=False, init=False)
    _tells: bool = field(default=True, init=False)
    _members: dict[str, dict[str, str]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        chosen, known = self.connection.update_contract, self.connection.known_contract
        self._tells = known != UNKNOWN
        self._contract = (known if self._tells else None) if chosen == "auto" else chosen
        users = self.connection.user_ids
        queries = [{"userId": user} for user in users] or [{}]
        self._members = dict(zip(scopes(self.connection), queries, strict=True))

    @property
    def scopes(self) -> tuple[str, ...]:
        """The instance's host and path, followed by the member where members are configured."""
        return tuple(self._members)

    def _collection(self, scope: str) -> str:  # noqa: ARG002 (the member is chosen in the query)
        return _ROUTINES

    def _query(self, scope: str) -> dict[str, str]:
        return self._members[scope]

    async def _page(self, scope: str, start: str | int | None) -> Page:
        params: dict[str, str | int] = {"pageSize": PAGE_SIZE, **self._query(scope)}
        if start is not None:
            params["cursor"] = start
        answer = await self.client.request("GET", _ROUTINES, params=params)
        where = self.client.where("GET", _ROUTINES)
        info = member(answer, "pageInfo", dict, where=where)
        return Page(
            items=member(answer, "records", list, where=where),
            following=member(info, "nextCursor", str, where=where) if info.get("hasNextPage") else None,
            total=count(info.get("totalRecords")),
        )

    async def update_job(self, scope: str, job_id: str, payload: Raw, *, contract: str | None = None) -> Record | None:
        """Change a routine by the contract that `payload` was written for."""
        contract = contract or self._contract or PATCH
        update = partial(super().update_job, scope, job_id, payload, contract=contract)
        try:
            record = await _insisting(update)
        except (RejectedError, NotFoundError) as error:
            if await self._is_other_contract(error, scope, job_id):
                self._contract = PUT if contract == PATCH else PATCH
                raise ContractError(error, self._contract) from error
            raise
        self._contract = contract
        return record

    async def _is_other_contract(self, error: ProviderError, scope: str, job_id: str) -> bool:
        """Whether an update was refused for its method: 405, or 404 twice although the routine can be read."""
        if self.connection.update_contract != "auto":
            return False
        if error.status != HTTPStatus.NOT_FOUND:
            return error.status == HTTPStatus.METHOD_NOT_ALLOWED
        try:
            await self.get_job(scope, job_id)
        except NotFoundError:
            return False
        return True

    async def update_contract(self) -> str | None:
        """The configured contract, the remembered one, or what the Allow header of a routine's address tells."""
        if self._contract is None and self._tells and not self._asked:
            self._asked = True
            scope = self.scopes[0]
            path = self._address(scope, self.no_job)
            try:
                status, headers = await self.client.status_of("OPTIONS", path, params=self._query(scope))
            except ProviderError:
                return None  # it is asked again by the next run, unless a real update finds it out before
            allowed = {method.strip().lower() for method in headers.get("allow", "").split(",")}
            offered = allowed & {PATCH, PUT}
            self._contract = offered.pop() if len(offered) == 1 else None
            self._tells = self._contract is not None or status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        return self._contract

    @property
    def contract_untold(self) -> bool:
        """Whether the Allow header does not tell, now or in an earlier run, and no update has found it out since."""
        return self._contract is None and not self._tells


async def _insisting(update: Callable[[], Awaitable[Record | None]]) -> Record | None:
    """Update, and once more after a 404: one may be a proxy's, but a method that does not exist says it again."""
    try:
        return await update()
    except NotFoundError:
        return await update()
