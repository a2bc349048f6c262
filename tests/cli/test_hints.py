"""Printed commands: each works in the situation that prints it, on the same config and state."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from migrator.cli.options import Settings
from migrator.report.commands import COMMANDS, completed
from migrator.sandbox import World
from tests.cli.bench import Ended, Run

SYNC = "omni-to-devin"
OPTIONS = ("-c", "jobs.toml", "--state", "sqlite:///elsewhere.db")

_COMMAND = re.compile(r"migrator (?:[a-z]+ )*-c jobs\.toml --state sqlite:///elsewhere\.db[^;.,)\n]*?(?= or |[;.,)\n])")


@pytest.fixture
def away(here: Path) -> Path:
    """Rename the config, so that a command without its options fails."""
    shutil.move(here / "migrator.toml", here / "jobs.toml")
    return here


def relist(world: World) -> None:
    """Have the next listings show what was changed behind the back of the simulators."""
    for store in world.stores.values():
        store._lists.clear()


def edited(world: World, name: str) -> None:
    """Edit a job at the target."""
    (row,) = [row for row in world.stores["devin"].rows.values() if row.data["name"] == name]
    row.data["prompt"] = "Edited outside of migrator."
    relist(world)


def doubled(world: World) -> None:
    """Copy a job of the target, ownership tag included."""
    record = dict(world.records("devin")[0]["record"])
    world.load("devin", [record | {"scheduled_session_id": "sched-copy"}])


def fresh(run: Run, world: World) -> Ended:
    """Verify when a job was never synced."""
    run("apply", SYNC, "--yes", *OPTIONS)
    (row,) = [row for row in world.stores["omni"].rows.values() if row.data["name"] == "Alpha"]
    row.data["prompt"] = "Changed at the source."
    relist(world)
    return run("verify", SYNC, *OPTIONS)


def conflict(run: Run, world: World) -> Ended:
    """Verify when the target was edited."""
    run("apply", SYNC, "--yes", *OPTIONS)
    edited(world, "Alpha")
    return run("verify", SYNC, *OPTIONS)


def duplicate(run: Run, world: World) -> Ended:
    """Verify when a copy stands at the target."""
    run("apply", SYNC, "--yes", *OPTIONS)
    doubled(world)
    return run("verify", SYNC, *OPTIONS)


def saved_twice(run: Run, world: World) -> Ended:
    """Apply a saved plan for the second time."""
    run("plan", SYNC, "-o", "plan.json", *OPTIONS)
    run("apply", "plan.json", "--yes", *OPTIONS)
    return run("apply", "plan.json", "--yes", *OPTIONS)


def failed_cutover(run: Run, world: World) -> Ended:
    """Cut over at a given time, with a failure."""
    run("apply", SYNC, "--held", "--yes", *OPTIONS)
    world.fault("status", provider="omni", method="PATCH", status=400)
    return run("cutover", SYNC, "--at", "2026-01-01T00:00Z", "--guard", "3m", "--job", "Alpha", "--yes", *OPTIONS)


def cut_over(run: Run, world: World) -> Ended:
    """Cut over."""
    run("apply", SYNC, "--held", "--yes", *OPTIONS)
    return run("cutover", SYNC, "--yes", *OPTIONS)


def rolled_back_cutover(run: Run, world: World) -> Ended:
    """Roll back a cutover, which is refused."""
    cut_over(run, world)
    return run("rollback", "last", "--yes", *OPTIONS)


def revived(run: Run, world: World) -> Ended:
    """Plan when a job that was cut over is active at the source again."""
    cut_over(run, world)
    for row in world.stores["omni"].rows.values():
        row.data["schedule"] = "0 9 ? * MON *"
    relist(world)
    return run("plan", SYNC, *OPTIONS)


def unknown_run(run: Run, world: World) -> Ended:
    """Roll back an unknown run."""
    return run("rollback", "20200101", "--yes", *OPTIONS)


SITUATIONS: dict[Callable[[Run, World], Ended], tuple[str, ...]] = {
    fresh: ("apply",),
    conflict: (),
    duplicate: ("dedupe",),
    saved_twice: ("plan",),
    failed_cutover: ("cutover",),
    cut_over: ("cutover",),
    rolled_back_cutover: ("cutover",),
    revived: ("cutover",),
    unknown_run: ("history",),
}
"""By situation, the commands that must be among the printed ones."""


def commands(ended: Ended) -> Iterator[list[str]]:
    """Yield the arguments of each printed command."""
    for found in _COMMAND.finditer(ended.out + ended.err):
        yield shlex.split(found[0])[1:]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_every_printed_command_works(
    away: Path, run: Run, world: World, situation: Callable[[Run, World], Ended]
) -> None:
    """It carries the options of the command that printed it, and its arguments are right in that state."""
    ended = situation(run, world)
    printed = list(commands(ended))

    assert ended.out.count("migrator ") + ended.err.count("migrator ") == len(printed), ended
    assert {words[0] for words in printed} >= set(SITUATIONS[situation])
    for words in printed:
        tried = run(*words, *([] if words[0] in {"plan", "verify", "history", "status"} else ["--help"]))
        assert tried.code in {0, 1, 3}, (words, tried)


@pytest.mark.parametrize("situation", [conflict, duplicate])
def test_verify_advises_apply_only_where_it_would_change_something(
    away: Path, run: Run, world: World, situation: Callable[[Run, World], Ended]
) -> None:
    """On a conflict and on a duplicate there is nothing to apply."""
    ended = situation(run, world)

    assert (ended.code, "migrator apply" in ended.out) == (1, False)


def test_verify_after_retiring_advises_nothing(away: Path, run: Run, world: World) -> None:
    """A retired job has nothing to apply."""
    run("apply", SYNC, "--held", "--yes", *OPTIONS)
    run("cutover", SYNC, "--yes", *OPTIONS)
    run("retire", SYNC, "--delete", "--max-deletes", "9", "--yes", *OPTIONS)

    assert "migrator apply" not in run("verify", SYNC, *OPTIONS).out


def test_a_cutover_that_goes_on_keeps_its_time_and_guard(away: Path, run: Run, world: World) -> None:
    """What was asked for is asked for again."""
    (again, *_) = [words for words in commands(failed_cutover(run, world)) if "--back" not in words]

    assert again[-4:] == ["--at", "2026-01-01T00:00Z", "--guard", "3m"]


def test_both_names_and_all(here: Path, run: Run) -> None:
    """It says that both were given."""
    ended = run("sync", "--all", SYNC)

    assert (ended.code, "--all and the names of syncs were both given" in ended.err) == (2, True)


def test_a_stale_plan_is_told_in_a_sentence(here: Path, run: Run, world: World) -> None:
    """How many runs there were when it was made, and now."""
    run("plan", SYNC, "-o", "plan.json")
    run("apply", "plan.json", "--yes")
    ended = run("apply", "plan.json", "--yes")

    assert "it was made after 0 runs of the sync, which has had 1 by now" in ended.err
    assert "allowed:" not in ended.err


def test_errors_as_documents_carry_the_options(away: Path, run: Run, world: World) -> None:
    """The hint of an error is the same in JSON."""
    ended = run("rollback", "20200101", "--yes", "--json", *OPTIONS)

    assert ended.document["hint"].endswith(f"migrator history {shlex.join(OPTIONS)}")


def test_the_commands_are_those_of_the_program(run: Run) -> None:
    """Every name that gets options is a command, which takes them."""
    for name in COMMANDS:
        assert "--state" in run(*name.split(), "--help").out, name


def test_a_command_with_options_stays_and_no_password_is_shown() -> None:
    """Options are added once, to commands that read a config or a state only."""
    settings = Settings(config=Path("a b.toml"), state="postgresql://me:secret@db/jobs")
    options = shlex.join(settings.shared)

    assert options == "-c 'a b.toml' --state 'postgresql://me:***@db/jobs'"
    assert completed(f"migrator plan {options} x", options) == f"migrator plan {options} x"
    assert completed("migrator sandbox --stop", options) == "migrator sandbox --stop"
    assert completed("see: migrator state export", "-c f") == "see: migrator state export -c f"


def test_the_wrong_organisation_is_told(here: Path, run: Run, world: World) -> None:
    """The hint names org_id first, and not the token's permissions."""
    config = here / "migrator.toml"
    text = config.read_text("utf-8")
    config.write_text(re.sub(r'org_id( *)= "[^"]*"', r'org_id\1= "org-other"', text), encoding="utf-8")
    ended = run("list", "devin")

    assert "check org_id: 'org-other' may be another organisation" in ended.err
    assert "ManageOrgSchedules" not in ended.err
