"""The `/control` endpoints: for people and tests that drive a served sandbox; no provider has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from attrs import asdict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from migrator.sandbox import wire
from migrator.sandbox.wire import Invalid, resource
from migrator.sandbox.world import World


class Control:
    """Clock, logs, faults and records of a world; `stop` ends the server, where there is one to end."""

    def __init__(self, world: World, stop: Callable[[], None] = lambda: None) -> None:
        self.world = world
        self.stop_server = stop

    def app(self) -> Starlette:
        """The routes, below /control."""
        routes = [
            resource("/clock", GET=self.clock, POST=self.advance),
            resource("/fires", GET=self.fires),
            resource("/requests", GET=self.requests, DELETE=self.forget_requests),
            resource("/faults", GET=self.faults, POST=self.add_fault, DELETE=self.drop_faults),
            resource("/records/{provider}", GET=self.records),
            resource("/reset", POST=self.reset),
            resource("/stop", POST=self.stop),
        ]
        return Starlette(routes=routes, exception_handlers={Invalid: _refused})

    async def clock(self, _request: Request) -> Response:
        """What the clock says."""
        self.world.tick()
        return JSONResponse({"now": wire.stamp(self.world.now())})

    async def advance(self, request: Request) -> Response:
        """Move the clock forward, and fire."""
        body = await wire.json_object(request)
        to, seconds = wire.instant(body.get("advance_to")), body.get("advance_seconds")
        if to is None and (not isinstance(seconds, int | float) or isinstance(seconds, bool)):
            raise Invalid("", "give advance_seconds, a number, or advance_to, an instant with a zone", body)
        try:
            fires = self.world.advance(to=to) if to else self.world.advance(by=timedelta(seconds=float(seconds or 0)))
        except ValueError as error:
            raise Invalid("", str(error), body) from error
        return JSONResponse({"now": wire.stamp(self.world.now()), "fires": fires})

    async def fires(self, _request: Request) -> Response:
        """Every fire so far."""
        self.world.tick()
        return JSONResponse({"fires": self.world.fires})

    async def requests(self, _request: Request) -> Response:
        """Every request so far, and how many each provider got."""
        counts = Counter(entry["provider"] for entry in self.world.requests)
        return JSONResponse({"requests": self.world.requests, "counts": counts})

    async def forget_requests(self, request: Request) -> Response:
        """Empty the log."""
        self.world.requests.clear()
        return await self.requests(request)

    async def faults(self, _request: Request) -> Response:
        """The rules in force."""
        return JSONResponse({"faults": [asdict(rule) for rule in self.world.faults]})

    async def add_fault(self, request: Request) -> Response:
        """One more rule."""
        rule: dict[str, Any] = await wire.json_object(request)
        try:
            self.world.fault(**rule)
        except (TypeError, ValueError) as error:
            raise Invalid("", str(error), rule) from error
        return await self.faults(request)

    async def drop_faults(self, request: Request) -> Response:
        """No rules."""
        self.world.faults.clear()
        return await self.faults(request)

    async def records(self, request: Request) -> Response:
        """What a provider holds."""
        provider = request.path_params["provider"]
        if provider not in self.world.stores:
            raise Invalid("provider", f"must be one of {', '.join(self.world.stores)}", provider)
        return JSONResponse({"records": self.world.records(provider)})

    async def reset(self, request: Request) -> Response:
        """Forget all but the clock."""
        self.world.clear()
        return await self.clock(request)

    async def stop(self, request: Request) -> Response:
        """Answer, then end the server."""
        self.stop_server()
        return await self.clock(request)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Invalid)
    return JSONResponse({"error": f"{error.field} {error.reason}".strip()}, 400)
