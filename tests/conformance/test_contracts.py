"""Platforms that differ from one instance to the next: Omni's two ways to update, Devin's generations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import pytest

from migrator.sandbox import Options, World
from migrator.sandbox.omni import BRANCH, MODEL
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab, counts
from tests.conformance.platforms import Raw, wish

pytestmark = pytest.mark.slow

Contract = Literal["patch", "put"]
Shape = Literal["newest", "full", "seed", "v3beta"]

OTHER_MODEL: Final = "5d3a9f60-7c21-4e0b-8f6e-2b1d4c000002"

EDITS: Final[Mapping[str, tuple[Mapping[str, Any], str, str]]] = {
    "name": ({"name": "Renamed"}, "update", "update"),
    "prompt": ({"action.text": "Say more."}, "update", "update"),
    "schedule": ({"trigger.cron": "0 17 * * *"}, "update", "update"),
    "description": ({"description": "Read me."}, "update", "update"),
    "no description": ({"description": None}, "update", "update"),
    "timezone": ({"trigger.timezone": "Europe/Berlin"}, "update", "replace"),
    "recipients": ({"delivery.email.recipients": ["chief@example.com"]}, "update", "replace"),
    "destination": ({"delivery": {"slack": {"channel": "C1"}}}, "update", "replace"),
    "model": ({"action.model": OTHER_MODEL}, "replace", "update"),
    "branch": ({"action.branch": BRANCH}, "replace", "replace"),
    "topic": ({"action.topic": "orders"}, "replace", "replace"),
    "no topic": ({"action.topic": None}, "replace", "replace"),
    "pause": ({"enabled": False}, "blocked", "pause"),
}
"""What is edited at the source, and what becomes of it under PATCH and under PUT."""


def routine(lab: Lab) -> Raw:
    """A record of a file that says all that Omni can hold."""
    lab.world.providers["omni"].learn(lab.world.providers["omni"].row(_with_other_model(lab), 1))
    return {
        **lab.source.platform.write(1, wish(1, description="Old.")),
        "action": {"kind": "prompt", "text": "Say.", "model": MODEL, "branch": None, "topic": "sales"},
        "delivery": {"email": {"recipients": ["ops@example.com"]}},
    }


def _with_other_model(lab: Lab) -> Raw:
    return {**lab.target.platform.write(1, wish(1)), "modelId": OTHER_MODEL}


@pytest.mark.parametrize(
    ("told", "contract", "field"),
    [
        *(("auto", contract, field) for contract in ("patch", "put") for field in EDITS),
        *((contract, contract, field) for contract in ("patch", "put") for field in ("name", "model")),
    ],
)
async def test_every_field_changes_as_the_contract_allows(
    make_lab: MakeLab, told: str, contract: Contract, field: str
) -> None:
    """Each field changes in place where the contract in force can, else by a replacement, found out or told."""
    edits, under_patch, under_put = EDITS[field]
    lab = make_lab("json", "omni", platforms=Options(omni_update=contract), set={})
    lab.connection["omni"] = {"update_contract": told}
    lab.configure()
    lab.source.put(routine(lab))
    assert {"create": 1} == await lab.run()
    (before,) = lab.made

    lab.source.edit("job-1", **edits)
    action = under_patch if contract == "patch" else under_put
    assert {action: 1} == await lab.run()

    (after,) = lab.made
    assert (action == "replace") == (before != after)


async def test_the_contract_is_asked_for_once_and_remembered(make_lab: MakeLab) -> None:
    """Which contract an instance follows costs one harmless request, ever."""
    lab = make_lab("json", "omni", platforms=Options(omni_update="put"))
    lab.source.wish(1)
    await lab.run()
    lab.world.requests.clear()

    lab.source.wish(1, name="Renamed")
    await lab.run()

    assert [] == [entry for entry in lab.world.requests if entry["method"] == "OPTIONS"]


@pytest.mark.parametrize(("contract", "other"), [("put", "PATCH"), ("patch", "PUT")])
async def test_the_first_update_finds_the_contract_out(make_lab: MakeLab, contract: Contract, other: str) -> None:
    """Where the instance does not tell, the first update does, and the job is changed in the same run all the same."""
    lab = make_lab("json", "omni", platforms=Options(omni_update=contract))
    lab.world.fault("status", provider="omni", method="OPTIONS", status=404, times=0)
    lab.source.wish(1)
    await lab.carry_out()
    lab.source.wish(1, name="Renamed")
    lab.world.requests.clear()

    await lab.carry_out()

    assert ["Renamed"] == [job.name for job in lab.target_jobs()]
    assert (contract == "put") == (other in [entry["method"] for entry in lab.world.requests])
    await lab.settled()


UNTOLD: Final = {"provider": "omni", "method": "OPTIONS", "status": 404, "times": 0}
"""A platform that does not tell which contract it follows."""


async def test_an_update_that_becomes_a_replacement_is_done_in_the_same_run(make_lab: MakeLab) -> None:
    """When the first update shows another contract, what that cannot do in place is replaced within the run."""
    lab = make_lab("json", "omni", platforms=Options(omni_update="put"))
    lab.world.fault("status", **UNTOLD)
    lab.source.wish(1)
    await lab.carry_out()
    lab.source.edit("job-1", **{"trigger.timezone": "Europe/Berlin"})

    planned, applied = await lab.carry_out()

    assert ({"replace": 1}, {"done": 1, "failed": 0, "skipped": 0}) == (counts(planned), dict(applied.summary))
    assert ["Europe/Berlin"] == [raw["timezone"] for raw in lab.made.values()]
    await lab.settled()


@pytest.mark.parametrize("wrong_method", [405, 404])
@pytest.mark.parametrize("contract", ["patch", "put"])
@pytest.mark.parametrize("job", ["there already", "new"])
async def test_a_pause_is_tried_where_the_contract_is_not_known(
    make_lab: MakeLab, contract: Contract, wrong_method: int, job: str
) -> None:
    """A pause is not refused on an assumption: it is done in the same run where it can be, else the job is blocked."""
    lab = make_lab("json", "omni", platforms=Options(omni_update=contract))
    lab.world.fault("status", **UNTOLD)
    if wrong_method == 404:
        other = "PATCH" if contract == "put" else "PUT"
        lab.world.fault("status", provider="omni", method=other, status=404, times=0)
    lab.source.wish(1)
    if job == "there already":
        await lab.carry_out()
    lab.source.edit("job-1", enabled=False)

    planned, _applied = await lab.carry_out()

    is_there = contract == "put" or job == "there already"
    assert [contract == "put"] * is_there == [raw["disabled"] for raw in lab.made.values()]
    assert (contract == "patch") == bool(planned.blocked)
    await lab.settled()


async def test_a_platform_that_does_not_tell_its_contract_is_asked_once(make_lab: MakeLab) -> None:
    """That it does not tell is remembered; what a later update shows takes its place."""
    lab = make_lab("json", "omni", platforms=Options(omni_update="put"))
    lab.world.fault("status", **UNTOLD)
    lab.source.wish(1)
    await lab.carry_out()
    for _night in range(3):
        await lab.night()
    assert 1 == [entry["method"] for entry in lab.world.requests].count("OPTIONS")

    lab.source.wish(1, name="Renamed")
    await lab.carry_out()
    lab.source.wish(1, name="Renamed again")
    lab.world.requests.clear()
    await lab.carry_out()
    assert {"GET", "PUT"} == {entry["method"] for entry in lab.world.requests}


@pytest.mark.parametrize("shape", ["newest", "full", "seed", "v3beta"])
@pytest.mark.parametrize("role", ["source", "target"])
async def test_every_generation_of_devin_works(make_lab: MakeLab, shape: Shape, role: str) -> None:
    """Jobs are made, changed, paused and deleted the same way whatever generation of the interface answers."""
    ends = ("devin", "scrip") if role == "source" else ("omni", "devin")
    lab = make_lab(*ends, platforms=Options(devin_shape=shape), on_missing="delete")
    lab.source.wish(1)
    lab.source.wish(2)
    assert {"create": 2} == await lab.run()

    renamed = lab.source.wish(1, name="Renamed", hour=11)
    assert {"update": 1, "none": 1} == await lab.run()
    paused = lab.source.wish(1, name="Renamed", hour=11, enabled=False)
    assert {"pause": 1, "none": 1} == await lab.run()
    assert lab.expected(paused, wish(2)) == lab.target_jobs()

    lab.source.put(lab.source.platform.write(1, renamed))
    lab.source.remove(lab.source.platform.id_of(lab.source.platform.write(2, wish(2))))
    assert {"resume": 1, "delete": 1} == await lab.run()
    assert lab.expected(renamed) == lab.target_jobs()


@pytest.mark.parametrize("shape", ["full", "newest"])
async def test_what_an_answer_leaves_out_is_no_drift(make_lab: MakeLab, shape: Shape) -> None:
    """A setting that the platform takes and may leave out of its answers is written once, and again when it changes."""
    lab = make_lab("json", "devin", platforms=Options(devin_shape=shape))
    record = lab.source.platform.write(1, wish(1))
    for agent, notify, actions in (
        ("data_analyst", "always", {"create": 1}),
        ("devin", "always", {"update": 1}),
        ("devin", "never", {"update": 1}),
    ):
        record["action"]["agent"], record["delivery"] = agent, {"notify": notify}
        lab.source.put(record)
        assert actions == await lab.run()
        (held,) = (row["record"] for row in lab.world.records("devin") if row["record"]["name"] == "Job 001")
        assert (held["agent"], held["notify_on"]) == (agent, notify)
        assert (await lab.night()).results[0].plan.pending == ()


async def test_another_generation_of_responses_is_no_drift(make_lab: MakeLab) -> None:
    """When a platform stops answering with a field, and when it begins again, nothing has changed."""
    lab = make_lab("json", "devin", world=World())
    record = lab.source.platform.write(1, wish(1))
    record["action"]["agent"] = "data_analyst"
    lab.source.put(record)
    assert {"create": 1} == await lab.run()
    for shape in ("newest", "full"):
        lab.world.providers["devin"].shape = shape
        (found,) = (await lab.night()).results
        assert (found.exit_code, counts(found.plan)) == (0, {"none": 1})


async def test_a_generation_without_one_time_schedules_refuses_them(make_lab: MakeLab) -> None:
    """A one-time job that an old platform cannot take fails alone, with the platform's reason; nothing is made."""
    lab = make_lab("json", "devin", platforms=Options(devin_shape="v3beta"))
    lab.source.put({**lab.source.platform.write(1, wish(1)), "trigger": {"kind": "once", "at": "2027-01-01T09:00:00Z"}})

    _planned, applied = await lab.carry_out()

    assert ["failed"] == [outcome.status for outcome in applied.outcomes]
    assert "frequency" in applied.outcomes[0].error
    assert {} == lab.made
