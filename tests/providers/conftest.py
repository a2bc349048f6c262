"""Adapters on a simulator or on a scripted platform, reached below the documented hosts, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest

from migrator.http.clock import Clock
from migrator.providers import open_adapter
from migrator.providers.base import Connection, LoadAdapter, Raw
from migrator.sandbox import World, create_app
from migrator.sandbox.devin import ORG, TOKEN
from migrator.sandbox.omni import MODEL, ORGANISATION_KEY
from migrator.sandbox.scrip import KEY, PROGRAM

HTTP = ("omni", "devin", "scrip")
CONNECTIONS = {
    "omni": Connection(
        provider="omni", base_url="https://acme.omniapp.co/api", token=ORGANISATION_KEY, rate="1000/s burst 1000"
    ),
    "devin": Connection(provider="devin", settings={"org_id": ORG}, token=TOKEN, rate="1000/s burst 1000"),
    "scrip": Connection(provider="scrip", settings={"program_id": PROGRAM}, token=KEY, rate="1000/s burst 1000"),
}
JOBS: dict[str, Raw] = {
    "omni": {
        "name": "Weekly revenue",
        "prompt": "Sum up the week.",
        "modelId": MODEL,
        "schedule": "0 9 ? * MON *",
        "timezone": "Europe/Berlin",
        "destination": {"type": "email", "recipientEmails": ["ops@example.com"], "userGroupIds": []},
    },
    "devin": {"name": "Weekly tidying", "prompt": "Tidy up.", "frequency": "0 9 * * 1"},
    "scrip": {
        "name": "Weekly digest",
        "event_name": "digest.weekly",
        "scope": "program",
        "trigger": {"type": "cron", "cron_expression": "0 9 * * 1", "timezone": "Europe/Berlin"},
    },
}
ID = {"omni": "id", "devin": "scheduled_session_id", "scrip": "id"}


class Leap:
    """Time for one task at a time: sleeping moves it on at once."""

    def __init__(self) -> None:
        self.now = 0.0
        self.clock = Clock(monotonic=lambda: self.now, sleep=self.sleep, random=lambda: 1.0)

    async def sleep(self, seconds: float) -> None:
        """Be there."""
        self.now += seconds


Handler = Callable[[httpx.Request], Awaitable[httpx.Response]]
Reach = Callable[..., AbstractAsyncContextManager[LoadAdapter]]


@pytest.fixture
def world() -> World:
    """An empty world whose cut connections look to a client like real ones."""
    return World(reset=httpx.ReadError)


@pytest.fixture
def reach() -> Reach:
    """Open an adapter on a world, or on a function that answers requests."""

    @asynccontextmanager
    async def _reach(on: World | Handler, connection: Connection, **settings: Any) -> AsyncIterator[LoadAdapter]:
        transport = httpx.ASGITransport(app=create_app(on)) if isinstance(on, World) else httpx.MockTransport(on)
        async with open_adapter(connection, clock=Leap().clock, transport=transport, **settings) as adapter:
            yield adapter

    return _reach
