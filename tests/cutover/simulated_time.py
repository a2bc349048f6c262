"""Time that passes: every request costs some, waiting costs what it says, and the platforms fire meanwhile.

Whoever waits is woken when nobody else has anything to do, as in a simulation of events: a thousand jobs wait hours for
their gaps in a few real seconds, and a write that is slow is slow against the fires of the very same clock.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs
import httpx
import pytest

from migrator.cutover.commands import cutover
from migrator.cutover.switches import Cutover, Order
from migrator.http.clock import Clock
from migrator.sandbox import Options, World
from migrator.store.records import Missed
from tests.conformance.lab import Lab
from tests.conformance.platforms import Raw

START: Final = datetime(2026, 11, 23, 8, 55, 20, tzinfo=UTC)
"""A Monday, some minutes before a full hour, far from every change of a clock."""
_SHORTEST: Final = 0.001
"""Seconds that every waiting takes at least, so that whoever waits in small parts gets on."""
_YIELDS: Final = 25
"""How often all other tasks run before time goes on."""


class Log(list[Any]):
    """The log of requests, which counts on when it is emptied."""

    total = 0

    def append(self, entry: Any) -> None:
        """One more request."""
        self.total += 1
        super().append(entry)


class SimulatedTime:
    """A clock for the platforms and for us.

    Args:
        cost: seconds that go by with every request.
    """

    def __init__(self, cost: float = 1.0) -> None:
        self.cost, self.slept, self.log = cost, 0.0, Log()
        self._inflight = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()
        self._ticking: asyncio.Task[None] | None = None

    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.slept + self.log.total * self.cost

    def now(self) -> datetime:
        """The wall clock."""
        return START + timedelta(seconds=self.elapsed())

    async def sleep(self, seconds: float) -> None:
        """Wait, while others work."""
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.elapsed() + max(seconds, _SHORTEST), next(self._number), woken))
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.ensure_future(self._tick())
        await woken

    async def _tick(self) -> None:
        while self._sleepers:
            await self._quiet()
            at, _, woken = heapq.heappop(self._sleepers)
            if woken.cancelled():
                continue
            self.slept += max(at - self.elapsed(), 0.0)
            woken.set_result(None)

    async def _quiet(self) -> None:
        """Until nobody waits for an answer and nobody has anything to do."""
        yields = 0
        while yields < _YIELDS:
            before = self.log.total
            await asyncio.sleep(0.001 if self._inflight else 0)
            yields = 0 if self._inflight or self.log.total != before else yields + 1

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Know of every request that is on its way, for as long as the block lasts."""
        send = httpx.AsyncHTTPTransport.handle_async_request

        async def counting(wire: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
            self._inflight += 1
            try:
                response = await send(wire, request)
                assert isinstance(response.stream, httpx.AsyncByteStream)
                sent = b"".join([chunk async for chunk in response.stream])
                await response.aclose()
                return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(sent))
            finally:
                self._inflight -= 1

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", counting)
            yield

    def world(self, options: Options) -> World:
        """Platforms that live in this time."""
        return World(clock=None, options=options, requests=self.log, time_of_day=self.now)

    def rule(self, lab: Lab) -> None:
        """Let a laboratory live in this time."""
        lab.clock = Clock(now=self.now, monotonic=self.elapsed, sleep=self.sleep, random=lambda: 0.5)
        lab.configure()


async def cut(lab: Lab, **order: Any) -> Cutover:
    """Cut a laboratory's sync over, or back."""

    async def agree(*_asked: object) -> bool:
        return True

    stop = asyncio.Event()
    return await cutover(
        lab.runtime, lab.state, "it", Order(**order), agree=agree, stop=stop, progress=lambda _moved: None
    )


def statuses(found: Cutover) -> list[tuple[str, str]]:
    """How each switch ended, and which side fires now."""
    return [(switched.status, switched.live) for switched in found.switches]


def expected(
    provider: str, records: list[Raw], until: datetime, *, since: datetime = START
) -> Counter[tuple[str, str]]:
    """When these records fire if nobody touches them: their names and instants."""
    alone = World(clock=since)
    alone.load(provider, records)
    return Counter((fire["name"], fire["at"]) for fire in alone.advance(to=until))


def fired(lab: Lab) -> Counter[tuple[str, str]]:
    """What the jobs of a sync fired on either side, by the names of the source jobs."""
    names = {raw_id: raw["name"] for raw_id, raw in lab.source.records().items()}
    names |= {binding.target.id: names[binding.source.id] for binding in lab.bindings()}
    return Counter((names[fire["id"]], fire["at"]) for fire in lab.world.fires if fire["id"] in names)


@attrs.frozen
class Count:
    """How the instants of some jobs came out.

    Attributes:
        once: fired exactly once.
        in_ledger: fired in another way, and in the ledger.
        wrong: fired in another way, and nobody knows.
    """

    once: int
    in_ledger: int
    wrong: Mapping[tuple[str, str], int]


def compared(lab: Lab, wanted: Counter[tuple[str, str]], ledger: tuple[Missed, ...]) -> Count:
    """Every instant that was to fire, and every one that did, against the ledger."""
    return counted(wanted, fired(lab), ledger)


def counted(wanted: Counter[tuple[str, str]], got: Counter[tuple[str, str]], ledger: tuple[Missed, ...]) -> Count:
    """Return how the instants came out: those that were to fire, those that did, and what the ledger says."""
    known = {(entry.name, entry.at.isoformat().replace("+00:00", "Z")) for entry in ledger}
    odd = {key: got[key] for key in wanted | got if got[key] != wanted[key]}
    return Count(
        once=sum(got[key] == 1 for key in wanted),
        in_ledger=sum(key in known for key in odd),
        wrong={key: number for key, number in odd.items() if key not in known},
    )
