"""What every simulator is: routes and pages of its own, and what the world and the front ask of it."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from migrator.sandbox.store import Json, Row, Store

if TYPE_CHECKING:
    from datetime import datetime

    from migrator.sandbox.timetable import When
    from migrator.sandbox.world import World

Page = Callable[[Request], Awaitable[Response]]


class Answered(JSONResponse):
    """JSON as careless servers write it: what has no UTF-8 form is escaped, and NaN stands there as it is."""

    def render(self, content: Any) -> bytes:
        """The body."""
        try:
            return super().render(content)
        except ValueError:
            return json.dumps(content).encode()


class Refusal(Exception):  # noqa: N818 (an answer, not a fault of the simulator)
    """An answer other than success."""

    def __init__(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = headers


class Invalid(Exception):  # noqa: N818 (the same)
    """A field of a request that the provider would not take; each provider words it in its own shape.

    Args:
        field: its name, "" for the body as a whole.
        reason: what is wrong with it.
        received: the value.
        kind: the kind of error, for providers that name it.
        where: "body" or "query".
    """

    def __init__(
        self, field: str, reason: str, received: object = None, *, kind: str = "value_error", where: str = "body"
    ) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason
        self.received = received
        self.kind = kind
        self.where = where


class Provider(ABC):
    """A simulator of a platform.

    Attributes:
        name: "omni", "devin", "scrip".
        token: the token that may do everything.
        tells_wait: whether its 429 carries Retry-After.
    """

    name: ClassVar[str]
    token: ClassVar[str]
    tells_wait: ClassVar[bool] = False

    def __init__(self, world: World) -> None:
        self.world = world
        self.store: Store = world.stores[self.name]

    def app(self) -> Starlette:
        """The application, below the provider's host."""
        handlers = {Refusal: self._refused, Invalid: self._refused, HTTPException: self._unrouted}
        return Starlette(routes=self.routes(), exception_handlers=handlers)

    @abstractmethod
    def routes(self) -> list[Route]:
        """Its pages."""

    @abstractmethod
    def row(self, record: Json, seq: int, owner: str | None = None) -> Row:
        """A record of the shape that GET answers, as the `seq`th row: `owner`'s, else of whom the record names."""

    @abstractmethod
    def learn(self, row: Row) -> None:
        """Assume that all that a stored row names exists."""

    @abstractmethod
    def when(self, row: Row) -> When:
        """When it fires as it stands."""

    @abstractmethod
    def fired(self, row: Row, at: datetime, following: datetime | None) -> tuple[Row, bool]:
        """The row after an occurrence, given the next one, and whether this one runs at all."""

    @abstractmethod
    def error(self, status: int, message: str) -> Json:
        """The body of an error."""

    @abstractmethod
    def throttled(self) -> Json:
        """The body of the answer to too many requests."""

    @abstractmethod
    def invalid(self, problem: Invalid) -> Refusal:
        """The answer to a field that is wrong."""

    def suspended(self, row: Row) -> Row:
        """The row after the platform itself has stopped the job; as it was where no platform does that."""
        return row

    def running(self, row: Row, *, is_over: bool) -> Row:
        """The row while a run of it is in progress, or after; as it was where a record does not show that."""
        del is_over
        return row

    def answer(self, body: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """An answer with all that the provider's answers carry."""
        return Answered(body, status, headers)

    def refuse(self, status: int, message: str) -> Refusal:
        """A refusal in the provider's shape."""
        return Refusal(status, self.error(status, message))

    def admit(self, key: str) -> None:
        """Count a request against the limit.

        Raises:
            Refusal: there were too many.
        """
        if wait := self.world.throttle(self.name, key):
            raise Refusal(429, self.throttled(), {"Retry-After": str(int(wait) + 1)} if self.tells_wait else None)

    async def _refused(self, _request: Request, error: Exception) -> Response:
        refusal = self.invalid(error) if isinstance(error, Invalid) else error
        assert isinstance(refusal, Refusal)
        return self.answer(refusal.body, refusal.status, refusal.headers)

    async def _unrouted(self, _request: Request, error: Exception) -> Response:
        """An unknown path, or a method that the path does not have; 405 names the ones it has in Allow."""
        assert isinstance(error, HTTPException)
        headers = {name: ", ".join(sorted(value.split(", "))) for name, value in (error.headers or {}).items()}
        return self.answer(self.error(error.status_code, error.detail), error.status_code, headers)


def resource(path: str, **pages: Page) -> Route:
    """One path and its page for each method."""

    async def dispatch(request: Request) -> Response:
        return await pages["GET" if request.method == "HEAD" else request.method](request)

    route = Route(path, dispatch, methods=list(pages))
    route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")  # "$" lets a newline follow
    return route
