"""How a source job is written to, which is its owner's: what is sent, and what is known of it afterwards."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from migrator.canonical import Prompt
from migrator.errors import AuthError, MigratorError, RejectedError, UncertainError
from migrator.execute.read_back import ReadBackError
from migrator.execute.source_writes import delete_source, reconcile_source_write, update_source
from migrator.execute.writer import Writer
from migrator.extract import LATE_WAITS
from tests.execute.bench import MADE, RUN, Bench
from tests.execute.conftest import MakeBench
from tests.execute.memory import Fault

NO = RejectedError("no")
LOST = UncertainError("no answer")
EXPIRED = AuthError("expired")
GIVEN = attrs.evolve(MADE, source=MADE.source[:1])
REF = GIVEN.source[0].ref
EDIT: dict[str, Any] = {"action.text": "Edited.", "enabled": False}


def begun(bench: MakeBench, **faults: Fault) -> tuple[Bench, Writer]:
    """Return a run that was begun, and what writes to its source; `write_2` is what happens at the second write."""
    made = bench(GIVEN).begin()
    made.source.at = {int(write.removeprefix("write_")): fault for write, fault in faults.items()}
    return made, made.origin


def late(made: Bench, looks: int) -> Fault:
    """Return an answer that is lost, of a write that shows after so many waits."""
    found: list[dict[str, Any] | None] = []
    before = dict(made.source.raws[REF.id])

    def hide() -> None:
        found.append(made.source.raws.get(REF.id))
        made.source.raws[REF.id] = before

    def show() -> None:
        if found and len(made.slept) == looks:
            raw = found.pop()
            made.source.raws.pop(REF.id)
            made.source.raws |= {REF.id: raw} if raw else {}

    made.meanwhile = show
    return Fault(LOST, arrives=True, then=hide)


# -- changing ---------------------------------------------------------------------------------------------------------


async def test_a_job_is_paused_before_the_rest_of_it_changes_and_resumed_after(bench: MakeBench) -> None:
    """Its record is kept as it was before the run."""
    made, source = begun(bench)
    before = dict(made.source.raws[REF.id])
    seen: list[tuple[bool, str]] = []

    def look() -> None:
        one = made.source.job(REF.id)
        assert isinstance(one.action, Prompt)
        seen.append((one.live, one.action.text))

    made.source.at[0] = Fault(then=look)

    await update_source(source, REF, EDIT)
    await update_source(source, REF, {"action.text": "Again.", "enabled": True})
    assert seen == [(False, "Do Job 0."), (False, "Edited."), (False, "Again."), (True, "Again.")]
    assert made.writes() == [("update", "done")] * 4
    (kept,) = made.state.saved_records(RUN, "eventbridge")
    assert kept.record == before


async def test_what_its_owner_changed_meanwhile_stays(bench: MakeBench) -> None:
    """It is read right before the write."""
    made, source = begun(bench)
    made.source.raws[REF.id]["name"] = "Renamed by its owner"

    await update_source(source, REF, {"action.text": "Edited."})
    assert (made.source.job(REF.id).name, "Edited." in str(made.source.raws)) == ("Renamed by its owner", True)


@pytest.mark.parametrize(
    ("fault", "raised", "state", "is_unread"),
    [
        (Fault(NO), RejectedError, "failed", False),
        (Fault(LOST), UncertainError, "failed", False),
        (Fault(LOST, arrives=True), None, "done", False),
        (Fault(LOST, unread=EXPIRED), AuthError, "uncertain", True),
    ],
)
async def test_what_is_known_of_a_change(
    bench: MakeBench, fault: Fault, raised: type[MigratorError] | None, state: str, *, is_unread: bool
) -> None:
    """A lost answer is settled by looking; where nothing can be read, the write may have had an effect."""
    made, source = begun(bench, write_1=fault)

    if raised:
        with pytest.raises(raised):
            await update_source(source, REF, {"enabled": False})
    else:
        await update_source(source, REF, {"enabled": False})
    assert (made.writes(), source.unread) == ([("update", state)], {REF} if is_unread else set())


async def test_a_change_that_is_not_kept_is_told(bench: MakeBench) -> None:
    """The rest is not sent: a job that could not be paused is not changed while it fires."""
    made, source = begun(bench)
    made.source.at[1] = Fault(then=lambda: made.source.raws[REF.id].update(disabled=False))

    with pytest.raises(ReadBackError, match="did not take the change"):
        await update_source(source, REF, EDIT)
    assert made.writes() == [("update", "failed")]


# -- deleting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "raised", "state", "is_unread"),
    [
        (Fault(), None, "done", False),
        (Fault(NO), RejectedError, "failed", False),
        (Fault(LOST), UncertainError, "failed", False),
        (Fault(LOST, arrives=True), None, "done", False),
        (Fault(LOST, arrives=True, unread=EXPIRED), AuthError, "uncertain", True),
    ],
)
async def test_what_is_known_of_a_deletion(
    bench: MakeBench, fault: Fault, raised: type[MigratorError] | None, state: str, *, is_unread: bool
) -> None:
    """As of a change; the record is kept, to make the job again."""
    made, source = begun(bench, write_1=fault)
    before = dict(made.source.raws[REF.id])

    if raised:
        with pytest.raises(raised):
            await delete_source(source, REF)
    else:
        await delete_source(source, REF)
    assert (made.writes(), source.unread) == ([("delete", state)], {REF} if is_unread else set())
    assert [one.record for one in made.state.saved_records(RUN, "eventbridge")] == [before]


async def test_a_deleted_job_may_be_there_for_a_while(bench: MakeBench) -> None:
    """It is looked for again, as often as a write may take to show."""
    made, source = begun(bench)
    made.source.at[1] = late(made, len(LATE_WAITS))

    await delete_source(source, REF)
    assert (made.writes(), made.slept) == ([("delete", "done")], list(LATE_WAITS))


# -- after a crash ----------------------------------------------------------------------------------------------------


async def crashed(made: Bench, source: Writer, action: str, fields: dict[str, Any]) -> None:
    """Send a write and learn nothing of it, and let the next run reconcile it."""
    write = await source.journal.begin(action, made.source.job(REF.id), fields)
    if action == "delete":
        with pytest.raises(UncertainError):
            await source.adapter.delete_job(REF.scope, REF.id)
    else:
        after = {"disabled": True} if fields else {}
        with pytest.raises(UncertainError):
            await source.adapter.update_job(REF.scope, REF.id, after, contract="put")
    await reconcile_source_write(
        write, adapter=source.adapter, mapping=source.mapping, state=made.state, sleep=made.sleep
    )


@pytest.mark.parametrize(("action", "fields"), [("update", {"enabled": False}), ("delete", {})])
@pytest.mark.parametrize(
    ("fault", "state", "waits"),
    [
        (Fault(LOST, arrives=True), "done", 0),
        (Fault(LOST), "failed", len(LATE_WAITS)),
        (Fault(LOST, arrives=True, unread=EXPIRED), "dispatched", 0),
    ],
)
async def test_a_write_that_a_crash_left_is_reconciled_by_reading(
    bench: MakeBench, action: str, fields: dict[str, Any], fault: Fault, state: str, waits: int
) -> None:
    """What cannot be read is left to the next run."""
    made, source = begun(bench, write_1=fault)

    await crashed(made, source, action, fields)
    assert (made.writes(), len(made.slept)) == ([(action, state)], waits)
    assert made.source.did == [action]


@pytest.mark.parametrize(("action", "fields"), [("update", {"enabled": False}), ("delete", {})])
async def test_a_write_that_a_crash_left_may_show_late(bench: MakeBench, action: str, fields: dict[str, Any]) -> None:
    """It is looked for again."""
    made, source = begun(bench)
    made.source.at[1] = late(made, 1)

    await crashed(made, source, action, fields)
    assert (made.writes(), len(made.slept)) == ([(action, "done")], 1)


async def test_a_change_of_a_job_that_is_gone_has_failed(bench: MakeBench) -> None:
    """Somebody has deleted it."""
    made, source = begun(bench)
    made.source.at[1] = Fault(LOST, then=made.source.raws.clear)

    await crashed(made, source, "update", {"enabled": False})
    (write,) = made.state.writes(RUN)
    assert (write.state, write.error) == ("failed", "the job is gone")


async def test_what_its_owner_changes_at_the_same_time_is_no_failure(bench: MakeBench) -> None:
    """Only what was written is compared."""
    made, source = begun(bench)
    made.source.at[1] = Fault(then=lambda: made.source.raws[REF.id].update(name="Renamed by its owner"))

    await update_source(source, REF, {"enabled": False})
    assert made.writes() == [("update", "done")]
    assert (made.source.job(REF.id).name, made.source.job(REF.id).live) == ("Renamed by its owner", False)
