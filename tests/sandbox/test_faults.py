"""Scripted faults: what goes wrong, when, and what is left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from migrator.sandbox import SlidingWindow, TokenBucket, World, documented_limits
from tests.sandbox.examples import AUTOMATION, BODIES, DEVIN, PATHS, ROUTINE, SCHEDULE, SCRIP, Connect

ROUTINES = "/v1/ai/routines"


def held(world: World, provider: str) -> int:
    return len(world.records(provider))


@pytest.mark.parametrize(("after", "left"), [(False, 0), (True, 1)])
@pytest.mark.parametrize("provider", ["omni", "devin", "scrip"])
async def test_a_failure_before_or_after_the_effect(
    world: World,
    connect: Connect,
    provider: str,
    after: bool,
    left: int,
) -> None:
    """A 503 before the effect leaves nothing, after it everything; the next request is answered as ever."""
    world.fault("status", status=503, after=after)
    client = connect(world, provider)
    failed = await client.post(PATHS[provider], json=BODIES[provider])
    assert (failed.status_code, held(world, provider)) == (503, left)
    assert (await client.get(PATHS[provider])).status_code == 200


@pytest.mark.parametrize(("after", "left"), [(False, 0), (True, 1)])
async def test_a_cut_connection(world: World, devin: httpx.AsyncClient, after: bool, left: int) -> None:
    """A reset leaves no answer, and the log knows of none; with `after` the effect stands."""
    world.fault("reset", method="POST", after=after)
    with pytest.raises(httpx.ReadError):
        await devin.post(DEVIN, json=SCHEDULE)
    assert (held(world, "devin"), world.requests[-1]["status"]) == (left, None)


async def test_error_bodies_have_the_providers_shape(world: World, connect: Connect) -> None:
    """A scripted 500 reads as that provider's own."""
    world.fault("status", times=3)
    bodies = [(await connect(world, provider).get(PATHS[provider])).json() for provider in PATHS]
    assert [set(body) for body in bodies] == [{"error", "message"}, {"detail"}, {"code", "message"}]


@pytest.mark.parametrize(("retry_after", "header"), [(None, None), (2, "2"), (0.5, "0.5")])
async def test_throttling(world: World, connect: Connect, retry_after: float | None, header: str | None) -> None:
    """A scripted 429 has the provider's shape, and Retry-After only when the rule gives one."""
    world.fault("throttle", retry_after=retry_after, times=3)
    answers = [await connect(world, provider).get(PATHS[provider]) for provider in PATHS]
    assert [(a.status_code, a.headers.get("retry-after")) for a in answers] == [(429, header)] * 3
    assert [set(a.json()) for a in answers] == [{"error", "message"}, {"detail"}, {"code", "message"}]


async def test_html_and_broken_json(world: World, devin: httpx.AsyncClient) -> None:
    """An answer can be a page of HTML, or JSON that stops in the middle."""
    world.fault("html")
    world.fault("broken_json", nth=2)
    first, second = await devin.get(DEVIN), await devin.get(DEVIN)
    assert (first.status_code, first.headers["content-type"]) == (200, "text/html; charset=utf-8")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        second.json()


@pytest.mark.parametrize("provider", ["omni", "devin", "scrip"])
async def test_a_truncated_page(world: World, connect: Connect, provider: str) -> None:
    """A page loses its second half, and says that nothing follows."""
    client = connect(world, provider)
    for n in range(5):
        await client.post(PATHS[provider], json=BODIES[provider] | {"name": f"n{n}"})
    world.fault("truncated_page")
    size = {"omni": "pageSize"}.get(provider, "limit")
    page = (await client.get(PATHS[provider], params={size: 4})).json()
    assert len(page.get("records") or page.get("items") or page.get("data")) == 2
    ends = page.get("pageInfo") or page.get("pagination") or page
    assert (ends.get("hasNextPage") or ends.get("has_more") or ends.get("has_next_page") or False) is False


async def test_a_repeated_page(world: World, devin: httpx.AsyncClient) -> None:
    """A list answers the page before once more; without a page before, its own."""
    for n in range(4):
        await devin.post(DEVIN, json=SCHEDULE | {"name": f"n{n}"})
    world.fault("repeated_page", method="GET", times=2)
    pages = [(await devin.get(DEVIN, params={"limit": 2, "offset": offset})).json() for offset in (0, 2, 2)]
    assert [[item["name"] for item in page["items"]] for page in pages] == [["n3", "n2"], ["n3", "n2"], ["n1", "n0"]]


async def test_slowness(connect: Connect) -> None:
    """Latency holds up every request, a slow rule one; both wait by the world's own sleep."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    world = World(latency=0.05, sleep=sleep)
    world.fault("slow", seconds=9, nth=2)
    devin = connect(world, "devin")
    assert [(await devin.get(DEVIN)).status_code for _ in range(2)] == [200, 200]
    assert waits == [0.05, 0.05, 9]


async def test_requests_are_handled_one_by_one(world: World, devin: httpx.AsyncClient) -> None:
    """A change that arrives slowly does not undo one that was made while it arrived."""
    path = f"{DEVIN}/{(await devin.post(DEVIN, json=SCHEDULE)).json()['scheduled_session_id']}"

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"name":'
        await devin.patch(path, json={"prompt": "new"})
        yield b'"new"}'

    after = (await devin.patch(path, content=slowly())).json()
    assert (after["name"], after["prompt"]) == ("new", "new")


async def test_reads_that_lag(world: World, devin: httpx.AsyncClient) -> None:
    """A new schedule is neither found nor listed for two reads; a change is not seen for one; writes see the truth."""
    world.fault("eventual", method="POST", reads=2)
    path = f"{DEVIN}/{(await devin.post(DEVIN, json=SCHEDULE)).json()['scheduled_session_id']}"
    seen = [
        (await devin.get(path)).status_code,
        (await devin.get(DEVIN)).json()["total"],
        (await devin.get(path)).status_code,
    ]
    assert (seen, (await devin.get(DEVIN)).json()["total"]) == ([404, 0, 200], 1)
    world.fault("eventual", method="PATCH", reads=1)
    assert (await devin.patch(path, json={"name": "new"})).json()["name"] == "new"
    assert [(await devin.get(path)).json()["name"] for _ in range(2)] == ["Nightly", "new"]
    world.fault("eventual", method="DELETE", reads=1)
    await devin.delete(path)
    assert [(await devin.get(path)).status_code for _ in range(2)] == [200, 404]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, [500, 200, 200, 200]),
        ({"nth": 3}, [200, 200, 500, 200]),
        ({"times": 2}, [500, 500, 200, 200]),
        ({"nth": 2, "times": 0}, [200, 500, 500, 500]),
        ({"provider": "omni", "times": 0}, [200, 200, 200, 200]),
        ({"method": "POST", "times": 0}, [200, 200, 200, 200]),
        ({"path": "*/schedules", "times": 0}, [500, 500, 500, 500]),
        ({"path": "*/schedules/*", "times": 0}, [200, 200, 200, 200]),
    ],
)
async def test_which_requests_a_rule_strikes(
    world: World, devin: httpx.AsyncClient, rule: dict[str, Any], expected: list[int]
) -> None:
    """A rule counts the requests that match it, and strikes from the nth on, so many times."""
    world.fault("status", **rule)
    assert [(await devin.get(DEVIN)).status_code for _ in expected] == expected


def test_a_rule_is_checked(world: World) -> None:
    """An unknown kind or provider is refused."""
    for rule in ({"kind": "gremlin"}, {"kind": "reset", "provider": "github"}):
        with pytest.raises(ValueError, match="must be in"):
            world.fault(**rule)


async def test_omnis_limit(connect: Connect) -> None:
    """Sixty requests a minute for each key; the 429 has the throttle's shape and no Retry-After."""
    seconds = [0.0]
    world = World(limits=documented_limits(), ticks=lambda: seconds[-1])
    omni, other = connect(world, "omni"), connect(world, "omni", "omni_pat_sandbox")
    statuses = [(await omni.get(ROUTINES)).status_code for _ in range(60)]
    refused = await omni.post(ROUTINES, json=ROUTINE)
    assert (statuses, refused.status_code, set(refused.json())) == ([200] * 60, 429, {"error", "message"})
    assert "retry-after" not in refused.headers
    assert (await other.get(ROUTINES)).status_code == 200
    seconds.append(60.0)
    assert (await omni.get(ROUTINES)).status_code == 200


async def test_scrips_limit(connect: Connect) -> None:
    """Thirty at once, then ten a second; the 429 tells when to come again, and the headers what is left."""
    seconds = [0.0]
    world = World(limits=documented_limits(), ticks=lambda: seconds[-1])
    scrip = connect(world, "scrip")
    answers = [await scrip.get(SCRIP) for _ in range(31)]
    assert [a.status_code for a in answers] == [200] * 30 + [429]
    assert [a.headers["x-ratelimit-remaining"] for a in answers[-2:]] == ["0", "0"]
    assert (answers[-1].json()["code"], answers[-1].headers["retry-after"]) == ("too_many_requests", "1")
    seconds.append(0.35)
    assert [(await scrip.get(SCRIP)).status_code for _ in range(4)] == [200, 200, 200, 429]


async def test_a_throttled_write_has_no_effect(connect: Connect) -> None:
    """A request over the limit changes nothing."""
    world = World(limits={"scrip": TokenBucket(1.0, 1)}, ticks=lambda: 0.0)
    scrip = connect(world, "scrip")
    assert [(await scrip.post(SCRIP, json=AUTOMATION | {"name": n})).status_code for n in ("a", "b")] == [201, 429]
    assert held(world, "scrip") == 1


def test_limits_forget() -> None:
    """A window admits again when the oldest request leaves it, a bucket as it fills; neither beyond its size."""
    window, bucket = SlidingWindow(2, 10.0), TokenBucket(2.0, 4)
    assert [window.admit("k", t) for t in (0.0, 4.0, 5.0, 10.0, 11.0, 14.0)] == [0, 0, 5.0, 0, 3.0, 0]
    assert [bucket.admit("k", 0.0) for _ in range(5)] == [0, 0, 0, 0, 0.5]
    assert [bucket.remaining("k", t) for t in (0.5, 1.0, 99.0)] == [1, 2, 4]
