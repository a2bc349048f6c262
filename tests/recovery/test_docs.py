"""The commands of docs/reliability.md work as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from migrator.cli import main
from migrator.sandbox import BackgroundServer, World, settings
from tests.conformance.lab import Lab

GUIDE = Path(__file__).parents[2] / "docs" / "reliability.md"


def shown() -> list[str]:
    """Every command of the guide, in order."""
    return re.findall(r"^\$ migrator (.+)$", GUIDE.read_text("utf-8"), re.MULTILINE)


def test_the_commands_of_the_guide(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command does what the text beside it says, on a run that lost an answer."""
    world = World(clock=None)
    with BackgroundServer(world) as server, Lab(world, server.port, folder, "omni", "devin") as lab:
        for path in settings(world, server.port).values():
            if "env" in path:
                monkeypatch.setenv(path["env"], path["token"])
        monkeypatch.chdir(folder)

        def run(command: str, **stands: str) -> tuple[int, str]:
            assert command in shown()
            capsys.readouterr()
            words = [stands.get(word, word) for word in command.split()]
            return main(words), capsys.readouterr().out

        def uncertain(number: int) -> str:
            """Lose a response for good, and put a copy beside what was made; return the run."""
            lab.source.wish(number)
            world.fault("reset", method="POST", after=True)
            world.fault("status", status=403, provider="devin", method="GET", nth=2, times=0)
            assert 4 == main(["apply", "it", "--yes"])
            world.faults.clear()
            (mine,) = [raw for raw in lab.made.values() if raw["name"] == f"Job {number:03}"]
            lab.target.put({**mine, "scheduled_session_id": f"sched-{number:032}"})
            assert 3 == main(["plan", "it"])
            return lab.state.runs()[0].id

        first = uncertain(1)
        assert f"migrator settle {first}" in run("status")[1]
        keep, twin = sorted(lab.made)
        assert 0 == run("settle RUN JOB --created ID", RUN=first, JOB="Job 001", ID=keep)[0]
        lab.target.remove(twin)
        assert 0 == run("apply SYNC --yes", SYNC="it")[0]

        second = uncertain(2)
        lab.target.remove(*(key for key in lab.made if key != keep))
        assert 0 == run("settle RUN JOB --not-created", RUN=second, JOB="Job 002")[0]
        code, out = run("apply --resume RUN --yes", RUN=second)
        assert (0, True) == (code, "1 done" in out)
        assert ["Job 001", "Job 002"] == [job.name for job in lab.target_jobs()]

        third = lab.state.runs()[0].id
        assert all(run_id in run("history")[1] for run_id in (first, second, third))
        assert "create  Job 002" in run("history RUN", RUN=third)[1]
        assert 0 == run("rollback RUN --yes", RUN=third)[0]
        assert ["Job 001"] == [job.name for job in lab.target_jobs()]

        (mine,) = lab.made.values()
        lab.target.put({**mine, "scheduled_session_id": f"sched-{3:032}"})
        (copy,) = (key for key in lab.made if key != keep)
        code, out = run("dedupe SYNC", SYNC="it")
        assert (3, True, True) == (code, keep in out, copy in out)
        assert 0 == run("dedupe SYNC --remove ID --yes", SYNC="it", ID=copy)[0]
        assert [keep] == list(lab.made)
        assert (0, "No active lock.\n") == run("unlock")
        lab.state.lock(f"devin:{lab.scope}", "of another")
        assert 0 == run("unlock TARGET --yes", TARGET="devin")[0]
        assert {} == lab.state.owners()


def test_every_command_of_the_guide_is_tried() -> None:
    """No command stands in the guide that the test above does not run."""
    source = Path(__file__).read_text("utf-8")

    assert [command for command in shown() if f'run("{command}"' not in source] == []
