"""audit and verify: what would become of jobs, and the proof of what became of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from migrator.sandbox import World, load_samples
from migrator.sandbox.omni import MODEL
from tests.cli.bench import Run, edit_job, routine
from tests.cli.documents import faults

SYNC = "omni-to-devin"
PROVIDERS = ("omni", "devin", "scrip", "json")


# -- verify -----------------------------------------------------------------------------------------------------------


def test_what_was_applied_is_proved(here: Path, run: Run) -> None:
    """Right after an apply every job is proved, by its fires too, and the second engine agrees."""
    run("apply", SYNC, "--yes")
    ended = run("verify", SYNC, "--json")
    document = ended.document

    assert (ended.code, faults(document, "verify")) == (0, [])
    assert document["summary"] == {
        "absent": 0,
        "differs": 0,
        "unproved": 0,
        "approximate": 0,
        "proved": 3,
        "not_carried": 0,
    }
    assert [(job["fires"]["wanted"], job["fires"]["got"]) for job in document["jobs"]] == [(1, 1)] * 3
    assert [job["second_opinion"]["agrees"] for job in document["jobs"]] == [True] * 3
    assert "Verified: 3 proved." in run("verify", SYNC).out


@pytest.mark.parametrize(
    ("edited", "said"),
    [
        ({"frequency": "0 10 * * 1"}, "1 fire missing at the target"),
        ({"frequency": "0 9 * * 1,2"}, "1 fire too many there"),
        ({"enabled": False}, "enabled differs at the target"),
        ({"prompt": "Do something else."}, "action.text differs at the target"),
    ],
    ids=["later", "oftener", "paused", "other prompt"],
)
def test_an_edit_at_the_target_is_found(here: Path, run: Run, world: World, edited: dict[str, Any], said: str) -> None:
    """A job that somebody changed differs, comes first, and ends with 1; the others stay proved."""
    run("apply", SYNC, "--yes")
    edit_job(world, "Gamma", **edited)
    ended = run("verify", SYNC, "--json")
    jobs = [(job["name"], job["status"]) for job in ended.document["jobs"]]

    assert (ended.code, faults(ended.document, "verify")) == (1, [])
    assert jobs == [("Gamma", "differs"), ("Alpha", "proved"), ("Beta", "proved")]
    assert said in ended.document["jobs"][0]["reason"]
    assert said in run("verify", SYNC).out


def test_edits_that_a_sync_keeps_still_differ(here: Path, run: Run, world: World) -> None:
    """Where edits at the target are kept, the target does not say what the source says, and the proof tells."""
    config = here / "migrator.toml"
    config.write_text(
        config.read_text("utf-8").replace("[syncs.strict]", '[syncs.strict]\non_drift = "target"'), "utf-8"
    )
    strict = config.read_text("utf-8").replace(
        'on_drift = "target"', 'on_drift = "target"\nallow_loss = ["action", "delivery"]'
    )
    config.write_text(strict, "utf-8")
    run("apply", "strict", "--yes")
    edit_job(world, "Beta", prompt="Do something else.")

    assert run("plan", "strict", "--json").document["summary"]["none"] == 3
    ended = run("verify", "strict", "--json")
    assert (ended.code, ended.document["summary"]["differs"]) == (1, 1)


def test_another_text_of_the_same_meaning_is_no_difference(here: Path, run: Run, world: World) -> None:
    """Fires are compared, not texts."""
    run("apply", SYNC, "--yes")
    edit_job(world, "Alpha", frequency="00 09 * * MON")

    assert run("verify", SYNC, "--json").document["summary"]["proved"] == 3


def test_what_is_gone_is_absent(here: Path, run: Run, world: World) -> None:
    """A job that one side lost is absent, and says which side."""
    run("apply", SYNC, "--yes")
    (made,) = [row["record"] for row in world.records("devin") if row["record"]["name"] == "Alpha"]
    del world.stores["devin"].rows[made["scheduled_session_id"]]
    del world.stores["omni"].rows[routine("Beta")["id"]]
    for store in world.stores.values():
        store._lists.clear()
    ended = run("verify", SYNC, "--json")

    assert (ended.code, faults(ended.document, "verify")) == (1, [])
    assert [(job["name"], job["status"], job["reason"]) for job in ended.document["jobs"]] == [
        ("Alpha", "absent", "the target job is gone"),
        ("Beta", "absent", "the source job is gone"),
        ("Gamma", "proved", ""),
    ]


def test_what_was_not_carried_over_is_listed(here: Path, run: Run, world: World) -> None:
    """Jobs without a job of ours are named with the reason, and are no failure of those that were carried over."""
    run("apply", SYNC, "--yes")
    world.load("omni", [routine("Over", schedule="0 9 1 1 ? 2019"), routine("Fresh")])
    ended = run("verify", SYNC, "--json")

    assert (ended.code, faults(ended.document, "verify")) == (0, [])
    assert {one["name"]: one["reason"] for one in ended.document["not_carried"]} == {
        "Fresh": "the next sync creates it",
        "Over": "nothing to migrate: expired: its last year was 2019",
    }


def test_nothing_is_written_by_looking(here: Path, run: Run, world: World) -> None:
    """Verify and audit send nothing but reads."""
    run("apply", SYNC, "--yes")
    world.requests.clear()
    run("verify", SYNC)
    run("audit", "omni", "--to", "scrip")

    assert {entry["method"] for entry in world.requests} == {"GET"}


def test_a_promise_that_ends_too_early_is_found(here: Path, run: Run, world: World) -> None:
    """Fires have to agree for as long as is asked; within the promise they do, and when that ends is told."""
    world.load("omni", [routine("Zoned", timezone="America/New_York", schedule="0 9 * * ? *")])
    run("apply", SYNC, "--yes")

    near, far = run("verify", SYNC, "--json"), run("verify", SYNC, "--days", "366", "--json")
    told = {job["name"]: job["agree_until"] for job in near.document["jobs"]}
    assert (near.code, told["Alpha"], told["Zoned"] is None) == (0, None, False)
    assert (far.code, far.document["summary"]["differs"]) == (1, 1)


# -- audit ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def samples(world: World) -> World:
    """Every oddity of the sandbox's samples, on all three sides."""
    world.clear()
    load_samples(world)
    return world


@pytest.mark.parametrize("mode", ["window", "year", "single", "exact"])
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("connection", ["omni", "devin", "scrip"])
def test_audits(here: Path, run: Run, samples: World, connection: str, provider: str, mode: str) -> None:
    """An audit of any connection for any provider is audit@1, counts every job once, and ends with 0."""
    ended = run("audit", connection, "--to", provider, "--mode", mode, "--json")
    summary = dict(ended.document["summary"])

    assert (ended.code, faults(ended.document, "audit")) == (0, [])
    assert summary.pop("jobs") == sum(summary.values()) == len(ended.document["jobs"])
    assert run("audit", connection, "--to", provider, "--mode", mode, "-v").code == 0


def test_an_audit_asks_the_connection_alone(
    here: Path, run: Run, samples: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No credentials of the other provider are needed, and it gets no request."""
    monkeypatch.delenv("DEVIN_API_KEY")
    samples.requests.clear()

    assert run("audit", "omni", "--to", "devin").code == 0
    assert {entry["provider"] for entry in samples.requests} == {"omni"}


@pytest.mark.parametrize("connection", ["omni", "devin", "scrip"])
@pytest.mark.parametrize("provider", ["omni", "devin", "scrip"])
def test_taking_the_decisions_of_an_audit_lets_every_job_go(
    here: Path, run: Run, samples: World, connection: str, provider: str
) -> None:
    """With the lines of the audit in the config, the plan refuses what the audit refused, and nothing else."""
    if connection == provider:
        return
    document = run("audit", connection, "--to", provider, "--json").document
    name = f"{connection}-to-{provider}"
    tables: dict[str, list[str]] = {f"[syncs.{name}]": [f'source = "{connection}"', f'target = "{provider}"']}
    for decision in document["decisions"]:
        value = MODEL if "action.model" in decision["line"] else "x@example.com"
        tables.setdefault(decision["table"], []).append(decision["line"].replace("…", value))
    config = here / "migrator.toml"
    kept = re.split(rf"(?m)^\[syncs\.{name}(?:\.set)?\]$", config.read_text("utf-8"))
    rest = [kept[0], *(part[part.index("\n[") :] if "\n[" in part else "" for part in kept[1:])]
    config.write_text(
        "".join(rest) + "".join("\n".join(["", table, *lines, ""]) for table, lines in tables.items()), "utf-8"
    )
    planned = run("plan", name, "--json").document
    blocked = {change["name"] for change in planned["changes"] if change["action"] == "blocked"}
    refused = {job["name"] for job in document["jobs"] if job["outcome"] == "refused"}
    paused = {job["name"] for job in document["jobs"] if not job["enabled"] and provider == "omni"}

    assert document["summary"]["undecided"] + document["summary"]["lossy"] > 0 or not document["decisions"]
    assert refused <= blocked <= refused | paused


def test_the_worst_come_first(here: Path, run: Run, samples: World) -> None:
    """What cannot go stands before what needs a decision, and that before the rest."""
    found = [job["outcome"] for job in run("audit", "scrip", "--to", "omni", "--json").document["jobs"]]

    assert found == ["refused"] * 3 + ["undecided"] * 9 + ["over"]


def test_an_approximate_schedule_is_a_loss_to_be_allowed(here: Path, run: Run, world: World) -> None:
    """One expression that cannot follow the clock is counted as such, and the decision is to allow it."""
    world.clear()
    world.load("omni", [routine("Zoned", timezone="America/New_York", schedule="30 2,22 ? * MON-FRI *")])
    document = run("audit", "omni", "--to", "devin", "--mode", "single", "--json").document

    assert document["verdicts"] == {"approximate": 1}
    assert '"trigger.cron"' in document["decisions"][-1]["line"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["omni", "--to", "nowhere"], "unknown provider"),
        (["omni", "--to", "devin", "--mode", "best"], "unknown mode"),
        (["nowhere", "--to", "devin"], "unknown connection"),
    ],
)
def test_what_cannot_be_audited(here: Path, run: Run, arguments: list[str], said: str) -> None:
    """A wrong provider, mode or connection is an error of usage."""
    ended = run("audit", *arguments)

    assert (ended.code, said in ended.err) == (2, True)


# -- what a run promises ----------------------------------------------------------------------------------------------


def test_a_run_says_until_when_it_is_exact(here: Path, run: Run, world: World) -> None:
    """Plan and apply name the instant at which the first schedule must be renewed, and none where there is none."""
    assert run("plan", SYNC, "--json").document["needs_resync_by"] is None
    world.load("omni", [routine("Zoned", timezone="America/New_York", schedule="0 9 * * ? *")])
    planned, applied = run("plan", SYNC, "--json"), run("apply", SYNC, "--yes", "--json")
    until = planned.document["needs_resync_by"]

    assert until == applied.document["needs_resync_by"] == run("plan", SYNC, "--json").document["needs_resync_by"]
    assert until in {change["schedule"]["until"] for change in planned.document["changes"] if change["name"] == "Zoned"}
    assert "renewed by each sync" in run("plan", SYNC).out
