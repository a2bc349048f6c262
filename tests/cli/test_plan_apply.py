"""export, plan and apply: what they print, what they change, what they end with."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from migrator.sandbox import World
from migrator.sandbox.devin import ORG
from migrator.store import open_state
from tests.cli.bench import Run, names, routine

SYNC = "omni-to-devin"


class TestExport:
    def test_a_connection_is_printed_as_one_document(self, here: Path, run: Run) -> None:
        """Stdout is the document and nothing else."""
        ended = run("export", "omni")

        assert (ended.code, ended.document["schema"]) == (0, "migrator/jobs@1")
        assert [job["name"] for job in ended.document["jobs"]] == ["Gamma", "Beta", "Alpha"]

    def test_a_file_takes_the_place_of_stdout(self, here: Path, run: Run) -> None:
        """-o leaves stdout empty, and the file is a source like any other."""
        ended = run("export", "omni", "-o", "jobs.json")

        assert (ended.code, ended.out, ended.err) == (0, "", "3 jobs written to jobs.json\n")
        assert run("export", "archive").document["jobs"][0]["name"] == "Gamma"
        assert [path.name for path in here.iterdir() if path.name.startswith(".")] == []

    def test_with_json_the_document_goes_both_ways(self, here: Path, run: Run) -> None:
        """--json prints one document in any case."""
        ended = run("export", "omni", "--json", "-o", "jobs.json")

        assert ended.document == json.loads((here / "jobs.json").read_text("utf-8"))

    def test_a_record_that_cannot_be_read_is_told(self, here: Path, run: Run, world: World) -> None:
        """It stands in the document with its record, and the command ends with 4."""
        world.load("omni", [routine("Broken") | {"prompt": None}])
        ended = run("export", "omni")

        assert (ended.code, len(ended.document["jobs"])) == (4, 3)
        assert [problem["name"] for problem in ended.document["problems"]] == ["Broken"]
        assert "Broken: " in ended.err

    def test_a_file_that_cannot_be_written_is_a_wrong_usage(self, here: Path, run: Run) -> None:
        """Nothing half-written stays behind."""
        ended = run("export", "omni", "-o", "nowhere/jobs.json")

        assert (ended.code, ended.out) == (2, "")
        assert "where: nowhere/jobs.json" in ended.err


class TestPlan:
    def test_a_plan_says_what_would_happen_and_changes_nothing(self, here: Path, run: Run, world: World) -> None:
        """A person reads the jobs, their schedules, what they lose, and how to go on."""
        ended = run("plan", SYNC)
        lines = ended.out.splitlines()

        assert (ended.code, names(world, "devin")) == (0, [])
        assert lines[0] == "omni-to-devin: omni → devin"
        assert [line for line in lines if line.startswith("+ ")] == ["+ Alpha", "+ Beta", "+ Gamma"]
        assert "    schedule         0 9 ? * MON * (UTC) → 0 9 * * 1 (UTC)" in lines
        assert "                     exact" in lines
        assert "                     delivery.email recipients ops@example.com" in lines
        assert "Plan: 3 to create." in lines
        assert lines[-1] == "To apply: migrator apply omni-to-devin"

    def test_talk_is_no_part_of_the_result(self, here: Path, run: Run) -> None:
        """Requests and time go to stderr."""
        ended = run("plan", SYNC)

        assert ended.err.startswith("2 requests (1 to omni, 1 to devin) in ")
        assert "requests" not in ended.out

    def test_every_request_is_named_on_request(self, here: Path, run: Run) -> None:
        """-v logs them to stderr, and the result stays the result."""
        ended = run("plan", SYNC, "-v", "--json")

        assert ended.document["summary"]["create"] == 3
        assert "GET /v1/ai/routines -> 200" in ended.err
        assert "GET /v1/ai/routines" not in run("plan", SYNC).err

    def test_pending_changes_have_an_exit_code_on_request(self, here: Path, run: Run) -> None:
        """10 when something is to be done, 0 when nothing is."""
        assert run("plan", SYNC, "--detailed-exitcode").code == 10
        assert run("apply", SYNC, "--yes").code == 0
        assert run("plan", SYNC, "--detailed-exitcode").code == 0

    def test_a_refused_job_wins_over_pending_ones(self, here: Path, run: Run, world: World) -> None:
        """3 says that the plan is not all that was asked for, whatever else is pending."""
        world.load("omni", [routine("Alpha two", branchId="b1")])
        text = (here / "migrator.toml").read_text("utf-8").replace('"action.branch", ', "", 1)
        (here / "migrator.toml").write_text(text, "utf-8")
        ended = run("plan", SYNC, "--detailed-exitcode")

        assert ended.code == 3
        assert "Plan: 3 to create, 1 blocked." in ended.out

    def test_refused_jobs_are_counted_by_reason(self, here: Path, run: Run) -> None:
        """The same reason is told once, with how often it holds."""
        ended = run("plan", "strict")
        blocked = ended.out[ended.out.index("Blocked:\n") :].splitlines()

        assert ended.code == 3
        assert blocked[1].startswith("  3 x it would lose action.model (Devin has no data models); ")
        assert len(blocked) == 2

    def test_a_sync_may_only_report_what_it_refuses(self, here: Path, run: Run) -> None:
        """on_refused = "report" lists refused jobs and ends with 0."""
        ended = run("plan", "lenient")

        assert (ended.code, "Plan: 3 blocked." in ended.out) == (0, True)

    def test_a_plan_that_is_unsafe_as_a_whole_is_refused(self, here: Path, run: Run, world: World) -> None:
        """It is shown, and ends with 3; applying it changes nothing and ends the same way."""
        assert run("apply", SYNC, "--yes").code == 0
        (here / "migrator.toml").write_text(
            (here / "migrator.toml")
            .read_text("utf-8")
            .replace("[syncs.omni-to-devin]", "[syncs.omni-to-devin]\nlimits = { changes = 0 }", 1),
            "utf-8",
        )
        world.load("omni", [routine("Alpha", prompt="Do it otherwise.")])
        planned, applied = run("plan", SYNC), run("apply", SYNC, "--yes")

        assert (planned.code, applied.code) == (3, 3)
        assert "Plan refused: the plan has 1 changes among 3 jobs, and limits.changes allows 0" in planned.out
        assert applied.err.startswith("error: the plan has 1 changes among 3 jobs")

    def test_unchanged_jobs_are_only_counted(self, here: Path, run: Run) -> None:
        """Unless somebody asks to see everything."""
        run("apply", SYNC, "--yes")

        assert "Alpha" not in run("plan", SYNC).out
        assert "  Alpha\n" in run("plan", SYNC, "-v").out


class TestApply:
    def test_a_sync_is_carried_out(self, here: Path, run: Run, world: World) -> None:
        """Every outcome is told, and what it cost on stderr."""
        ended = run("apply", SYNC, "--yes")
        lines = ended.out.splitlines()

        assert (ended.code, names(world, "devin")) == (0, ["Alpha", "Beta", "Gamma"])
        assert lines[:3] == ["done    + Alpha", "done    + Beta", "done    + Gamma"]
        assert lines[4].endswith(": 3 done.")
        assert lines[5] == f"ACTIVE ON BOTH SIDES (runs twice): 3 jobs. To end that: migrator cutover {SYNC}"
        assert " requests (1 to omni, " in ended.err

    def test_the_second_time_there_is_nothing_to_do(self, here: Path, run: Run) -> None:
        """No run is begun, and only the lists are read."""
        run("apply", SYNC, "--yes")
        ended = run("apply", SYNC, "--yes", "--json")

        assert (ended.code, ended.document["run"], ended.document["outcomes"]) == (0, None, [])
        assert ended.document["requests"] == {"omni": 1, "devin": 1}

    def test_without_a_terminal_it_must_be_told_to(self, here: Path, run: Run, world: World) -> None:
        """Nobody can be asked, so the plan is shown and nothing is done."""
        ended = run("apply", SYNC)

        assert (ended.code, ended.out, names(world, "devin")) == (2, "", [])
        assert "Plan: 3 to create" in ended.err
        assert "allowed: --yes" in ended.err

    def test_a_saved_plan_names_its_sync(self, here: Path, run: Run, world: World) -> None:
        """What was looked at is what is done."""
        assert "To apply: migrator apply plan.json" in run("plan", SYNC, "-o", "plan.json").out
        ended = run("apply", "plan.json", "--yes")

        assert (ended.code, names(world, "devin")) == (0, ["Alpha", "Beta", "Gamma"])

    def test_a_saved_plan_is_applied_once(self, here: Path, run: Run, world: World) -> None:
        """The second time it is stale."""
        run("plan", SYNC, "-o", "plan.json")
        run("apply", "plan.json", "--yes")
        ended = run("apply", "plan.json", "--yes")

        assert (ended.code, len(names(world, "devin"))) == (3, 3)
        assert "next: make a new plan: migrator plan omni-to-devin -o plan.json" in ended.err

    def test_an_edited_plan_is_refused(self, here: Path, run: Run, world: World) -> None:
        """Its digest does not fit its content any more."""
        run("plan", SYNC, "-o", "plan.json")
        (here / "plan.json").write_text((here / "plan.json").read_text("utf-8").replace("Do Alpha", "Do evil"), "utf-8")
        ended = run("apply", "plan.json", "--yes")

        assert (ended.code, names(world, "devin")) == (3, [])
        assert "where: plan.json" in ended.err

    def test_a_plan_file_that_is_not_there_is_a_wrong_usage(self, here: Path, run: Run) -> None:
        """A name that ends in .json is a file, never a sync."""
        ended = run("apply", "nightly.json", "--yes")

        assert (ended.code, ended.err.splitlines()[1]) == (2, "  where: nightly.json")

    def test_a_change_that_fails_is_told_and_the_others_are_made(self, here: Path, run: Run, world: World) -> None:
        """4 wins over everything, and the document is that of apply."""
        world.fault("status", provider="devin", method="POST", status=422, nth=2)
        ended = run("apply", SYNC, "--yes", "--json")

        assert (ended.code, ended.document["summary"]) == (4, {"done": 2, "failed": 1, "skipped": 0})
        assert [bool(outcome["error"]) for outcome in ended.document["outcomes"]].count(True) == 1
        assert run("apply", SYNC, "--yes").code == 0
        assert names(world, "devin") == ["Alpha", "Beta", "Gamma"]

    def test_what_failed_comes_with_the_next_step(self, here: Path, run: Run, world: World) -> None:
        """A person reads which job, why, and what to type."""
        world.fault("status", provider="devin", method="POST", status=422, times=0)
        ended = run("apply", SYNC, "--yes")

        assert ended.code == 4
        assert ended.out.splitlines()[0].startswith("failed  + Alpha: ")
        assert ended.out.splitlines()[-1] == "To retry what failed: migrator apply omni-to-devin"

    def test_refused_jobs_are_listed_beside_the_outcomes(self, here: Path, run: Run, world: World) -> None:
        """The rest is done, and the exit code says that something was refused."""
        world.load("omni", [routine("Yearly", schedule="0 9 1 1 ? 2019"), routine("Delta", branchId="b1")])
        text = (here / "migrator.toml").read_text("utf-8").replace('"action.branch", ', "", 1)
        (here / "migrator.toml").write_text(text, "utf-8")
        ended = run("apply", SYNC, "--yes", "--json")

        assert (ended.code, ended.document["summary"]["done"]) == (3, 3)
        assert [change["name"] for change in ended.document["blocked"]] == ["Delta"]
        assert "action.branch" in ended.document["blocked"][0]["reason"]

    def test_another_run_at_the_same_target_is_waited_for_by_hand(self, here: Path, run: Run, world: World) -> None:
        """A lock that somebody holds ends the command with 5, before anything is written."""
        state = open_state(f"sqlite:///{here}/migrator.db", now=lambda: datetime.now(UTC))
        owner = state.lock(f"devin:{ORG}", "other-run")
        ended = run("apply", SYNC, "--yes", "--json")
        state.unlock(f"devin:{ORG}", owner)
        state.close()

        assert (ended.code, ended.document["exit_code"], names(world, "devin")) == (5, 5, [])
        assert "other-run" in ended.document["actual"]

    def test_the_state_can_be_kept_elsewhere(self, here: Path, run: Run, tmp_path: Path) -> None:
        """--state names it; without it, it lies beside the config."""
        run("apply", SYNC, "--yes", "--state", f"sqlite:///{tmp_path}/other.db")

        assert ((here / "other.db").exists(), (here / "migrator.db").exists()) == (True, False)

    def test_a_config_elsewhere_takes_its_state_along(
        self, here: Path, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """The state lies beside the config, wherever the command is run, and the next step names the config."""
        (tmp_path / "work").mkdir()
        monkeypatch.chdir(tmp_path / "work")
        planned = run("plan", SYNC, "-c", "../migrator.toml")

        assert planned.out.splitlines()[-1] == "To apply: migrator apply -c ../migrator.toml omni-to-devin"
        assert run("apply", SYNC, "-c", "../migrator.toml", "--yes").code == 0
        assert (tmp_path / "migrator.db").exists()
