"""Omni AI Routines (https://docs.omni.co/api/ai-routines).

A list holds the routines of one member only; with an organisation key, `userId` (a membership id) chooses the member.
Two contracts for updating are published, PATCH and PUT with different bodies; which one an instance follows must be
found out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final

from attrs import define, evolve, field

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
    place_of,
)
from migrator.providers.declaration import (
    BASE_URL,
    IDENTITY,
    ROOM,
    TOKEN,
    Http,
    Provider,
    Setting,
    Starter,
    required,
)
from migrator.providers.rest import Page, RestAdapter, count, member

if TYPE_CHECKING:
    from migrator.http.responses import Call, Response

PAGE_SIZE = 100
_ROUTINES = "/v1/ai/routines"

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
    instance = connection.identity or place_of(connection.base_url or "")
    return tuple(f"{instance}/{one_spelling(user)}" for user in connection.texts("user_ids")) or (instance,)


def is_quota(body: Any) -> bool:
    """Whether a 429 means the limit of active routines, `{detail, status}`; a throttle answers `{error, message}`."""
    return isinstance(body, dict) and "detail" in body and "status" in body


def advice(connection: Connection, _call: Call, reply: Response) -> str:
    """Return what a refusal of Omni's is about; "" where nothing particular is known."""
    said = reply.text.casefold()
    members = ", ".join(connection.texts("user_ids"))
    if reply.status == HTTPStatus.NOT_FOUND and "member" in said and members:
        return f"check user_ids: {members}; an entry is the id of a membership of this organisation, not that of a user"
    if reply.status == HTTPStatus.METHOD_NOT_ALLOWED:
        return "check base_url and update_contract"
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
        chosen, known = self._chosen, self.connection.known_contract
        self._tells = known != UNKNOWN
        self._contract = (known if self._tells else None) if chosen == "auto" else chosen
        users = self.connection.texts("user_ids")
        queries = [{"userId": user} for user in users] or [{}]
        self._members = dict(zip(scopes(self.connection), queries, strict=True))

    @property
    def _chosen(self) -> str:
        """The update contract that the connection names, "auto" for the one that is found out."""
        return self.connection.text("update_contract", "auto")

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
        if self._chosen != "auto":
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


PROVIDER: Final = Provider(
    name="omni",
    title="Omni",
    kit=1,
    access=Http(adapter=Omni, rate="60/min", concurrency=8, is_quota=is_quota, advice=advice),
    scopes=scopes,
    documented=Omni.documented,
    settings=(
        required(BASE_URL, example="https://acme.omniapp.co/api", question="the address of your instance, with /api"),
        required(TOKEN, example="env:OMNI_API_KEY"),
        Setting(
            name="user_ids",
            kind="texts",
            says="The memberships whose routines are read; organisation keys only.",
        ),
        evolve(
            IDENTITY,
            says="What the state calls the instance, where it has several host names; by default its host and path.",
        ),
        Setting(
            name="update_contract",
            says="Which of its two published ways to update the instance takes; auto finds it out.",
            choices=("auto", PUT, PATCH),
        ),
        evolve(ROOM, says="How many active routines one member may have, where it is another number than 100."),
    ),
    permissions="the permission USE_AI for the routines' owner, with AI routines switched on in the organisation",
    docs="providers/omni.md",
    starter=Starter(
        rank=1,
        comments="""\
# user_ids = ["00000000-0000-0000-0000-000000000000"] # organisation keys only: the memberships to read
# update_contract = "auto"                            # "put" or "patch" where you know which one the instance takes
# identity = "acme"                                   # what the state calls it, where its host name changes
# rate = "60/min"                                     # "500/min" where Omni has raised it for you
# concurrency = 8                                     # open requests at once; as many as the rate takes
# room = 100                                          # active routines that one member may have
# budget = "acme"                                     # connections to one host with one budget share its rate
# timeout = 60                                        # seconds for one request, to the last byte of its answer
# listing_timeout = 1800                              # seconds for reading all jobs
""",
    ),
)
