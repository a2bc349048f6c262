"""Single jobs, on the simulators: what is sent, what comes back, and what happens when an answer is lost."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from attrs import evolve

from migrator.errors import (
    AuthError,
    NotFoundError,
    ProtocolError,
    ProviderError,
    QuotaError,
    RejectedError,
    TransientError,
    UncertainError,
    UsageError,
)
from migrator.providers.base import ContractError
from migrator.providers.registry import PROVIDERS
from migrator.sandbox import Options, World, load_samples
from migrator.sandbox.omni import COLLEAGUE, OWNER

from .conftest import CONNECTIONS, HTTP, ID, JOBS, Reach

SCOPES = {
    "omni": "acme.omniapp.co/api",
    "devin": CONNECTIONS["devin"].text("org_id"),
    "scrip": CONNECTIONS["scrip"].text("program_id"),
}


@pytest.mark.parametrize("provider", HTTP)
async def test_the_life_of_a_job(provider: str, world: World, reach: Reach) -> None:
    """A job can be made, listed, read, changed and removed, and is then gone."""
    scope = SCOPES[provider]
    async with reach(world, CONNECTIONS[provider]) as adapter:
        assert (scope,) == adapter.scopes
        made = await adapter.create_job(scope, JOBS[provider])
        changed = await adapter.update_job(scope, made.id, {"name": "Renamed"})
        listed = [record async for record in adapter.list_jobs()]
        read = await adapter.get_job(scope, made.id)
        await adapter.delete_job(scope, made.id)
        with pytest.raises(NotFoundError):
            await adapter.get_job(scope, made.id)
    assert changed == read == listed[0]
    assert (scope, made.id, "Renamed") == (read.scope, read.raw[ID[provider]], read.raw["name"])
    assert len(world.requests) == adapter.requests


@pytest.mark.parametrize(("provider", "whole"), [("omni", False), ("devin", True), ("scrip", True)])
async def test_what_a_create_answers(provider: str, whole: bool, world: World, reach: Reach) -> None:
    """The whole job where the platform answers with it, and only the id where it does not."""
    async with reach(world, CONNECTIONS[provider]) as adapter:
        made = await adapter.create_job(SCOPES[provider], JOBS[provider])
    assert whole == (made.record is not None)
    assert made.id in [record["record"][ID[provider]] for record in world.records(provider)]


@pytest.mark.parametrize("provider", HTTP)
async def test_removing_twice(provider: str, world: World, reach: Reach) -> None:
    """A job that is already gone needs no removing."""
    async with reach(world, CONNECTIONS[provider]) as adapter:
        made = await adapter.create_job(SCOPES[provider], JOBS[provider])
        await adapter.delete_job(SCOPES[provider], made.id)
        await adapter.delete_job(SCOPES[provider], made.id)
    assert [True] == [record["gone"] for record in world.records(provider)]


@pytest.mark.parametrize("provider", HTTP)
async def test_a_removal_whose_answer_is_lost(provider: str, world: World, reach: Reach) -> None:
    """When the answer to a removal is lost, the job is found gone and all is well."""
    async with reach(world, CONNECTIONS[provider]) as adapter:
        made = await adapter.create_job(SCOPES[provider], JOBS[provider])
        world.fault("reset", method="DELETE", after=True)
        await adapter.delete_job(SCOPES[provider], made.id)
    assert [True] == [record["gone"] for record in world.records(provider)]


@pytest.mark.parametrize("provider", HTTP)
async def test_a_removal_that_fails(provider: str, world: World, reach: Reach) -> None:
    """A removal that never works is reported, and the job is still there."""
    async with reach(world, CONNECTIONS[provider]) as adapter:
        made = await adapter.create_job(SCOPES[provider], JOBS[provider])
        world.fault("status", method="DELETE", status=500, times=0)
        with pytest.raises(UncertainError):
            await adapter.delete_job(SCOPES[provider], made.id)
        assert JOBS[provider]["name"] == (await adapter.get_job(SCOPES[provider], made.id)).raw["name"]


@pytest.mark.parametrize("provider", HTTP)
async def test_a_removal_of_which_nothing_is_known(provider: str, world: World, reach: Reach) -> None:
    """When neither the removal nor a look at the job gets through, the outcome is reported as unknown."""
    async with reach(world, CONNECTIONS[provider]) as adapter:
        made = await adapter.create_job(SCOPES[provider], JOBS[provider])
        world.fault("status", status=500, times=0)
        with pytest.raises(UncertainError):
            await adapter.delete_job(SCOPES[provider], made.id)


@pytest.mark.parametrize("provider", HTTP)
@pytest.mark.parametrize("kind", ["reset", "status", "html", "broken_json"])
async def test_a_create_whose_answer_is_lost(provider: str, kind: str, world: World, reach: Reach) -> None:
    """However the answer to a create is lost, the create is reported as uncertain and sent once only."""
    async with reach(world, CONNECTIONS[provider]) as adapter:
        world.fault(kind, method="POST", after=True)
        with pytest.raises(UncertainError):
            await adapter.create_job(SCOPES[provider], JOBS[provider])
    assert 1 == len(world.records(provider))


@pytest.mark.parametrize("provider", HTTP)
async def test_an_accepted_create_without_an_id(provider: str, reach: Reach) -> None:
    """A create that is accepted without an id may have made a job, so it is uncertain."""

    async def platform(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={})

    async with reach(platform, CONNECTIONS[provider]) as adapter:
        with pytest.raises(UncertainError, match="no id"):
            await adapter.create_job(SCOPES[provider], JOBS[provider])


@pytest.mark.parametrize("provider", HTTP)
async def test_a_throttled_create_is_made_once(provider: str, world: World, reach: Reach) -> None:
    """A throttle proves that nothing was made, so the create is repeated and makes one job."""
    async with reach(world, CONNECTIONS[provider]) as adapter:
        world.fault("throttle", method="POST", times=3)
        await adapter.create_job(SCOPES[provider], JOBS[provider])
    assert 1 == len(world.records(provider))
    assert [429] * 3 == [entry["status"] for entry in world.requests if entry["method"] == "POST"][:3]


async def test_the_omni_quota_is_final(reach: Reach) -> None:
    """Omni's limit of active routines answers 429 too, and is not waited out."""
    world = World(options=Options(omni_quota=1))
    async with reach(world, CONNECTIONS["omni"]) as adapter:
        await adapter.create_job(SCOPES["omni"], JOBS["omni"])
        with pytest.raises(QuotaError, match="Maximum of 1 active routines"):
            await adapter.create_job(SCOPES["omni"], JOBS["omni"])
    assert 2 == len(world.requests)


@pytest.mark.parametrize(
    ("provider", "changes", "said"),
    [
        ("omni", {"schedule": "nonsense"}, "schedule: invalid cron expression"),
        ("devin", {"frequency": "nonsense"}, "cron"),
        ("devin", {"name": 7}, "body.name Input should be a valid string"),
        ("scrip", {"name": ""}, "name must be a string of 1 to 255 characters"),
    ],
)
async def test_a_refused_create_says_why(
    provider: str, changes: dict[str, Any], said: str, world: World, reach: Reach
) -> None:
    """The platform's own reason is in the message, with the job's name."""
    async with reach(world, CONNECTIONS[provider]) as adapter:
        with pytest.raises(RejectedError) as caught:
            await adapter.create_job(SCOPES[provider], JOBS[provider] | {"name": "Bad one"} | changes)
    assert said in str(caught.value)
    assert ("name" not in changes) == ("(job Bad one)" in caught.value.where)


@pytest.mark.parametrize("provider", HTTP)
async def test_a_wrong_token(provider: str, world: World, reach: Reach) -> None:
    """A token that the platform does not know is an error of authentication, and does not show."""
    async with reach(world, evolve(CONNECTIONS[provider], token="not-the-token")) as adapter:
        with pytest.raises(AuthError) as caught:
            await adapter.get_job(SCOPES[provider], "x")
    assert "not-the-token" not in str(caught.value)


@pytest.mark.parametrize("provider", HTTP)
async def test_a_job_of_another_connection(provider: str, world: World, reach: Reach) -> None:
    """A scope that the connection does not reach is refused before anything is sent."""
    async with reach(world, CONNECTIONS[provider]) as adapter:
        with pytest.raises(UsageError, match="scope"):
            await adapter.delete_job("elsewhere", "x")
    assert [] == world.requests


@pytest.mark.parametrize("provider", HTTP)
async def test_ids_are_quoted(provider: str, reach: Reach) -> None:
    """An id is one part of the address, whatever it holds."""
    asked: list[bytes] = []

    async def platform(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(200, json={ID[provider]: "x"})

    async with reach(platform, CONNECTIONS[provider]) as adapter:
        await adapter.get_job(SCOPES[provider], "../x?y#z")
    assert [b"..%2Fx%3Fy%23z"] == [path.rpartition(b"/")[2] for path in asked]


@pytest.mark.parametrize("provider", HTTP)
@pytest.mark.parametrize("wrong", [".", "..", "", " ", "a\x00b", "\ud800", "x" * 256])
async def test_an_id_that_leads_elsewhere_reaches_no_address(provider: str, wrong: str, reach: Reach) -> None:
    """Nothing is asked about it, and a create that is answered with it is one whose result is unknown."""
    asked: list[tuple[str, bytes]] = []

    async def platform(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.raw_path.partition(b"?")[0]))
        return httpx.Response(200, content=json.dumps({ID[provider]: wrong}).encode())

    async with reach(platform, CONNECTIONS[provider]) as adapter:
        scope = SCOPES[provider]
        changes = [
            adapter.get_job(scope, wrong),
            adapter.update_job(scope, wrong, {}),
            adapter.delete_job(scope, wrong),
        ]
        for change in changes:
            with pytest.raises(ProviderError, match="is not sent to the platform"):
                await change
        assert [] == asked
        with pytest.raises(UncertainError, match="named an id that"):
            await adapter.create_job(scope, {"name": "it"})
    assert ["POST"] == [method for method, _path in asked]


async def test_omni_members_act_for_themselves(world: World, reach: Reach) -> None:
    """Every request about a member's routine names the member."""
    async with reach(world, evolve(CONNECTIONS["omni"], settings={"user_ids": (OWNER, COLLEAGUE)})) as adapter:
        scope = adapter.scopes[1]
        made = await adapter.create_job(scope, JOBS["omni"])
        await adapter.update_job(scope, made.id, {"name": "Renamed"})
        assert [(scope, made.id)] == [(record.scope, record.raw["id"]) async for record in adapter.list_jobs()]
        await adapter.delete_job(scope, made.id)
    assert {f"userId={COLLEAGUE}"} == {entry["query"] for entry in world.requests if entry["method"] != "GET"}


# Omni's two contracts for updating.

PUT_BODY = {"name": "Renamed", "prompt": "p", "schedule": "0 9 ? * MON *", "isActive": False}


@pytest.mark.parametrize(("in_force", "assumed"), [("put", "patch"), ("patch", "put")])
async def test_the_contract_is_found_out_by_updating(in_force: str, assumed: str, reach: Reach) -> None:
    """An update by the wrong contract changes nothing and tells the right one, which then works and is remembered."""
    world = World(options=Options(omni_update=in_force))  # type: ignore[arg-type]  # a literal from the parameters
    bodies = {"patch": {"name": "Renamed"}, "put": PUT_BODY}
    async with reach(world, CONNECTIONS["omni"]) as adapter:
        made = await adapter.create_job(SCOPES["omni"], JOBS["omni"])
        with pytest.raises(ContractError) as caught:
            await adapter.update_job(SCOPES["omni"], made.id, bodies[assumed], contract=assumed)
        assert (in_force, in_force) == (caught.value.contract, await adapter.update_contract())
        changed = await adapter.update_job(SCOPES["omni"], made.id, bodies[in_force], contract=in_force)
    assert changed is not None
    assert ("Renamed", in_force == "put") == (changed.raw["name"], changed.raw["disabled"])


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (405, {"Allow": "GET, PUT, DELETE"}, "put"),
        (200, {"Allow": "GET,PATCH,DELETE"}, "patch"),
        (204, {"Allow": "get, put, patch"}, None),
        (404, {}, None),
        (204, {"Access-Control-Allow-Methods": "GET,PUT"}, None),
        (401, {}, None),
        (500, {}, None),
    ],
)
async def test_the_contract_is_asked_for_once(
    status: int, headers: dict[str, str], expected: str | None, reach: Reach
) -> None:
    """What a routine's address allows tells the contract when it names one method only; nobody asks twice."""
    asked: list[httpx.Request] = []

    async def platform(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, headers=headers)

    async with reach(platform, CONNECTIONS["omni"]) as adapter:
        assert [expected] * 2 == [await adapter.update_contract(), await adapter.update_contract()]
    assert {"OPTIONS"} == {request.method for request in asked}
    assert (1 if status < 500 else 6) == len(asked)


async def test_a_contract_that_worked_is_remembered(world: World, reach: Reach) -> None:
    """After an update that worked nobody has to ask."""
    async with reach(world, CONNECTIONS["omni"]) as adapter:
        made = await adapter.create_job(SCOPES["omni"], JOBS["omni"])
        await adapter.update_job(SCOPES["omni"], made.id, {"name": "Renamed"})
        assert "patch" == await adapter.update_contract()
    assert ["POST", "PATCH"] == [entry["method"] for entry in world.requests]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"settings": {"update_contract": "put"}}, "put"),
        ({"settings": {"update_contract": "patch"}, "known_contract": "put"}, "patch"),
        ({"known_contract": "put"}, "put"),
    ],
)
async def test_a_known_contract_costs_nothing(
    settings: dict[str, str], expected: str, world: World, reach: Reach
) -> None:
    """A configured or remembered contract is used without asking."""
    async with reach(world, evolve(CONNECTIONS["omni"], **settings)) as adapter:
        assert expected == await adapter.update_contract()
    assert [] == world.requests


async def test_a_configured_contract_is_not_second_guessed(reach: Reach) -> None:
    """Where the contract is configured, its refusal is a refusal."""
    world = World(options=Options(omni_update="put"))
    async with reach(world, evolve(CONNECTIONS["omni"], settings={"update_contract": "patch"})) as adapter:
        made = await adapter.create_job(SCOPES["omni"], JOBS["omni"])
        with pytest.raises(RejectedError, match="update_contract") as caught:
            await adapter.update_job(SCOPES["omni"], made.id, {"name": "x"})
    assert not isinstance(caught.value, ContractError)


async def test_one_404_is_no_proof_of_the_other_contract(world: World, reach: Reach) -> None:
    """An update that finds nothing once, as behind a restarting proxy, is sent again, and works."""
    async with reach(world, CONNECTIONS["omni"]) as adapter:
        made = await adapter.create_job(SCOPES["omni"], JOBS["omni"])
        world.fault("status", status=404, method="PATCH")
        changed = await adapter.update_job(SCOPES["omni"], made.id, {"name": "Renamed"})
        assert "patch" == await adapter.update_contract()
    assert changed is not None
    assert "Renamed" == changed.raw["name"]


@pytest.mark.parametrize(("readable", "error"), [(True, ContractError), (False, NotFoundError)])
async def test_a_404_may_mean_the_method(readable: bool, error: type[ProviderError], reach: Reach) -> None:
    """An update that finds nothing where the routine can be read was refused for its method."""

    async def platform(request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and readable:
            return httpx.Response(200, json={"id": "r"})
        return httpx.Response(404, json={"detail": "not found", "status": 404})

    async with reach(platform, CONNECTIONS["omni"]) as adapter:
        with pytest.raises(error) as caught:
            await adapter.update_job(SCOPES["omni"], "r", {"name": "x"})
    assert type(caught.value) is error


# What is documented.


def leaves(raw: dict[str, Any]) -> set[str]:
    """Field names as `Documented` lists them: destination and playbook by their members, other objects whole."""
    parts = {"destination", "playbook"}
    return {k for k in raw if k not in parts} | {f"{p}.{k}" for p in parts for k in raw.get(p) or {}}


@pytest.mark.parametrize("provider", HTTP)
async def test_every_answered_field_is_documented(provider: str, world: World, reach: Reach) -> None:
    """Nothing that a simulator answers is missing from the documented fields."""
    load_samples(world)
    documented = PROVIDERS[provider].documented
    assert documented is not None
    scope = world.records(provider)[0]["scope"]
    connection = CONNECTIONS[provider]
    if provider != "omni":
        connection = evolve(connection, settings={{"devin": "org_id", "scrip": "program_id"}[provider]: scope})
    async with reach(world, connection) as adapter:
        fields = [leaves(record.raw) async for record in adapter.list_jobs()]
    assert len(fields) > 5
    assert set() == set().union(*fields) - documented.response


def test_the_documented_bodies() -> None:
    """What can be changed is known for every contract, and every contract has its own body."""
    omni = PROVIDERS["omni"].documented
    assert omni is not None
    assert {"destination.recipientId", "timezone"} <= omni.update["patch"]
    assert {"modelId", "isActive"} <= omni.update["put"]
    assert omni.update["put"].isdisjoint({"destination.type", "timezone"})
    assert "isActive" not in omni.update["patch"] | omni.create
    devin, scrip = PROVIDERS["devin"].documented, PROVIDERS["scrip"].documented
    assert devin is not None
    assert scrip is not None
    assert "enabled" in devin.update["patch"] - devin.create
    assert {"trigger.cron_expression", "trigger.type"} <= scrip.create
    assert "status" in scrip.update["patch"] - scrip.create


async def test_a_record_that_is_none(reach: Reach) -> None:
    """An answer without an id is no job."""

    async def platform(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"hello": 1})

    for provider in HTTP:
        async with reach(platform, CONNECTIONS[provider]) as adapter:
            with pytest.raises(ProtocolError, match="no usable"):
                await adapter.get_job(SCOPES[provider], "x")


async def test_an_unreachable_platform(reach: Reach) -> None:
    """A host that cannot be found is named, and nothing can have been made."""

    async def platform(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Name or service not known")

    async with reach(platform, CONNECTIONS["omni"]) as adapter:
        with pytest.raises(TransientError, match=r"acme\.omniapp\.co cannot be reached: Name or service not known"):
            await adapter.create_job(SCOPES["omni"], JOBS["omni"])
