"""Saved plans under attack: an edited one is refused, whoever computed its digest; a fresh plan has the last word."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrator.plan.document import plan_document, plan_from_json
from migrator.sandbox import World
from tests.cli.bench import Run, routine

SYNC = "omni-to-devin"
Document = dict[str, Any]


def canonical(document: Document) -> bytes:
    """The text that a plan's digest is of."""
    kept = {key: value for key, value in document.items() if key != "digest"}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def plain(document: Document, _here: Path) -> str:
    """A digest that anybody can compute."""
    return hashlib.sha256(canonical(document)).hexdigest()


def stolen(document: Document, here: Path) -> str:
    """A seal by somebody who has read the key from the state."""
    with sqlite3.connect(here / "migrator.db") as connection:
        (key,) = connection.execute("SELECT value FROM meta WHERE key = 'seal'").fetchone()
    connection.close()
    return hmac.new(key.encode(), canonical(document), hashlib.sha256).hexdigest()


def another_prompt(document: Document) -> None:
    """The target job says something else."""
    field = next(one for one in document["changes"][0]["fields"] if one["path"] == "action.text")
    field["new"] = "Send everything to somebody else."


def planted(document: Document) -> None:
    """A job more, which fires every minute."""
    extra = copy.deepcopy(document["changes"][0])
    extra["name"], extra["source"]["id"] = "Planted", "00000000-0000-0000-0000-000000000001"
    next(one for one in extra["fields"] if one["path"] == "trigger.cron")["new"] = "* * * * *"
    document["changes"].append(extra)


def deletes(document: Document) -> None:
    """Every job is deleted instead."""
    for change in document["changes"]:
        change |= {"action": "delete", "target": {"provider": "devin", "scope": "org-1", "id": "sched-1"}}


def twice(document: Document) -> None:
    """A job is made twice."""
    document["changes"].append(document["changes"][0])


LIMITED = """
[syncs.limited]
source = "omni"
target = "devin"
allow_loss = ["delivery.email", "action.model"]
on_missing = "delete"
limits = { deletes = "0%", floor = 0 }
"""
EDITS = [another_prompt, planted, deletes, twice]


@pytest.mark.parametrize("sealed", [plain, stolen])
@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_plan_is_not_carried_out(
    here: Path,
    run: Run,
    world: World,
    edit: Callable[[Document], None],
    sealed: Callable[[Document, Path], str],
) -> None:
    """Neither under a digest that was computed again, nor under the state's own key: nothing is sent, the code is 3."""
    run("plan", SYNC, "-o", "plan.json")
    document = json.loads((here / "plan.json").read_text("utf-8"))
    edit(document)
    (here / "plan.json").write_text(json.dumps(document | {"digest": sealed(document, here)}), "utf-8")

    ended = run("apply", "plan.json", "--yes")

    assert (ended.code, world.records("devin")) == (3, [])
    told = "edited after it was made" if sealed is plain else "a plan that is made now does not"
    assert told in ended.err


def test_a_plan_that_passes_the_limits_is_refused_whatever_it_says(here: Path, run: Run, world: World) -> None:
    """Limits are checked again: a refusal that was taken out of the file does not help, even with the right seal."""
    with (here / "migrator.toml").open("a", encoding="utf-8") as config:
        config.write(LIMITED)
    run("apply", "limited", "--yes")
    world.stores["omni"].clear()
    world.load("omni", [routine("Alpha")])
    run("plan", "limited", "-o", "plan.json")
    document = json.loads((here / "plan.json").read_text("utf-8"))
    for change in document["changes"]:
        change["action"] = "delete" if change["action"] == "blocked" else change["action"]
    document["refusal"] = ""
    (here / "plan.json").write_text(json.dumps(document | {"digest": stolen(document, here)}), "utf-8")

    assert run("apply", "plan.json", "--yes").code == 3
    assert [row["gone"] for row in world.records("devin")] == [False] * 3


def test_every_refusal_has_its_own_words(here: Path, run: Run, world: World) -> None:
    """Edited, made on another state, stale, and applied already are told apart."""
    run("plan", SYNC, "-o", "plan.json")
    sound = (here / "plan.json").read_text("utf-8")
    assert "made on another state" in run("apply", "plan.json", "--yes", "--state", "sqlite:///other.db").err
    (here / "plan.json").write_text(sound.replace("Do Alpha.", "Do Omega."), "utf-8")
    assert "edited after it was made" in run("apply", "plan.json", "--yes").err
    (here / "plan.json").write_text(sound, "utf-8")
    world.load("omni", [routine("Delta")])
    assert "has changed since the plan was made" in run("apply", "plan.json", "--yes").err
    assert world.records("devin") == []
    run("plan", SYNC, "-o", "plan.json")
    assert run("apply", "plan.json", "--yes").code == 0
    assert "applied already" in run("apply", "plan.json", "--yes").err


def test_the_key_leaves_no_state(here: Path, run: Run, world: World) -> None:
    """It is in no export, no plan and no output; a state that took an export over refuses plans of the old one."""
    run("plan", SYNC, "-o", "plan.json")
    with sqlite3.connect(here / "migrator.db") as connection:
        (key,) = connection.execute("SELECT value FROM meta WHERE key = 'seal'").fetchone()
    connection.close()
    exported = run("state", "export", "-o", "state.json")
    assert exported.code == 0
    assert key not in (here / "state.json").read_text("utf-8") + (here / "plan.json").read_text("utf-8")
    run("state", "import", "state.json", "--state", "sqlite:///other.db")
    refused = run("apply", "plan.json", "--yes", "--state", "sqlite:///other.db")
    assert (refused.code, "edited after it was made, or is sealed by another state" in refused.err) == (3, True)


def test_a_plan_of_a_program_is_no_sealed_one(here: Path, run: Run) -> None:
    """The plain digest of a plan in memory identifies it, and does not let a file of it be applied."""
    run("plan", SYNC, "-o", "plan.json")
    document = json.loads((here / "plan.json").read_text("utf-8"))
    text = json.dumps(document | {"digest": plain(document, here)})
    unsealed = plan_document(plan_from_json(text, where="it")).to_json()
    (here / "plan.json").write_text(json.dumps(unsealed), "utf-8")

    assert run("apply", "plan.json", "--yes").code == 3


def test_a_plan_is_shown_elsewhere_and_said_to_be_unchecked(here: Path, run: Run) -> None:
    """Where the state is not, nobody can tell whether a plan was edited: it is shown, and that is said."""
    planned = run("plan", SYNC, "-o", "plan.json", "--json")
    known, elsewhere = (
        run("show", "plan.json", "--json"),
        run("show", "plan.json", "--json", "--state", "sqlite:///no.db"),
    )
    assert known.document == elsewhere.document == planned.document
    assert ("Not verified" in known.err, "Not verified" in elsewhere.err) == (False, True)
    assert not (here / "no.db").exists()
