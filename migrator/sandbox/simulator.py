"""What every simulator is: routes and pages of its own, and what the world and the front ask of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from attrs import frozen
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from migrator.sandbox.environment import Environment
from migrator.sandbox.limits import RequestLimit
from migrator.sandbox.normalise import normalised
from migrator.sandbox.store import Json, Row, Store
from migrator.sandbox.timetable import When
from migrator.sandbox.wire import Answered, Invalid, Refusal


@frozen(kw_only=True)
class SandboxOption:
    """Something that the documentation leaves open, as a command line chooses it.

    Attributes:
        option: the attribute of the simulator's options.
        values: what it may be, by the word for it.
    """

    option: str
    values: Mapping[str, Any]


@frozen(kw_only=True)
class ExampleConnection:
    """What the written configuration says of a platform.

    Attributes:
        scope_key: the key of a connection that names the scope; "" where there is none.
        main_scope: the scope that the samples are in.
        holds: what its jobs may hold beside name, schedule and prompt, as canonical paths.
        loses: the canonical paths that it cannot hold as a target.
        has_events: whether its jobs are events and not prompts.
        target_line: what a sync to it says beside the losses.
        sets: what a sync to it has to set, in TOML.
        sets_for_events: the same where the source's jobs are events.
    """

    scope_key: str = ""
    main_scope: str = ""
    holds: tuple[str, ...]
    loses: frozenset[str] = frozenset()
    has_events: bool = False
    target_line: str = ""
    sets: str = ""
    sets_for_events: str = ""


class Simulator(ABC):
    """A simulator of a platform.

    Attributes:
        name: the name of the provider, and of the simulator's package.
        order: where it stands among the others.
        token: the token that may do everything.
        tells_wait: whether its 429 carries Retry-After.
        host: the documented host.
        base_path: what the documented base URL has after the host.
        options_type: the class of `options`: what the documentation leaves open.
        open: of that, what a command line may choose, by name.
        listing: how the path of the list of jobs ends.
        records_key: where a list has its records.
        last_page: what the answer of a list says where no page follows.
        texts: the fields of a record that hold texts.
        example: what a configuration says of it.
    """

    name: ClassVar[str]
    order: ClassVar[int]
    token: ClassVar[str]
    tells_wait: ClassVar[bool] = False
    host: ClassVar[str]
    base_path: ClassVar[str] = ""
    options_type: ClassVar[type]
    open: ClassVar[Mapping[str, SandboxOption]] = {}
    listing: ClassVar[str]
    records_key: ClassVar[str]
    last_page: ClassVar[Json]
    texts: ClassVar[frozenset[str]]
    example: ClassVar[ExampleConnection]
    options: Any

    def __init__(self, env: Environment, options: Any) -> None:
        self.env = env
        self.options = options
        self.store = Store()

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

    @abstractmethod
    def samples(self, today: datetime) -> Iterable[Json]:
        """Invented jobs for the demonstration, of the shape that GET answers, with dates around a midnight."""

    @classmethod
    def documented_limit(cls) -> RequestLimit | None:
        """The published request limit, with nothing used of it; None where none is published."""
        return None

    def connection_keys(self) -> Mapping[str, object]:
        """What a connection to it has to say beside address, scope, token and rate."""
        return {}

    def normalised(self, record: Json, *, is_new: bool, drops: str = "") -> Json:
        """A record as a platform keeps it that has a form of its own.

        Args:
            record: as it was written.
            is_new: whether it was just made; a platform with labels gives it one.
            drops: characters that no text keeps.
        """
        del is_new
        return normalised(record, self.texts, drops)

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
        if wait := self.env.throttle(self.name, key):
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
