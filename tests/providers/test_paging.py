"""A list is read to its end, each job once; and it is not used when its end cannot be found."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import httpx
import pytest
from attrs import evolve

from migrator.errors import ProtocolError, TransientError
from migrator.extract import extract
from migrator.mapping import load_mapping
from migrator.providers.base import LoadAdapter

from .conftest import CONNECTIONS, HTTP, ID, Reach


class Lists:
    """A platform whose list has the given pages of ids; `loop` makes every page claim that the same one follows."""

    def __init__(self, provider: str, *pages: list[str], loop: bool = False, total: int | None = None) -> None:
        self.provider = provider
        self.pages = pages
        self.loop = loop
        self.total = len({key for page in pages for key in page}) if total is None else total
        self.asked: list[dict[str, str]] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """One page."""
        query = dict(request.url.params)
        self.asked.append(query)
        number = self._number(query)
        more = self.loop or number < len(self.pages) - 1
        items = [{ID[self.provider]: key} for key in self.pages[0 if self.loop else number]]
        cursor = str(number + 1) if more else None
        match self.provider:
            case "omni":
                info = {"hasNextPage": more, "nextCursor": cursor, "pageSize": 100, "totalRecords": self.total}
                return httpx.Response(200, json={"records": items, "pageInfo": info})
            case "devin":
                return httpx.Response(200, json={"items": items, "has_next_page": more, "total": self.total})
            case _:
                return httpx.Response(
                    200, json={"data": items, "pagination": {"has_more": more, "next_cursor": cursor}}
                )

    def _number(self, query: dict[str, str]) -> int:
        if "offset" not in query:
            return int(query.get("cursor", 0))
        starts = [sum(map(len, self.pages[:n])) for n in range(len(self.pages))]
        return 0 if self.loop else starts.index(int(query["offset"]))


async def ids(adapter: LoadAdapter) -> list[str]:
    """The ids that a list brings, in order."""
    return [record.raw[ID[adapter.provider]] async for record in adapter.list_jobs()]


@pytest.mark.parametrize("provider", HTTP)
async def test_all_pages_each_job_once(provider: str, reach: Reach) -> None:
    """Pages are followed to the last, and a job that moved to the next page meanwhile is not seen twice."""
    platform = Lists(provider, ["a", "b"], ["b", "c"], ["d"])
    async with reach(platform, CONNECTIONS[provider]) as adapter:
        assert ["a", "b", "c", "d"] == await ids(adapter)
    assert 3 == len(platform.asked)


@pytest.mark.parametrize("provider", HTTP)
async def test_an_empty_list(provider: str, reach: Reach) -> None:
    """No jobs is an answer."""
    async with reach(Lists(provider, []), CONNECTIONS[provider]) as adapter:
        assert [] == await ids(adapter)
        assert 1 == adapter.requests


@pytest.mark.parametrize("provider", HTTP)
async def test_a_list_that_repeats_itself(provider: str, reach: Reach) -> None:
    """A list whose pages bring nothing new but claim that there is more is an error, not a loop."""
    async with reach(Lists(provider, ["a", "b"], loop=True), CONNECTIONS[provider]) as adapter:
        with pytest.raises(ProtocolError, match="repeats a page"):
            await ids(adapter)
        assert adapter.requests <= 3  # the two pages, and one that was asked for before the second was read


@pytest.mark.parametrize(("provider", "fails"), [("omni", True), ("scrip", True), ("devin", False)])
async def test_an_empty_page_that_claims_more(provider: str, fails: bool, reach: Reach) -> None:
    """Devin's offset lists end with an empty page; where a cursor leads on from one, the list is broken."""
    async with reach(Lists(provider, [], loop=True), CONNECTIONS[provider]) as adapter:
        if fails:
            with pytest.raises(ProtocolError):
                await ids(adapter)
        else:
            assert [] == await ids(adapter)


@pytest.mark.parametrize(
    ("provider", "page"),
    [
        ("omni", {"records": []}),
        ("omni", {"pageInfo": {"hasNextPage": False}}),
        ("omni", {"records": [], "pageInfo": {"hasNextPage": True, "nextCursor": None}}),
        ("omni", {"records": ["text"], "pageInfo": {"hasNextPage": False}}),
        ("devin", {}),
        ("devin", {"items": {}}),
        ("devin", {"items": ["text"]}),
        ("scrip", {"data": []}),
        ("scrip", {"data": None, "pagination": {"has_more": False}}),
        ("scrip", {"data": [], "pagination": {"has_more": True}}),
    ],
)
async def test_a_page_that_is_none(provider: str, page: dict[str, Any], reach: Reach) -> None:
    """A page without what the platform documents is an error that names the request."""

    async def platform(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=page)

    async with reach(platform, CONNECTIONS[provider]) as adapter:
        with pytest.raises(ProtocolError) as caught:
            await ids(adapter)
    assert caught.value.where.startswith(f"GET {provider} /v")


@pytest.mark.parametrize("provider", HTTP)
async def test_a_page_that_cannot_be_had(provider: str, reach: Reach) -> None:
    """When a later page fails, the list fails: half a list is never taken for a whole one."""
    pages = Lists(provider, ["a"], ["b"])

    async def platform(request: httpx.Request) -> httpx.Response:
        return await pages(request) if not pages.asked else httpx.Response(500)

    async with reach(platform, CONNECTIONS[provider]) as adapter:
        with pytest.raises(TransientError):
            await ids(adapter)


async def test_a_short_omni_list_is_read_again(reach: Reach) -> None:
    """When Omni counts more routines than its pages held, a second reading makes up for it."""
    short, whole = Lists("omni", ["a"], total=3), Lists("omni", ["c", "a"], ["b"])

    async def platform(request: httpx.Request) -> httpx.Response:
        return await (whole if short.asked else short)(request)

    async with reach(platform, CONNECTIONS["omni"]) as adapter:
        assert ["a", "c", "b"] == await ids(adapter)


async def test_an_omni_list_that_stays_short(reach: Reach) -> None:
    """A list that is still not whole is not used."""
    async with reach(Lists("omni", ["a"], total=3), CONNECTIONS["omni"]) as adapter:
        with pytest.raises(ProtocolError, match="ends after 1 of 3 jobs"):
            await ids(adapter)


async def test_devins_total_is_a_hint(reach: Reach) -> None:
    """Devin's total makes us look twice, but its documentation makes it optional, so it decides nothing."""
    platform = Lists("devin", ["a"], total=3)
    async with reach(platform, CONNECTIONS["devin"]) as adapter:
        assert ["a"] == await ids(adapter)
    assert 2 == len(platform.asked)


async def test_the_oldest_devin_pages(reach: Reach) -> None:
    """Without has_next_page, a full page means that another may follow and a shorter one is the last."""
    sizes = [100, 100, 7]

    async def platform(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        size = sizes[offset // 100]
        return httpx.Response(200, json={"items": [{ID["devin"]: f"sched-{offset + n}"} for n in range(size)]})

    async with reach(platform, CONNECTIONS["devin"]) as adapter:
        assert 207 == len(await ids(adapter))
        assert 3 == adapter.requests


async def test_one_list_for_each_omni_member(reach: Reach) -> None:
    """Each configured member is listed under its own scope, and a routine that two show is the first one's."""
    asked: list[str] = []

    async def platform(request: httpx.Request) -> httpx.Response:
        user = request.url.params["userId"]
        asked.append(user)
        records = [{"id": "shared"}, {"id": f"of {user}"}]
        return httpx.Response(200, json={"records": records, "pageInfo": {"hasNextPage": False, "totalRecords": 2}})

    connection = evolve(CONNECTIONS["omni"], settings={"user_ids": ("ann", "bob")})
    async with reach(platform, connection) as adapter:
        records = [(record.scope, record.raw["id"]) async for record in adapter.list_jobs()]
    assert [
        ("acme.omniapp.co/api/ann", "shared"),
        ("acme.omniapp.co/api/ann", "of ann"),
        ("acme.omniapp.co/api/bob", "of bob"),
    ] == records
    assert ["ann", "bob"] == asked


@pytest.mark.parametrize(
    ("provider", "size"), [("omni", ("pageSize", "100")), ("devin", ("limit", "100")), ("scrip", ("limit", "200"))]
)
async def test_pages_are_as_large_as_documented(provider: str, size: tuple[str, str], reach: Reach) -> None:
    """The largest page that every generation of the documentation allows is asked for."""
    platform = Lists(provider, [])
    async with reach(platform, CONNECTIONS[provider]) as adapter:
        await ids(adapter)
    assert size in platform.asked[0].items()


class Offsets:
    """A Devin list that says how many jobs there are, and waits for other requests while it answers."""

    def __init__(self, count: int, *, total: int | None = None, short: int | None = None) -> None:
        self.keys = [f"job-{number}" for number in range(count)]
        self.total = count if total is None else total
        self.short = short
        self.offsets: list[int] = []
        self.most = self.now = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """One page; the one at the offset `short` lacks its second half."""
        offset = int(request.url.params["offset"])
        self.offsets.append(offset)
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(10):
            await asyncio.sleep(0)
        self.now -= 1
        page = self.keys[offset : offset + (50 if offset == self.short else 100)]
        more = offset + len(page) < len(self.keys)
        items = [{ID["devin"]: key} for key in page]
        return httpx.Response(200, json={"items": items, "has_next_page": more, "total": self.total})


async def test_pages_whose_places_are_known_are_read_side_by_side(reach: Reach) -> None:
    """Where the platform says how many there are, the pages after the first are asked for together, and each once."""
    platform = Offsets(1050)
    async with reach(platform, CONNECTIONS["devin"]) as adapter:
        assert platform.keys == await ids(adapter)
        assert adapter.concurrency == platform.most
    assert list(range(0, 1050, 100)) == sorted(platform.offsets)


@pytest.mark.parametrize(("total", "short"), [(1050, 300), (9999, None), (0, None), (150, None)])
async def test_what_a_platform_says_of_its_list_is_not_believed(total: int, short: int | None, reach: Reach) -> None:
    """A page that ends early, or a number that is wrong, costs a request and no job."""
    platform = Offsets(1050, total=total, short=short)
    async with reach(platform, CONNECTIONS["devin"]) as adapter:
        assert platform.keys == list(dict.fromkeys(await ids(adapter)))


async def test_the_next_page_comes_while_this_one_is_read(reach: Reach) -> None:
    """Where a page names the next one, at most two are asked for before the first job of this one has been taken."""
    platform = Lists("omni", ["a", "b"], ["c"], ["d"], ["e"], ["f"])
    async with reach(platform, CONNECTIONS["omni"]) as adapter:
        asked = {}
        async for record in adapter.list_jobs():
            await asyncio.sleep(0.01)
            asked[record.raw["id"]] = len(platform.asked)
    assert {"a": 3, "b": 3, "c": 3, "d": 5, "e": 5, "f": 5} == asked


async def test_a_listing_that_is_given_up_asks_no_further(reach: Reach) -> None:
    """Whoever stops reading leaves no request behind."""
    platform = Offsets(1050)
    async with reach(platform, CONNECTIONS["devin"]) as adapter:
        listing = adapter.list_jobs()
        async with aclosing(listing):  # type: ignore[type-var]  # an async generator, as every adapter's
            await anext(listing)
        sent = len(platform.offsets)
        await asyncio.sleep(0.01)
    assert sent == len(platform.offsets) < 6


class Endless:
    """A list without an end: every page brings one new job."""

    def __init__(self, provider: str, total: int | None) -> None:
        self.provider, self.total, self.asked = provider, total, 0

    async def __call__(self, _request: httpx.Request) -> httpx.Response:
        """One more page."""
        self.asked += 1
        items, cursor = [{ID[self.provider]: str(self.asked)}], str(self.asked)
        info = {"hasNextPage": True, "nextCursor": cursor, "totalRecords": self.total}
        pagination = {"has_more": True, "next_cursor": cursor}
        shapes: dict[str, dict[str, Any]] = {
            "omni": {"records": items, "pageInfo": info},
            "devin": {"items": items, "has_next_page": True, "total": self.total},
            "scrip": {"data": items, "pagination": pagination},
        }
        await asyncio.sleep(0.005)
        return httpx.Response(200, json=shapes[self.provider])


@pytest.mark.parametrize("provider", ["omni", "devin"])
async def test_a_list_that_goes_on_beyond_its_own_total_is_given_up(provider: str, reach: Reach) -> None:
    """It says that it holds five jobs, and there is always one more page."""
    platform = Endless(provider, 5)
    async with reach(platform, evolve(CONNECTIONS[provider], rate="10000/s")) as adapter:
        with pytest.raises(ProtocolError, match="says that it holds 5"):
            await ids(adapter)
    assert platform.asked < 40


@pytest.mark.parametrize("provider", HTTP)
async def test_a_list_that_does_not_end_in_time_is_given_up(provider: str, reach: Reach) -> None:
    """Where nothing is counted, its time limit ends it, and says which setting that is."""
    connection = evolve(CONNECTIONS[provider], rate="10000/s", listing_timeout=1)
    async with reach(Endless(provider, None), connection) as adapter:
        with pytest.raises(TransientError, match=r"within 1 s; .*listing_timeout"):
            await ids(adapter)


@pytest.mark.parametrize("broken", [{"name": "Nameless"}, {"id": 7, "name": "Numbered"}, {"id": "", "name": "Empty"}])
async def test_a_record_without_an_id_costs_one_job(broken: dict[str, Any], reach: Reach) -> None:
    """It is a problem that names it, the same at each reading, and every other job of the page is read."""
    good = {"id": "11111111-0000-4000-8000-000000000001", "name": "Good"}

    async def platform(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"records": [broken, good], "pageInfo": {"hasNextPage": False}})

    async with reach(platform, CONNECTIONS["omni"]) as adapter:
        mapping = load_mapping("omni", documented=adapter.documented)
        first, second = [await extract(adapter, mapping, as_source=True) for _ in range(2)]

    odd = next(problem for problem in first.problems if problem.name == broken["name"])
    assert "without an id" in str(odd.error)
    assert [problem.ref for problem in first.problems] == [problem.ref for problem in second.problems]
    assert len(first.jobs) + len(first.problems) == 2
