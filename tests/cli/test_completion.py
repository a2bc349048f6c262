"""Completion in real shells: bash, and zsh and fish where they are installed."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from migrator.cli.completion import SCHEMAS as PROPOSED
from migrator.report.schemas import SCHEMAS
from migrator.sandbox import World
from tests.cli.bench import Run, routine

BIN = Path(sys.executable).parent
ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[=>])|[\r\x07]")

ASK = """
source migrator.bash
COMP_WORDS=({words} '{begun}')
COMP_CWORD={place}
_migrator_completion migrator
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def environment(**more: str) -> dict[str, str]:
    """Ours, with the installed command, and without a network to reach."""
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "TERM": "xterm", **more}


@pytest.fixture
def loaded(here: Path, run: Run) -> Path:
    """The working directory with the scripts of all shells."""
    for shell in ("bash", "zsh", "fish"):
        (here / f"migrator.{shell}").write_text(run("completion", shell).out, encoding="utf-8")
    return here


def bash(line: str) -> list[str]:
    """What bash proposes at the end of a line; nothing may be said on stderr."""
    *words, begun = line.split(" ")
    script = ASK.format(words=" ".join(words), begun=begun, place=len(words))
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return [one for one in done.stdout.splitlines() if one]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("migrator pl", ["plan"]),
        ("migrator plan le", ["lenient"]),
        ("migrator -c other.toml plan ", ["elsewhere"]),
        ("migrator plan -c other.toml ", ["elsewhere"]),
        ("migrator apply omni-to-d", ["omni-to-devin"]),
        ("migrator export arch", ["archive"]),
        ("migrator audit omni --to sc", ["scrip"]),
        ("migrator audit omni --mode ", ["window", "year", "single", "exact"]),
        ("migrator history --sync str", ["strict"]),
        ("migrator explain x --from ev", ["eventbridge"]),
        ("migrator schema prov", ["providers"]),
        ("migrator completion f", ["fish"]),
        ("migrator plan --detailed", ["--detailed-exitcode"]),
        ("migrator plan -c absent.toml ", []),
        ("migrator plan -c broken.toml ", []),
        ("migrator rollback ", []),
        ("migrator rollback --state postgresql://nobody@198.51.100.1/none ", []),
    ],
)
def test_bash_proposes_what_fits(loaded: Path, line: str, expected: list[str]) -> None:
    """Commands, options, and the names of syncs, connections, providers, dialects and documents; else nothing."""
    (loaded / "other.toml").write_text("[syncs.elsewhere]\n", encoding="utf-8")
    (loaded / "broken.toml").write_text("[syncs", encoding="utf-8")

    assert bash(line) == expected


def test_runs_are_proposed_latest_first(loaded: Path, run: Run) -> None:
    """The ids that `history` lists; looking makes no state."""
    assert bash("migrator history ") == []
    assert not (loaded / "migrator.db").exists()
    run("apply", "omni-to-devin", "--yes")
    run("apply", "omni-to-scrip", "--yes")
    known = [told["run"] for told in run("history", "--json").document["runs"]]

    assert bash("migrator history ") == known
    assert len(known) == 2
    assert bash(f"migrator settle {known[0][:8]}") == known


def test_jobs_are_proposed_by_the_names_that_the_state_knows(loaded: Path, run: Run, world: World) -> None:
    """As bash takes them, of the sync that is named; no platform is asked, and no file is proposed."""
    assert bash("migrator plan omni-to-devin --job ") == []
    world.load("omni", [routine("Stock levels")])
    run("apply", "omni-to-devin", "--yes")

    assert bash("migrator plan omni-to-devin --job Stock") == [r"Stock\ levels"]
    assert bash("migrator plan omni-to-scrip --job Stock") == []
    assert bash("migrator plan omni-to-devin --job migrator") == []


@pytest.mark.parametrize(("line", "told"), [("migrator plan omni-to-devin --job x", ""), ("migrator show x", "_files")])
def test_zsh_proposes_no_file_for_a_job(here: Path, line: str, told: str) -> None:
    """Elsewhere files are proposed where nothing else fits."""
    asked = environment(_TYPER_COMPLETE_ARGS=line, _MIGRATOR_COMPLETE="complete_zsh")
    command = [sys.executable, "-m", "migrator"]

    assert subprocess.run(command, env=asked, capture_output=True, text=True, check=True).stdout.strip() == told


def test_proposing_loads_nothing_slow(here: Path) -> None:
    """An answer between two keys waits for neither HTTP nor database nor terminal libraries."""
    script = "import sys; from migrator.cli import main; main([]); print(*sys.modules, file=sys.stderr)"
    asked = environment(COMP_WORDS="migrator plan len", COMP_CWORD="2", _MIGRATOR_COMPLETE="complete_bash")
    ran = subprocess.run([sys.executable, "-c", script], env=asked, capture_output=True, text=True, check=True)

    assert ran.stdout == "lenient\n"
    assert {"httpx", "sqlalchemy", "rich", "cattrs", "croniter", "migrator.config"} & set(ran.stderr.split()) == set()


def test_every_document_is_proposed() -> None:
    """The names that are proposed and that help lists are those that there are."""
    assert list(PROPOSED) == list(SCHEMAS)


def test_help_names_no_completion_options(run: Run) -> None:
    """The options that install completion elsewhere do not clutter help."""
    assert "completion" not in re.sub(r"\n  completion .*", "", run("--help").out)


def typed(shell: list[str], lines: list[str], expected: str) -> str:
    """What a terminal shows of a shell in which lines are typed, until `expected` is seen."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover (another process)
        os.execvpe(shell[0], shell, environment(PS1="> ", HISTFILE="/dev/null"))  # noqa: S606 (the shell under test)
    shown, until = "", time.monotonic() + 30
    for line in lines:
        os.write(terminal, line.encode())
    while expected not in shown and time.monotonic() < until:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown += ESCAPES.sub("", os.read(terminal, 4096).decode(errors="replace"))
            except OSError:
                break
    os.close(terminal)
    os.waitpid(child, 0)
    return shown


def test_tab_in_bash(loaded: Path) -> None:
    """A sync's name is finished where somebody types in a terminal."""
    lines = ["source migrator.bash\n", "migrator plan len\t"]

    assert "migrator plan lenient" in typed(["bash", "--norc", "--noprofile", "-i"], lines, "plan lenient")


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed here")
def test_tab_in_zsh(loaded: Path) -> None:
    """The same in zsh."""
    lines = ["autoload -Uz compinit; compinit -u -D; source migrator.zsh\n", "migrator plan len\t"]

    assert "migrator plan lenient" in typed(["zsh", "-f", "-i"], lines, "plan lenient")


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed here")
@pytest.mark.parametrize(
    ("line", "expected"), [("migrator plan len", ["lenient"]), ("migrator export arc", ["archive"])]
)
def test_fish_proposes_what_fits(loaded: Path, line: str, expected: list[str]) -> None:
    """The same in fish."""
    script = f"source migrator.fish; complete -C '{line}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], env=environment(), capture_output=True, text=True, check=True
    )

    assert (done.stdout.split(), done.stderr) == (expected, "")
