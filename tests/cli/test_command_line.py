"""What can be typed: help, shared options on either side of the command, and what is said about anything else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import migrator
from migrator.cli.app import app
from tests.cli.bench import Run

TOP = sorted(
    [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    + [str(group.name) for group in app.registered_groups]
)
BELOW = sorted(
    f"{group.name} {command.name or command.callback.__name__}"
    for group in app.registered_groups
    if group.typer_instance
    for command in group.typer_instance.registered_commands
    if command.callback
)
COMMANDS = sorted({*TOP, *BELOW} - {below.split()[0] for below in BELOW})
SHARED = ("--config", "-c", "--mappings", "--json", "--debug", "--verbose", "-v", "--help")


def test_without_arguments_it_says_what_it_can_do(run: Run) -> None:
    """`migrator` alone is `migrator --help`: every command, and what exit codes mean."""
    ended = run()

    assert (ended.code, ended.err, ended.out) == (0, "", run("--help").out)
    assert [name for name in TOP if f"\n  {name} " not in ended.out] == []
    assert "Exit codes: 0 done or no changes; 1 failed; 2 " in ended.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    """Its help begins with its usage and a sentence, and lists the shared options."""
    ended = run(*command.split(), "--help")
    usage, _, sentence, *rest = ended.out.splitlines()

    assert (ended.code, usage.startswith(f"Usage: migrator {command} "), sentence[:2]) == (0, True, "  ")
    assert [option for option in SHARED if option not in " ".join(rest)] == []


def test_help_fits_on_one_line_for_each_command(run: Run) -> None:
    """The list of commands cuts no sentence short."""
    assert [line for line in run("--help").out.splitlines() if line.startswith("  ") and line.endswith("...")] == []


def test_the_version_is_that_of_the_package(run: Run) -> None:
    """--version says it and stops."""
    assert run("--version").out == f"migrator {migrator.__version__}\n"


@pytest.mark.parametrize("place", ["before", "after"])
def test_shared_options_stand_on_either_side(run: Run, tmp_path: Path, place: str) -> None:
    """-c and --json mean the same before the command and after it."""
    shared = ["-c", str(tmp_path / "made.toml"), "--json"]
    ended = run(*shared, "init") if place == "before" else run("init", *shared)

    assert (ended.code, ended.document["path"]) == (0, str(tmp_path / "made.toml"))


def test_what_stands_nearer_to_the_command_counts(run: Run, tmp_path: Path) -> None:
    """Where both sides name a config, the command's own wins."""
    run("-c", str(tmp_path / "far.toml"), "init", "-c", str(tmp_path / "near.toml"))

    assert [path.name for path in tmp_path.iterdir()] == ["near.toml"]


@pytest.mark.parametrize(
    ("arguments", "what", "hint"),
    [
        (["plam"], "No such command 'plam'. Did you mean 'plan'?", "migrator --help"),
        (["plan"], "Missing argument 'SYNC'", "migrator plan --help"),
        (["state"], "Missing command", "migrator state --help"),
        (["plan", "x", "--nope"], "No such option: --nope", "migrator plan --help"),
        (["schema", "plam"], "unknown document", 'did you mean "plan"?'),
        (["explain", "0 9 * * *", "--from", "vixi"], "unknown dialect", 'did you mean "vixie"?'),
        (["sandbox", "--load", "omny=x.json"], "unknown simulator", 'did you mean "omni"?'),
    ],
)
def test_wrong_usage_ends_with_2_and_a_next_step(run: Run, arguments: list[str], what: str, hint: str) -> None:
    """On stderr in the shape of every error; stdout stays empty."""
    ended = run(*arguments)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"error: {what}")
    assert ended.err.endswith(f"  next: {hint}\n")


def test_wrong_usage_is_a_document_too(run: Run) -> None:
    """With --json, stdout has one document even when the command line cannot be read."""
    ended = run("plan", "--json")

    assert (ended.code, ended.document["schema"], ended.document["exit_code"]) == (2, "migrator/error@1", 2)


def test_the_package_is_a_command(tmp_path: Path) -> None:
    """`python -m migrator` is the command, and its exit code is the process's."""
    ran = subprocess.run(
        [sys.executable, "-m", "migrator", "plan", "nightly"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(migrator.__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (2, "")
    assert (
        ran.stderr
        == "error: the config file does not exist\n  where: migrator.toml\n  next: create it: migrator init\n"
    )


def test_help_loads_nothing_slow(tmp_path: Path) -> None:
    """Help imports neither HTTP nor database nor terminal libraries, nor what imports them."""
    script = "import sys; from migrator.cli import main; main(['--help']); print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(Path(migrator.__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(ran.stdout.splitlines()[-1].split())

    assert {"httpx", "sqlalchemy", "rich", "cattrs", "starlette", "croniter"} & loaded == set()
    assert {"migrator.sync.commands", "migrator.cron", "migrator.config", "migrator.report"} & loaded == set()
