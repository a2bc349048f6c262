"""Where a platform tells when it fires a job next, `verify` compares that with the job's schedule."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from migrator.report.documents.verify import verify_document
from migrator.report.proofs import verify_lines
from migrator.sync import commands

from .conftest import MakeLab
from .platforms import wish


@pytest.mark.parametrize("late", [timedelta(seconds=20), timedelta(hours=1)], ids=["as it says", "an hour late"])
async def test_what_the_platform_says_is_compared(make_lab: MakeLab, late: timedelta) -> None:
    """Seconds of the platform's own are no difference; an hour is named, with both instants, and judges nothing."""
    lab = make_lab("devin", "scrip")
    lab.source.put(lab.source.platform.write(1, wish(1)))
    await lab.run()
    for key in lab.made:
        row = lab.world.stores["scrip"].rows[key]
        coming = datetime.fromisoformat(row.data["next_run_at"]) + late
        lab.world.stores["scrip"].put(row.changed(next_run_at=coming.isoformat()))

    found = await commands.verify(lab.runtime, lab.state, "it")

    ((lines,),) = [proof.next_runs for proof in found.proofs]
    agrees = late < timedelta(minutes=1)
    assert (lines.agrees, lines.expected) == (agrees, lines.reported - late)
    assert found.is_well
    (job,) = verify_document(found).to_json()["jobs"]
    assert agrees is job["next_runs"][0]["agrees"]
    said = "\n".join(line.text.plain for line in verify_lines(found, command="migrator apply it"))
    assert f"The target's own next run agrees for {int(agrees)} of 1 job" in said
    assert ("the target says" in said) is not agrees


async def test_a_platform_that_tells_nothing(make_lab: MakeLab) -> None:
    """Nothing is compared, and nothing said."""
    lab = make_lab("scrip", "devin")
    lab.source.put(lab.source.platform.write(1, wish(1)))
    await lab.run()

    found = await commands.verify(lab.runtime, lab.state, "it")

    assert [()] == [proof.next_runs for proof in found.proofs]
    assert [] == [line for line in verify_lines(found, command="") if "own next run" in line.text.plain]
