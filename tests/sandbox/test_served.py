"""A served world: real sockets, /control, the state file, and the configuration that it hands out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from migrator.sandbox import BackgroundServer, World, load_samples, migrator_toml, settings
from tests.sandbox.examples import AUTOMATION, BODIES, DEVIN, PATHS, SCHEDULE, SCRIP, TOKENS, Connect


async def test_all_providers_answer_over_a_socket() -> None:
    """The base URLs and tokens of `settings` reach each provider."""
    world = World()
    load_samples(world)
    with BackgroundServer(world) as server:
        reach = settings(world, server.port)
        for provider, path in PATHS.items():
            headers = {"Authorization": f"Bearer {reach[provider]['token']}"}
            async with httpx.AsyncClient(base_url=reach[provider]["base_url"], headers=headers) as client:
                assert (await client.get(path)).status_code == 200


async def test_a_cut_connection_over_a_socket() -> None:
    """A reset is seen by a real client as a dead connection, and the next request works."""
    world = World()
    world.fault("reset", after=True)
    with BackgroundServer(world) as server:
        headers = {"Authorization": f"Bearer {TOKENS['devin']}"}
        async with httpx.AsyncClient(base_url=f"{server.url}/devin", headers=headers) as client:
            with pytest.raises(httpx.TransportError):
                await client.post(DEVIN, json=SCHEDULE)
            assert (await client.get(DEVIN)).json()["total"] == 1


async def test_a_slow_answer_times_out() -> None:
    """A client that does not wait gives up, while the effect stands."""
    world = World()
    world.fault("slow", seconds=0.5, after=True)
    with BackgroundServer(world) as server:
        headers = {"Authorization": f"Bearer {TOKENS['devin']}"}
        async with httpx.AsyncClient(base_url=f"{server.url}/devin", headers=headers, timeout=0.05) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post(DEVIN, json=SCHEDULE)
            assert (await client.get(DEVIN)).json()["total"] == 1


def test_a_taken_port_is_an_error() -> None:
    """Two servers cannot have one port."""
    with BackgroundServer(World()) as server, pytest.raises(OSError, match="in use"):
        BackgroundServer(World(), server.port)


def test_a_server_keeps_its_state(tmp_path: Path) -> None:
    """A server that starts on the file of another has its records, its clock and its fires."""
    file = tmp_path / "state.json"
    with BackgroundServer(World(state=file)) as server, httpx.Client(base_url=server.url) as http:
        headers = {"Authorization": f"Bearer {TOKENS['devin']}"}
        made = http.post(f"/devin{DEVIN}", json=SCHEDULE, headers=headers).json()
        http.post("/control/clock", json={"advance_seconds": 86400})
    again = World(state=file)
    assert (again.now(), [fire["at"] for fire in again.fires]) == (
        datetime(2026, 11, 22, tzinfo=UTC),
        ["2026-11-21T03:30:00Z"],
    )
    assert [row["record"]["scheduled_session_id"] for row in again.records("devin")] == [made["scheduled_session_id"]]
    assert [fire["at"] for fire in again.advance(by=timedelta(days=1))] == ["2026-11-22T03:30:00Z"]


async def test_a_world_comes_back_as_it_was(tmp_path: Path, connect: Connect) -> None:
    """Saved and restored, a world answers every list alike and goes on counting ids where it was."""
    world = World(state=tmp_path / "state.json")
    load_samples(world)
    for provider, body in BODIES.items():
        assert (await connect(world, provider).post(PATHS[provider], json=body)).is_success
    world.save()
    restored = World(state=tmp_path / "state.json")
    assert [restored.records(p) for p in PATHS] == [world.records(p) for p in PATHS]
    made = [(await connect(w, "devin").post(DEVIN, json=SCHEDULE)).json() for w in (world, restored)]
    assert made[0] == made[1]


def test_a_change_is_saved_at_once_where_nothing_runs(tmp_path: Path) -> None:
    """Without an event loop every change is in the file when the call returns, and no draft is left."""
    file = tmp_path / "state.json"
    world = World(state=file)
    load_samples(world)
    assert len(json.loads(file.read_text())["rows"]["omni"]) == len(world.records("omni"))
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


@pytest.fixture
async def control(world: World) -> Any:
    from migrator.sandbox import create_app  # noqa: PLC0415 (one use)

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=create_app(world)), base_url="http://here"
    ) as client:
        yield client


async def test_control_clock(control: httpx.AsyncClient, world: World) -> None:
    """The clock is read, moved by and moved to, answers the fires, and refuses nonsense."""
    load_samples(world)
    by = (await control.post("/control/clock", json={"advance_seconds": 3600})).json()
    to = (await control.post("/control/clock", json={"advance_to": "2026-11-21T02:00:00Z"})).json()
    assert (by["now"], to["now"]) == ("2026-11-21T01:00:00Z", "2026-11-21T02:00:00Z")
    assert (await control.get("/control/fires")).json()["fires"] == by["fires"] + to["fires"] == world.fires
    assert (await control.get("/control/clock")).json() == {"now": "2026-11-21T02:00:00Z"}
    bad: list[dict[str, Any]] = [
        {},
        {"advance_seconds": "1"},
        {"advance_to": "2026-11-20T00:00:00Z"},
        {"advance_to": "soon"},
    ]
    assert [(await control.post("/control/clock", json=body)).status_code for body in bad] == [400] * 4


async def test_control_requests(control: httpx.AsyncClient) -> None:
    """The log has every provider's requests in order, and can be emptied; /control's own are not in it."""
    await control.get(f"/devin{DEVIN}?limit=1", headers={"Authorization": "Bearer cog_sandbox"})
    await control.post(f"/scrip{SCRIP}", json=AUTOMATION)
    log = (await control.get("/control/requests")).json()
    assert log == {
        "requests": [
            {"provider": "devin", "method": "GET", "path": DEVIN, "query": "limit=1", "status": 200},
            {"provider": "scrip", "method": "POST", "path": SCRIP, "query": "", "status": 401},
        ],
        "counts": {"devin": 1, "scrip": 1},
    }
    assert (await control.delete("/control/requests")).json() == {"requests": [], "counts": {}}


async def test_control_faults(control: httpx.AsyncClient) -> None:
    """Rules are added, shown with what they have seen, dropped, and checked."""
    await control.post("/control/faults", json={"kind": "status", "status": 502, "provider": "devin", "times": 0})
    assert (await control.get("/devin/v3/self")).status_code == 502
    shown = (await control.get("/control/faults")).json()["faults"]
    assert [(rule["kind"], rule["status"], rule["seen"]) for rule in shown] == [("status", 502, 1)]
    assert (await control.delete("/control/faults")).json() == {"faults": []}
    assert (await control.get("/devin/v3/self")).status_code == 401
    assert [
        (await control.post("/control/faults", json=b)).status_code
        for b in ({}, {"kind": "x"}, {"kind": "reset", "y": 1})
    ] == [400] * 3


async def test_control_records_and_reset(control: httpx.AsyncClient, world: World) -> None:
    """Records are shown with their scope and what no answer has; a reset forgets all but the clock."""
    load_samples(world)
    world.advance(by=timedelta(hours=1))
    shown = (await control.get("/control/records/omni")).json()["records"]
    assert Counter(row["scope"] for row in shown) == {"0b7e4c5a-1f7d-4c38-9d52-5a1c6d0e0001": 13}
    assert (await control.get("/control/records/github")).status_code == 400
    assert (await control.post("/control/reset")).json() == {"now": "2026-11-21T01:00:00Z"}
    assert (await control.get("/control/records/omni")).json() == {"records": []}
    assert (world.fires, world.requests) == ([], [])


def test_the_written_configuration() -> None:
    """It is valid TOML, reaches all three, names no secret but in comments, and has a sync for each ordered pair."""
    world = World()
    text = migrator_toml(world, 8765)
    config = tomllib.loads(text)
    assert {name: c.get("token") for name, c in config["connections"].items()} == {
        "omni": "env:OMNI_API_KEY",
        "devin": "env:DEVIN_API_KEY",
        "scrip": "env:SCRIP_API_KEY",
        "archive": None,
    }
    assert set(config["syncs"]) == {f"{a}-to-{b}" for a in PATHS for b in PATHS if a != b}
    assert {s: c["base_url"] for s, c in config["connections"].items() if s in PATHS} == {
        provider: settings(world, 8765)[provider]["base_url"] for provider in PATHS
    }
    exports = [line for line in text.splitlines() if "export " in line]
    assert exports == [f"#   export {settings(world, 1)[p]['env']}={TOKENS[p]}" for p in PATHS]
    assert [
        line for line in text.splitlines() if any(t in line for t in TOKENS.values()) and not line.startswith("#")
    ] == []


def test_settings_follow_the_records(world: World) -> None:
    """Where only another organisation has records, that is the one to connect to."""
    load_samples(world)
    record = world.records("devin")[0]["record"]
    other = World()
    other.load("devin", [record | {"org_id": "org-other"}])
    assert [settings(w, 1)["devin"]["org_id"] for w in (world, other)] == [record["org_id"], "org-other"]


def test_samples_show_each_oddity(world: World) -> None:
    """A dozen jobs on each platform: paused, stopped, one-time, past, fanned out; and they do fire."""
    load_samples(world)
    omni, devin, scrip = ([row["record"] for row in world.records(p)] for p in PATHS)
    assert [len(records) for records in (omni, devin, scrip)] == [13, 12, 13]
    assert {r["disabled"] for r in omni} == {r["systemDisabled"] for r in omni} == {True, False}
    assert Counter(r["schedule_type"] for r in devin) == {"recurring": 10, "one_time": 2}
    assert {r["trigger_type"] for r in scrip} == {"cron", "one_time", "immediate", "participant_state"}
    assert {r["status"] for r in scrip} == {"active", "paused", "completed", "failed"}
    fired = {fire["name"] for fire in world.advance(by=timedelta(days=30))}
    assert {"Migration rehearsal", "Season start", "Refunds"} <= fired
    assert fired & {"Pricing test", "Board pack figures", "Log tidying", "Season end", "Paused lottery"} == set()


def test_nothing_of_ours_is_needed() -> None:
    """The sandbox works without any other module of the package, and without a server until one is started."""
    script = (
        "import sys, migrator.sandbox; print(*sorted(n for n in sys.modules if n.startswith(('migrator.', 'uvicorn'))))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in loaded if not name.startswith("migrator.sandbox")] == []


def test_an_interrupt_ends_it_quietly(tmp_path: Path) -> None:
    """`serve` tells its port, ends on an interrupt without a word, and leaves the state saved."""
    file = tmp_path / "state.json"
    script = (
        "import pathlib, sys\nfrom migrator.sandbox import World, serve\n"
        "serve(World(state=pathlib.Path(sys.argv[1])), ready=lambda port: print(port, flush=True))\nprint('done')"
    )
    command = [sys.executable, "-c", script, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        answer = httpx.post(f"http://127.0.0.1:{port}/control/clock", json={"advance_seconds": 60})
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert (answer.status_code, out, err, process.returncode) == (200, "done\n", "", 0)
    assert World(state=file).now() == datetime(2026, 11, 21, 0, 1, tzinfo=UTC)


def test_an_id_with_a_newline_is_answered_by_its_provider() -> None:
    """A newline in a path is part of it, and the answer is an error of the provider's own shape."""
    world = World()
    load_samples(world)
    with BackgroundServer(world) as server:
        reach = settings(world, server.port)
        for provider, path in PATHS.items():
            key = next(iter(world.stores[provider].rows))
            headers = {"Authorization": f"Bearer {reach[provider]['token']}"}
            for asked in (f"{path}/{key}%0A", f"{path}/a%0Ab", f"{path}%0A"):
                answer = httpx.get(f"{reach[provider]['base_url']}{asked}", headers=headers)
                assert answer.status_code in {400, 404}, (asked, answer.text)
                assert answer.json(), asked


def test_a_number_of_many_digits_is_a_number() -> None:
    """An offset far behind the end finds nothing."""
    world = World()
    load_samples(world)
    with BackgroundServer(world) as server:
        headers = {"Authorization": f"Bearer {TOKENS['devin']}"}
        answer = httpx.get(f"{server.url}/devin{DEVIN}?offset=12345678901", headers=headers)

    assert 200 == answer.status_code
    assert [] == answer.json()["items"]
