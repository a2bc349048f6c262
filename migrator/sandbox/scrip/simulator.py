"""The simulator of Scrip: its routes and rules (pages: see the package)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import ClassVar, Final

from attrs import evolve
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from migrator.sandbox import wire
from migrator.sandbox.environment import Environment
from migrator.sandbox.grammar import ROBFIG
from migrator.sandbox.limits import RequestLimit, TokenBucket
from migrator.sandbox.scrip import FOREIGN_KEY, KEY, PROGRAM, ScripOptions
from migrator.sandbox.scrip.body import OWN, PLAIN, TEXTS, checked, complete, timed
from migrator.sandbox.scrip.samples import EXAMPLE, automations
from migrator.sandbox.simulator import ExampleConnection, SandboxOption, Simulator
from migrator.sandbox.store import Json, Row
from migrator.sandbox.timetable import When, instants, recurs
from migrator.sandbox.wire import Invalid, Refusal, resource

DEFAULT_PAGE: Final = 50
LARGEST_PAGE: Final = 200
RATE: Final = 10
BURST: Final = 30
PARTICIPANTS: Final = 10
_PATH: Final = "/v1/programs/{program_id}/automations"
_ORGANISATION: Final = "organisation"
"""The limit is shared by all keys of an organisation (authentication)."""
_OWNERS_CHOICE: Final = ("active", "paused")
_CODES: Final = {
    400: "validation_error",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
}


class ScripSimulator(Simulator):
    """The simulator of Scrip. Rows belong to programs."""

    name: ClassVar[str] = "scrip"
    order: ClassVar[int] = 3
    token: ClassVar[str] = KEY
    tells_wait: ClassVar[bool] = True
    host: ClassVar[str] = "api.scrip.dev"
    options_type: ClassVar[type] = ScripOptions
    open: ClassVar[Mapping[str, SandboxOption]] = {
        "scrip-reserve-names": SandboxOption(option="scrip_reserve_names", values={"yes": True, "no": False})
    }
    listing: ClassVar[str] = "/automations"
    records_key: ClassVar[str] = "data"
    last_page: ClassVar[Json] = {"pagination": {"has_more": False, "next_cursor": None}}
    texts: ClassVar[frozenset[str]] = TEXTS
    example: ClassVar[ExampleConnection] = EXAMPLE
    options: ScripOptions

    def __init__(self, env: Environment, options: ScripOptions) -> None:
        super().__init__(env, options)
        self.programs = {PROGRAM}

    def routes(self) -> list[Route]:
        """Automations, and the list of the programs that have them."""
        one = _PATH + "/{id}"
        return [
            resource("/v1/programs", GET=self.list_programs),
            resource(_PATH, GET=self.list_all, POST=self.create),
            resource(one, GET=self.get, PATCH=self.update, DELETE=self.delete),
            resource(one + "/trigger", POST=self.trigger),
            resource(one + "/cancel", POST=self.cancel),
            resource(one + "/refresh-subscriptions", POST=self.refresh),
            resource(one + "/subscriptions", GET=self.subscriptions),
        ]

    def row(self, record: Json, seq: int, owner: str | None = None) -> Row:
        """The program is in the record; an archived one is not listed (list)."""
        scope, gone = owner or record["program_id"], record["status"] == "archived"
        row = Row(id=record["id"], seq=seq, scope=scope, created=record["created_at"], data=dict(record), gone=gone)
        self.learn(row)
        return row

    def learn(self, row: Row) -> None:
        """Its program."""
        self.programs.add(row.scope)

    def when(self, row: Row) -> When:
        """Only active automations run (overview); the zone is UTC unless one is given (create)."""
        data = row.data
        if data["status"] != "active":
            return None
        if data["trigger_type"] == "one_time":
            return wire.instant(data.get("trigger_at"))
        if data["trigger_type"] == "cron":
            return recurs(data.get("cron_expression"), ROBFIG, data.get("timezone") or "UTC")
        return None

    def fired(self, row: Row, at: datetime, following: datetime | None) -> tuple[Row, bool]:
        """A run leaves its marks; a one-time or immediate automation is completed by it (get)."""
        again = row.data["trigger_type"] == "cron"
        marks: Json = {"last_run_at": wire.stamp(at)}
        if not again:
            marks |= {"status": "completed", "processed_at": wire.stamp(at)}
        if row.data["scope"] == "participants":
            marks |= {"execution_status": "idle" if again else "completed"}
            marks |= {"participants_total": PARTICIPANTS, "participants_processed": PARTICIPANTS}
        return _with_next(row.changed(**marks), following), True

    def samples(self, today: datetime) -> Iterator[Json]:
        """One program's automations."""
        return automations(today)

    @classmethod
    def documented_limit(cls) -> RequestLimit:
        """10 a second, 30 at once (authentication)."""
        return TokenBucket(float(RATE), BURST)

    def suspended(self, row: Row) -> Row:
        """`failed` in place of the owner's status (get)."""
        return _with_next(row.changed(status="failed", last_error="Stopped after repeated failures"), None)

    def running(self, row: Row, *, is_over: bool) -> Row:
        """`execution_status` shows a fan-out in progress (get)."""
        return row.changed(execution_status="idle" if is_over else "executing")

    def error(self, status: int, message: str) -> Json:
        """`{code, message}` (introduction)."""
        return {"code": _CODES.get(status, "internal_error"), "message": message}

    def throttled(self) -> Json:
        """The code is documented (authentication)."""
        return {"code": "too_many_requests", "message": "Rate limit exceeded."}

    def invalid(self, problem: Invalid) -> Refusal:
        """400; `details` names the field, the reason and what was received (introduction)."""
        details = {"field": problem.field, "reason": problem.reason, "received": problem.received}
        return Refusal(400, {**self.error(400, f"{problem.field} {problem.reason}".strip()), "details": details})

    def answer(self, body: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """Every answer tells what is left of the limit (authentication)."""
        left = self.env.remaining(self.name, _ORGANISATION, BURST)
        reset = int(self.env.now().timestamp()) + -(-(BURST - left) // RATE)
        told = {"X-RateLimit-Limit": BURST, "X-RateLimit-Remaining": left, "X-RateLimit-Reset": reset}
        return super().answer(body, status, {name: str(value) for name, value in told.items()} | dict(headers or {}))

    async def list_programs(self, request: Request) -> Response:
        """The programs that there are."""
        self._authorised(request)
        keys = enumerate(sorted(self.programs), 1)
        return self.answer(_envelope([{"id": key, "name": f"Program {n}", "status": "active"} for n, key in keys]))

    async def list_all(self, request: Request) -> Response:
        """list: newest first; archived ones only when asked for; filters are joined by "and"."""
        program, query = self._program(request), request.query_params
        limit = wire.whole_number(request, "limit", DEFAULT_PAGE, 1, LARGEST_PAGE)
        exact = {name: query[name] for name in ("trigger_type", "scope", "status", "source") if name in query}
        search = query.get("search", "").casefold()

        def keep(row: Row) -> bool:
            return search in str(row.data["name"]).casefold() and all(row.data.get(k) == v for k, v in exact.items())

        places = self.store.listed(program, gone=exact.get("status") == "archived")
        rows, more = self.store.page(places, size=limit, after=wire.cursor(request), keep=keep)
        return self.answer(_envelope([row.data for row in rows], wire.to_cursor(rows[-1].place) if more else None))

    async def create(self, request: Request) -> Response:
        """create: schedule fields under `trigger`; active at once, and `immediate` fires at once."""
        program, body = self._program(request), checked(await wire.json_object(request))
        kind, scope, trigger = complete(body)
        timed(trigger, kind, self.env.now(), prefix="trigger.")
        self._unique(program, body["name"])
        seq, now = self.store.next_seq(), wire.stamp(self.env.now())
        record: Json = {
            "id": str(wire.counted_id(self.name, seq)),
            "program_id": program,
            "created_at": now,
            "updated_at": now,
            "source": "api",
            "status": "active",
            "scope": scope,
            "trigger_type": kind,
        }
        record |= {name: body[name] for name in (*PLAIN, "participant_id") if name in body}
        record |= {name: trigger[name] for name in (*OWN, "schedule_type") if name in trigger}
        record |= {"timezone": trigger.get("timezone", "UTC")} if kind in {"cron", "one_time"} else {}
        if scope == "participants":
            record |= {"execution_status": "idle", "participants_total": 0, "participants_processed": 0}
        row = self._rescheduled(self.row(record, seq))
        if kind == "immediate":
            self.env.fire(self.name, row, self.env.now(), cause="immediate")
            row, _ = self.fired(row, self.env.now(), None)
        return self.answer(self.store.put(row).data, 201)

    async def get(self, request: Request) -> Response:
        """get: archived ones too."""
        return self.answer(self._mine(request, reading=True).data)

    async def update(self, request: Request) -> Response:
        """update: flat and partial; trigger type, scope, program and the like are no fields of it."""
        row, body = self._changeable(request), checked(await wire.json_object(request))
        status = body.get("status")
        if status is not None and (status not in _OWNERS_CHOICE or row.data["status"] not in _OWNERS_CHOICE):
            raise Invalid("status", "can only be changed between active and paused", status)
        timed(body, row.data["trigger_type"], self.env.now())
        if "name" in body:
            self._unique(row.scope, body["name"], but=row.id)
        changes = {name: body[name] for name in (*PLAIN, *OWN, "timezone", "status") if name in body}
        return self.answer(self._touched(row, **changes).data)

    async def delete(self, request: Request) -> Response:
        """delete: archives, for good; the automation can still be read by its id."""
        return self.answer(self._touched(evolve(self._changeable(request), gone=True), status="archived").data)

    async def trigger(self, request: Request) -> Response:
        """trigger: must be active, and a fan-out idle; a cron automation is due now."""
        row, now = self._mine(request), self.env.now()
        if row.data["status"] != "active" or row.data.get("execution_status", "idle") != "idle":
            raise Invalid("status", "must be active, and idle", row.data["status"])
        self.env.fire(self.name, row, now, cause="trigger")
        row = self.store.put(self._rescheduled(self.fired(row, now, None)[0]))
        due = {"next_run_at": wire.stamp(now)} if row.data["trigger_type"] == "cron" else {}
        return self.answer({**row.data, **due})

    async def cancel(self, request: Request) -> Response:
        """cancel: ends a fan-out; the automation stays active."""
        return self.answer(self.store.put(self._changeable(request).changed(execution_status="failed")).data)

    async def refresh(self, request: Request) -> Response:
        """refresh: for active participant_state automations."""
        row = self._changeable(request)
        if (row.data["trigger_type"], row.data["status"]) != ("participant_state", "active"):
            raise Invalid("trigger_type", "must be participant_state, and active", row.data["trigger_type"])
        return self.answer(row.data, 202)

    async def subscriptions(self, request: Request) -> Response:
        """subscriptions: none here."""
        self._mine(request, reading=True)
        return self.answer(_envelope([]))

    def _authorised(self, request: Request) -> None:
        """X-API-Key, or the same key as a bearer token (authentication)."""
        given = {request.headers.get("x-api-key"), wire.bearer(request)}
        if not given & {KEY, FOREIGN_KEY}:
            raise self.refuse(401, "Missing or invalid API key.")
        self.admit(_ORGANISATION)

    def _program(self, request: Request) -> str:
        self._authorised(request)
        program = str(request.path_params["program_id"])
        if FOREIGN_KEY in {request.headers.get("x-api-key"), wire.bearer(request)}:
            raise self.refuse(403, "This program belongs to another organization.")
        if program not in self.programs:
            raise self.refuse(404, "Program not found.")
        return program

    def _mine(self, request: Request, *, reading: bool = False) -> Row:
        program, key = self._program(request), request.path_params["id"]
        row = self.store.find(key, reading=reading)
        if row is None or row.scope != program:
            raise self.refuse(404, "Automation not found.")
        return row

    def _changeable(self, request: Request) -> Row:
        row = self._mine(request)
        if row.gone:
            raise Invalid("status", "is archived", "archived")
        return row

    def _unique(self, program: str, name: str, but: str = "") -> None:
        """A name is unique within its program (guide)."""
        reserved = self.options.scrip_reserve_names
        for row in self.store.rows.values():
            if row.data["name"] == name and row.scope == program and row.id != but and (reserved or not row.gone):
                raise self.refuse(409, f"An automation named {name!r} already exists in this program.")

    def _touched(self, row: Row, **changes: object) -> Row:
        return self.store.put(self._rescheduled(row.changed(**changes, updated_at=wire.stamp(self.env.now()))))

    def _rescheduled(self, row: Row) -> Row:
        """The row with the next run that it has from now on."""
        return _with_next(row, next(instants(self.when(row), self.env.now()), None))


def _with_next(row: Row, following: datetime | None) -> Row:
    """The row with its next run; the field is absent where there is none."""
    data = {name: value for name, value in row.data.items() if name != "next_run_at"}
    return evolve(row, data=data | ({"next_run_at": wire.stamp(following)} if following else {}))


def _envelope(data: list[Json], cursor: str | None = None) -> Json:
    return {"data": data, "pagination": {"has_more": cursor is not None, "next_cursor": cursor}}


SIMULATOR: Final = ScripSimulator
