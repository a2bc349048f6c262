"""What a run records while it writes: in order, together, and each write before its request, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs
import pytest
import sqlalchemy as sa

from migrator.errors import LockedError, StateError
from migrator.store import State
from migrator.store.group_commit import GroupCommit
from tests.store.records import LOCK, TARGET, begun, binding, write

OpenOne = Callable[[], State]


def commits(state: State) -> list[str]:
    """A list that grows with every commit."""
    found: list[str] = []
    sa.event.listen(state.engine, "commit", lambda _connection: found.append("commit"))
    return found


async def sent(notes: GroupCommit, *numbers: int) -> None:
    """Writes of these numbers are noted, all at the same time."""
    await asyncio.gather(*(notes.dispatch(write(number), "devin", "vixie", lock=LOCK) for number in numbers))


async def test_a_write_is_on_disk_before_it_is_sent(open_one: OpenOne) -> None:
    """When an intent has been waited for, another process sees it, and every note that was made before it."""
    state = open_one()
    begun(state, write(state="claimed"), write(2, state="claimed"))
    notes = GroupCommit(state)
    await sent(notes, 1)
    notes.put_binding(binding(), dialect="vixie", settles=write())
    notes.save_record("one", TARGET, {"id": "target-1"})
    await sent(notes, 2)

    again = open_one()
    assert ["done", "dispatched"] == [entry.state for entry in again.writes("one")]
    assert (binding(),) == again.bindings("devin", ("org-1",), "vixie")
    assert [TARGET] == [kept.ref for kept in again.saved_records("one", "vixie")]


async def test_what_is_noted_together_is_committed_together(state: State) -> None:
    """Many writes that are under way at once cost few commits."""
    begun(state)
    found, notes = commits(state), GroupCommit(state)
    await sent(notes, *range(1, 21))
    for number in range(1, 21):
        notes.settle(write(number), "done")
    await notes.flush()

    assert 20 == len([entry for entry in state.writes("one") if entry.state == "done"])
    assert 4 > len(found) - 1


async def test_the_last_word_about_a_link_counts(state: State) -> None:
    """Links of one job that are noted one after another end as if each had been written at once."""
    begun(state)
    notes = GroupCommit(state)
    other = attrs.evolve(TARGET, id="target-2")
    notes.put_binding(binding(), dialect="vixie")
    notes.put_binding(binding(seen={"name": "Seen"}), dialect="vixie")
    notes.put_binding(binding(superseded=True), dialect="vixie")
    notes.put_binding(binding(target=other), dialect="vixie")
    await notes.flush()
    assert {TARGET, other} == {known.target for known in state.bindings("devin", ("org-1",), "vixie")}

    notes.put_binding(binding(), dialect="vixie")
    await notes.flush()
    assert (binding(),) == state.bindings("devin", ("org-1",), "vixie")

    notes.drop_binding(TARGET, settles=write())
    notes.put_binding(binding(target=other), dialect="vixie")
    await notes.flush()
    assert [other] == [known.target for known in state.bindings("devin", ("org-1",), "vixie")]


async def test_nothing_is_sent_without_the_lock(state: State) -> None:
    """A run that has lost its lock sends nothing more, and still notes what became of what it had sent."""
    begun(state)
    notes = GroupCommit(state)
    await sent(notes, 1)
    state.unlock(LOCK, state.owners()[LOCK])
    notes.settle(write(), "failed", "because")
    with pytest.raises(LockedError, match="lost its lock"):
        await sent(notes, 2)

    assert [("failed", "because")] == [(entry.state, entry.error) for entry in state.writes("one")]


async def test_no_note_is_made_after_one_that_failed(state: State) -> None:
    """When the state cannot be written, whoever waits is told, and whoever notes something later."""
    begun(state)
    notes = GroupCommit(state)
    with state.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE writes")
    with pytest.raises(StateError):
        await sent(notes, 1)
    with pytest.raises(StateError):
        notes.settle(write(), "done")
    with pytest.raises(StateError):
        await notes.flush()


async def test_the_event_loop_goes_on_during_a_commit(state: State) -> None:
    """While a commit waits for the disk, other requests go on."""
    begun(state)
    notes, turns = GroupCommit(state), 0

    def hold(_connection: sa.Connection) -> None:
        asyncio.run_coroutine_threadsafe(one_more(), loop).result(10)

    async def one_more() -> None:
        nonlocal turns
        turns += 1

    loop = asyncio.get_running_loop()
    sa.event.listen(state.engine, "commit", hold)
    await sent(notes, 1)
    sa.event.remove(state.engine, "commit", hold)

    assert 1 == turns
