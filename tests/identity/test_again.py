"""Jobs that look alike: created again under another id, or of one name; both are named, and nobody's is overwritten."""

from __future__ import annotations

import pytest

from tests.cli.bench import routine
from tests.identity.installation import Installation, bindings, shown


def test_a_job_created_again_under_another_id(installation: Installation) -> None:
    """Both are named in plan, apply and sync, nothing is made beside the old one, and the command binds the new one."""
    installation.well("sync", "nightly")
    old, new = routine("Alpha")["id"], "11111111-0000-4000-8000-000000000001"
    target = next(key for key, raw in installation.jobs_at("devin").items() if raw["name"] == "Alpha")
    installation.world.stores["omni"].clear()
    installation.world.load("omni", [routine("Beta"), routine("Gamma"), routine("Alpha", id=new)])

    for command in (("plan",), ("sync",), ("apply", "--yes")):
        said = installation.refused(command[0], "nightly", *command[1:])
        assert all(one in said for one in (old, new, target))
        assert f"migrator state move job.{old} job.{new} --sync nightly" in said
    assert len(installation.jobs_at("devin")) == 3
    moved = installation.typed(said)
    installation.nothing_left()
    assert len(installation.jobs_at("devin")) == 3
    assert any(f":{new}:" in tag for tag in installation.tags("devin"))
    assert f"migrator state move job.{new} job.{old}" in moved.out


@pytest.mark.parametrize("on_missing", ["pause", "delete"])
def test_a_job_created_again_where_the_old_one_ends(installation: Installation, on_missing: str) -> None:
    """Where the old target job is paused or deleted, the new one is made, and the plan names both."""
    installation.configure(on_missing=on_missing)
    installation.well("sync", "nightly")
    new = "11111111-0000-4000-8000-000000000001"
    installation.world.stores["omni"].clear()
    installation.world.load("omni", [routine("Beta"), routine("Gamma"), routine("Alpha", id=new)])

    changes = {change["action"]: change for change in shown(installation, "plan", "nightly")["changes"]}
    installation.well("sync", "nightly")

    assert routine("Alpha")["id"] in changes["create"]["reason"]
    assert new in changes[on_missing]["reason"]
    live = [raw["name"] for raw in installation.jobs_at("devin").values() if raw["enabled"]]
    assert sorted(live) == ["Alpha", "Beta", "Gamma"]


def test_two_source_jobs_of_one_name(installation: Installation) -> None:
    """With adopt = "name", a hand-made job is nobody's while several source jobs have its name; both are named."""
    installation.configure()
    installation.well("sync", "nightly")
    made = next(raw for raw in installation.jobs_at("devin").values() if raw["name"] == "Alpha")
    installation.world.stores["devin"].clear()
    for file in installation.folder.glob("migrator.db*"):
        file.unlink()
    installation.world.load("devin", [{**made, "prompt": "Made by hand.", "tags": []}])
    copies = [{**routine(name), "name": "Alpha"} for name in ("One", "Two")]
    installation.world.stores["omni"].clear()
    installation.world.load("omni", copies)
    installation.configure(adopt="name")

    said = installation.refused("sync", "nightly")

    assert all(copy["id"] in said for copy in copies)
    assert [raw["prompt"] for raw in installation.jobs_at("devin").values()] == ["Made by hand."]
    installation.world.stores["omni"].clear()
    installation.world.load("omni", copies[:1])
    installation.well("sync", "nightly")
    assert [raw["prompt"] for raw in installation.jobs_at("devin").values()] == ["Do One."]


def test_what_stands_there_already_is_not_hidden(installation: Installation) -> None:
    """A move that would leave two target jobs for one source job is refused, and names it."""
    installation.well("sync", "nightly")
    alpha, beta = routine("Alpha")["id"], routine("Beta")["id"]
    before = bindings(installation)

    said = installation.refused("state", "move", f"job.{alpha}", f"job.{beta}", "--yes")

    assert beta in said
    assert bindings(installation) == before


@pytest.mark.parametrize("adopt", ["never", "identical", "name"])
def test_a_lost_state_knows_its_tags_under_another_name(installation: Installation, adopt: str) -> None:
    """Tags that name the same job in another scope are ours: blocked or adopted, and nothing is made twice."""
    installation.connections["omni"] = {"identity": "old-name.example.com/api"}
    installation.configure()
    installation.well("sync", "nightly")
    for file in installation.folder.glob("migrator.db*"):
        file.unlink()
    installation.connections["omni"] = {}
    installation.configure(adopt=adopt)

    assert installation.run("sync", "nightly").code == (3 if adopt == "never" else 0)
    assert len(installation.jobs_at("devin")) == 3
