"""Places for requests in flight, of which there may be more as time goes on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType

from attrs import define, field


@define(eq=False)
class Slots:
    """An async context manager that lets in as many at once as `limit` says at the time.

    Attributes:
        limit: how many may be in.
    """

    limit: Callable[[], int]
    _taken: int = field(default=0, init=False)
    _waiting: deque[asyncio.Future[None]] = field(factory=deque, init=False)

    async def __aenter__(self) -> None:
        """Take a place, when there is one; who came first goes first."""
        if self._taken < self.limit() and not self._waiting:
            self._taken += 1
            return
        called = asyncio.get_running_loop().create_future()
        self._waiting.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self._leave()  # the place was given at the same moment: it goes to the next
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the place back."""
        self._leave()

    def _leave(self) -> None:
        self._taken -= 1
        while self._waiting and self._taken < self.limit():
            called = self._waiting.popleft()
            if not called.cancelled():
                self._taken += 1
                called.set_result(None)
