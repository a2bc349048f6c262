"""The lease of a run: renewed while the run lives, and a fence in front of every request once it is over.

The run keeps a deadline of its own for each lease, counted from before the last renewal was asked for. So it ends no
later than the lease that other runs see, for any reason that keeps it from being renewed.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from attrs import define, field

from migrator.errors import LockedError, StateError, TransientError
from migrator.store import State
from migrator.store.records import Owner

_RENEWALS: Final = 4
"""How often a lease is renewed within the time that it lasts."""
_LOOK: Final = 1.0
"""Seconds between looks whether a lease is over; what waits then is cancelled."""
_GRACE: Final = 600.0
"""Seconds that what is under way may take to end, once nothing new is begun."""
_SILENT: Final = "the database did not answer"
_AGAIN: Final = "run the command again: it looks up the open writes first"


def running() -> float:
    """Return seconds on a clock that is never set, and goes on while the machine sleeps where there is such a clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@define(kw_only=True, eq=False)
class Holding:
    """A lease that this run holds, renewed by a thread of its own so that a busy event loop does not lose it.

    Attributes:
        state: where it is noted.
        scope: the lock.
        owner: who holds it: this run.
        until: when it is over unless it is renewed, by `clock`.
        clock: seconds of a clock that is never set.
    """

    state: State
    scope: str
    owner: Owner
    until: float
    clock: Callable[[], float] = running
    _taken: bool = field(default=False, init=False)
    _failed: str = field(default="", init=False)
    _ended: threading.Event = field(factory=threading.Event, init=False)

    @property
    def left(self) -> float:
        """Seconds for which it lasts yet."""
        return 0.0 if self._taken else max(0.0, self.until - self.clock())

    def renew(self) -> None:
        """Renew it until it ends; for a thread."""
        lasts = self.state.lease.total_seconds()
        while not self._ended.wait(min(lasts / _RENEWALS, self.left)) and self.left:
            asked, self._failed = self.clock(), self._failed or _SILENT
            try:
                self._taken = not self.state.beat(self.scope, self.owner)
            except StateError as error:  # a busy database now is no reason to stop; the deadline is
                self._failed = error.actual or error.what
            else:
                self._failed, self.until = "", asked + lasts

    def end(self) -> None:
        """Renew it no more."""
        self._ended.set()

    def over(self) -> StateError:
        """Return the error that says why it is over."""
        lasts = f"{self.state.lease.total_seconds():g} s"
        if self._taken:
            actual = "another run has the lock, or it was unlocked by hand"
            return LockedError("this run has lost its lock", where=self.scope, actual=actual, hint=_AGAIN)
        if self._failed:
            what = f"the lock could not be renewed for {lasts}; nothing more is sent"
            return StateError(what, where=self.scope, actual=self._failed, hint=_AGAIN)
        what = f"this run was stopped for longer than its lock lasts ({lasts}), and nothing more is sent"
        return LockedError(what, where=self.scope, hint=_AGAIN)


@define(eq=False)
class Fence:
    """What stands before every request of a run: open while all of its leases last."""

    _held: list[Holding] = field(factory=list, init=False)

    def check(self) -> None:
        """Make sure that a request may leave.

        Raises:
            StateError: a lease is over.
        """
        for held in self._held:
            if not held.left:
                raise held.over()

    def add(self, held: Holding) -> None:
        """Close when this lease is over, too."""
        self._held.append(held)

    def remove(self, held: Holding) -> None:
        """Look at this lease no more."""
        self._held.remove(held)


@asynccontextmanager
async def locking(
    state: State, scope: str, run: str, *, fence: Fence, lost: Callable[[], None] = lambda: None
) -> AsyncIterator[None]:
    """Hold a target's lock, and keep it alive; when it is lost, everything in the block is cancelled.

    Args:
        state: the open state.
        scope: the lock.
        run: who holds it.
        fence: closes when the lock is lost.
        lost: called then.

    Raises:
        LockedError: another run holds it, or has taken it because this one gave no sign of life for too long.
        StateError: the database cannot be used, and the lock could not be renewed in time.
    """
    asked = running()
    owner = state.lock(scope, run)
    held = Holding(state=state, scope=scope, owner=owner, until=asked + state.lease.total_seconds())
    renewing = threading.Thread(target=held.renew, name=f"lease {scope}", daemon=True)
    fence.add(held)
    renewing.start()
    try:
        async with _while_it_lasts(held, lost):
            yield
    finally:
        held.end()
        fence.remove(held)
        renewing.join(_LOOK)
        with suppress(StateError):  # what went wrong before matters more, and the lease ends by itself
            state.unlock(scope, owner)


@asynccontextmanager
async def limited(seconds: float, *, where: str, stop: Callable[[], None]) -> AsyncIterator[None]:
    """Bound a run: after so many seconds it begins nothing new, and after some minutes more it is cancelled.

    Args:
        seconds: the bound.
        where: what is bounded, for messages.
        stop: makes the run begin nothing new.

    Raises:
        TransientError: it did not end by itself.
    """
    timer = asyncio.get_running_loop().call_later(seconds, stop)
    bound = asyncio.timeout(seconds + _GRACE)
    try:
        async with bound:
            yield
    except TimeoutError:
        if not bound.expired():
            raise
        what = f"the run did not end within run_timeout ({seconds:g} s) and some minutes more"
        raise TransientError(what, where=where, hint=_AGAIN) from None
    finally:
        timer.cancel()


@asynccontextmanager
async def _while_it_lasts(held: Holding, lost: Callable[[], None]) -> AsyncIterator[None]:
    """Cancel the block when the lease is over."""
    loop = asyncio.get_running_loop()

    async def instrumentation(block: asyncio.Timeout) -> None:
        while left := held.left:  # noqa: ASYNC110 (a deadline on a clock of its own rings no bell)
            await asyncio.sleep(min(left, _LOOK))
        lost()
        block.reschedule(loop.time())

    watching: asyncio.Task[None] | None = None
    block = asyncio.timeout(None)
    try:
        async with block:
            watching = asyncio.create_task(instrumentation(block))
            try:
                yield
            finally:
                watching.cancel()
    except TimeoutError:
        if block.expired():
            raise held.over() from None
        raise
