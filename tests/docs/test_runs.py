"""The commands of the documentation, run as they stand."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from migrator.sandbox import BackgroundServer, World, load_samples, migrator_toml, settings
from migrator.store import open_state
from tests.docs.pages import COMMANDS, ROOT, Block, every_block

Story = list[Block]
"""Blocks that follow each other in one folder."""

_END = "\x1e"


def stories() -> list[Story]:
    """The blocks that are run, by page and scenario."""
    found: defaultdict[tuple[Path, str], Story] = defaultdict(list)
    for block in every_block():
        if block.annotation in {"run", "prints"}:
            found[block.page, block.of].append(block)
    return list(found.values())


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[World, int]]:
    """Simulators, and their port."""
    world = World(clock=None)
    with BackgroundServer(world) as server:
        yield world, server.port


def environment(folder: Path) -> dict[str, str]:
    """Ours, with the command on the path and nothing of ours at home."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    more = {"PATH": path, "HOME": str(folder), "NO_COLOR": "1", "COLUMNS": "100", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **more}


def furnish(scenario: str, folder: Path, served: tuple[World, int]) -> dict[str, str]:
    """Put into the folder what a scenario begins with; what its environment holds."""
    if scenario.startswith("empty"):
        return {}
    world, port = served
    world.clear()
    load_samples(world)
    (folder / "migrator.toml").write_text(migrator_toml(world, port), encoding="utf-8")
    if "state" in scenario:
        open_state(f"sqlite:///{folder}/migrator.db", now=lambda: datetime.now(UTC)).close()
    return {way["env"]: way["token"] for way in settings(world, port).values() if "env" in way}


@pytest.mark.slow
@pytest.mark.parametrize("story", stories(), ids=lambda story: f"{story[0].place}-{story[0].of}")
def test_a_story_runs(story: Story, tmp_path: Path, served: tuple[World, int], free_port: int) -> None:
    """Each command ends as it says, and prints what is shown below it."""
    env = environment(tmp_path) | furnish(story[0].of, tmp_path, served)
    printed = _run_commands(story, tmp_path, env, free_port)
    for block in story:
        if block.annotation == "prints":
            missing = not_printed(tuple(block.text.splitlines()), printed[block.place])
            assert not missing, f"{block.place} shows {missing!r}, which is not printed:\n{printed[block.place]}"
    for block in story:
        if block.language == "python":
            done = run([sys.executable, "-c", block.text], tmp_path, env)
            assert done.returncode == 0, f"{block.place}\n{done.stderr}"


def run(command: list[str], folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run something there, to its end, whatever that is."""
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300)


def _run_commands(story: Story, folder: Path, env: dict[str, str], port: int) -> dict[str, str]:
    """Run the commands of a story in one shell, one after another as they are pasted.

    Returns:
        By each block that shows what is printed, all that the block of commands above it printed.
    """
    commands = [(block, one) for block in story if block.language in COMMANDS for one in block.commands]
    stop = "[ -e sandbox/server.json ] && migrator sandbox --stop >/dev/null 2>&1"
    script = [f"trap '{stop}' EXIT"]
    for _block, command in commands:
        script += [command.text.replace("8765", str(port)), f"printf '{_END}%s{_END}' $?"]
    shell = ["bash", "-c", "exec 2>&1\n" + "\n".join(script)]
    done = run(shell, folder, env)
    parts = done.stdout.split(_END)
    assert len(parts) == 2 * len(commands) + 1, done.stdout
    by_block: defaultdict[str, str] = defaultdict(str)
    for (block, command), printed, code in zip(commands, parts[::2], parts[1::2], strict=False):
        assert command.code == int(code), f"{command.text} ended with {code}:\n{printed}"
        missing = not_printed(command.shown, printed)
        assert not missing, f"{command.text} does not print {missing!r}:\n{printed}"
        by_block[block.place] += printed
    above, found = "", dict[str, str]()
    for block in story:
        above = by_block.get(block.place, above)
        if block.annotation == "prints":
            found[block.place] = above
    return found


def not_printed(shown: tuple[str, ...], printed: str) -> str:
    """The first line that is shown and not printed in its place; "" when all are."""
    left = iter(printed.splitlines())
    for line in shown:
        if line.strip() == "…":
            continue
        pattern = re.compile(r"\s+".join(map(_words, line.split())))
        if not any(pattern.fullmatch(" ".join(found.split())) for found in left):
            return line
    return ""


def _words(word: str) -> str:
    return ".*".join(map(re.escape, word.split("…")))


def test_what_is_not_printed_is_found() -> None:
    """The check itself: order counts, an ellipsis stands for anything, blanks do not matter."""
    assert not_printed(("a  b", "…", "c … e"), "a b\nx\nc d d e\n") == ""
    assert not_printed(("c", "a"), "a\nc\n") == "a"
    assert not_printed(("a",), "ab\n") == "a"
