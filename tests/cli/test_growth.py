"""What a state grows by: a night costs what it changes, not what there is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from migrator.plan.document import plan_from_json
from migrator.sandbox import World
from migrator.store import open_state
from tests.cli.bench import Run, routine


def test_a_run_keeps_what_it_changes_and_no_more(here: Path, run: Run, world: World) -> None:
    """Of forty jobs one is changed: the run's own plan holds that one, and the list of runs holds no plan."""
    world.load("omni", [routine(f"Job {number}") for number in range(40)])
    assert run("sync", "omni-to-devin").code == 0
    world.load("omni", [routine("Job 7", prompt="Otherwise.")])
    changed = run("sync", "omni-to-devin", "--json").document["syncs"][0]["apply"]["run"]

    state = open_state(f"sqlite:///{here}/migrator.db", now=lambda: datetime.now(UTC))
    kept = state.run(changed)
    assert kept
    assert kept.plan
    assert [change.name for change in plan_from_json(kept.plan, where="journal").changes] == ["Job 7"]
    assert [one.plan for one in state.runs()] == [None, None]
    state.close()


def test_a_night_without_changes_leaves_nothing(here: Path, run: Run, world: World) -> None:
    """A night in which nothing was to be done adds no row to the state."""
    run("sync", "omni-to-devin")
    run("sync", "omni-to-devin")
    before = run("state", "export").document["tables"]
    run("sync", "omni-to-devin")
    after = run("state", "export").document["tables"]

    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}
