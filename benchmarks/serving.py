"""The simulators in a process of their own: with latency, with a limit, and with a count of everything that arrives.

    python benchmarks/serving.py '{"source": "omni", "target": "devin", "jobs": 500, "latency": 0.05}'

The first line of stdout is a JSON object: the port, and how to reach each platform. `GET /bench` answers the counts and
starts them anew; `POST /bench?share=0.01` edits that share of the source's jobs.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import resource
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import records
import uvicorn
from attrs import define, evolve, field
from peers.dbt_cloud import DbtCloud
from starlette.responses import JSONResponse

from migrator.sandbox import Options, World, create_app, settings
from migrator.sandbox.limits import TokenBucket

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROOMY: Final = Options(omni_quota=1_000_000)
PROMPTS: Final = {"omni": "prompt", "devin": "prompt", "scrip": "description"}
_SPREAD: Final = 0.5
"""Sigma of a lognormal latency: one in twenty requests takes more than twice the median."""


@define
class Counting:
    """An ASGI application around all of them that delays, counts and times every request.

    Attributes:
        app: the simulators.
        dbt: the one of dbt Cloud.
        world: what they hold.
        source: the provider whose jobs are edited.
        delay: seconds that the next request takes at least.
        counts: requests by method and provider, and 429s.
        most: requests in flight at once.
    """

    app: ASGIApp
    dbt: DbtCloud
    world: World
    source: str
    delay: Callable[[], float]
    counts: Counter[str] = field(factory=Counter)
    most: int = 0
    edits: int = 0
    _open: int = 0
    _first: float | None = None
    _last: float = 0.0
    _cpu: float = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == "/bench":
            if scope["method"] == "POST":
                self._edit(float(scope["query_string"].decode().removeprefix("share=")))
            await JSONResponse(self._told())(scope, receive, send)
        else:
            await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._first is None:
            self._first, self._cpu = time.monotonic(), _cpu()
        provider = scope["path"].split("/")[1]
        self.counts[f"{scope['method']} {provider}"] += 1
        self._open += 1
        self.most = max(self.most, self._open)

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 429:  # noqa: PLR2004 (a throttle)
                self.counts["429"] += 1
            await send(message)

        try:
            await self.app(scope, receive, self._late(watched, until=time.monotonic() + self.delay()))
        finally:
            self._open -= 1
            self._last = time.monotonic()

    def _late(self, send: Send, *, until: float) -> Send:
        """Keep an answer back until its time has come, whatever it took to make it."""

        async def later(message: Message) -> None:
            if (wait := until - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            await send(message)

        return later

    def _told(self) -> dict[str, Any]:
        span = self._last - self._first if self._first is not None else 0.0
        throttled = self.counts.pop("429", 0)
        told = {
            "counts": dict(self.counts),
            "requests": self.counts.total(),
            "throttled": throttled,
            "most_in_flight": self.most,
            "span": span,
            "server_cpu": _cpu() - self._cpu,
            "held": {name: sum(not r.gone for r in s.rows.values()) for name, s in self.world.stores.items()}
            | {"dbt": len(self.dbt.jobs)},
        }
        self.counts, self.most, self._first = Counter(), 0, None
        self.world.requests.clear()
        return told

    def _edit(self, share: float) -> None:
        """Change what some of the source's jobs say, spread evenly over the list."""
        self.edits += 1
        store, name = self.world.stores[self.source], PROMPTS[self.source]
        rows = [row for row in store.rows.values() if not row.gone]
        count = math.ceil(len(rows) * share)
        for number in range(count):
            row = rows[number * len(rows) // count]
            store.put(evolve(row, data={**row.data, name: f"{row.data[name]} Edition {self.edits}."}))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _delay(median: float, *, spread: bool) -> Callable[[], float]:
    if not spread:
        return lambda: median
    chance = random.Random(1)  # noqa: S311 (no secret: the same delays in every run)
    return lambda: median * chance.lognormvariate(0.0, _SPREAD)


def main() -> None:
    """Serve until terminated."""
    spec = json.loads(sys.argv[1])
    world = World(options=ROOMY)
    world.load(spec["source"], records.of(spec["source"], spec["jobs"]))
    if rate := spec.get("rate"):
        world.limits = {name: TokenBucket(float(rate), spec["burst"]) for name in world.stores}
    delay = _delay(spec["latency"], spread=spec.get("spread", False))
    dbt = DbtCloud(limit=TokenBucket(float(rate), spec["burst"]) if rate else None)
    app = Counting(dbt.beside(create_app(world)), dbt, world, spec["source"], delay)
    # The protocol is named, because asyncio sends small answers at once only where it reads TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    print(json.dumps(settings(world, listener.getsockname()[1])), flush=True)
    config = uvicorn.Config(app, access_log=False, log_config=None, log_level="critical", backlog=512)
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
