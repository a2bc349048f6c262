"""Places for requests in flight: never more than the limit, and as many as the rate can use."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from migrator.http.slots import Slots
from tests.http.conftest import Connect


async def test_no_more_than_the_limit_at_once() -> None:
    """Whoever finds no place waits, first come first served; more go in as soon as the limit grows."""
    limit, most, now, order = 2, 0, 0, list[int]()
    slots = Slots(lambda: limit)

    async def stay(number: int) -> None:
        nonlocal limit, most, now
        async with slots:
            order.append(number)
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            limit = 4 if number > 5 else limit
            now -= 1

    await asyncio.gather(*(stay(number) for number in range(6)))
    assert 2 == most
    await asyncio.gather(*(stay(number) for number in range(6, 20)))
    assert (4, list(range(20))) == (most, order)


async def test_a_place_that_nobody_wants_any_more_goes_to_the_next() -> None:
    """Giving up while waiting, or in the moment in which the place is given, loses no place."""
    slots = Slots(lambda: 1)

    async def stay() -> None:
        async with slots:
            await asyncio.sleep(0)

    first, second, third = (asyncio.create_task(stay()) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    await first
    third.cancel()
    await asyncio.gather(second, third, return_exceptions=True)
    await asyncio.wait_for(stay(), 1)


@pytest.mark.parametrize(("latency", "expected"), [(0.1, 4), (2.0, 21), (60.0, 32)])
async def test_slow_answers_get_more_places(connect: Connect, time: Any, latency: float, expected: int) -> None:
    """At 10 a second, answers that take 2 s need 20 requests in flight; there are never more than 32."""

    async def slow(_request: httpx.Request) -> httpx.Response:
        await time.sleep(latency)
        return httpx.Response(200, json={})

    async with connect(slow, rate="10/s burst 30", concurrency=4, most=32) as client:
        assert 4 == client.slots
        await time.run(client.request("GET", "/"))
        assert expected == client.slots
    async with connect(slow, rate="10/s burst 30", concurrency=4) as client:
        await time.run(client.request("GET", "/"))
        assert 4 == client.slots
