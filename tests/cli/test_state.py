"""state upgrade, export and import, as they are typed."""

from __future__ import annotations

import json
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from migrator.report.state import upgrade_lines
from migrator.sandbox import World
from migrator.store import SchemaVersion, open_state
from tests.cli.bench import Ended, Run, routine
from tests.cli.documents import faults


def test_a_state_moves_and_the_next_plan_is_empty(here: Path, run: Run, world: World) -> None:
    """What one state remembers, another one goes on with: jobs that were made are known, and none is made again."""
    run("apply", "omni-to-devin", "--yes")
    saved = run("state", "export", "-o", "state.json")
    assert (saved.code, saved.out) == (0, "")
    assert "3 bindings, 2 facts, 1 runs" in saved.err
    assert "state.json" in saved.err

    switched = run("state", "import", "state.json", "--state", "sqlite:///other.db")
    assert (switched.code, "sqlite:///other.db holds " in switched.out, "3 bindings" in switched.out) == (0, True, True)
    planned = run("plan", "omni-to-devin", "--state", "sqlite:///other.db", "--json").document
    assert (planned["summary"]["none"], planned["summary"]["create"]) == (3, 0)
    assert len(run("history", "--state", "sqlite:///other.db", "--json").document["runs"]) == 1


def test_an_export_is_a_document_that_comes_back_alike(here: Path, run: Run, world: World) -> None:
    """Without -o it is printed; import prints what it moved; exporting again gives the same rows."""
    run("apply", "omni-to-devin", "--yes")
    exported = run("state", "export").document
    (here / "state.json").write_text(json.dumps(exported), "utf-8")
    switched = run("state", "import", "state.json", "--state", "sqlite:///other.db", "--json").document
    again = run("state", "export", "--state", "sqlite:///other.db").document

    assert (faults(exported, "state"), faults(switched, "import")) == ([], [])
    assert again["tables"] == exported["tables"]
    assert {name: len(rows) for name, rows in exported["tables"].items()} == switched["moved"]


def test_an_export_is_for_its_owner_alone(here: Path, run: Run, world: World) -> None:
    """It holds prompts, so nobody else may read the file; tokens are not in it."""
    run("apply", "omni-to-devin", "--yes")
    run("state", "export", "-o", "state.json")

    assert stat.S_IMODE((here / "state.json").stat().st_mode) == 0o600
    assert "Do Alpha." in (here / "state.json").read_text("utf-8")
    assert [token for token in ("omni_", "cog_", "sk_") if token in (here / "state.json").read_text("utf-8")] == []


def test_nothing_is_replaced_unasked(here: Path, run: Run, world: World) -> None:
    """A state that is in use ends the import with 3; --replace goes ahead, and says where the old one is."""
    run("apply", "omni-to-devin", "--yes")
    run("state", "export", "-o", "state.json")

    refused = run("state", "import", "state.json")
    assert (refused.code, "--replace" in refused.err) == (3, True)
    replaced = run("state", "import", "state.json", "--replace", "--json").document
    assert Path(replaced["backup"]).is_file()


def test_a_state_under_a_run_is_exported_and_not_replaced(here: Path, run: Run, world: World) -> None:
    """An export says which run was writing; an import ends with 5."""
    run("apply", "omni-to-devin", "--yes")
    run("state", "export", "-o", "state.json")
    state = open_state(f"sqlite:///{here}/migrator.db", now=lambda: datetime.now(UTC))
    state.lock("devin:org-1", "another")

    assert "devin:org-1 is locked by run another" in run("state", "export").err
    assert run("state", "import", "state.json", "--replace").code == 5
    state.unlock("devin:org-1", state.owners()["devin:org-1"])
    state.close()


def test_an_older_backup_makes_nothing_twice(here: Path, run: Run, world: World) -> None:
    """What was made after the backup is known by its mark: it is taken over when allowed, and not made again."""
    run("apply", "omni-to-devin", "--yes")
    run("state", "export", "-o", "state.json")
    world.load("omni", [routine("Delta")])
    run("apply", "omni-to-devin", "--yes")
    assert run("state", "import", "state.json", "--replace").code == 0

    planned = run("plan", "omni-to-devin", "--json")
    assert (planned.code, planned.document["summary"]["blocked"], planned.document["summary"]["create"]) == (3, 1, 0)
    config = here / "migrator.toml"
    config.write_text(config.read_text("utf-8").replace("[syncs.omni-to-devin]", ADOPTING), "utf-8")
    assert run("apply", "omni-to-devin", "--yes", "--json").document["summary"]["done"] == 1
    assert sorted(row["record"]["name"] for row in world.records("devin")) == ["Alpha", "Beta", "Delta", "Gamma"]


ADOPTING = '[syncs.omni-to-devin]\nadopt = "identical"'


def test_there_is_nothing_to_export_before_the_first_run(here: Path, run: Run) -> None:
    """An export makes no state."""
    ended = run("state", "export")

    assert (ended.code, ended.out, "there is no state" in ended.err) == (1, "", True)
    assert not (here / "migrator.db").exists()


def test_upgrade_says_what_it_did(here: Path, run: Run) -> None:
    """A new state gets its tables, one of this version stays as it is, and one of another version is refused."""
    first = run("state", "upgrade", "--json").document
    assert (faults(first, "upgrade"), first["found"], first["now"]) == ([], None, 1)
    again = run("state", "upgrade")
    assert (again.code, "has schema version 1, the one of this version of migrator: no changes." in again.out) == (
        0,
        True,
    )
    assert "is new, with schema version 1" in run("state", "upgrade", "--state", "sqlite:///new.db").out
    with sqlite3.connect(here / "migrator.db") as connection:
        connection.execute("UPDATE schema_version SET version_num = '2'")
    connection.close()
    refused = run("state", "upgrade")
    assert (refused.code, "written by another version of migrator" in refused.err) == (1, True)


def test_an_upgrade_names_both_versions_and_the_backup() -> None:
    """Its text says from which version to which, and where the file is as it was."""
    upgraded = SchemaVersion(found=1, now=2, backup=Path("migrator.db.version-1.20270101T000000"))

    assert ["it was upgraded from schema version 1 to 2.", f"Backup of the previous state: {upgraded.backup}"] == [
        one.text.plain for one in upgrade_lines(upgraded, "it")
    ]


def test_old_runs_can_be_forgotten(here: Path, run: Run, world: World) -> None:
    """What is forgotten is counted, the latest run stays, and the next plan is as empty as before."""
    run("sync", "omni-to-devin")
    pruned = run("state", "prune", "--older-than", "30", "--json")
    assert (pruned.code, faults(pruned.document, "prune"), pruned.document["left"]) == (0, [], 1)
    assert run("state", "prune", "--older-than", "30").out.startswith("Removed: 0 runs from before ")
    assert run("plan", "omni-to-devin", "--json").document["summary"]["none"] == 3
    assert run("state", "prune", "--older-than", "7").code == 2
    assert run("state", "prune").code == 2


def test_a_kept_definition_is_edited_in_an_export(here: Path, run: Run, world: World) -> None:
    """What the state keeps of a job that is gone can be edited there: the next sync carries it to the target.

    A row that was edited without saying so is refused, and so is a definition that cannot be read.
    """
    run("sync", "omni-to-devin")
    run("cutover", "omni-to-devin", "--yes")
    gone = routine("Alpha")["id"]
    world.stores["omni"].put(attrs.evolve(world.stores["omni"].rows[gone], gone=True))
    exported = run("state", "export").document
    row = next(one for one in exported["tables"]["definitions"] if one["source_id"] == gone)
    kept = json.loads(row["fields"])

    def imported(summed: str, **changes: Any) -> Ended:
        row.update(fields=json.dumps({**kept, **changes}), sum=summed)
        (here / "state.json").write_text(json.dumps(exported), "utf-8")
        return run("state", "import", "state.json", "--replace")

    edit = {"action.text": "Say it in another way.", "trigger.cron": "eventbridge: 30 8 ? * TUE *"}
    unsaid, unreadable = imported(row["sum"], **edit), imported("", **{"trigger.cron": "eventbridge: every day"})
    assert (unsaid.code, 'set its "sum" to ""' in unsaid.err) == (1, True)
    assert (unreadable.code, gone in unreadable.err) == (1, True)
    for path, value, told in (
        ("enabled", "no", 'enabled is "no", not true or false'),
        ("action.text", 5, "action.text is 5, not a text"),
        ("action.txt", "Say it.", "unknown field action.txt"),
    ):
        refused = imported("", **{path: value})
        assert (refused.code, told in refused.err) == (1, True), refused
    without = kept.pop("trigger.timezone")
    nameless = imported("")
    assert (nameless.code, "trigger.timezone is missing" in nameless.err) == (1, True)
    kept["trigger.timezone"] = without
    assert run("plan", "omni-to-devin", "--json").document["summary"]["update"] == 0
    assert imported("", **edit).code == 0
    assert run("sync", "omni-to-devin").code == 0

    found = next(one["record"] for one in world.records("devin") if one["record"]["name"] == "Alpha")
    assert (found["prompt"], found["frequency"], found["enabled"]) == ("Say it in another way.", "30 8 * * 2", True)
    assert run("plan", "omni-to-devin", "--json").document["summary"]["none"] == 3
    assert run("verify", "omni-to-devin").code == 0


def test_no_config_is_needed(run: Run, tmp_path: Path) -> None:
    """The state can be kept where no migrator.toml is."""
    url = f"sqlite:///{tmp_path}/kept.db"

    assert run("state", "upgrade", "--state", url).code == 0
    assert run("state", "export", "--state", url).document["tables"]["bindings"] == []
