"""The simulator of Devin: its routes and rules (pages: see the package)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar, Final

from attrs import evolve
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from migrator.sandbox import wire
from migrator.sandbox.devin import IDLE_USER, ORG, PLAYBOOK, TOKEN, TOKENS, USER, DevinOptions
from migrator.sandbox.devin.body import CLEARABLE, CREATE, DEFAULTS, UPDATE, checked, consistent, required
from migrator.sandbox.devin.samples import EXAMPLE, schedules
from migrator.sandbox.environment import Environment
from migrator.sandbox.grammar import VIXIE, BadCron, parse
from migrator.sandbox.normalise import ADDED
from migrator.sandbox.simulator import ExampleConnection, SandboxOption, Simulator
from migrator.sandbox.store import Json, Row
from migrator.sandbox.timetable import When, recurs
from migrator.sandbox.wire import Answered, Invalid, Refusal, resource

PLATFORMS: Final = ("linux", "windows")
ROBOT: Final = "service-user-sandbox"
LATER: Final = ("bypass_approval", "interval_count", "tags", "target_devin_id", "platform", "last_edited_by")
"""Fields that came after the seed's generation."""
ABSENT: Final[dict[str, tuple[str, ...]]] = {
    "newest": ("agent", "notify_on"),
    "full": (),
    "seed": LATER,
    "v3beta": (*LATER, "schedule_type", "scheduled_at", "slack_channel_id", "slack_team_id"),
}
"""The fields that a generation does not answer; all but the newest do not read them either."""
_OLD: Final = frozenset({"seed", "v3beta"})
_PATH: Final = "/v3/organizations/{org_id}/schedules"


class DevinSimulator(Simulator):
    """The simulator of Devin. Rows belong to organisations."""

    name: ClassVar[str] = "devin"
    order: ClassVar[int] = 2
    token: ClassVar[str] = TOKEN
    host: ClassVar[str] = "api.devin.ai"
    options_type: ClassVar[type] = DevinOptions
    open: ClassVar[Mapping[str, SandboxOption]] = {
        "devin-shape": SandboxOption(option="devin_shape", values={shape: shape for shape in ABSENT}),
        "devin-bad-cron": SandboxOption(option="devin_bad_cron", values={"400": 400, "422": 422}),
    }
    listing: ClassVar[str] = "/schedules"
    records_key: ClassVar[str] = "items"
    last_page: ClassVar[Json] = {"has_next_page": False, "end_cursor": None}
    texts: ClassVar[frozenset[str]] = frozenset({"name", "prompt", "tags"})
    example: ClassVar[ExampleConnection] = EXAMPLE
    options: DevinOptions

    def __init__(self, env: Environment, options: DevinOptions) -> None:
        super().__init__(env, options)
        self.shape = options.devin_shape
        self.orgs = {ORG}
        self.playbooks: dict[str, str | None] = {PLAYBOOK: "House style"}

    def routes(self) -> list[Route]:
        """The five operations, and the caller's identity."""
        return [
            resource("/v3/self", GET=self.self),
            resource(_PATH, GET=self.list_all, POST=self.create),
            resource(_PATH + "/{schedule_id}", GET=self.get, PATCH=self.update, DELETE=self.delete),
        ]

    def row(self, record: Json, seq: int, owner: str | None = None) -> Row:
        """The organisation is in the record; its id is called scheduled_session_id (openapi)."""
        data = {**dict.fromkeys((*LATER, "scheduled_at")), **DEFAULTS, **record}
        scope, created = owner or record["org_id"], record["created_at"]
        row = Row(id=record["scheduled_session_id"], seq=seq, scope=scope, created=created, data=data)
        self.learn(row)
        return row

    def learn(self, row: Row) -> None:
        """Its organisation, its playbook."""
        self.orgs.add(row.scope)
        if playbook := row.data.get("playbook"):
            self.playbooks[playbook["playbook_id"]] = playbook["title"]

    def when(self, row: Row) -> When:
        """Disabled ones do not run; one_time ignores `frequency` (provider); cron text is UTC (create)."""
        if row.gone or not row.data["enabled"]:
            return None
        if row.data["schedule_type"] == "one_time":
            return wire.instant(row.data["scheduled_at"])
        return recurs(row.data["frequency"], VIXIE, "UTC")

    def fired(self, row: Row, at: datetime, following: datetime | None) -> tuple[Row, bool]:  # noqa: ARG002 (no next run here)
        """A one-time schedule switches itself off (create); of `interval_count` occurrences one runs (openapi)."""
        if row.data["schedule_type"] == "one_time":
            return row.changed(last_executed_at=wire.stamp(at), enabled=False), True
        passed = row.hidden.get("occurrences", 0)
        row = evolve(row, hidden={**row.hidden, "occurrences": passed + 1})
        if passed % row.data.get("interval_count", 1):
            return row, False
        return row.changed(last_executed_at=wire.stamp(at)), True

    def error(self, status: int, message: str) -> Json:
        """`{detail}` (provider); lately more beside it (problem)."""
        if self.shape != "newest":
            return {"detail": message}
        return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": message}

    def throttled(self) -> Json:
        """No limit is published; the vendor's client retries 429 (provider)."""
        return self.error(429, "Too many requests.")

    def invalid(self, problem: Invalid) -> Refusal:
        """422, `detail` a list as FastAPI writes it, whose operation ids openapi has; lately `errors` (problem)."""
        location = [problem.where, problem.field] if problem.field else [problem.where]
        entry = {"type": problem.kind, "loc": location, "msg": problem.reason, "input": problem.received}
        if self.shape == "newest":
            return Refusal(422, {**self.error(422, f"{problem.field}: {problem.reason}"), "errors": [entry]})
        return Refusal(422, {"detail": [entry]})

    def samples(self, today: datetime) -> Iterator[Json]:
        """One organisation's schedules."""
        return schedules(today)

    def normalised(self, record: Json, *, is_new: bool, drops: str = "") -> Json:
        """Tags sorted, each once, and one of the platform's on what is new, besides."""
        kept = super().normalised(record, is_new=is_new, drops=drops)
        if "tags" in kept:
            tags = [*(kept["tags"] or ()), *([ADDED] if is_new else ())]
            kept["tags"] = sorted(set(tags)) if tags else kept["tags"]
        return kept

    def answer(self, body: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """Errors have their own media type lately (problem)."""
        problem = self.shape == "newest" and status >= HTTPStatus.BAD_REQUEST
        return Answered(body, status, headers, "application/problem+json" if problem else None)

    async def self(self, request: Request) -> Response:
        """self: who the token is."""
        self._caller(request)
        who = {
            "principal_type": "service_user",
            "service_user_id": ROBOT,
            "service_user_name": "sandbox",
            "org_id": ORG,
        }
        return self.answer(who)

    async def list_all(self, request: Request) -> Response:
        """list: limit and offset. Older pages gave 50 and allowed 100, openapi gives and allows 200."""
        org = self._org(request, writing=False)
        default, largest = (50, 100) if self.shape in _OLD else (200, 200)
        limit = wire.whole_number(request, "limit", default, 1, largest)
        offset = wire.whole_number(request, "offset", 0, 0)
        places = self.store.listed(org)
        rows, more = self.store.page(places[: max(0, len(places) - offset)], size=limit)
        page = {
            "items": [self._shown(row) for row in rows],
            "end_cursor": str(offset + limit) if more else None,
            "has_next_page": more,
            "total": len(places),
        }
        return self.answer(page)

    async def create(self, request: Request) -> Response:
        """create: answers 200 and the whole schedule, always enabled."""
        org = self._org(request, writing=True)
        body = self._read(await wire.json_object(request), CREATE)
        self._may_run_as(request, body)
        required(body, "name", "prompt")
        given = DEFAULTS | {name: value for name, value in body.items() if value is not None}
        consistent(given, given)
        self._sensible(given)
        seq, now = self.store.next_seq(), wire.stamp(self.env.now())
        record = {
            "scheduled_session_id": f"sched-{wire.counted_id(self.name, seq).hex}",
            "org_id": org,
            "created_by": ROBOT,
            "created_at": now,
            "updated_at": now,
            "enabled": True,
            "consecutive_failures": 0,
            **dict.fromkeys(("last_executed_at", "last_error_at", "last_error_message", "playbook")),
            **dict.fromkeys(name for name in CREATE if name not in {"playbook_id", "create_as_user_id"}),
        }
        return self.answer(self._shown(self.store.put(self._set(self.row(record, seq), given))))

    async def get(self, request: Request) -> Response:
        """get: by the id that the body calls scheduled_session_id."""
        return self.answer(self._shown(self._mine(request, writing=False)))

    async def update(self, request: Request) -> Response:
        """update: only the fields in the body change; null empties those that can be empty."""
        row = self._mine(request, writing=True)
        body = self._read(await wire.json_object(request), UPDATE)
        self._may_run_as(request, body)
        given = {name: value for name, value in body.items() if value is not None or name in CLEARABLE}
        consistent({**row.data, **given}, given)
        self._sensible(given)
        row = self._set(row, given).changed(updated_at=wire.stamp(self.env.now()), last_edited_by=ROBOT)
        return self.answer(self._shown(self.store.put(row)))

    async def delete(self, request: Request) -> Response:
        """delete: soft; answers the schedule, which then reads as gone (provider)."""
        return self.answer(self._shown(self.store.put(evolve(self._mine(request, writing=True), gone=True))))

    def _caller(self, request: Request) -> str:
        token = wire.bearer(request)
        if token not in TOKENS:
            raise self.refuse(401, "Invalid or missing credentials")
        self.admit(token)
        return token

    def _org(self, request: Request, *, writing: bool) -> str:
        """The organisation, for a service user with the permission ManageOrgSchedules (update)."""
        token, org = self._caller(request), str(request.path_params["org_id"])
        if ("ManageOrgSchedules" if writing else "ViewOrgSchedules") not in TOKENS[token]:
            raise self.refuse(403, "Missing permission: ManageOrgSchedules")
        if org not in self.orgs:
            raise self.refuse(403, f"No access to organization {org}")
        return org

    def _mine(self, request: Request, *, writing: bool) -> Row:
        org, key = self._org(request, writing=writing), request.path_params["schedule_id"]
        row = self.store.find(key, reading=not writing)
        if row is None or row.gone or row.scope != org:
            raise self.refuse(404, "Schedule not found")
        return row

    def _read(self, body: Json, types: dict[str, str]) -> Json:
        """What this generation reads of a body."""
        unread = () if self.shape == "newest" else ABSENT[self.shape]
        return {name: value for name, value in checked(body, types).items() if name not in unread}

    def _may_run_as(self, request: Request, body: Json) -> None:
        """Running as somebody takes ImpersonateOrgSessions, and that person UseDevinSessions (create, update)."""
        user = body.get("create_as_user_id") or body.get("run_as_user_id")
        if user is not None and "ImpersonateOrgSessions" not in TOKENS[wire.bearer(request) or ""]:
            raise self.refuse(403, "Missing permission: ImpersonateOrgSessions")
        if user == IDLE_USER:
            raise self.refuse(403, f"User {user} does not have the UseDevinSessions permission")

    def _sensible(self, given: Json) -> None:
        """What only the server can judge: the cron text, the future, whether the things named exist."""
        if (text := given.get("frequency")) is not None:
            try:
                parse(text, VIXIE)
            except BadCron as error:
                message = f"Invalid cron expression for frequency: {error}"
                raise self.refuse(self.options.devin_bad_cron, message) from error
        at = wire.instant(given.get("scheduled_at"))
        if at and at <= self.env.now():
            raise self.refuse(400, "scheduled_at must be in the future")
        platform, playbook = given.get("platform"), given.get("playbook_id")
        if platform is not None and platform.lower() not in PLATFORMS:
            raise self.refuse(400, f"Unknown platform {platform!r}. Available platforms: {', '.join(PLATFORMS)}")
        if playbook is not None and playbook not in self.playbooks:
            raise self.refuse(400, f"Playbook {playbook} not found")
        user = given.get("create_as_user_id") or given.get("run_as_user_id")
        if user is not None and user != USER:
            raise self.refuse(400, f"User {user} is not a member of the organization")

    def _set(self, row: Row, given: Json) -> Row:
        """The row with the fields of a request: a playbook is answered as an object, an identity not at all."""
        changes: dict[str, Any] = dict(given)
        for name in ("create_as_user_id", "run_as_user_id"):
            if name in changes:
                row = evolve(row, hidden={**row.hidden, "run_as_user_id": changes.pop(name)})
        if "playbook_id" in changes:
            key = changes.pop("playbook_id")
            changes["playbook"] = None if key is None else {"playbook_id": key, "title": self.playbooks[key]}
        if at := wire.instant(changes.get("scheduled_at")):
            changes["scheduled_at"] = wire.stamp(at)
        return row.changed(**changes)

    def _shown(self, row: Row) -> Json:
        return {name: value for name, value in row.data.items() if name not in ABSENT[self.shape]}


SIMULATOR: Final = DevinSimulator
