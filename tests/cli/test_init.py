"""init: a starter without questions, or a config file out of a conversation at a terminal."""

from __future__ import annotations

import os
import pty
import re
import sys
from pathlib import Path

import pytest

from migrator.config import load
from migrator.providers.registry import PROVIDERS
from migrator.sandbox import World
from tests.cli.bench import Run
from tests.cli.terminal import COMMAND, Typed, environment

pytestmark = pytest.mark.slow

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PROMPT = re.compile(rb"(?:\[[^\]\n]+\]|\(such as [^\n]+\)) $")


def converse(arguments: list[str], answers: list[str], *, env: dict[str, str] | None = None) -> Typed:
    """Run a command on a terminal of its own, and give one answer to each question, then the end of input."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover (another process)
        os.execve(sys.executable, [*COMMAND, *arguments], environment(NO_COLOR="1", COLUMNS="200", **(env or {})))  # noqa: S606 (our own command)
    shown, seen, left = b"", 0, [*answers]
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        plain = ANSI.sub("", shown.decode(errors="replace")).encode()
        if PROMPT.search(plain) and len(shown) > seen:
            seen = len(shown)
            os.write(terminal, f"{left.pop(0)}\n".encode() if left else b"\x04")
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return Typed(os.waitstatus_to_exitcode(status), ANSI.sub("", shown.decode()).replace("\r", ""))


@pytest.fixture
def base_url(here: Path) -> str:
    """Where the served Omni is; the config file that led there is gone."""
    found = re.search(r'base_url = "(http://[^"]*/omni/api)"', (here / "migrator.toml").read_text("utf-8"))
    assert found
    (here / "migrator.toml").unlink()
    return found[1]


def test_a_conversation_makes_a_config(here: Path, base_url: str) -> None:
    """Platforms, what each needs, and the sync; the credential is tried, and the next steps are named."""
    answers = ["omni, devin", base_url, "", "org-77", "env:NOT_SET_HERE", "", ""]
    typed = converse(["init"], answers)
    config = load(here / "migrator.toml", providers=PROVIDERS)

    assert typed.code == 0, typed.shown
    assert list(config.connections) == ["omni", "devin", "archive"]
    assert config.connections["omni"].base_url == base_url
    assert config.connections["devin"].text("org_id") == "org-77"
    assert config.tokens["devin"].reference == "env:NOT_SET_HERE"
    assert (config.sync("nightly").source, config.sync("nightly").target) == ("omni", "devin")
    assert "authenticated, 3 jobs" in typed.shown
    assert "the environment variable NOT_SET_HERE is not set" in typed.shown
    assert typed.shown.splitlines()[-3:] == [
        "  migrator doctor",
        "  migrator audit omni --to devin",
        "  migrator plan nightly",
    ]


def test_a_secret_is_never_taken(here: Path, base_url: str) -> None:
    """Who types the secret itself is told to keep it elsewhere, and asked again; it does not reach the file."""
    typed = converse(["init"], ["omni", base_url, "omni_sk_SECRET", "env:OMNI_API_KEY", ""])

    assert typed.code == 0, typed.shown
    assert "does not say where the secret is kept" in typed.shown
    assert "SECRET" not in (here / "migrator.toml").read_text("utf-8")


def test_a_wrong_answer_is_asked_again(here: Path, base_url: str) -> None:
    """A platform that is none, an address that is none, and no answer at all, are told with what would do."""
    typed = converse(["init"], ["omny", "omni", "", "acme.example.com", base_url, "", ""])

    assert typed.code == 0, typed.shown
    assert 'did you mean "omni"?' in typed.shown
    assert "base_url is no URL" in typed.shown


def test_a_connection_that_does_not_work_is_asked_again(here: Path, base_url: str, world: World) -> None:
    """Until it works, or is to stay as it is; what was said stands in brackets."""
    wrong = {"WRONG": "wrong-key"}
    typed = converse(["init"], ["omni", base_url, "env:WRONG", "n", "", "env:OMNI_API_KEY", ""], env=wrong)

    assert typed.code == 0, typed.shown
    assert "the token is not accepted" in typed.shown
    assert f"[{base_url}]" in typed.shown
    assert load(here / "migrator.toml", providers=PROVIDERS).tokens["omni"].reference == "env:OMNI_API_KEY"


@pytest.mark.parametrize("answers", [[], ["omni"]])
def test_who_leaves_in_between_leaves_nothing(here: Path, base_url: str, answers: list[str]) -> None:
    """The end of input writes no file."""
    typed = converse(["init"], answers)

    assert (typed.code, list(here.iterdir())) == (130, [])


def test_a_file_that_is_there_is_told_before_any_question(here: Path) -> None:
    """Nobody answers questions in vain."""
    before = (here / "migrator.toml").read_text("utf-8")
    typed = converse(["init"], [])

    assert (typed.code, "Which platforms" in typed.shown) == (2, False)
    assert (here / "migrator.toml").read_text("utf-8") == before


def test_nothing_is_asked_without_a_terminal(run: Run, tmp_path: Path) -> None:
    """The commented starter is written, as a whole, and read by anybody."""
    made = tmp_path / "made.toml"
    ended = run("init", "-c", str(made))

    assert (ended.code, ended.out.splitlines()[1]) == (0, f"  migrator doctor -c {made}")
    assert [path.name for path in tmp_path.iterdir()] == ["made.toml"]
    assert load(made, providers=PROVIDERS).connections


def test_a_folder_that_is_not_there(run: Run, tmp_path: Path) -> None:
    """An error with a next step, and no file."""
    ended = run("init", "-c", str(tmp_path / "absent" / "migrator.toml"))

    assert (ended.code, "see that its folder is there" in ended.err) == (2, True)
