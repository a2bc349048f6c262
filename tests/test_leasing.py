"""The lease of a run: what is lost ends everything that waits, and says why."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from migrator.errors import LockedError, StateError, TransientError
from migrator.locking import Fence, limited, locking
from migrator.store import State, open_state
from migrator.store import tables as t

SCOPE = "devin:org-1"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A state whose leases last a moment."""
    made = open_state(f"sqlite:///{tmp_path}/it.db", now=lambda: datetime.now(UTC), lease=timedelta(seconds=0.8))
    yield made
    made.close()


async def test_a_lease_is_renewed_while_the_event_loop_is_busy(state: State) -> None:
    """A plan that takes long to make does not lose it."""
    fence = Fence()
    async with locking(state, SCOPE, "one", fence=fence):
        time.sleep(1.5)  # noqa: ASYNC251 (that is the point)
        fence.check()
        assert ["one"] == [owner.run for owner in state.owners().values()]
    assert {} == state.owners()


async def test_a_lease_that_is_taken_ends_what_waits(state: State) -> None:
    """Whatever the run waits for is cancelled, its fence is closed, and the other run's lease stays."""
    fence, lost, refused = Fence(), asyncio.Event(), list[Exception]()

    async def run() -> None:
        async with locking(state, SCOPE, "one", fence=fence, lost=lost.set):
            state.unlock(SCOPE, state.owners()[SCOPE])
            state.lock(SCOPE, "two")
            try:
                await asyncio.sleep(60)
            finally:
                try:
                    fence.check()
                except LockedError as error:
                    refused.append(error)

    with pytest.raises(LockedError, match="lost its lock"):
        await run()
    assert (True, 1) == (lost.is_set(), len(refused))
    assert ["two"] == [owner.run for owner in state.owners().values()]


async def test_a_lease_that_cannot_be_renewed_ends_in_time(state: State) -> None:
    """The database is away: the run ends when its lease does, and names the reason."""

    async def run() -> None:
        async with locking(state, SCOPE, "one", fence=Fence()):
            with state.transaction() as connection:
                t.metadata.drop_all(connection)
            await asyncio.sleep(60)

    with pytest.raises(StateError, match=r"could not be renewed for 0\.8 s") as caught:
        await run()
    assert not isinstance(caught.value, LockedError)


async def test_an_error_of_its_own_stays_what_it_is(state: State) -> None:
    """Neither a timeout nor a cancellation of the block is taken for the end of the lease."""
    with pytest.raises(TimeoutError):
        async with locking(state, SCOPE, "one", fence=Fence()):
            raise TimeoutError
    task = asyncio.create_task(_waits(state))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert {} == state.owners()


async def _waits(state: State) -> None:
    async with locking(state, SCOPE, "one", fence=Fence()):
        await asyncio.sleep(60)


async def test_a_run_that_takes_too_long_begins_nothing_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told to stop; when it does not, it is cancelled."""
    stop = asyncio.Event()
    async with limited(0.05, where="syncs.it", stop=stop.set):
        await stop.wait()
    monkeypatch.setattr("migrator.locking._GRACE", 0.05)
    with pytest.raises(TransientError, match="run_timeout"):
        async with limited(0.05, where="syncs.it", stop=stop.set):
            await asyncio.sleep(60)
