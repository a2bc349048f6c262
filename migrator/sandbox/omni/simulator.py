"""The simulator of Omni: its routes and rules (pages: see the package)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from attrs import evolve
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from migrator.sandbox import wire
from migrator.sandbox.environment import Environment
from migrator.sandbox.grammar import EVENTBRIDGE
from migrator.sandbox.limits import RequestLimit, SlidingWindow
from migrator.sandbox.omni import (
    BRANCH,
    COLLEAGUE,
    DOCUMENTED_QUOTA,
    KEY_WITHOUT_AI,
    MODEL,
    ORGANISATION_KEY,
    OWNER,
    PERSONAL_TOKEN,
    OmniOptions,
)
from migrator.sandbox.omni.body import CREATE, NULLABLE, PATCH, PUT, PUT_REQUIRED, REQUIRED, checked, only, resolved
from migrator.sandbox.omni.samples import EXAMPLE, routines
from migrator.sandbox.simulator import ExampleConnection, SandboxOption, Simulator
from migrator.sandbox.store import Json, Row
from migrator.sandbox.timetable import When, recurs
from migrator.sandbox.wire import Invalid, Refusal, resource

DEFAULT_PAGE: Final = 20
LARGEST_PAGE: Final = 100
RUN: Final = timedelta(minutes=1)
_PATH: Final = "/api/v1/ai/routines"
_SERVER_FAILURE: Final = 500


class OmniSimulator(Simulator):
    """The simulator of Omni. Rows belong to memberships."""

    name: ClassVar[str] = "omni"
    order: ClassVar[int] = 1
    token: ClassVar[str] = ORGANISATION_KEY
    host: ClassVar[str] = "acme.omniapp.co"  # its first label is the name of an instance
    base_path: ClassVar[str] = "/api"
    options_type: ClassVar[type] = OmniOptions
    open: ClassVar[Mapping[str, SandboxOption]] = {
        "omni-contract": SandboxOption(option="omni_update", values={"patch": "patch", "put": "put"})
    }
    listing: ClassVar[str] = "/routines"
    records_key: ClassVar[str] = "records"
    last_page: ClassVar[Json] = {"pageInfo": {"hasNextPage": False, "nextCursor": None}}
    texts: ClassVar[frozenset[str]] = frozenset({"name", "description", "prompt", "topicName"})
    example: ClassVar[ExampleConnection] = EXAMPLE
    options: OmniOptions

    def __init__(self, env: Environment, options: OmniOptions) -> None:
        super().__init__(env, options)
        self.members = {OWNER, COLLEAGUE}
        self.models = {MODEL}
        self.branches: set[tuple[str, str | None]] = {(MODEL, BRANCH)}

    def routes(self) -> list[Route]:
        """The six operations; update has one method of the two."""
        update = {self.options.omni_update.upper(): self.update}
        return [
            resource(_PATH, GET=self.list_all, POST=self.create),
            resource(_PATH + "/{id}", GET=self.get, DELETE=self.delete, **update),
            resource(_PATH + "/{id}/trigger", POST=self.trigger),
        ]

    def row(self, record: Json, seq: int, owner: str | None = None) -> Row:
        """The owner is not in the record (get): it is the keys' creator unless told otherwise."""
        row = Row(id=record["id"], seq=seq, scope=owner or OWNER, created=record["createdAt"], data=dict(record))
        self.learn(row)
        return row

    def learn(self, row: Row) -> None:
        """Its owner, its model, its branch."""
        self.members.add(row.scope)
        self.models.add(row.data["modelId"])
        self.branches.add((row.data["modelId"], row.data.get("branchId")))

    def when(self, row: Row) -> When:
        """Paused and system-disabled routines do not run (guide)."""
        return recurs(row.data["schedule"], EVENTBRIDGE, row.data["timezone"]) if _active(row) else None

    def fired(self, row: Row, at: datetime, following: datetime | None) -> tuple[Row, bool]:  # noqa: ARG002 (no next run here)
        """A run leaves its mark in `lastRun` (get)."""
        run = {"completedAt": wire.stamp(at + RUN), "label": "Delivered", "state": "COMPLETE"}
        return row.changed(lastRun=run), True

    def samples(self, today: datetime) -> Iterator[Json]:
        """One member's routines."""
        return routines(today)

    @classmethod
    def documented_limit(cls) -> RequestLimit:
        """60 a minute for each key (rate limits)."""
        return SlidingWindow(60, 60.0)

    def connection_keys(self) -> Mapping[str, object]:
        """The room, where it is not the documented one."""
        quota = self.options.omni_quota
        return {} if quota == DOCUMENTED_QUOTA else {"room": quota}

    def normalised(self, record: Json, *, is_new: bool, drops: str = "") -> Json:
        """Recipients in lower case and sorted, besides."""
        kept = super().normalised(record, is_new=is_new, drops=drops)
        if isinstance(destination := kept.get("destination"), dict):
            kept["destination"] = {name: _sorted(value) for name, value in destination.items()}
        return kept

    def suspended(self, row: Row) -> Row:
        """`systemDisabled`, beside the owner's pause (get)."""
        return row.changed(systemDisabled=True, systemDisabledReason="Disabled after repeated failures")

    def error(self, status: int, message: str) -> Json:
        """`{detail, status}` for refusals, the older `{error, message}` for the server's own failures (openapi)."""
        if status < _SERVER_FAILURE:
            return {"detail": message, "status": status}
        return {"error": "Server Error", "message": message}

    def throttled(self) -> Json:
        """Not the shape of the quota's 429 (rate limits)."""
        return {"error": "Too Many Requests", "message": "Rate limit exceeded: 60 requests per minute."}

    def invalid(self, problem: Invalid) -> Refusal:
        """400 (openapi)."""
        return self.refuse(400, f"{problem.field}: {problem.reason}" if problem.field else problem.reason)

    async def list_all(self, request: Request) -> Response:
        """list: one member's routines, newest first; paused ones included, deleted ones not."""
        scope = self._caller(request)
        size = wire.whole_number(request, "pageSize", DEFAULT_PAGE, 1, LARGEST_PAGE)
        direction = request.query_params.get("sortDirection", "desc")
        if direction not in {"asc", "desc"}:
            raise Invalid("sortDirection", "must be asc or desc")
        places, after = self.store.listed(scope), wire.cursor(request)
        rows, more = self.store.page(places, size=size, after=after, newest_first=direction == "desc")
        info = {
            "hasNextPage": more,
            "nextCursor": wire.to_cursor(rows[-1].place) if more else None,
            "pageSize": size,
            "totalRecords": len(places),
        }
        return self.answer({"pageInfo": info, "records": [row.data for row in rows]})

    async def create(self, request: Request) -> Response:
        """create: answers the id and nothing else; the routine is live at once."""
        scope = self._caller(request)
        body = checked(only(await wire.json_object(request), CREATE), CREATE, required=REQUIRED, nullable=NULLABLE)
        self._accessible(body["modelId"], body.get("branchId"))
        self._within_quota(scope)
        seq, now = self.store.next_seq(), wire.stamp(self.env.now())
        destination, count = resolved(body["destination"])
        record = {
            "id": str(wire.counted_id(self.name, seq)),
            **dict.fromkeys(("description", "branchId", "topicName", "systemDisabledReason", "lastRun")),
            **body,
            "destination": destination,
            "recipientCount": count,
            "disabled": False,
            "systemDisabled": False,
            "createdAt": now,
            "updatedAt": now,
        }
        self.store.put(self.row(record, seq, scope))
        return self.answer({"id": record["id"]}, 201)

    async def get(self, request: Request) -> Response:
        """get: one routine of the member's."""
        return self.answer(self._mine(request, reading=True).data)

    async def update(self, request: Request) -> Response:
        """update, or PATCH of openapi; only what is given changes, a null description is none; answers the routine."""
        row, body = self._mine(request), await wire.json_object(request)
        changes = self._put(body) if request.method == "PUT" else self._patch(body)
        return self.answer(self.store.put(row.changed(**changes, updatedAt=wire.stamp(self.env.now()))).data)

    async def delete(self, request: Request) -> Response:
        """delete: at once and for good."""
        row = self.store.put(evolve(self._mine(request), gone=True))
        return self.answer({"deleted": True, "id": row.id})

    async def trigger(self, request: Request) -> Response:
        """run: one run outside the schedule; 404 when paused or system-disabled, 409 while one is running."""
        row, now = self._mine(request), self.env.now()
        if not _active(row):
            raise self.refuse(404, "Routine not found or not active")
        since = wire.instant(row.hidden.get("run_at"))
        if since and now < since + RUN:
            raise self.refuse(409, "A run of this routine is already in progress")
        run = self.env.fire(self.name, row, now, cause="trigger")
        row, _ = self.fired(row, now, None)
        self.store.put(evolve(row, hidden={**row.hidden, "run_at": wire.stamp(now)}))
        return self.answer({"id": run}, 202)

    def _caller(self, request: Request) -> str:
        """Whose routines: `userId` is a membership id and needs an organisation key (authentication; list)."""
        token = wire.bearer(request)
        if token not in {ORGANISATION_KEY, PERSONAL_TOKEN, KEY_WITHOUT_AI}:
            raise self.refuse(401, "Invalid API key")
        self.admit(token)
        if token == KEY_WITHOUT_AI:
            raise self.refuse(403, "Missing required permission: USE_AI")
        user = request.query_params.get("userId", OWNER)
        if not wire.is_uuid(user):
            raise Invalid("userId", "Invalid uuid")
        if token == PERSONAL_TOKEN and user != OWNER:
            raise self.refuse(403, "userId requires an organization API key")
        if user not in self.members:
            raise self.refuse(404, "User is not a member of this organization")
        return user

    def _mine(self, request: Request, *, reading: bool = False) -> Row:
        """The routine that the path names: 400 bad id, 404 missing or deleted, 403 another member's (get)."""
        scope, key = self._caller(request), request.path_params["id"]
        if not wire.is_uuid(key):
            raise Invalid("id", "Invalid uuid")
        row = self.store.find(key, reading=reading)
        if row is None or row.gone:
            raise self.refuse(404, "Routine not found")
        if row.scope != scope:
            raise self.refuse(403, "Routine belongs to another user")
        return row

    def _patch(self, body: Json) -> Json:
        changes = checked(only(body, PATCH), PATCH, nullable={"description"})
        if "destination" in changes:
            changes["destination"], changes["recipientCount"] = resolved(changes["destination"])
        return changes

    def _put(self, body: Json) -> Json:
        changes = checked(body, PUT, required=PUT_REQUIRED, nullable={"description", "modelId"})
        if changes.get("modelId", "") is None:
            del changes["modelId"]
        if "modelId" in changes:
            self._accessible(changes["modelId"], None)
        if "isActive" in changes:
            changes["disabled"] = not changes.pop("isActive")
        return changes

    def _accessible(self, model: str, branch: str | None) -> None:
        """404 when the owner has no such model, or the model no such branch (create)."""
        if model not in self.models:
            raise self.refuse(404, "Model not found")
        if branch is not None and (model, branch) not in self.branches:
            raise self.refuse(404, "Branch not found")

    def _within_quota(self, owner: str) -> None:
        """A second 429, which waiting does not lift (create)."""
        quota = self.options.omni_quota
        if sum(row.scope == owner and _active(row) for row in self.store.rows.values()) >= quota:
            raise self.refuse(429, f"Maximum of {quota} active routines per user reached")


def _active(row: Row) -> bool:
    return not (row.gone or row.data["disabled"] or row.data["systemDisabled"])


def _sorted(value: Any) -> Any:
    return sorted({item.lower() for item in value}) if isinstance(value, list) else value


SIMULATOR: Final = OmniSimulator
