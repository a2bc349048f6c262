"""Notifications: sent by Apprise to a real server, silent about secrets and texts, and never in the way of a sync."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import migrator
from migrator.config import Occasion, Token
from migrator.notify import Notice, send
from migrator.report.notices import notice_of
from tests.listening import Inbox
from tests.report.sync_results import bad_night, edited, outcome, plan, sync_run_of, synced

ALL = get_args(Occasion)
NOTICE = Notice(title="migrator: nightly needs a look", body="changed on both sides: Weekly note", kind="warning")


def sent(*urls: str) -> tuple[str, ...]:
    """What went wrong when the notice was sent to these."""
    environ = {f"URL_{number}": url for number, url in enumerate(urls)}
    to = [Token(reference=f"env:{name}", where=f"migrator.toml:{name}") for name in environ]
    return send(NOTICE, to, environ=environ, base_dir=Path())


def test_a_notice_reaches_everybody(inbox: Inbox) -> None:
    """Each URL gets the title, the text and how pressing it is."""
    assert sent(inbox.url, f"{inbox.url}/other") == ()

    assert [got["path"] for got in inbox.got] == ["/inbox", "/inbox/other"]
    first = inbox.got[0]
    assert (first["title"], first["message"], first["type"]) == (NOTICE.title, NOTICE.body, "warning")


def test_one_that_is_not_reached_does_not_stop_the_others(inbox: Inbox, caplog: pytest.LogCaptureFixture) -> None:
    """What went wrong is said by the place of the URL in the file, and never with the URL."""
    with caplog.at_level(logging.DEBUG):
        failed = sent("json://me:secret@127.0.0.1:1/", "nonsense://secret", "secret", inbox.url)

    assert failed == (
        "migrator.toml:URL_0 was not reached",
        "migrator.toml:URL_1 holds no URL that Apprise knows",
        "migrator.toml:URL_2 holds no URL that Apprise knows",
    )
    assert [len(inbox.got), "secret" in caplog.text] == [1, False]


def test_a_server_that_says_no_is_told(inbox: Inbox) -> None:
    """A refusal counts as not reached."""
    inbox.status = 500

    assert sent(inbox.url) == ("migrator.toml:URL_0 was not reached",)


def test_a_secret_that_is_not_there_is_told() -> None:
    """A URL that leads to nothing is said in the words of every secret."""
    to = [Token(reference="env:NOWHERE", where="migrator.toml:3:1")]

    assert send(NOTICE, to, environ={}, base_dir=Path()) == (
        "migrator.toml:3:1: the environment variable NOWHERE is not set; set it: export NOWHERE=…",
    )


def test_apprise_is_loaded_when_it_is_needed(tmp_path: Path) -> None:
    """Neither the command line nor the pipeline, nor a sync without anything to tell, imports it."""
    script = (
        "import sys, migrator.cli.sync_run, migrator.notify; from migrator.report.notices import notice_of; "
        "print('apprise' in sys.modules)"
    )
    environ = {"PYTHONPATH": str(Path(migrator.__file__).parent.parent)}
    ran = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)

    assert ran.stdout == "False\n"


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Apprise is not installed, it is said how to get it."""
    monkeypatch.setitem(sys.modules, "apprise", None)

    assert "migrator[notify]" in sent("json://127.0.0.1")[0]


def test_a_quiet_night_is_not_announced() -> None:
    """Nothing is told when all is in order, nor of what was told before, nor of a job that is merely blocked."""
    blocked = synced(plan=plan(edited("Weekly note", is_conflict=True).change))
    old = synced(drifted=(edited("Weekly note", is_new=False), edited("Other", is_new=False, is_conflict=True)))

    assert [notice_of(sync_run_of(one), ALL) for one in (synced(), blocked, old)] == [None, None, None]


@pytest.mark.parametrize(
    ("occasion", "said"),
    [
        ("failure", "failed: Weekly note"),
        ("lapse", "will not stay exact: Weekly note (until 2026-11-21 11:17 UTC)"),
        ("conflict", "changed on both sides: Weekly note (action.text)"),
    ],
)
def test_people_are_told_of_what_they_asked_for(occasion: Occasion, said: str) -> None:
    """Each occasion has its line, and no other line comes with it."""
    notice = notice_of(bad_night(), [occasion])
    assert notice
    lines = notice.body.splitlines()

    assert said in lines
    others = ("failed:", "will not stay exact:", "changed on both sides:", "edited at the target:")
    assert [line for line in lines if line.startswith(others)] == [said]


def test_an_edit_is_announced_once() -> None:
    """A new edit at the target is told; the next night it is known."""
    notice = notice_of(sync_run_of(synced(drifted=(edited("Weekly note"), edited("Old", is_new=False)))), ["drift"])

    assert notice
    assert notice.body.splitlines() == [
        "nightly (omni → devin): 0 unchanged, 2 drifted jobs (1 new)",
        "edited at the target: Weekly note (action.text)",
    ]
    assert (notice.title, notice.kind) == ("migrator: nightly needs a look", "warning")


def test_a_sync_that_ended_early_says_why_and_what_next() -> None:
    """The error's own sentence and its next step, without what the platform said."""
    notice = notice_of(bad_night(), ["failure"])

    assert notice
    assert (notice.title, notice.kind) == ("migrator: 2 of 3 syncs need a look", "failure")
    assert "other (omni → devin): the token is refused\nnext: check the token\nsee: migrator status" in notice.body
    assert "quiet" not in notice.body


def test_an_error_that_is_not_ours_is_not_quoted() -> None:
    """What a stray error says may hold anything; its kind is enough."""
    notice = notice_of(sync_run_of(synced(plan=None, error=KeyError("Their prompt."))), ALL)

    assert notice
    assert notice.body.startswith("nightly (omni → devin): unexpected KeyError\n")


def test_no_prompt_is_told() -> None:
    """Fields are named, what stands in them is not; names cannot break a line; long lists are counted."""
    drifted = tuple(edited(f"Job {number}\n\x1b[31m", is_conflict=True) for number in range(12))
    failed = synced().applied.__class__(run="r", outcomes=(outcome("A\nb", "failed", "Their prompt. is too long"),))
    notice = notice_of(sync_run_of(synced(drifted=drifted, applied=failed)), ALL)

    assert notice
    assert "prompt." not in notice.body
    assert "\x1b" not in notice.body
    assert "and 2 more" in notice.body
    assert len(notice.body.splitlines()) == 4
