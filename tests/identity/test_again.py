"""Jobs that look alike: created again under another id, or of one name; both are named, and nobody's is overwritten."""

from __future__ import annotations

import pytest

from tests.cli.bench import routine
from tests.identity.desk import Desk, bindings, shown


def test_a_job_created_again_under_another_id(desk: Desk) -> None:
    """Both are named in plan, apply and sync, nothing is made beside the old one, and the command binds the new one."""
    desk.well("sync", "nightly")
    old, new = routine("Alpha")["id"], "11111111-0000-4000-8000-000000000001"
    target = next(key for key, raw in desk.held("devin").items() if raw["name"] == "Alpha")
    desk.world.stores["omni"].clear()
    desk.world.load("omni", [routine("Beta"), routine("Gamma"), routine("Alpha", id=new)])

    for command in (("plan",), ("sync",), ("apply", "--yes")):
        said = desk.refused(command[0], "nightly", *command[1:])
        assert all(one in said for one in (old, new, target))
        assert f"migrator state move job.{old} job.{new} --sync nightly" in said
    assert len(desk.held("devin")) == 3
    moved = desk.typed(said)
    desk.nothing_left()
    assert len(desk.held("devin")) == 3
    assert any(f":{new}:" in tag for tag in desk.tags("devin"))
    assert f"migrator state move job.{new} job.{old}" in moved.out


@pytest.mark.parametrize("on_missing", ["pause", "delete"])
def test_a_job_created_again_where_the_old_one_ends(desk: Desk, on_missing: str) -> None:
    """Where the old target job is paused or deleted, the new one is made, and the plan names both."""
    desk.configure(on_missing=on_missing)
    desk.well("sync", "nightly")
    new = "11111111-0000-4000-8000-000000000001"
    desk.world.stores["omni"].clear()
    desk.world.load("omni", [routine("Beta"), routine("Gamma"), routine("Alpha", id=new)])

    changes = {change["action"]: change for change in shown(desk, "plan", "nightly")["changes"]}
    desk.well("sync", "nightly")

    assert routine("Alpha")["id"] in changes["create"]["reason"]
    assert new in changes[on_missing]["reason"]
    live = [raw["name"] for raw in desk.held("devin").values() if raw["enabled"]]
    assert sorted(live) == ["Alpha", "Beta", "Gamma"]


def test_two_source_jobs_of_one_name(desk: Desk) -> None:
    """With adopt = "name", a hand-made job is nobody's while several source jobs have its name; both are named."""
    desk.configure()
    desk.well("sync", "nightly")
    made = next(raw for raw in desk.held("devin").values() if raw["name"] == "Alpha")
    desk.world.stores["devin"].clear()
    for file in desk.folder.glob("migrator.db*"):
        file.unlink()
    desk.world.load("devin", [{**made, "prompt": "Made by hand.", "tags": []}])
    twins = [{**routine(name), "name": "Alpha"} for name in ("One", "Two")]
    desk.world.stores["omni"].clear()
    desk.world.load("omni", twins)
    desk.configure(adopt="name")

    said = desk.refused("sync", "nightly")

    assert all(twin["id"] in said for twin in twins)
    assert [raw["prompt"] for raw in desk.held("devin").values()] == ["Made by hand."]
    desk.world.stores["omni"].clear()
    desk.world.load("omni", twins[:1])
    desk.well("sync", "nightly")
    assert [raw["prompt"] for raw in desk.held("devin").values()] == ["Do One."]


def test_what_stands_there_already_is_not_hidden(desk: Desk) -> None:
    """A move that would leave two target jobs for one source job is refused, and names it."""
    desk.well("sync", "nightly")
    alpha, beta = routine("Alpha")["id"], routine("Beta")["id"]
    before = bindings(desk)

    said = desk.refused("state", "move", f"job.{alpha}", f"job.{beta}", "--yes")

    assert beta in said
    assert bindings(desk) == before


@pytest.mark.parametrize("adopt", ["never", "identical", "name"])
def test_a_lost_state_knows_its_tags_under_another_name(desk: Desk, adopt: str) -> None:
    """Tags that name the same job in another scope are ours: blocked or adopted, and nothing is made twice."""
    desk.connections["omni"] = {"identity": "old-name.example.com/api"}
    desk.configure()
    desk.well("sync", "nightly")
    for file in desk.folder.glob("migrator.db*"):
        file.unlink()
    desk.connections["omni"] = {}
    desk.configure(adopt=adopt)

    assert desk.run("sync", "nightly").code == (3 if adopt == "never" else 0)
    assert len(desk.held("devin")) == 3
