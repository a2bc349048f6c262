"""A lease of a run is renewed while it lasts, and neither after its end nor once it is over."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from migrator.errors import LockedError
from migrator.locking import Fence, Holding, limited, locking
from migrator.store import State, open_state
from migrator.store.records import Owner

SCOPE = "devin:org-1"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A state whose leases last a moment."""
    made = open_state(f"sqlite:///{tmp_path}/it.db", now=lambda: datetime.now(UTC), lease=timedelta(seconds=0.4))
    yield made
    made.close()


def renewing(held: Holding) -> threading.Thread:
    """Renew a lease in a thread."""
    made = threading.Thread(target=held.renew, daemon=True)
    made.start()
    return made


def test_a_lease_that_has_ended_is_not_renewed(state: State) -> None:
    """Whoever waits for it to end waits no longer than a renewal takes."""
    held = Holding(state=state, scope=SCOPE, owner=state.lock(SCOPE, "one"), until=60.0, clock=lambda: 0.0)
    thread = renewing(held)
    held.end()
    thread.join(20)

    assert not thread.is_alive()
    assert held.left == 60.0


def test_a_lease_that_is_over_is_not_revived(state: State) -> None:
    """Another run may have begun meanwhile, although it has not yet."""
    held = Holding(state=state, scope=SCOPE, owner=state.lock(SCOPE, "one"), until=5.0, clock=lambda: 5.0)
    thread = renewing(held)
    thread.join(20)

    assert not thread.is_alive()
    assert (held.left, held.until) == (0.0, 5.0)


def test_a_lease_lasts_from_when_its_renewal_was_asked_for(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the database takes to answer: other runs count from no later."""
    now = [1.0]
    owner = state.lock(SCOPE, "one")
    held = Holding(state=state, scope=SCOPE, owner=owner, until=8.0, clock=lambda: now[0])
    beat = type(state).beat

    def slow(self: State, scope: str, owner: Owner) -> bool:
        now[0] = 9.0
        return beat(self, scope, owner)

    monkeypatch.setattr(type(state), "beat", slow)
    thread = renewing(held)
    thread.join(20)

    assert not thread.is_alive()
    assert held.until == 1.4


def test_the_fence_closes_with_the_first_lease_that_is_over(state: State) -> None:
    """A run that holds two locks needs both; one that it has given back does not count."""
    fence, owner = Fence(), state.lock(SCOPE, "one")
    lasting, over = (Holding(state=state, scope=SCOPE, owner=owner, until=at, clock=lambda: 1.0) for at in (2.0, 1.0))
    fence.add(lasting)
    fence.check()
    fence.add(over)
    with pytest.raises(LockedError, match=r"stopped for longer than its lock lasts \(0\.4 s\)"):
        fence.check()
    fence.remove(over)
    fence.check()


async def test_nothing_is_left_of_a_lease_that_was_given_back(state: State) -> None:
    """Neither its thread nor its task; and the fence of the run stays open when its time has passed."""
    fence = Fence()
    async with locking(state, SCOPE, "one", fence=fence):
        await asyncio.sleep(0)
    assert [one.name for one in threading.enumerate() if SCOPE in one.name] == []
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}

    await asyncio.sleep(0.45)
    fence.check()


async def test_a_run_that_ended_in_time_is_not_told_to_stop() -> None:
    """Another one may be under way by then."""
    stopped: list[bool] = []
    async with limited(0.02, where="syncs.it", stop=lambda: stopped.append(True)):
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    assert stopped == []


async def test_a_timeout_of_the_run_itself_is_not_its_bound() -> None:
    """It stays what it is."""
    with pytest.raises(TimeoutError):
        async with limited(60, where="syncs.it", stop=lambda: None):
            raise TimeoutError
