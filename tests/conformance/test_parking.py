"""A platform that cannot pause: jobs that should stand still are refused, or parked where the sync says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from migrator.errors import ConfigError
from migrator.sandbox import Options, World
from migrator.sync import commands
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab, counts


def fired(lab: Lab, days: int) -> list[str]:
    """The names of the jobs that fire at the target in the coming days."""
    return [fire["name"] for fire in lab.world.advance(by=timedelta(days=days)) if fire["provider"] == "omni"]


async def test_a_paused_source_job_is_parked_and_comes_back(make_lab: MakeLab) -> None:
    """Paused at the source, it fires nothing at the target; resumed, it fires as before; `verify` agrees each time."""
    lab = make_lab("json", "omni", world=World(), when_unpausable="park")
    lab.source.wish(1)
    assert {"create": 1} == await lab.run()
    assert "Job 001" in fired(lab, 7)

    lab.source.edit("job-1", enabled=False)
    assert {"update": 1} == await lab.run()
    assert "Job 001" not in fired(lab, 30)
    assert (await commands.verify(lab.runtime, lab.state, "it")).is_well
    assert {"none": 1} == counts((await lab.night()).results[0].plan)

    lab.source.edit("job-1", enabled=True)
    assert {"update": 1} == await lab.run()
    assert "Job 001" in fired(lab, 7)
    assert (await commands.verify(lab.runtime, lab.state, "it")).is_well


async def test_a_new_job_that_is_paused_is_made_parked(make_lab: MakeLab) -> None:
    """It is made with a schedule far away, and never live before; refused where the sync does not say so."""
    lab = make_lab("json", "omni", world=World())
    lab.source.wish(1, enabled=False)
    (refused,) = (await lab.plan()).blocked
    assert 'when_unpausable = "park"' in refused.reason

    lab.configure(when_unpausable="park")
    assert {"create": 1} == await lab.run()
    assert "Job 001" not in fired(lab, 60)
    assert {"none": 1} == counts(await lab.plan())


async def test_parked_for_years(make_lab: MakeLab) -> None:
    """Before a parked schedule comes near it is moved on, so that the job never fires."""
    lab = make_lab("json", "omni", world=World(), when_unpausable="park")
    lab.source.wish(1, enabled=False)
    await lab.run()
    for _month in range(26):
        assert "Job 001" not in fired(lab, 28)
        await lab.run()


async def test_a_job_that_left_the_source_is_parked(make_lab: MakeLab) -> None:
    """on_missing = "pause" parks it where nothing can be paused, once."""
    lab = make_lab("json", "omni", world=World(), when_unpausable="park", on_missing="pause")
    for number in range(1, 4):
        lab.source.wish(number)
    await lab.run()
    lab.source.remove("job-1")

    assert {"pause": 1, "none": 2} == await lab.run()
    assert "Job 001" not in fired(lab, 30)
    lab.source.wish(1)
    assert {"update": 1, "none": 2} == await lab.run()
    assert "Job 001" in fired(lab, 7)


async def test_where_the_platform_can_pause_nothing_is_parked(make_lab: MakeLab) -> None:
    """The setting is for platforms that cannot."""
    lab = make_lab("json", "omni", platforms=Options(omni_update="put"), when_unpausable="park")
    lab.source.wish(1)
    await lab.run()
    lab.source.edit("job-1", enabled=False)

    assert {"pause": 1} == await lab.run()


def test_any_other_word_is_refused(make_lab: MakeLab) -> None:
    """The file says refuse or park."""
    with pytest.raises(ConfigError) as caught:
        make_lab("json", "omni", when_unpausable="delete")
    assert "when_unpausable" in str(caught.value.problems[0])
