"""A cutover to files that somebody has to merge, and from them: nothing is switched before they are in effect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrator.errors import RefusedError
from migrator.testing.lab import Lab
from migrator.testing.platform import wish
from tests.conformance.files import GitHub
from tests.conformance.lab import started
from tests.conformance.platforms import Devin
from tests.cutover.retiring import retired
from tests.cutover.simulated_time import cut, statuses

DEVIN, GITHUB = Devin(still=True), GitHub()


@pytest.fixture
def to_github(tmp_path: Path) -> Iterator[Lab]:
    """A sync from a served platform to workflow files."""
    with started(DEVIN, tmp_path / "devin") as source, started(GITHUB, tmp_path / "github") as target:
        (tmp_path / "lab").mkdir()
        with Lab(source, target, tmp_path / "lab") as lab:
            lab.source.wish(1)
            yield lab


@pytest.fixture
def from_github(tmp_path: Path) -> Iterator[Lab]:
    """A sync from workflow files to a served platform."""
    with started(GITHUB, tmp_path / "github") as source, started(DEVIN, tmp_path / "devin") as target:
        (tmp_path / "lab").mkdir()
        with Lab(source, target, tmp_path / "lab", lookup={"action.agent": {"claude": "devin"}}) as lab:
            lab.source.wish(1)
            yield lab


def inert(lab: Lab) -> tuple[dict[str, Any], dict[str, Any]]:
    """What both sides hold."""
    return lab.source.records(), lab.target.records()


@pytest.mark.parametrize(
    ("goal", "first"), [("target", "apply the changes there (migrator apply "), ("source", "pause its jobs there and ")]
)
async def test_nothing_is_switched_before_files_are_in_effect(to_github: Lab, goal: str, first: str) -> None:
    """In either direction, it is refused before anything is written, and what to do is said."""
    lab = to_github
    await lab.run()
    before = inert(lab)

    with pytest.raises(RefusedError, match="GitHub Actions follows a change only after it was merged") as refused:
        await cut(lab, goal=goal)
    assert "--in-effect" in refused.value.hint
    assert refused.value.hint.startswith(first)
    with pytest.raises(RefusedError, match="only after it was merged"):
        await retired(lab)
    assert before == inert(lab)


async def test_a_source_stops_once_the_workflows_are_in_effect(to_github: Lab) -> None:
    """The workflows, which are active in the files, stay to the byte; the source is paused, and then retired."""
    lab = to_github
    await lab.run()
    before = lab.target.records()

    assert statuses(await cut(lab, in_effect=True)) == [("moved", "target")]
    assert before == lab.target.records()
    assert [job.enabled for job in lab.source.jobs().values()] == [False]
    await lab.settled()


async def test_what_the_files_do_not_say_yet_is_not_assumed(to_github: Lab) -> None:
    """Workflows that are missing, or staged, are no reason to pause the source."""
    lab = to_github
    before = inert(lab)
    with pytest.raises(RefusedError, match="GitHub Actions is not in line yet"):
        await cut(lab, in_effect=True)
    assert before == inert(lab)

    await lab.carry_out(hold=True)
    before = inert(lab)
    found = await cut(lab, in_effect=True)
    assert statuses(found) == [("refused", "source")]
    assert "is not active: make it so there, merge that" in found.switches[0].reason
    assert before == inert(lab)


async def test_back_from_workflows_takes_two_steps(to_github: Lab) -> None:
    """The source is active again only once the workflow is paused in the files and that is in effect."""
    lab = to_github
    await lab.run()
    await cut(lab, in_effect=True)
    found = await cut(lab, goal="source", in_effect=True)
    assert statuses(found) == [("refused", "target")]
    assert "is not paused" in found.switches[0].reason

    lab.target.change(lab.key_of("Job 001"), lab.expected(wish(1, enabled=False))[0])
    assert statuses(await cut(lab, goal="source", in_effect=True)) == [("moved", "source")]
    assert [job.enabled for job in lab.source.jobs().values()] == [True]


async def test_workflows_as_a_source_are_paused_first(from_github: Lab) -> None:
    """A target is activated only once the workflow is paused in the files and that is in effect."""
    lab = from_github
    await lab.run()
    with pytest.raises(RefusedError, match="only after it was merged") as refused:
        await cut(lab)
    assert refused.value.hint.startswith("pause its jobs there and merge that")
    found = await cut(lab, in_effect=True)
    assert statuses(found) == [("refused", "both")]
    assert "is not paused" in found.switches[0].reason
