"""Orphaned jobs are listed, and `state move` gives them to others, as docs/running.md says."""

from __future__ import annotations

import re
from typing import Any

import attrs
import pytest
from jsonschema import Draft202012Validator

from migrator.report.schemas import SCHEMAS
from migrator.sandbox import omni
from migrator.store import open_state
from tests.cli.bench import routine
from tests.identity.desk import Desk, bindings, shown

pytestmark = pytest.mark.slow

PAIRS = [("omni", "devin"), ("omni", "scrip"), ("devin", "omni"), ("omni", "jobs")]


def test_a_renamed_sync_leaves_orphans(desk: Desk) -> None:
    """`status` and `sync` list them with the command that gives them to the new name; nothing is made twice."""
    desk.well("sync", "nightly")
    desk.configure(name="daily")

    synced, standing = desk.well("sync", "daily", "--report", "night.md"), desk.well("status")

    command = "migrator state move sync.nightly sync.daily"
    assert "No sync owns 3 managed jobs" in (desk.folder / "night.md").read_text("utf-8")
    for said in (synced.out, standing.out):
        assert "orphans 3 jobs that no sync owns: the config has no sync nightly" in said
        assert all(name in said for name in ("Alpha", "Beta", "Gamma"))
        assert command in said
    for name, document in (("run", shown(desk, "sync", "daily")), ("status", shown(desk, "status"))):
        Draft202012Validator(SCHEMAS[name]()).validate(document)
        assert document["orphans"][0]["command"] == command
    desk.typed(standing.out)
    assert shown(desk, "status")["orphans"] == []
    assert "orphans " not in desk.well("sync", "daily").out
    assert len(desk.held("devin")) == 3


def test_moved_jobs_belong_to_the_new_sync(desk: Desk) -> None:
    """What left the source is removed by the sync that owns it now, and not by one that does not."""
    desk.well("sync", "nightly")
    desk.configure(name="daily", on_missing="delete", limits={"deletes": "100%"})
    desk.routines("Alpha", "Beta")
    desk.well("sync", "daily")
    assert len(desk.held("devin")) == 3

    desk.well("state", "move", "sync.nightly", "sync.daily", "--yes")
    desk.well("sync", "daily")

    assert len(desk.held("devin")) == 2


def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    """It shows what would be moved, needs no answer, and writes neither to a platform nor to the state."""
    desk.well("sync", "nightly")
    before, writes = shown(desk, "state", "export")["tables"], desk.writes

    found = shown(desk, "state", "move", "scope.omni:127.0.0.1/omni/api", "scope.omni:acme", "--dry-run")

    Draft202012Validator(SCHEMAS["move"]()).validate(found)
    assert (found["action"], len(found["bindings"]), found["tags"], found["runs"]) == ("move", 3, 3, [])
    assert {one["after"]["source"]["scope"] for one in found["bindings"]} == {"acme"}
    assert (shown(desk, "state", "export")["tables"], desk.writes) == (before, writes)


def test_it_asks_first(desk: Desk) -> None:
    """Where nobody can be asked it needs --yes, and nothing is moved without."""
    desk.well("sync", "nightly")
    before = bindings(desk)

    ended = desk.run("state", "move", "sync.nightly", "sync.daily")

    assert (ended.code, bindings(desk)) == (2, before)
    assert "--yes" in ended.err


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_there_and_back(desk: Desk, source: str, target: str) -> None:
    """Tags follow by one write each that changes nothing else; the command that is named takes everything back."""
    desk.connections["jobs"] = {"provider": "json", "path": "jobs.json"}
    if source == "devin":
        desk.configure()
        desk.well("sync", "nightly")
        desk.world.stores["omni"].clear()
        for file in desk.folder.glob("migrator.db*"):
            file.unlink()
        for key, raw in desk.held("devin").items():
            desk.world.stores["devin"].put(_edited(desk, key, {**raw, "tags": []}))
    needed = {"set": {"action.model": omni.MODEL, "delivery.email": _EMAIL}} if target == "omni" else {}
    desk.configure(source=source, target=target, **needed)
    desk.well("sync", "nightly")
    old = f"devin:{_org(desk)}" if source == "devin" else "omni:127.0.0.1/omni/api"
    before, bound, tags = _content(desk, target), bindings(desk), _tags(desk, target)
    writes = desk.writes

    moved = shown(desk, "state", "move", f"scope.{old}", f"scope.{source}:elsewhere", "--yes")

    assert moved["tags"] == len(tags) == 3
    assert target == "jobs" or desk.writes - writes == 3
    assert not set(tags) & set(_tags(desk, target))
    assert _content(desk, target) == before
    assert {scope for _sync, scope, _id in bindings(desk)} == {"elsewhere"}
    assert shown(desk, "history")["runs"][0]["kind"] == "move"
    writes_of = shown(desk, "history", moved["runs"][0])["writes"]
    assert [one["state"] for one in writes_of] == ["done"] * 3

    desk.typed(moved["undo"])
    assert (_content(desk, target), bindings(desk), _tags(desk, target)) == (before, bound, tags)
    desk.nothing_left()


_EMAIL = {"recipients": ["ops@example.com"]}


def _org(desk: Desk) -> str:
    return next(iter(desk.held("devin").values()))["org_id"]


def _edited(desk: Desk, key: str, raw: dict[str, Any]) -> Any:
    return attrs.evolve(desk.world.stores["devin"].rows[key], data=raw)


def _tags(desk: Desk, target: str) -> list[str]:
    if target != "jobs":
        return desk.tags(target)
    return sorted(re.findall(r"migrator:[^\s\]\"]+", (desk.folder / "jobs.json").read_text("utf-8")))


def _content(desk: Desk, target: str) -> list[str]:
    """What a target holds, its tags and times apart."""
    text = (desk.folder / "jobs.json").read_text("utf-8") if target == "jobs" else ""
    records = [text] if target == "jobs" else [str({**raw, **_times(raw)}) for raw in desk.held(target).values()]
    return [re.sub(r"migrator:[^\s\]\"']+", "TAG", record) for record in records]


def _times(raw: dict[str, Any]) -> dict[str, str]:
    return {key: "" for key in raw if key in {"updatedAt", "updated_at", "last_edited_by"}}


def test_one_job_moves_alone(desk: Desk) -> None:
    """With --job, by name or id, the others stay; what takes it back names the job where others have the address."""
    desk.well("sync", "nightly")
    first = shown(desk, "state", "move", "sync.nightly", "sync.daily", "--job", "Alpha", "--yes")
    second = shown(desk, "state", "move", "sync.nightly", "sync.daily", "--job", routine("Beta")["id"], "--yes")
    assert [sync for sync, _scope, _id in bindings(desk)].count("daily") == 2

    desk.typed(second["undo"])
    desk.typed(first["undo"])

    assert {sync for sync, _scope, _id in bindings(desk)} == {"nightly"}


def test_a_tag_that_is_refused_moves_nothing(desk: Desk) -> None:
    """A target that refuses one tag leaves the state as it was; the same command finishes what is left."""
    desk.well("sync", "nightly")
    before = bindings(desk)
    desk.world.fault("status", provider="devin", method="PATCH", status=403, nth=2)
    move = ("state", "move", "scope.omni:127.0.0.1/omni/api", "scope.omni:acme", "--yes")

    ended = desk.run(*move)

    assert (ended.code, bindings(desk)) == (4, before)
    writes = desk.writes
    desk.well(*move)
    assert desk.writes - writes < 3
    assert {scope for _sync, scope, _id in bindings(desk)} == {"acme"}


def test_nobody_moves_under_a_run(desk: Desk) -> None:
    """A target whose lock is held by a run is not moved."""
    desk.well("sync", "nightly")
    state = open_state(f"sqlite:///{desk.folder}/migrator.db", now=desk.world.now)
    try:
        state.lock(f"devin:{_org(desk)}", "other")
        assert desk.run("state", "move", "sync.nightly", "sync.daily", "--yes").code == 5
        assert desk.run("state", "forget", "sync.nightly", "--yes").code == 5
    finally:
        state.close()


def test_a_write_without_outcome_is_settled_first(desk: Desk) -> None:
    """While nobody knows the end of a write, nothing is moved, and the message says what finds it out."""
    desk.well("sync", "nightly")
    desk.world.load("omni", [routine("Delta")])
    desk.world.fault("reset", provider="devin", method="POST", after=True)
    desk.world.fault("status", provider="devin", method="GET", status=500, nth=2, times=0)
    assert desk.run("sync", "nightly").code == 4
    desk.world.faults.clear()

    said = desk.refused("state", "move", "sync.nightly", "sync.daily", "--yes")

    assert "migrator plan nightly" in said


def test_an_older_run_is_rolled_back_after_a_move(desk: Desk) -> None:
    """Runs, writes and saved records follow, and a move itself is taken back by its own command."""
    desk.well("sync", "nightly")
    desk.world.stores["omni"].clear()
    desk.world.load("omni", [routine(name, prompt="Say more.") for name in ("Alpha", "Beta", "Gamma")])
    desk.configure(limits={"changes": "100%"})
    desk.well("sync", "nightly")
    run = shown(desk, "history")["runs"][0]["run"]
    desk.configure(name="daily")
    moved = shown(desk, "state", "move", "sync.nightly", "sync.daily", "--yes")

    refused = desk.refused("rollback", moved["runs"][0], "--yes")
    desk.well("rollback", run, "--yes")

    assert "migrator state move sync.daily sync.nightly" in refused
    assert sorted(raw["prompt"] for raw in desk.held("devin").values()) == ["Do Alpha.", "Do Beta.", "Do Gamma."]


def test_what_is_forgotten_is_taken_over_again(desk: Desk) -> None:
    """Forgotten jobs stay at the target, and adopt = "identical" knows them by their tags."""
    desk.well("sync", "nightly")
    before = desk.held("devin")
    dry = shown(desk, "state", "forget", "sync.nightly", "--dry-run")
    Draft202012Validator(SCHEMAS["move"]()).validate(dry)
    assert (len(dry["bindings"]), len(bindings(desk))) == (3, 3)

    desk.well("state", "forget", "sync.nightly", "--yes")

    assert (bindings(desk), desk.held("devin")) == ([], before)
    desk.configure(adopt="identical")
    desk.well("sync", "nightly")
    assert (len(bindings(desk)), desk.held("devin").keys()) == (3, before.keys())


@pytest.mark.parametrize(
    ("addresses", "told"),
    [
        (("nightly", "daily"), "not an address"),
        (("sync.nightly", "scope.omni:x"), "different kinds"),
        (("sync.other", "sync.daily"), "sync.nightly"),
        (("scope.omni", "scope.omni:x"), "not the address of a scope"),
        (("scope.omni:127.0.0.1/omni/api", "scope.devin:x"), "of its own provider"),
        (("connection.onmi", "connection.omni"), "omni"),
        (("job.Nothing", "job.x"), "unknown job"),
    ],
)
def test_what_cannot_be_meant_is_explained(desk: Desk, addresses: tuple[str, str], told: str) -> None:
    """A wrong address is a usage error that says what is known."""
    desk.well("sync", "nightly")

    ended = desk.run("state", "move", *addresses, "--yes")

    assert (ended.code, told in ended.err) == (2, True), ended.err
