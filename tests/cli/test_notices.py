"""[notify] in migrator.toml: a sync tells those who are named there, and its result does not depend on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.sandbox import World
from tests.cli.bench import Run
from tests.listening import Inbox

NOTIFY = """
[notify]
urls = ["env:MIGRATOR_NOTIFY"]
on = ["failure"]
"""


@pytest.fixture
def told(here: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    """The inbox of the one whom the config names."""
    config = here / "migrator.toml"
    config.write_text(config.read_text("utf-8") + NOTIFY, "utf-8")
    monkeypatch.setenv("MIGRATOR_NOTIFY", inbox.url)
    return inbox


def test_a_failing_sync_is_told(told: Inbox, run: Run, world: World) -> None:
    """The night that fails is told, the night that works is not."""
    assert run("sync", "omni-to-devin").code == 0
    assert told.got == []
    world.fault("status", provider="devin", status=401, times=0)
    ended = run("sync", "omni-to-devin", "--json")

    assert (ended.code, [got["title"] for got in told.got]) == (1, ["migrator: omni-to-devin needs a look"])
    assert "notification" not in ended.err


def test_nobody_there_changes_nothing(told: Inbox, run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code and the document are those of the sync; that it was not told is said on stderr, without the URL."""
    monkeypatch.setenv("MIGRATOR_NOTIFY", "json://me:secret@127.0.0.1:1/hook")
    world.fault("status", provider="devin", status=401, times=0)
    ended = run("sync", "omni-to-devin", "--json")

    assert (ended.code, ended.document["exit_code"]) == (1, 1)
    assert "notification not sent: migrator.toml:" in ended.err
    assert "(notify.urls.[0]) was not reached" in ended.err.replace("urls[0]", "urls.[0]")
    assert "secret" not in ended.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('urls = ["slack://secret-token"]', "does not say where the secret is kept"),
        ("urls = []", "is empty"),
        ('urls = ["env:A"]\non = ["success"]', "is not one of its values"),
        ('on = ["drift"]', "lacks the key urls"),
    ],
)
def test_mistakes_are_told_with_their_place(here: Path, run: Run, line: str, said: str) -> None:
    """A URL in the file, which may hold a secret, is refused without being shown."""
    config = here / "migrator.toml"
    config.write_text(f"{config.read_text('utf-8')}\n[notify]\n{line}\n", "utf-8")
    ended = run("sync", "omni-to-devin")

    assert (ended.code, said in ended.err, "secret-token" in ended.err) == (2, True, False)


def test_doctor_looks_at_them(told: Inbox, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody is to be told, the package is needed, and the URL has to be one; nobody is told anything."""
    found = {check["what"]: check for check in run("doctor", "--json").document["checks"]}
    assert (found["notify"]["status"], found["urls[0]"]["status"], told.got) == ("ok", "ok", [])

    monkeypatch.setenv("MIGRATOR_NOTIFY", "nonsense://secret")
    wrong = run("doctor")
    assert (wrong.code, "holds no URL that Apprise knows" in wrong.out, "secret" in wrong.out) == (1, True, False)
