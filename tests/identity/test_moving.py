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
from tests.identity.installation import Installation, bindings, shown

pytestmark = pytest.mark.slow

PAIRS = [("omni", "devin"), ("omni", "scrip"), ("devin", "omni"), ("omni", "jobs")]


def test_a_renamed_sync_leaves_orphans(installation: Installation) -> None:
    """`status` and `sync` list them with the command that gives them to the new name; nothing is made twice."""
    installation.well("sync", "nightly")
    installation.configure(name="daily")

    synced, status = installation.well("sync", "daily", "--report", "night.md"), installation.well("status")

    command = "migrator state move sync.nightly sync.daily"
    assert "No sync owns 3 managed jobs" in (installation.folder / "night.md").read_text("utf-8")
    for said in (synced.out, status.out):
        assert "orphans 3 jobs that no sync owns: the config has no sync nightly" in said
        assert all(name in said for name in ("Alpha", "Beta", "Gamma"))
        assert command in said
    for name, document in (("run", shown(installation, "sync", "daily")), ("status", shown(installation, "status"))):
        Draft202012Validator(SCHEMAS[name]()).validate(document)
        assert document["orphans"][0]["command"] == command
    installation.typed(status.out)
    assert shown(installation, "status")["orphans"] == []
    assert "orphans " not in installation.well("sync", "daily").out
    assert len(installation.jobs_at("devin")) == 3


def test_moved_jobs_belong_to_the_new_sync(installation: Installation) -> None:
    """What left the source is removed by the sync that owns it now, and not by one that does not."""
    installation.well("sync", "nightly")
    installation.configure(name="daily", on_missing="delete", limits={"deletes": "100%"})
    installation.routines("Alpha", "Beta")
    installation.well("sync", "daily")
    assert len(installation.jobs_at("devin")) == 3

    installation.well("state", "move", "sync.nightly", "sync.daily", "--yes")
    installation.well("sync", "daily")

    assert len(installation.jobs_at("devin")) == 2


def test_a_dry_run_changes_nothing(installation: Installation) -> None:
    """It shows what would be moved, needs no answer, and writes neither to a platform nor to the state."""
    installation.well("sync", "nightly")
    before, writes = shown(installation, "state", "export")["tables"], installation.writes

    found = shown(installation, "state", "move", "scope.omni:127.0.0.1/omni/api", "scope.omni:acme", "--dry-run")

    Draft202012Validator(SCHEMAS["move"]()).validate(found)
    assert (found["action"], len(found["bindings"]), found["tags"], found["runs"]) == ("move", 3, 3, [])
    assert {one["after"]["source"]["scope"] for one in found["bindings"]} == {"acme"}
    assert (shown(installation, "state", "export")["tables"], installation.writes) == (before, writes)


def test_it_asks_first(installation: Installation) -> None:
    """Where nobody can be asked it needs --yes, and nothing is moved without."""
    installation.well("sync", "nightly")
    before = bindings(installation)

    ended = installation.run("state", "move", "sync.nightly", "sync.daily")

    assert (ended.code, bindings(installation)) == (2, before)
    assert "--yes" in ended.err


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_there_and_back(installation: Installation, source: str, target: str) -> None:
    """Tags follow by one write each that changes nothing else; the command that is named takes everything back."""
    installation.connections["jobs"] = {"provider": "json", "path": "jobs.json"}
    if source == "devin":
        installation.configure()
        installation.well("sync", "nightly")
        installation.world.stores["omni"].clear()
        for file in installation.folder.glob("migrator.db*"):
            file.unlink()
        for key, raw in installation.jobs_at("devin").items():
            installation.world.stores["devin"].put(_edited(installation, key, {**raw, "tags": []}))
    needed = {"set": {"action.model": omni.MODEL, "delivery.email": _EMAIL}} if target == "omni" else {}
    installation.configure(source=source, target=target, **needed)
    installation.well("sync", "nightly")
    old = f"devin:{_org(installation)}" if source == "devin" else "omni:127.0.0.1/omni/api"
    before, bound, tags = _content(installation, target), bindings(installation), _tags(installation, target)
    writes = installation.writes

    moved = shown(installation, "state", "move", f"scope.{old}", f"scope.{source}:elsewhere", "--yes")

    assert moved["tags"] == len(tags) == 3
    assert target == "jobs" or installation.writes - writes == 3
    assert not set(tags) & set(_tags(installation, target))
    assert _content(installation, target) == before
    assert {scope for _sync, scope, _id in bindings(installation)} == {"elsewhere"}
    assert shown(installation, "history")["runs"][0]["kind"] == "move"
    writes_of = shown(installation, "history", moved["runs"][0])["writes"]
    assert [one["state"] for one in writes_of] == ["done"] * 3

    installation.typed(moved["undo"])
    assert (_content(installation, target), bindings(installation), _tags(installation, target)) == (
        before,
        bound,
        tags,
    )
    installation.nothing_left()


_EMAIL = {"recipients": ["ops@example.com"]}


def _org(installation: Installation) -> str:
    return next(iter(installation.jobs_at("devin").values()))["org_id"]


def _edited(installation: Installation, key: str, raw: dict[str, Any]) -> Any:
    return attrs.evolve(installation.world.stores["devin"].rows[key], data=raw)


def _tags(installation: Installation, target: str) -> list[str]:
    if target != "jobs":
        return installation.tags(target)
    return sorted(re.findall(r"migrator:[^\s\]\"]+", (installation.folder / "jobs.json").read_text("utf-8")))


def _content(installation: Installation, target: str) -> list[str]:
    """What a target holds, its tags and times apart."""
    text = (installation.folder / "jobs.json").read_text("utf-8") if target == "jobs" else ""
    records = (
        [text] if target == "jobs" else [str({**raw, **_times(raw)}) for raw in installation.jobs_at(target).values()]
    )
    return [re.sub(r"migrator:[^\s\]\"']+", "TAG", record) for record in records]


def _times(raw: dict[str, Any]) -> dict[str, str]:
    return {key: "" for key in raw if key in {"updatedAt", "updated_at", "last_edited_by"}}


def test_one_job_moves_alone(installation: Installation) -> None:
    """With --job, by name or id, the others stay; what takes it back names the job where others have the address."""
    installation.well("sync", "nightly")
    first = shown(installation, "state", "move", "sync.nightly", "sync.daily", "--job", "Alpha", "--yes")
    second = shown(installation, "state", "move", "sync.nightly", "sync.daily", "--job", routine("Beta")["id"], "--yes")
    assert [sync for sync, _scope, _id in bindings(installation)].count("daily") == 2

    installation.typed(second["undo"])
    installation.typed(first["undo"])

    assert {sync for sync, _scope, _id in bindings(installation)} == {"nightly"}


def test_a_tag_that_is_refused_moves_nothing(installation: Installation) -> None:
    """A target that refuses one tag leaves the state as it was; the same command finishes what is left."""
    installation.well("sync", "nightly")
    before = bindings(installation)
    installation.world.fault("status", provider="devin", method="PATCH", status=403, nth=2)
    move = ("state", "move", "scope.omni:127.0.0.1/omni/api", "scope.omni:acme", "--yes")

    ended = installation.run(*move)

    assert (ended.code, bindings(installation)) == (4, before)
    writes = installation.writes
    installation.well(*move)
    assert installation.writes - writes < 3
    assert {scope for _sync, scope, _id in bindings(installation)} == {"acme"}


def test_nobody_moves_under_a_run(installation: Installation) -> None:
    """A target whose lock is held by a run is not moved."""
    installation.well("sync", "nightly")
    state = open_state(f"sqlite:///{installation.folder}/migrator.db", now=installation.world.now)
    try:
        state.lock(f"devin:{_org(installation)}", "other")
        assert installation.run("state", "move", "sync.nightly", "sync.daily", "--yes").code == 5
        assert installation.run("state", "forget", "sync.nightly", "--yes").code == 5
    finally:
        state.close()


def test_an_unresolved_write_is_reconciled_first(installation: Installation) -> None:
    """While nobody knows the end of a write, nothing is moved, and the message says what finds it out."""
    installation.well("sync", "nightly")
    installation.world.load("omni", [routine("Delta")])
    installation.world.fault("reset", provider="devin", method="POST", after=True)
    installation.world.fault("status", provider="devin", method="GET", status=500, nth=2, times=0)
    assert installation.run("sync", "nightly").code == 4
    installation.world.faults.clear()

    said = installation.refused("state", "move", "sync.nightly", "sync.daily", "--yes")

    assert "migrator plan nightly" in said


def test_an_older_run_is_rolled_back_after_a_move(installation: Installation) -> None:
    """Runs, writes and saved records follow, and a move itself is taken back by its own command."""
    installation.well("sync", "nightly")
    installation.world.stores["omni"].clear()
    installation.world.load("omni", [routine(name, prompt="Say more.") for name in ("Alpha", "Beta", "Gamma")])
    installation.configure(limits={"changes": "100%"})
    installation.well("sync", "nightly")
    run = shown(installation, "history")["runs"][0]["run"]
    installation.configure(name="daily")
    moved = shown(installation, "state", "move", "sync.nightly", "sync.daily", "--yes")

    refused = installation.refused("rollback", moved["runs"][0], "--yes")
    installation.well("rollback", run, "--yes")

    assert "migrator state move sync.daily sync.nightly" in refused
    assert sorted(raw["prompt"] for raw in installation.jobs_at("devin").values()) == [
        "Do Alpha.",
        "Do Beta.",
        "Do Gamma.",
    ]


def test_what_is_forgotten_is_taken_over_again(installation: Installation) -> None:
    """Forgotten jobs stay at the target, and adopt = "identical" knows them by their tags."""
    installation.well("sync", "nightly")
    before = installation.jobs_at("devin")
    dry = shown(installation, "state", "forget", "sync.nightly", "--dry-run")
    Draft202012Validator(SCHEMAS["move"]()).validate(dry)
    assert (len(dry["bindings"]), len(bindings(installation))) == (3, 3)

    installation.well("state", "forget", "sync.nightly", "--yes")

    assert (bindings(installation), installation.jobs_at("devin")) == ([], before)
    installation.configure(adopt="identical")
    installation.well("sync", "nightly")
    assert (len(bindings(installation)), installation.jobs_at("devin").keys()) == (3, before.keys())


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
def test_what_cannot_be_meant_is_explained(installation: Installation, addresses: tuple[str, str], told: str) -> None:
    """A wrong address is a usage error that says what is known."""
    installation.well("sync", "nightly")

    ended = installation.run("state", "move", *addresses, "--yes")

    assert (ended.code, told in ended.err) == (2, True), ended.err
