"""What stands before a simulator: the request log, latency and scripted faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from typing import Final

from attrs import define, evolve, field
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from migrator.sandbox.faults import ScriptedFault, half_page
from migrator.sandbox.normalise import each_record, with_field
from migrator.sandbox.simulator import Simulator
from migrator.sandbox.store import Json, Row
from migrator.sandbox.world import World

_OK_BELOW: Final = 400
_TOKENS: Final = {b"authorization", b"x-api-key"}
_PAGE: Final = "<!doctype html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"


@define
class Answer:
    """A whole HTTP answer, kept until the faults are done with it."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(factory=list)
    body: bytes = b""

    async def collect(self, message: Message) -> None:
        """ASGI `send`."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    def replace(self, body: bytes) -> None:
        """Another body under the same headers."""
        self.body = body
        self.headers = [(k, v) for k, v in self.headers if k.lower() != b"content-length"]
        self.headers.append((b"content-length", str(len(body)).encode()))

    async def send(self, send: Send) -> None:
        """Hand it to the server."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


@define(eq=False)
class Front:
    """An ASGI application around one simulator's.

    Attributes:
        world: whose faults, latency and log it uses.
        simulator: what it stands before.
        provider: the name of the simulator's provider.
        app: the simulator's application.
    """

    world: World
    simulator: Simulator
    provider: str = field(init=False)
    app: ASGIApp = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.provider = self.simulator.name
        self.app = self.simulator.app()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        entry = self.world.log(self.provider, scope["method"], path, scope["query_string"].decode())
        if self.world.latency:
            await self.world.sleep(self.world.latency)
        rules = self.world.strike(self.provider, scope["method"], path)
        scope = self._with_token(rules, scope)
        answer = await self._before(rules) or await self._served(rules, scope, receive)
        if not answer.status:
            raise self.world.reset("the connection was cut")
        entry["status"] = answer.status
        await answer.send(send)

    def _with_token(self, rules: Iterable[ScriptedFault], scope: Scope) -> Scope:
        """The request as the provider sees it, which knows its first token only, after the token was rotated."""
        for rule in rules:
            if rule.kind == "rotate_token" and rule.token:
                self.world.rotated[self.provider] = rule.token
        new = self.world.rotated.get(self.provider)
        if new is None:
            return scope
        first = self.simulator.token
        headers = [
            (
                name,
                value.replace(value.split()[-1], first.encode() if value.split()[-1] == new.encode() else b"rotated"),
            )
            if name.lower() in _TOKENS and value.strip()
            else (name, value)
            for name, value in scope["headers"]
        ]
        return {**scope, "headers": headers}

    async def _before(self, rules: Iterable[ScriptedFault]) -> Answer | None:
        for rule in rules:
            if not rule.after and (answer := await self._failed(rule)):
                return answer
        return None

    async def _served(self, rules: Iterable[ScriptedFault], scope: Scope, receive: Receive) -> Answer:
        """The provider's own answer, and what the faults make of it."""
        method, store = scope["method"], self.simulator.store
        reads = next((rule.reads for rule in rules if rule.kind == "eventual"), 0)
        request, answer = await _whole(receive), Answer()
        self.world.tick()
        before = dict(store.rows) if reads or method != "GET" else {}
        self._strike_job(rules, scope["path"], after=False)
        await self.app(scope, request, answer.collect)
        for rule in rules:
            if rule.kind == "normalise" and method != "GET" and answer.status < _OK_BELOW:
                self._normalise(
                    before, answer, partial(self.simulator.normalised, is_new=method == "POST", drops=rule.drops)
                )
        if method == "GET":
            store.seen()
        elif answer.status < _OK_BELOW:
            if reads:
                store.hold(before, reads)
            self.world.changed()
        self._strike_job(rules, scope["path"], after=True)
        self._garble(rules, answer, is_list=method == "GET" and scope["path"].endswith(self.simulator.listing))
        if answer.body:
            self._relabel(rules, answer)
        for rule in rules:
            if rule.after and (failed := await self._failed(rule)):
                return failed
        return answer

    def _strike_job(self, rules: Iterable[ScriptedFault], path: str, *, after: bool) -> None:
        """What befalls the job that a request names."""
        for rule in rules:
            if rule.kind == "suspend" and rule.after == after:
                self.world.suspend(self.provider, path)
            elif rule.kind == "run" and rule.after == after:
                self.world.run(self.provider, path, rule.seconds)

    def _normalise(self, before: Mapping[str, Row], answer: Answer, change: Callable[[Json], Json]) -> None:
        """Keep what was just written in the platform's own form, and answer so."""
        store = self.simulator.store
        for key, row in tuple(store.rows.items()):
            if before.get(key) is not row:
                store.put(evolve(row, data=change(row.data)))
        answer.replace(each_record(answer.body, self.simulator.records_key, change))

    def _relabel(self, rules: Iterable[ScriptedFault], answer: Answer) -> None:
        """Say or use another encoding, and put unknown fields into records."""
        for rule in rules:
            if rule.kind == "unknown_field":
                change = partial(with_field, name=rule.name, value=rule.value)
                answer.replace(each_record(answer.body, self.simulator.records_key, change))
            elif rule.kind == "latin1":
                text = json.dumps(json.loads(answer.body), ensure_ascii=False)
                answer.replace(text.encode("latin-1", "replace"))
            elif rule.kind == "charset":
                answer.headers = [(k, v) for k, v in answer.headers if k.lower() != b"content-type"]
                answer.headers.append((b"content-type", b"application/json; charset=ISO-8859-1"))
                text = json.dumps(json.loads(answer.body), ensure_ascii=False)
                answer.replace(text.encode())

    def _garble(self, rules: Iterable[ScriptedFault], answer: Answer, *, is_list: bool) -> None:
        last, kinds = self.world.last_pages.get(self.provider), {rule.kind for rule in rules}
        if is_list and answer.status < _OK_BELOW:
            self.world.last_pages[self.provider] = answer.body
            if "truncated_page" in kinds:
                answer.replace(half_page(answer.body, self.simulator.records_key, self.simulator.last_page))
            if "repeated_page" in kinds and last:
                answer.replace(last)
        for rule in rules:
            if rule.kind == "clock":
                moment = self.world.now() + timedelta(seconds=rule.seconds)
                answer.headers.append((b"date", format_datetime(moment, usegmt=True).encode()))
        if "broken_json" in kinds:
            answer.replace(answer.body[: len(answer.body) // 2])

    async def _failed(self, rule: ScriptedFault) -> Answer | None:
        """The answer of a rule that replaces the provider's; its status is 0 where none is to be sent."""
        response: Response
        provider = self.simulator
        match rule.kind:
            case "status":
                status = rule.status or 500
                response = provider.answer(provider.error(status, "Scripted fault."), status)
            case "html":
                response = HTMLResponse(_PAGE, rule.status or 200)
            case "throttle":
                headers = {} if rule.retry_after is None else {"Retry-After": f"{rule.retry_after:g}"}
                response = provider.answer(provider.throttled(), 429, headers)
            case "reset":
                return Answer()
            case "slow":
                await self.world.sleep(rule.seconds)
                return None
            case _:
                return None
        return Answer(response.status_code, response.raw_headers, bytes(response.body))


async def _whole(receive: Receive) -> Receive:
    """The whole request, so that the provider handles it in one go, beside other requests under way."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    request: Message = {"type": "http.request", "body": b"".join(parts), "more_body": False}

    async def once() -> Message:
        return request

    return once
