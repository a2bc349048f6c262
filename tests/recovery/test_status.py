"""What status says of a run, before and after what it left is resolved."""

from __future__ import annotations

from datetime import timedelta

from migrator.report.documents.journal import status_document
from migrator.report.journal import SyncStatus, status_lines
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
