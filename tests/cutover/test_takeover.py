"""A file of jobs takes the place of retired source jobs, and never gets a second target job beside theirs."""

from __future__ import annotations

import asyncio
import re
import shlex
from typing import Any

import pytest

from migrator.errors import RefusedError, UsageError
from migrator.plan.changes import Plan
from migrator.sync.commands import verify
from migrator.sync.undo import rollback
from tests.conformance.lab import Lab, counts
from tests.conformance.platforms import wish
from tests.cutover.conftest import MakeLab
from tests.cutover.retiring import DAY, exported, filed, monthly, retired, switched, timed_lab, write
from tests.cutover.simulated_time import SimulatedTime, cut

OLD, NEW = "connection.omni", "connection.archive"
_COMMAND = re.compile(r"migrator state move [^;\n]+")


async def retired_lab(make_lab: MakeLab, **options: Any) -> tuple[Lab, SimulatedTime, list[dict[str, Any]]]:
    """A laboratory in which two jobs were cut over, deleted at the source and exported; one schedule has a window."""
    lab, simulated = monthly(make_lab, **options)
    lab.source.wish(2)
    with simulated.counted():
        await cut(lab)
        await simulated.sleep(40 * DAY)
        await lab.night()
        await retired(lab, delete=True)
    assert {} == lab.source.records()
    filed(lab)
    return lab, simulated, await exported(lab)


def reasons(plan: Plan) -> str:
    """Why jobs are blocked; nothing else may be planned."""
    assert {"blocked"} == counts(plan).keys()
    return "\n".join(change.reason for change in plan.changes)


async def typed(lab: Lab, said: str) -> Any:
    """Run the command that something named."""
    found = _COMMAND.search(said)
    assert found, said
    old, new, *options = shlex.split(found[0])[3:]
    named = dict(zip(options[::2], options[1::2], strict=True))
    jobs = tuple(value for key, value in zip(options[::2], options[1::2], strict=True) if key == "--job")
    return await switched(lab, old, new, sync=named.get("--sync", ""), jobs=jobs, to_sync=named.get("--to-sync", ""))


async def test_there_and_back(make_lab: MakeLab) -> None:
    """Blocked until the move; then edits of the file arrive and windows are renewed; reverting it keeps the edits."""
    lab, simulated, jobs = await retired_lab(make_lab)
    with simulated.counted():
        before, tags = lab.made, [binding.target for binding in lab.bindings()]
        (blocked,) = (await lab.night("file")).results
        said = reasons(blocked.plan)
        assert (3, before) == (blocked.exit_code, lab.made)
        assert all(job["id"] in said for job in jobs)
        assert all(ref.id in said for ref in tags)

        dry = await switched(lab, OLD, NEW, dry=True)
        assert (len(tags), (), before) == (len(dry.moved), dry.runs, lab.made)
        done = await typed(lab, said)
        await lab.settled("file")
        assert lab.made.keys() == before.keys()

        window = next(job for job in jobs if "L" in job["trigger"]["cron"])
        window["action"]["text"], window["trigger"]["cron"] = "Edited.", "0 19 L * ? *"
        write(lab, jobs)
        (edited,) = (await lab.night("file")).results
        assert (0, {"update"}) == (edited.exit_code, counts(edited.plan).keys() - {"none"})
        assert lab.made[lab.key_of("Job 001")]["prompt"] == "Edited."
        until = (await lab.plan("file")).needs_resync_by
        assert until
        await simulated.sleep((until - lab.world.now()).total_seconds() - 3 * DAY)
        (renewed,) = (await lab.night("file")).results
        assert (0, True) == (renewed.exit_code, any(change.renews for change in renewed.plan.changes))
        assert (await verify(lab.runtime, lab.state, "file")).is_well
        (other,) = (await lab.night("it")).results
        assert (0, {}) == (other.exit_code, counts(other.plan))

        await typed(lab, done.undo)
        await lab.settled("it")
        assert lab.made[lab.key_of("Job 001")]["prompt"] == "Edited."
        assert "has a target job already" in reasons(await lab.plan("file"))


async def test_every_run_is_still_somebodys(make_lab: MakeLab) -> None:
    """After a takeover, and after it is reverted, no rollback of an older run makes or deletes a target job."""
    lab, simulated, jobs = await retired_lab(make_lab)
    older = [run.id for run in lab.state.runs() if run.kind in {"apply", "sync"}]
    with simulated.counted():
        done = await switched(lab, OLD, NEW)
        jobs[1]["action"]["text"] = "Edited."
        write(lab, jobs)
        await lab.night("file")
        back = await typed(lab, done.undo)
        run = next(run.id for run in lab.state.runs() if run.sync == "file" and run.kind == "sync")
        made = lab.made
        for one in (run, *older):
            undone, _applied = await rollback(lab.runtime, lab.state, one, agree=agreed, stop=_stop())
            assert counts(undone).keys() <= {"none", "blocked"}, one
        with pytest.raises(RefusedError, match="state move"):
            await rollback(lab.runtime, lab.state, back.runs[0], agree=agreed, stop=_stop())
    assert lab.made == made


async def agreed(_plan: Plan) -> bool:
    """Say yes."""
    return True


def _stop() -> asyncio.Event:
    return asyncio.Event()


@pytest.mark.parametrize("adopt", ["never", "identical", "name"])
async def test_a_source_that_goes_on_is_not_taken_over(make_lab: MakeLab, adopt: str) -> None:
    """A file of a plain export is blocked under every policy, and the move is refused until the jobs are retired."""
    lab, simulated = timed_lab(make_lab)
    lab.source.wish(1)
    with simulated.counted():
        await cut(lab)
        filed(lab, adopt=adopt)
        (job,) = await exported(lab, retired=False)
        job["action"]["payload"] = {"text": "Edited."}
        write(lab, [job])
        before = lab.bindings()

        said = reasons(await lab.plan("file"))
        with pytest.raises(RefusedError, match=r"not retired.*migrator retire it --delete"):
            await typed(lab, said)

    assert (before, 1) == (lab.bindings(), len(lab.made))
    await lab.settled("it")


async def test_an_origin_is_found_in_another_scope_or_under_another_id(make_lab: MakeLab) -> None:
    """Records may have other ids than their origins; several of one origin are refused, and a wrong one is named."""
    lab, simulated, jobs = await retired_lab(make_lab)
    copy = {**jobs[0], "id": "twin"}
    jobs[0]["id"] = "mine"
    jobs[0]["origin"]["scope"] = "old-name.example.com"
    with simulated.counted():
        write(lab, [*jobs, {**jobs[0], "id": "other", "origin": "omni/1"}])
        assert "provider, scope, id" in reasons(await lab.plan("file"))
        write(lab, [*jobs, copy])
        with pytest.raises(RefusedError, match="several records"):
            await switched(lab, OLD, NEW)
        write(lab, jobs)
        await typed(lab, reasons(await lab.plan("file")))
        await lab.settled("file")
        assert {"mine", jobs[1]["id"]} == {binding.source.id for binding in lab.bindings()}

        write(lab, [*jobs, copy])
        assert "mine" in next(
            change.reason for change in (await lab.plan("file")).changes if change.action == "blocked"
        )
    assert len(lab.made) == 2


async def test_a_copy_of_the_file_is_not_another_one(make_lab: MakeLab) -> None:
    """Once a file has taken over, records of the same origin in another file are blocked, and its path moves."""
    lab, simulated, jobs = await retired_lab(make_lab)
    with simulated.counted():
        await switched(lab, OLD, NEW)
        lab.also("copy", "second", "devin", allow_loss=lab.options["allow_loss"])
        write(lab, jobs, "second")

        said = reasons(await lab.plan("copy"))

        assert all(str(lab.folder / f"{name}.json") in said for name in ("archive", "second"))
        for job in jobs:
            lab.source.put({**lab.source.platform.write(3, wish(3)), "id": job["id"]})
        assert "took its place" in reasons(await lab.plan("it"))
    assert len(lab.made) == 2


@pytest.mark.parametrize("adopt", ["never", "name"])
async def test_tags_name_the_origin_too(make_lab: MakeLab, adopt: str) -> None:
    """With a lost state, the ownership tags of the origins are known: blocked or adopted, and nothing is made twice."""
    lab, simulated, _jobs = await retired_lab(make_lab)
    lab.forget()
    filed(lab, adopt=adopt)
    with simulated.counted():
        planned, applied = await lab.carry_out(sync="file")
    if adopt == "never":
        assert "carries the ownership tag of its origin" in reasons(planned)
    else:
        assert ({"adopt": 2}, {"done"}) == (counts(planned), {one.status for one in applied.outcomes})
        await lab.settled("file")
    assert len(lab.made) == 2


@pytest.mark.parametrize("adopt", ["never", "name"])
async def test_a_target_that_was_exported_is_not_copied(make_lab: MakeLab, adopt: str) -> None:
    """Records whose origin is the target itself stand for that job, edited or not."""
    lab, simulated = monthly(make_lab)
    filed(lab, adopt=adopt)
    number = len(lab.target.records())
    with simulated.counted():
        jobs = await exported(lab, connection="devin", retired=False)
        for job in jobs:
            job["name"] = f"{job['name']} edited"
        write(lab, jobs)
        planned = await lab.plan("file")

    assert {"blocked" if adopt == "never" else "adopt": number} == counts(planned)
    assert all("is the job that it was exported from" in change.reason for change in planned.changes)


async def test_who_carries_them_is_said(make_lab: MakeLab) -> None:
    """Without a sync from the file nothing is moved, of several one has to be named; one job may move alone."""
    lab, simulated, jobs = await retired_lab(make_lab)
    with simulated.counted():
        lab.also("other", "archive", "devin", allow_loss=lab.options["allow_loss"])
        with pytest.raises(UsageError, match=r"file, other.*--to-sync"):
            await switched(lab, OLD, NEW)
        with pytest.raises(UsageError, match="file, other"):
            await switched(lab, OLD, NEW, to_sync="it")
        with pytest.raises(UsageError, match="--to-sync is for"):
            await switched(lab, "sync.it", "sync.other", to_sync="other")
        with pytest.raises(UsageError, match="unknown job"):
            await switched(lab, OLD, NEW, jobs=("Nothing",))
        one = await switched(lab, OLD, NEW, jobs=(jobs[0]["id"],), to_sync="other")
        assert {"other", "it"} == {binding.sync for binding in lab.bindings()}
        await typed(lab, one.undo)
        await lab.settled("it")
        write(lab, jobs[1:])
        with pytest.raises(RefusedError, match="no record of the file names them"):
            await switched(lab, OLD, NEW, jobs=(jobs[0]["id"],), to_sync="other")
