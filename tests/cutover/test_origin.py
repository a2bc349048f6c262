"""Writes to a job of the source: journalled as those to a target, and reconciled by reading."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import pytest

from migrator.canonical import JobRef, flatten
from migrator.cron import parse
from migrator.errors import LockedError, MigratorError, NotFoundError, RejectedError, UncertainError
from migrator.execute.journal import WriteJournal
from migrator.execute.read_back import ReadBackError
from migrator.execute.source_writes import delete_source, read_source, update_source
from migrator.execute.writer import Writer
from migrator.locking import locking
from migrator.sandbox import Options
from migrator.store.records import Run
from migrator.sync.endpoints import Endpoint, opened, reconcile_source_writes
from tests.conformance.lab import HTTP, Lab
from tests.conformance.platforms import wish
from tests.cutover.conftest import MakeLab
from tests.faults.machine import DEATH, Death

PATCH: Final = Options(omni_update="patch")
RUN: Final = "run-1"


def begin(lab: Lab, endpoint: Endpoint, run: str) -> None:
    """A run has begun."""
    lab.state.lineage("it", fresh="first")
    began = Run(id=run, sync="it", provider="x", scope="y", kind="cutover", started_at=lab.world.now())
    lab.state.begin_run(began, plan_digest="", dialect=endpoint.dialect)


@asynccontextmanager
async def source_of(lab: Lab, *, contract: str = "put", locked: bool = True) -> AsyncIterator[tuple[Endpoint, Writer]]:
    """The source, open for writing in a run that holds its lock unless told otherwise."""
    async with opened(lab.runtime, lab.source.platform.name) as endpoint:
        begin(lab, endpoint, RUN)
        async with locking(lab.state, endpoint.lock, RUN if locked else "another run", fence=endpoint.fence):
            yield endpoint, origin_of(lab, endpoint, contract)


def origin_of(lab: Lab, endpoint: Endpoint, contract: str) -> Writer:
    """A writer to the source."""
    only = next(iter(endpoint.mapping.rules.contracts))
    provider, scope = endpoint.place
    return Writer(
        adapter=endpoint.adapter,
        mapping=endpoint.mapping,
        journal=WriteJournal(
            run=RUN,
            sync="it",
            state=lab.state,
            now=lab.world.now,
            provider=provider,
            scope=scope,
            dialect=endpoint.dialect,
            lock=endpoint.lock,
            at_once=True,
        ),
        contract=contract if contract in endpoint.mapping.rules.contracts else only,
        sleep=lab.clock.sleep,
    )


def ref_of(lab: Lab, endpoint: Endpoint, number: int = 1) -> JobRef:
    """The source job of a number."""
    platform = lab.source.platform
    key = platform.id_of(platform.write(number, wish(number)))
    return JobRef(provider=platform.name, scope=endpoint.adapter.scopes[0], id=key)


def states(lab: Lab) -> list[str]:
    """What is known of the run's writes."""
    return [write.state for write in lab.state.writes(RUN)]


def writes(lab: Lab) -> list[str]:
    """The methods of the writes that the platforms got."""
    return [entry["method"] for entry in lab.world.requests if entry["method"] not in {"GET", "OPTIONS"}]


@pytest.mark.parametrize("source", HTTP)
async def test_a_source_job_is_paused_and_resumed(make_lab: MakeLab, source: str) -> None:
    """The job is what it was but for that, its record is kept, and both writes are in the journal as done."""
    lab = make_lab(source, "json")
    wanted = lab.source.wish(1, description=None)
    before = lab.source.records()

    async with source_of(lab) as (endpoint, origin):
        ref = ref_of(lab, endpoint)
        paused = await update_source(origin, ref, {"enabled": False})
        staged = [lab.source.platform.read(raw) for raw in lab.source.records().values()]
        resumed = await update_source(origin, ref, {"enabled": True})

    assert (False, True) == (paused.enabled, resumed.enabled)
    assert [wish(1, enabled=False)] == staged
    assert [wanted] == [lab.source.platform.read(raw) for raw in lab.source.records().values()]
    assert ["done", "done"] == states(lab)
    (kept,) = lab.state.saved_records(RUN, endpoint.dialect)
    assert (ref, before[ref.id]) == (kept.ref, kept.record)


@pytest.mark.parametrize("source", HTTP)
async def test_any_field_of_a_source_job_can_be_written(make_lab: MakeLab, source: str) -> None:
    """Name, schedule and flag go together: the job is resumed only after everything else has changed."""
    lab = make_lab(source, "json")
    lab.source.wish(1, enabled=False)
    lab.world.requests.clear()

    async with source_of(lab) as (endpoint, origin):
        new = {"enabled": True, "name": "Renamed", "trigger.cron": _at_noon(endpoint.dialect)}
        job = await update_source(origin, ref_of(lab, endpoint), new)

    assert new == {path: flatten(job)[path] for path in new}
    assert [wish(1, name="Renamed", hour=12)] == [
        lab.source.platform.read(raw) for raw in lab.source.records().values()
    ]
    assert [["name", "trigger.cron"], ["enabled"]] == [
        sorted(write.fields) for write in lab.state.writes(RUN, endpoint.dialect)
    ]


async def test_a_schedule_is_parked_where_nothing_can_be_paused(make_lab: MakeLab) -> None:
    """Under the contract that was not expected, the write is sent again in its shape if that one can make it."""
    lab = make_lab("omni", "json", platforms=PATCH)
    lab.source.wish(1)

    async with source_of(lab, contract="put") as (endpoint, origin):
        job = await update_source(origin, ref_of(lab, endpoint), {"trigger.cron": _at_noon(endpoint.dialect)})
        with pytest.raises(MigratorError):
            await update_source(origin, job.ref, {"enabled": False})

    assert [wish(1, hour=12)] == [lab.source.platform.read(raw) for raw in lab.source.records().values()]
    assert ["done", "failed"] == states(lab)


@pytest.mark.parametrize(("after", "expected"), [(True, "done"), (False, "failed")])
async def test_a_lost_response_is_reconciled_by_reading(make_lab: MakeLab, after: bool, expected: str) -> None:
    """Whether the write arrived is read, and the caller hears of it only where it did not."""
    lab = make_lab("devin", "json")
    lab.source.wish(1)
    lab.world.fault("reset", method="PATCH", after=after, times=0)

    async with source_of(lab) as (endpoint, origin):
        ref = ref_of(lab, endpoint)
        if after:
            assert not (await update_source(origin, ref, {"enabled": False})).enabled
        else:
            with pytest.raises(UncertainError):
                await update_source(origin, ref, {"enabled": False})

    assert [expected] == states(lab)


async def test_a_write_that_nobody_can_look_at_stays_open(make_lab: MakeLab) -> None:
    """When the job cannot be read either, the write is uncertain, and the next run reconciles it without sending it."""
    lab = make_lab("devin", "json")
    lab.source.wish(1)

    async with source_of(lab) as (endpoint, origin):
        ref = ref_of(lab, endpoint)
        await read_source(origin, ref)
        lab.world.fault("reset", method="PATCH", after=True, times=0)
        lab.world.fault("status", status=503, method="GET", nth=2, times=0)
        with pytest.raises(MigratorError):
            await update_source(origin, ref, {"enabled": False})
        assert ["uncertain"] == states(lab)

        lab.world.faults.clear()
        lab.world.requests.clear()
        await reconcile_source_writes(lab.runtime, lab.state, endpoint)

    assert (["done"], []) == (states(lab), writes(lab))


async def test_a_change_that_is_not_taken_is_an_error(make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that says yes and holds something else is found out by the answer."""
    lab = make_lab("devin", "json")
    lab.source.wish(1)

    async with source_of(lab) as (endpoint, origin):
        unchanged = await endpoint.adapter.get_job(endpoint.adapter.scopes[0], ref_of(lab, endpoint).id)

        async def deaf(*_given: Any, **_named: Any) -> Any:
            return unchanged

        monkeypatch.setattr(type(endpoint.adapter), "update_job", deaf)
        with pytest.raises(ReadBackError, match="did not take the change"):
            await update_source(origin, ref_of(lab, endpoint), {"enabled": False})

    assert ["failed"] == states(lab)


@pytest.mark.parametrize("source", HTTP)
async def test_a_source_job_is_deleted_for_good(make_lab: MakeLab, source: str) -> None:
    """It is gone, its record is kept, and a lost response is reconciled by its absence."""
    lab = make_lab(source, "json")
    lab.source.wish(1)
    lab.source.wish(2)
    lab.world.fault("reset", method="DELETE", after=True, times=0)

    async with source_of(lab) as (endpoint, origin):
        await delete_source(origin, ref_of(lab, endpoint))
        with pytest.raises(NotFoundError):
            await read_source(origin, ref_of(lab, endpoint))

    assert [wish(2).name] == [raw["name"] for raw in lab.source.records().values()]
    assert ["done"] == states(lab)
    assert [ref_of(lab, endpoint)] == [kept.ref for kept in lab.state.saved_records(RUN, endpoint.dialect)]


async def test_without_the_lock_nothing_is_sent(make_lab: MakeLab) -> None:
    """A run that does not hold the source's lock writes nothing there."""
    lab = make_lab("devin", "json")
    lab.source.wish(1)
    lab.world.requests.clear()

    async with source_of(lab, locked=False) as (endpoint, origin):
        with pytest.raises(LockedError):
            await update_source(origin, ref_of(lab, endpoint), {"enabled": False})
        with pytest.raises(LockedError):
            await delete_source(origin, ref_of(lab, endpoint))

    assert ([], []) == (states(lab), writes(lab))


async def test_a_refusal_is_recorded(make_lab: MakeLab) -> None:
    """What the platform refuses has certainly not happened."""
    lab = make_lab("devin", "json")
    lab.source.wish(1)
    lab.world.fault("status", status=400, method="PATCH")

    async with source_of(lab) as (endpoint, origin):
        with pytest.raises(RejectedError):
            await update_source(origin, ref_of(lab, endpoint), {"action.text": "Something else."})

    assert ["failed"] == states(lab)


@pytest.mark.parametrize("happened", [True, False])
@pytest.mark.parametrize("what", ["PATCH", "DELETE"])
async def test_a_crashed_run_is_reconciled_by_the_next_run(make_lab: MakeLab, what: str, happened: bool) -> None:
    """A run that dies in a write leaves it open; reading resolves it, also when the scope is another sync's target."""
    lab = make_lab("scrip", "devin")
    lab.source.wish(1)
    async with source_of(lab) as (endpoint, origin):
        ref = ref_of(lab, endpoint)
        pausing, deleting = partial(update_source, new={"enabled": False}), delete_source
        task = asyncio.create_task((pausing if what == "PATCH" else deleting)(origin, ref))  # type: ignore[arg-type]  # two kinds of result, both dropped
        lab.world.fault("slow", seconds=DEATH, method=what, after=happened)
        waiting, lab.world.sleep = lab.world.sleep, Death(asyncio.get_running_loop(), task)
        with pytest.raises(asyncio.CancelledError):
            await task
        lab.world.sleep = waiting
    assert ["dispatched"] == states(lab)

    await lab.carry_out(sync="back")

    assert ["done" if happened else "failed"] == states(lab)
    assert () == lab.state.all_unresolved_writes()


def _at_noon(dialect: str) -> Any:
    return parse("0 12 * * ? *" if dialect == "eventbridge" else "0 12 * * *", dialect)
