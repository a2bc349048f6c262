"""Connections, one for each request in flight.

A pool of many connections looks at all of them whenever a request comes or goes, and asks the system about each; with
sixteen of them that takes as long as all the rest of a request. So each has a pool of its own, and the one that was
given back last is taken first: where few are needed, few are open.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from attrs import define, field

from migrator.http.transport import Transport


@define(eq=False)
class Connections:
    """Wires of one connection each.

    Attributes:
        make: makes one.
    """

    make: Callable[[], Transport]
    _all: list[Transport] = field(factory=list, init=False)
    _free: list[Transport] = field(factory=list, init=False)

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[Transport]:
        """One that nobody else uses for as long as the block lasts; what it answered must be read by then."""
        if not self._free:
            self._free.append(self.make())
            self._all.append(self._free[-1])
        lane = self._free.pop()
        try:
            yield lane
        finally:
            self._free.append(lane)

    async def aclose(self) -> None:
        """Close every connection."""
        for lane in self._all:
            await lane.aclose()
