"""A clock that jumps, and loopback servers that say exactly what a test wants."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pytest

from migrator.http.client import Client
from migrator.http.clock import Clock
from migrator.http.rate_limit import Rate, RateLimiter

T = TypeVar("T")
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TOKEN = "sk_live_Zm9yIHRlc3Rz"


class Time:
    """Virtual time: it stands still while anything can run, then jumps to the next sleeper."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self.clock = Clock(
            now=lambda: START + timedelta(seconds=self.now),
            monotonic=lambda: self.now,
            sleep=self.sleep,
            random=lambda: 1.0,
        )

    async def sleep(self, seconds: float) -> None:
        """Wait until time has come that far."""
        self.slept.append(seconds)
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), future))
        await future

    async def run(self, work: Awaitable[T]) -> T:
        """Await `work` while time passes as fast as it can."""
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(30):
                await asyncio.sleep(0)
            if not task.done() and self._sleepers:
                when, _, future = heapq.heappop(self._sleepers)
                self.now = max(self.now, when)
                if not future.done():
                    future.set_result(None)
        return task.result()


@pytest.fixture
def time() -> Time:
    return Time()


Answer = httpx.Response | Exception
Handler = Callable[[httpx.Request], Awaitable[httpx.Response]]


class Platform:
    """Answers each request with the next of `answers`, the last one for ever; remembers what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def connect(time: Time) -> Connect:
    """Open a client on a handler, on virtual time, without a rate limit unless one is given."""

    @asynccontextmanager
    async def _connect(handler: Handler | None = None, **settings: Any) -> AsyncIterator[Client]:
        rate = settings.pop("rate", None)
        clock = settings.setdefault("clock", time.clock)
        settings.setdefault("rate_limiter", RateLimiter(Rate.parse(rate) if rate else None, clock=clock))
        settings.setdefault("base_url", "https://acme.omniapp.co/api")
        if handler is not None:
            settings["transport"] = httpx.MockTransport(handler)
        secret = settings.pop("secret", TOKEN)
        async with Client(
            provider="omni", secret=secret, headers={"Authorization": f"Bearer {secret}"}, **settings
        ) as client:
            yield client

    return _connect


Serve = Callable[[Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]], Any]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a TCP server on a free loopback port; answers its port."""
    servers: list[asyncio.Server] = []

    async def _serve(handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> int:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    yield _serve
    for server in servers:
        server.close()
        await server.wait_closed()
