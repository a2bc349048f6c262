"""sandbox and demo: what runs on this machine alone."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import migrator
from migrator.cutover import commands as cutovers
from migrator.sync import commands
from tests.cli.bench import Run, routine

pytestmark = pytest.mark.slow

ROOT = Path(migrator.__file__).parent.parent


def environment() -> dict[str, str]:
    """Ours, with this package."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


class Served:
    """`migrator sandbox` in a process of its own, read through pipes while it runs."""

    def __init__(self, cwd: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "migrator", "sandbox", *arguments],
            cwd=cwd,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr
        self.said = self.process.stderr.readline()

    def stop(self, number: int = signal.SIGTERM) -> str:
        """End it, and return what stands on stdout."""
        self.process.send_signal(number)
        out, self.rest = self.process.communicate(timeout=10)
        return out


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a sandbox; it ends with the test."""
    made: list[Served] = []

    def start(*arguments: str) -> Served:
        made.append(Served(tmp_path, *arguments))
        return made[-1]

    yield start
    for served in made:
        served.process.kill()
        served.process.communicate()


class TestSandbox:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_stdout_is_a_config_and_a_signal_ends_it(self, serve: Serve, number: int) -> None:
        """One valid migrator.toml with the tokens to export, then talk on stderr; either signal is a clean end."""
        served = serve()
        text = served.stop(number)
        config = tomllib.loads(text)

        assert (served.process.returncode, served.rest) == (0, "")
        assert set(config["connections"]) == {"omni", "devin", "scrip", "archive"}
        assert re.findall(r"^# *export (\w+)=\S+$", text, re.MULTILINE) == [
            "OMNI_API_KEY",
            "DEVIN_API_KEY",
            "SCRIP_API_KEY",
        ]
        assert served.said.startswith("Serving 13 jobs in omni, 12 jobs in devin, 13 jobs in scrip on 127.0.0.1:")

    def test_what_it_prints_is_all_that_a_plan_needs(
        self, serve: Serve, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The config on a file and the tokens in the environment: a plan comes out, on the time of day."""
        serve("--config-out", "migrator.toml")
        text = (tmp_path / "migrator.toml").read_text("utf-8")
        for name, token in re.findall(r"export (\w+)=(\S+)", text):
            monkeypatch.setenv(name, token)
        monkeypatch.chdir(tmp_path)

        assert run("plan", "omni-to-devin", "--detailed-exitcode").code == 10

    def test_as_json_it_is_a_document(self, serve: Serve) -> None:
        """With --json, the same as one document."""
        document = json.loads(serve("--json").stop())

        assert document["schema"] == "migrator/sandbox@1"
        assert document["connections"]["omni"]["base_url"] == f"http://127.0.0.1:{document['port']}/omni/api"
        assert tomllib.loads(document["config"])["connections"]["omni"]["provider"] == "omni"

    def test_jobs_are_kept_in_a_file(self, serve: Serve, tmp_path: Path) -> None:
        """What was loaded once is there again, without the samples."""
        (tmp_path / "omni.json").write_text(json.dumps([routine("Alpha")]), encoding="utf-8")
        first = serve("--state", "world.json", "--load", "omni=omni.json")
        assert first.said.startswith("Serving 1 job in omni, 0 jobs in devin, 0 jobs in scrip on ")
        first.stop()

        assert serve("--state", "world.json").said.startswith("Serving 1 job in omni, 0 jobs in devin, 0 jobs in scrip")

    def test_a_list_page_can_be_loaded(self, serve: Serve, tmp_path: Path) -> None:
        """An object with one array is what the platform answers."""
        page = {"records": [routine("Alpha")], "pageInfo": {"hasNextPage": False}}
        (tmp_path / "page.json").write_text(json.dumps(page), encoding="utf-8")

        assert serve("--load", "omni=page.json").said.startswith("Serving 1 job in omni, ")

    @pytest.mark.parametrize(("contract", "status"), [("put", 405), ("patch", 404)])
    def test_omni_takes_the_contract_that_is_asked_for(self, serve: Serve, contract: str, status: int) -> None:
        """An update by PATCH is unknown where the contract is put."""
        port = serve("--omni-contract", contract).said.split("127.0.0.1:")[1].split(".")[0]
        url = f"http://127.0.0.1:{port}/omni/api/v1/ai/routines/{routine('x')['id']}"
        answer = httpx.patch(url, headers={"Authorization": "Bearer omni_org_sandbox"}, json={"name": "y"})

        assert answer.status_code == status

    @pytest.mark.parametrize(
        ("arguments", "content", "what"),
        [
            (["--load", "omni=gone.json"], None, "the file cannot be read: No such file or directory"),
            (["--load", "omni=jobs.json"], "nonsense", "the file is not JSON"),
            (["--load", "omni=jobs.json"], "7", "the file holds no list of records"),
            (["--load", "omni=jobs.json"], "[7]", "the file holds no list of records"),
            (["--load", "omni=jobs.json"], '[{"name": "x"}]', "the records are not such as omni answers"),
            (["--state", "jobs.json"], "nonsense", "the sandbox's state cannot be read"),
            (["--state", "jobs.json"], "{}", "the sandbox's state cannot be read"),
            (["--omni-contract", "post"], None, "unknown value of --omni-contract"),
            (["--omni-contrakt", "put"], None, "unknown option of the sandbox"),
        ],
    )
    def test_what_cannot_be_loaded_is_a_wrong_usage(
        self,
        run: Run,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
        content: str | None,
        what: str,
    ) -> None:
        """Nothing is served, and the file is named."""
        monkeypatch.chdir(tmp_path)
        if content is not None:
            (tmp_path / "jobs.json").write_text(content, encoding="utf-8")
        ended = run("sandbox", *arguments)

        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith(f"error: {what}\n")

    def test_a_port_that_is_taken_is_a_wrong_usage(self, here: Path, run: Run) -> None:
        """The next step is another port."""
        port = str(tomllib.loads((here / "migrator.toml").read_text("utf-8"))["connections"]["omni"]["base_url"]).split(
            "/"
        )
        ended = run("sandbox", "--port", port[2].split(":")[1])

        assert (ended.code, ended.err.splitlines()[-1]) == (2, "  next: choose another --port")


class TestDetached:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Iterator[Path]:
        """A folder in which no sandbox stays behind."""
        yield tmp_path
        self.run(tmp_path, "sandbox", "--stop")

    @staticmethod
    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command there."""
        command = [sys.executable, "-m", "migrator", *arguments]
        return subprocess.run(
            command, cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=60
        )

    def test_the_next_command_can_use_it(self, folder: Path) -> None:
        """It returns when it is ready; the config and the tokens are files, for their owner alone."""
        started = self.run(folder, "sandbox", "--detach")
        planned = self.run(folder, "plan", "omni-to-devin", "--detailed-exitcode")

        assert (started.returncode, planned.returncode) == (0, 10), started.stderr + planned.stderr
        assert {file.stat().st_mode & 0o777 for file in (folder / "sandbox").glob("*.token")} == {0o600}

    def test_it_is_started_once_and_stopped_once(self, folder: Path) -> None:
        """A second start finds the first; after the stop nothing but the config is left, and a second stop says so."""
        first = json.loads(self.run(folder, "sandbox", "--detach", "--json").stdout)
        again = json.loads(self.run(folder, "sandbox", "--detach", "--json").stdout)
        stopped = self.run(folder, "sandbox", "--stop")

        assert first["port"] == again["port"]
        assert (stopped.returncode, [path.name for path in folder.iterdir()]) == (0, ["migrator.toml"])
        assert self.run(folder, "sandbox", "--stop").returncode == 2

    def test_a_config_of_somebody_else_stays(self, folder: Path) -> None:
        """Nothing is started, and the file is as it was."""
        (folder / "migrator.toml").write_text("[connections]\n", encoding="utf-8")
        ended = self.run(folder, "sandbox", "--detach")

        assert (ended.returncode, [path.name for path in folder.iterdir()]) == (2, ["migrator.toml"])
        assert (folder / "migrator.toml").read_text("utf-8") == "[connections]\n"

    def test_what_keeps_it_from_starting_is_told(self, folder: Path) -> None:
        """The server's own error, and no folder left behind."""
        (folder / "jobs.json").write_text("no JSON", encoding="utf-8")
        ended = self.run(folder, "sandbox", "--detach", "--load", "omni=jobs.json")

        assert (ended.returncode, "the file is not JSON" in ended.stderr) == (1, True)
        assert not (folder / "sandbox").exists()


class TestDemo:
    def test_the_story_has_a_good_end(self, run: Run) -> None:
        """Every step of a migration is shown under its command; it fits on a page or two."""
        ended = run("demo")
        lines = ended.out.splitlines()
        typed = [line.split()[2] for line in lines if line.startswith("$ migrator ")]

        assert (ended.code, ended.err) == (0, "")
        assert typed == ["audit", "plan", "apply", "verify", "cutover", "plan"]
        assert "Plan: 2 to create, 1 blocked." in lines
        assert "From the start until a week later 18 fires were due: each came exactly once." in lines
        assert "The second plan is empty: running it again changes nothing." in lines
        assert lines[-1].split("#")[0].strip() == "migrator init"
        assert len(lines) < 95

    def test_the_cutover_waits_for_a_gap_on_the_virtual_clock(self, run: Run) -> None:
        """A job that is about to fire is switched after it has fired, and nobody waits for that."""
        waited = [line for line in run("demo").out.splitlines() if "waited for a gap" in line]

        assert waited == [
            "Stock levels was about to fire: its switch waited for a gap, until Mon 2026-11-23 00:45 UTC."
        ]

    def test_every_command_of_the_story_is_one_that_the_program_takes(self, run: Run) -> None:
        """What stands above each step can be typed."""
        typed = [line[len("$ migrator ") :] for line in run("demo").out.splitlines() if line.startswith("$ migrator ")]

        assert [run(*command.split(), "--help").code for command in typed] == [0] * len(typed)

    def test_the_story_is_the_same_every_time(self, run: Run) -> None:
        """Its clock stands still and nothing in it is left to chance."""
        assert run("demo").out == run("demo").out

    def test_its_document_counts_what_the_story_tells(self, run: Run) -> None:
        """The second plan has nothing to do."""
        document = run("demo", "--json").document

        assert (document["plan"]["create"], document["apply"]["done"], document["verify"]["proved"]) == (2, 2, 2)
        assert (document["cutover"]["moved"], document["cutover"]["failed"]) == (2, 0)
        assert document["fires"] == {"due": 18, "once": 18, "extra": 0}
        assert sum(document["again"][action] for action in ("create", "update", "replace", "delete")) == 0
        assert len(document["after"]) == len(document["before"]["devin"]) + 2

    def test_a_second_plan_that_is_not_empty_is_a_failure(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """The demonstration would say so, and end with 1."""

        async def refuse(*_asked: object) -> bool:
            return False

        def idle(step: Any) -> Any:
            async def asked(*arguments: Any, **options: Any) -> Any:
                return await step(*arguments, **(options | {"agree": refuse}))

            return asked

        monkeypatch.setattr(commands, "apply", idle(commands.apply))
        monkeypatch.setattr(cutovers, "cutover", idle(cutovers.cutover))
        ended = run("demo")

        assert ended.code == 1
        assert "The second plan is not empty: this is a bug in migrator." in ended.out.splitlines()
