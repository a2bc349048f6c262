"""Omni AI Routines, as https://docs.omni.co/api/ai-routines and Omni's published OpenAPI file describe them.

Pages, by the names used below:
    create, get, update, delete, list, run    docs.omni.co/api/ai-routines/...
    openapi                                   exploreomni/omni-python-sdk, spec/openapi.json (exported by Omni's server)
    guide                                     docs.omni.co/ai/routines
    rate limits, authentication               docs.omni.co/api/rate-limits, docs.omni.co/api/authentication
    aws                                       AWS, "Cron expressions reference"

The update page (PUT) and the OpenAPI file (PATCH) contradict each other; `Options.omni_update` chooses.

Guesses: an organisation key without `userId` acts for its creator; addresses outside the organisation are accepted; any
topic exists; every group has four members; PUT ignores the fields that it does not document; a null `modelId` in PUT
changes nothing; a run takes a minute; `sortField` is ignored; making a paused routine active again is not held against
the quota.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import evolve

from migrator.sandbox import wire
from migrator.sandbox.grammar import EVENTBRIDGE
from migrator.sandbox.omni_body import CREATE, NULLABLE, PATCH, PUT, PUT_REQUIRED, REQUIRED, checked, only, resolved
from migrator.sandbox.provider import Invalid, Provider, Refusal, resource
from migrator.sandbox.store import Json, Row
from migrator.sandbox.timetable import When, recurs

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from migrator.sandbox.world import World

ORGANISATION_KEY: Final = "omni_org_sandbox"
PERSONAL_TOKEN: Final = "omni_pat_sandbox"  # noqa: S105 (opens nothing but a simulator)
KEY_WITHOUT_AI: Final = "omni_noai_sandbox"
OWNER: Final = "0b7e4c5a-1f7d-4c38-9d52-5a1c6d0e0001"
"""The membership that made the keys."""
COLLEAGUE: Final = "0b7e4c5a-1f7d-4c38-9d52-5a1c6d0e0002"
"""Another member."""
MODEL: Final = "5d3a9f60-7c21-4e0b-8f6e-2b1d4c000001"
BRANCH: Final = "5d3a9f60-7c21-4e0b-8f6e-2b1d4c0000b1"
GROUP: Final = "7a61c2d4-90ab-4f3e-a1b5-3c9e8d000001"
DEFAULT_PAGE: Final = 20
LARGEST_PAGE: Final = 100
RUN: Final = timedelta(minutes=1)
_PATH: Final = "/api/v1/ai/routines"
_SERVER_FAILURE: Final = 500


class Omni(Provider):
    """The simulator of Omni. Rows belong to memberships."""

    name: ClassVar[str] = "omni"
    token: ClassVar[str] = ORGANISATION_KEY

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.members = {OWNER, COLLEAGUE}
        self.models = {MODEL}
        self.branches: set[tuple[str, str | None]] = {(MODEL, BRANCH)}

    def routes(self) -> list[Route]:
        """The six operations; update has one method of the two."""
        update = {self.world.options.omni_update.upper(): self.update}
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
        seq, now = self.store.next_seq(), wire.stamp(self.world.now())
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
        return self.answer(self.store.put(row.changed(**changes, updatedAt=wire.stamp(self.world.now()))).data)

    async def delete(self, request: Request) -> Response:
        """delete: at once and for good."""
        row = self.store.put(evolve(self._mine(request), gone=True))
        return self.answer({"deleted": True, "id": row.id})

    async def trigger(self, request: Request) -> Response:
        """run: one run outside the schedule; 404 when paused or system-disabled, 409 while one is running."""
        row, now = self._mine(request), self.world.now()
        if not _active(row):
            raise self.refuse(404, "Routine not found or not active")
        since = wire.instant(row.hidden.get("run_at"))
        if since and now < since + RUN:
            raise self.refuse(409, "A run of this routine is already in progress")
        run = self.world.fire(self.name, row, now, cause="trigger")
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
        row = self.store.visible(key) if reading else self.store.rows.get(key)
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
        quota = self.world.options.omni_quota
        if sum(row.scope == owner and _active(row) for row in self.store.rows.values()) >= quota:
            raise self.refuse(429, f"Maximum of {quota} active routines per user reached")


def _active(row: Row) -> bool:
    return not (row.gone or row.data["disabled"] or row.data["systemDisabled"])
