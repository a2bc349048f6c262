"""A run whose sync knows another place is refused before anything is written, and says what to type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from migrator.sandbox import omni
from tests.cli.bench import routine
from tests.conformance.platforms import PLATFORMS, wish
from tests.identity.installation import Installation

pytestmark = pytest.mark.slow

LOOSE: Final = {"limits": {"changes": "100%", "deletes": "100%", "floor": 1000}}
"""Limits that let everything pass."""


@pytest.fixture(autouse=True)
def _personal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONAL", omni.PERSONAL_TOKEN)


@pytest.mark.parametrize("address", ["http://localhost:{port}/omni/api", "HTTP://LOCALHOST:{port}/omni/api/"])
def test_another_spelling_is_the_same_place(installation: Installation, address: str) -> None:
    """Nothing is made again when the same address is written in another way."""
    installation.well("sync", "nightly")
    installation.connections["omni"] = {"base_url": address.format(port=installation.port)}
    installation.configure()

    installation.nothing_left()
    assert len(installation.jobs_at("devin")) == 3


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("sync",), ("cutover", "--yes")])
def test_an_alias_is_refused(installation: Installation, command: tuple[str, ...]) -> None:
    """Known ids under another name of the instance: nothing is made, and the command that is named puts it right."""
    installation.connections["omni"] = {"identity": "old-name.example.com/api"}
    installation.configure(**LOOSE)
    installation.well("sync", "nightly")
    installation.connections["omni"] = {}
    installation.configure(**LOOSE)

    said = installation.refused(command[0], "nightly", *command[1:])

    assert "omni:old-name.example.com/api" in said
    assert "omni:127.0.0.1/omni/api" in said
    before = installation.tags("devin")
    installation.typed(said)
    installation.nothing_left()
    assert len(installation.jobs_at("devin")) == 3
    assert not set(before) & set(installation.tags("devin"))


def test_a_personal_token_becomes_an_organisation_key(installation: Installation) -> None:
    """The same member, reached by another kind of key: refused, and moved by the command that is named."""
    installation.connections["omni"] = {"token": "env:PERSONAL"}
    installation.configure()
    installation.well("sync", "nightly")
    installation.connections["omni"] = {"user_ids": [omni.OWNER]}
    installation.configure()

    said = installation.refused("sync", "nightly")

    assert f"omni:127.0.0.1/omni/api/{omni.OWNER}" in said
    installation.typed(said)
    installation.nothing_left()
    assert len(installation.jobs_at("devin")) == 3


@pytest.mark.parametrize("number", [1, 2, 4, 12])
@pytest.mark.parametrize("on_missing", ["keep", "pause", "delete"])
def test_another_account_is_refused_at_any_size(installation: Installation, number: int, on_missing: str) -> None:
    """None of the known jobs is listed, and others are: nothing is made, paused or deleted, whatever the limits."""
    installation.routines(*(f"Mine {one}" for one in range(number)))
    installation.configure(on_missing=on_missing, **LOOSE)
    installation.well("sync", "nightly")
    installation.routines(*(f"Theirs {one}" for one in range(number)))

    said = installation.refused("sync", "nightly")

    assert "opens the same account" in said
    assert {job["name"] for job in installation.jobs_at("devin").values()} == {f"Mine {one}" for one in range(number)}


def test_jobs_deleted_on_purpose_are_forgotten(installation: Installation) -> None:
    """Where the known jobs are really gone, the command that is named lets the sync start again."""
    installation.well("sync", "nightly")
    installation.routines("New")

    installation.typed(installation.refused("sync", "nightly"))

    installation.well("sync", "nightly")
    assert len(installation.jobs_at("devin")) == 4


def test_most_of_a_small_account_is_not_deleted(installation: Installation) -> None:
    """Three of four known jobs gone is no more believed than all of them, below the floor of the limits as well."""
    installation.routines(*"ABCD")
    installation.configure(on_missing="delete")
    installation.well("sync", "nightly")
    installation.routines("A")

    said = installation.refused("sync", "nightly")

    assert "3 of the 4 jobs" in said
    assert len(installation.jobs_at("devin")) == 4
    installation.configure(on_missing="delete", limits={"deletes": "75%"})
    installation.well("sync", "nightly")
    assert len(installation.jobs_at("devin")) == 1


def test_what_is_kept_is_no_loss(installation: Installation) -> None:
    """Where jobs that left the source are kept, most of them may leave: nothing is removed."""
    installation.routines(*"ABCD")
    installation.configure()
    installation.well("sync", "nightly")
    installation.routines("A")

    installation.nothing_left()
    assert len(installation.jobs_at("devin")) == 4


def test_other_syncs_are_no_excuse(installation: Installation) -> None:
    """What share of its jobs a sync has lost is counted by its own jobs, however many others share the target."""
    many = [json.loads(_jobs(str(number), 9))["jobs"][0] | {"id": str(number)} for number in range(8)]
    document = {"schema": "migrator/jobs@1", "jobs": many}
    (installation.folder / "many.json").write_text(json.dumps(document), "utf-8")
    installation.connections["many"] = {"provider": "json", "path": "many.json"}
    installation.syncs["many"] = {"source": "many", "target": "devin"}
    installation.configure(on_missing="delete")
    installation.well("sync", "many")
    installation.well("sync", "nightly")
    installation.routines("Alpha")

    assert "2 of the 3 jobs" in installation.refused("sync", "nightly")
    assert len(installation.jobs_at("devin")) == 11


def test_a_job_that_may_not_be_seen_is_not_made_again(installation: Installation) -> None:
    """A target that shows none of our jobs, and refuses to say whether they are there, gets none a second time."""
    installation.world.load("devin", [PLATFORMS["devin"].write(1, wish(1))])
    needed = {"set": {"action.model": omni.MODEL, "delivery.email": {"recipients": ["ops@example.com"]}}}
    installation.world.stores["omni"].clear()
    installation.configure(source="devin", target="omni", on_deleted="recreate", **needed)
    installation.well("sync", "nightly")
    store = installation.world.stores["omni"]
    for row in [*store.rows.values()]:
        store.put(attrs.evolve(row, scope=omni.COLLEAGUE))

    assert "got no answer" in installation.refused("sync", "nightly")
    assert len(installation.jobs_at("omni")) == 1


def test_another_target_account_is_refused(installation: Installation) -> None:
    """None of the jobs that we made is at the target: nothing is made there until somebody says so."""
    installation.well("sync", "nightly")
    installation.world.stores["devin"].clear()

    said = installation.refused("sync", "nightly")

    assert "opens the same account" in said
    installation.typed(said)
    installation.well("sync", "nightly")
    assert len(installation.jobs_at("devin")) == 3


def _elsewhere(provider: str, scope: str) -> dict[str, Any]:
    """A job of somebody else, in another organisation or program, which the platform knows thereby."""
    raw = PLATFORMS[provider].write(77, wish(77))
    return {**raw, {"devin": "org_id", "scrip": "program_id"}[provider]: scope}


@pytest.mark.parametrize(
    ("connection", "key", "scope", "pair"),
    [
        ("omni", "user_ids", omni.COLLEAGUE, ("omni", "devin")),
        ("devin", "org_id", "org-99999999", ("omni", "devin")),
        ("devin", "org_id", "org-99999999", ("devin", "scrip")),
        ("scrip", "program_id", "99999999-0000-4000-8000-000000000000", ("omni", "scrip")),
    ],
)
def test_another_scope_is_refused(
    installation: Installation, connection: str, key: str, scope: str, pair: tuple[str, str]
) -> None:
    """A member, organisation or program that a sync does not know: refused with both named, and listed as orphaned."""
    source, target = pair
    if source == "devin":
        installation.world.load("devin", [PLATFORMS["devin"].write(1, wish(1))])
    installation.configure(source=source, target=target)
    installation.well("sync", "nightly")
    if connection != "omni":
        installation.world.load(connection, [_elsewhere(connection, scope)])
    before = installation.jobs_at(target)
    known = installation.well("status", "--json").document
    assert known["orphans"] == []
    installation.connections[connection] = {key: [scope] if key == "user_ids" else scope}
    installation.configure(source=source, target=target)

    said = installation.refused("sync", "nightly")

    assert f"{connection}:{scope}" in said or f"{connection}:127.0.0.1/omni/api/{scope}" in said
    assert "migrator state move scope." in said
    assert installation.jobs_at(target) == before
    (orphans,) = installation.well("status", "--json").document["orphans"]
    assert len(orphans["jobs"]) == (1 if source == "devin" else 3)
    assert "orphans" in said
    assert "orphans" in installation.well("status").out


def test_two_folders_with_one_state(installation: Installation, tmp_path: Path) -> None:
    """Two teams, each with jobs.json, a job of id 1 and a sync of one name: neither writes over the other's job."""
    state = f"sqlite:///{tmp_path}/shared.db"
    for team, hour in (("a", 9), ("b", 10)):
        folder = tmp_path / team
        folder.mkdir()
        (folder / "jobs.json").write_text(_jobs(team, hour), "utf-8")
        (folder / "migrator.toml").write_text(
            (tmp_path / "migrator.toml").read_text("utf-8").split("[syncs")[0]
            + '[connections.jobs]\nprovider = "json"\npath = "jobs.json"\n'
            + '[syncs.jobs]\nsource = "jobs"\ntarget = "devin"\n',
            "utf-8",
        )
    installation.well("sync", "jobs", "-c", str(tmp_path / "a" / "migrator.toml"), "--state", state)

    said = installation.refused("sync", "jobs", "-c", str(tmp_path / "b" / "migrator.toml"), "--state", state)

    assert all(f"json:{tmp_path / team / 'jobs.json'}" in said for team in "ab")
    assert "give sync jobs another name" in said
    assert [job["name"] for job in installation.jobs_at("devin").values()] == ["Team a"]
    other = (tmp_path / "b" / "migrator.toml").read_text("utf-8").replace("[syncs.jobs]", "[syncs.jobs-b]")
    (tmp_path / "b" / "migrator.toml").write_text(other, "utf-8")
    installation.well("sync", "jobs-b", "-c", str(tmp_path / "b" / "migrator.toml"), "--state", state)
    assert sorted(job["name"] for job in installation.jobs_at("devin").values()) == ["Team a", "Team b"]


def _jobs(team: str, hour: int) -> str:
    """A file with one job, whose id is 1."""
    trigger = {"kind": "recurring", "cron": f"0 {hour} * * *", "dialect": "vixie", "timezone": "UTC"}
    action = {"kind": "prompt", "text": "Say it."}
    job = {"id": "1", "name": f"Team {team}", "enabled": True, "trigger": trigger, "action": action}
    return json.dumps({"schema": "migrator/jobs@1", "jobs": [job]})


def test_a_moved_file_is_the_same_place_once_it_is_said(installation: Installation) -> None:
    """A file at another path is refused, and moved by the command that is named."""
    (installation.folder / "jobs.json").write_text(_jobs("a", 9), "utf-8")
    installation.connections["jobs"] = {"provider": "json", "path": "jobs.json"}
    installation.configure(source="jobs")
    installation.well("sync", "nightly")
    (installation.folder / "new").mkdir()
    (installation.folder / "jobs.json").rename(installation.folder / "new" / "jobs.json")
    installation.connections["jobs"] = {"provider": "json", "path": "new/jobs.json"}
    installation.configure(source="jobs")

    installation.typed(installation.refused("sync", "nightly"))

    installation.nothing_left()


def test_one_place_under_two_names_in_one_config(installation: Installation) -> None:
    """A second sync whose connection reaches known jobs under another name is refused."""
    installation.connections["omni"] = {"token": "env:PERSONAL"}
    installation.connections["team"] = {
        "provider": "omni",
        "base_url": f"http://127.0.0.1:{installation.port}/omni/api",
        "token": "env:OMNI_API_KEY",
        "user_ids": [omni.OWNER],
    }
    installation.syncs["team"] = {"source": "team", "target": "scrip", "allow_loss": ["delivery", "action"]}
    installation.configure()
    installation.well("sync", "nightly")

    assert f"omni:127.0.0.1/omni/api/{omni.OWNER}" in installation.refused("sync", "team")
    assert installation.jobs_at("scrip") == {}


def test_a_saved_plan_of_another_name_is_refused(installation: Installation) -> None:
    """A plan that was made under one name of a place is not applied under another one."""
    installation.well("sync", "nightly")
    installation.world.load("omni", [routine("Delta")])
    installation.well("plan", "nightly", "-o", "plan.json")
    installation.connections["omni"] = {"identity": "other"}
    installation.configure()

    installation.refused("apply", "plan.json", "--yes")
    assert len(installation.jobs_at("devin")) == 3
