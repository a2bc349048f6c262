"""A cut-over meets a job that no stage can evaluate, and a platform that keeps what it is given in its own form."""

from __future__ import annotations

import pytest

from migrator.cutover.commands import active_statuses
from migrator.sync.commands import verify
from tests.cutover.conftest import MakeLab
from tests.cutover.simulated_time import cut, statuses


@pytest.mark.parametrize(
    "odd",
    [{"timezone": "Mars/Olympus_Mons"}, {"prompt": "half \ud83d"}, {"systemDisabled": "true"}, {"schedule": "0 9 * *"}],
)
async def test_the_others_are_switched(make_lab: MakeLab, odd: dict[str, str]) -> None:
    """A job that cannot be planned, or read, stays where it is, and the one beside it is switched and proved."""
    lab = make_lab("omni", "scrip")
    names = [lab.source.wish(number).name for number in (1, 2)]
    await lab.run()
    key = next(key for key, raw in lab.source.records().items() if raw["name"] == names[0])
    lab.source.edit(key, **odd)

    found = await cut(lab)

    assert ("moved", "target") in statuses(found)
    assert statuses(found).count(("moved", "target")) == 1
    assert {"target"} <= {one.live for one in await active_statuses(lab.runtime, lab.state, "it")}
    proofs = {proof.name: proof.status for proof in (await verify(lab.runtime, lab.state, "it")).proofs}
    assert proofs[names[1]] == "proved"


async def test_the_platforms_own_form_is_no_obstacle(make_lab: MakeLab) -> None:
    """What was trimmed, composed and renamed is proved before the switch, and after it."""
    lab = make_lab("omni", "scrip")
    lab.world.fault(kind="normalise", provider="scrip", times=0)
    lab.source.wish(1, name="Cafe\u0301 ", text=" one\r\ntwo \n")
    (key,) = lab.source.records()
    lab.source.edit(key, timezone="US/Eastern")
    await lab.run()

    assert [("moved", "target")] == statuses(await cut(lab))
    await lab.settled()
    (proof,) = (await verify(lab.runtime, lab.state, "it")).proofs
    assert ("proved", "target") == (proof.status, proof.live)
