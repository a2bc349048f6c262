"""Clients of the simulators, in process, under the documented hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from migrator.sandbox import DOCUMENTED, World, create_app
from tests.sandbox.examples import TOKENS, Connect


@pytest.fixture
def world() -> World:
    """An empty world whose clock stands at 2026-11-21T00:00Z, and whose cut connections look like httpx's."""
    return World(reset=httpx.ReadError)


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes clients: `connect(world, "omni")`, with the provider's base URL and a token that may do everything."""
    made: list[httpx.AsyncClient] = []

    def client(world: World, provider: str, token: str | None = None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {TOKENS[provider] if token is None else token}"}
        transport = httpx.ASGITransport(app=create_app(world))
        made.append(httpx.AsyncClient(transport=transport, base_url=DOCUMENTED[provider], headers=headers))
        return made[-1]

    yield client
    for one in made:
        await one.aclose()


@pytest.fixture
def omni(world: World, connect: Connect) -> httpx.AsyncClient:
    return connect(world, "omni")


@pytest.fixture
def devin(world: World, connect: Connect) -> httpx.AsyncClient:
    return connect(world, "devin")


@pytest.fixture
def scrip(world: World, connect: Connect) -> httpx.AsyncClient:
    return connect(world, "scrip")
