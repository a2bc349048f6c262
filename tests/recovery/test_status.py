"""What status says of a run, before and after what it left is resolved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs

from migrator.errors import MigratorError
from migrator.report.documents.journal import status_document
from migrator.report.journal import SyncStatus, next_command, status_lines
from migrator.store.records import Run
from tests.conformance.lab import Lab
from tests.faults.machine import apply
from tests.faults.scenarios import gone
from tests.recovery.conftest import MakeLab
from tests.recovery.dying import dies


def stands(lab: Lab) -> tuple[str, str]:
    """How the latest run ended, and what to type to go on."""
    state = lab.state
    status = SyncStatus(
        runs=state.runs(),
        unresolved=state.all_unresolved_writes(),
        owners=state.owners(),
        in_order=state.in_order(),
        place="",
    )
    (sync,) = status_document(status).to_json()["syncs"]
    said = "\n".join(line.text.plain for line in status_lines(status))
    words = {"died": "crashed", "settled": "up to date"}.get(sync["how"], sync["how"])
    assert said.startswith(f"{words} it: apply") or "unresolved write" in said
    return sync["how"], sync["next"]


async def test_a_crashed_run_is_history_once_nothing_is_left_to_do(make_lab: MakeLab) -> None:
    """It died, and says how to go on; after the next run, which finds that all was made, it is settled."""
    lab = make_lab("omni", "devin")
    lab.source.wish(1)
    await dies(lab, method="POST", after=True)
    assert ("died", "migrator apply it") == stands(lab)
    lab.world.advance(by=timedelta(minutes=1))

    planned, _applied = await apply(lab)

    assert () == planned.pending
    assert ("settled", "") == stands(lab)


async def test_an_unfinished_run_stays_until_it_is_made_good(make_lab: MakeLab) -> None:
    """A run with a failed change is unfinished; when the source gives up what failed, it is settled."""
    lab = make_lab("omni", "devin")
    lab.source.wish(1)
    lab.world.fault("status", status=400, method="POST", times=0)
    await apply(lab)
    lab.world.advance(by=timedelta(minutes=1))
    assert ("unfinished", "migrator apply it") == stands(lab)

    gone(lab, 1)
    await apply(lab)

    assert ("settled", "") == stands(lab)


def test_a_sync_does_not_finish_a_cutover() -> None:
    """It finds nothing to change, and the jobs that were not switched are still at the source."""
    began = datetime(2026, 11, 30, tzinfo=UTC)
    run = Run(
        id="r1", sync="it", provider="devin", scope="org", kind="cutover", goal="target", started_at=began,
        ended_at=began, summary={"moved": 1, "failed": 1},
    )  # fmt: skip
    status = SyncStatus(runs=[run], unresolved=[], owners={}, in_order={"it": began + timedelta(minutes=1)}, place="")
    assert ("unfinished", "migrator cutover it") == (status.how(run), next_command(run, status))
    applied = attrs.evolve(run, kind="apply", goal=None)
    assert "settled" == status.how(applied)


def test_a_platforms_full_stop_ends_no_clause() -> None:
    """Another clause follows."""
    error = MigratorError("refused", actual="HTTP 401: Sign in.", hint="wait ...")
    assert "refused; got: HTTP 401: Sign in; wait ..." == str(error)
