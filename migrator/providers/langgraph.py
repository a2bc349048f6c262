"""LangGraph crons (https://docs.langchain.com/langgraph-platform/cron-jobs), of a server or a LangSmith deployment.

A list is a search: by offset, oldest first. A cron that is deleted meanwhile moves all later ones up by one, so that a
page could skip one; and the total is only a lower bound. So each page begins with the last cron of the page before it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final

from attrs import define

from migrator.errors import ProtocolError, TransientError
from migrator.ids import path_to
from migrator.providers.base import PATCH, Connection, Documented, LoadAdapter, Raw, Record, check_scope, place_of
from migrator.providers.declaration import (
    BASE_URL,
    IDENTITY,
    TOKEN,
    Capabilities,
    Finding,
    Http,
    Provider,
    Starter,
    required,
)
from migrator.providers.rest import ListBounds, Page, RestAdapter

if TYPE_CHECKING:
    from migrator.http.responses import Call, Response

PAGE_SIZE = 500  # a server gives 1,000 at most
_CRONS: Final = "/runs/crons"
_MOST_RUNS: Final = 20_000
"""Runs of one cron that are read at most: two a minute, for a week."""
_NAMED: Final = 3
"""How many crons a message names."""
_READINGS: Final = 5
"""How often a list is read at most while crons are deleted from it."""

_RUN: Final = frozenset(
    {
        "input",
        "config",
        "context",
        "webhook",
        "interrupt_before",
        "interrupt_after",
        "stream_mode",
        "stream_subgraphs",
        "stream_resumable",
        "durability",
    }
)
"""What a run is started with."""
_TIMING: Final = frozenset({"schedule", "timezone", "end_time", "enabled"})
_COMMON: Final = _RUN | _TIMING | {"metadata", "on_run_completed"}
_CREATE: Final = _COMMON | {"assistant_id", "thread_id", "multitask_strategy"}
_SHOWN: Final = frozenset({"cron_id", "user_id", "next_run_date", "created_at", "updated_at"})


def advice(connection: Connection, call: Call, reply: Response) -> str:
    """Return what a refusal of LangGraph's is about; "" where nothing particular is known."""
    said = reply.text.casefold()
    if reply.status == HTTPStatus.NOT_FOUND and "assistant" in said:
        return "check action.agent: POST /assistants/search lists the assistants of the server with their ids"
    if reply.status == HTTPStatus.NOT_FOUND and "thread" in said:
        return "check action.thread: the thread was deleted, or is one of another server"
    if reply.status == HTTPStatus.NOT_FOUND and call.path.endswith("/search"):
        return f"check base_url: {connection.base_url!r} is not the address of a LangGraph server"
    if reply.status == HTTPStatus.UNPROCESSABLE_ENTITY and "webhook" in said:
        return "the server must be able to reach the webhook, and refuses addresses of its own machine"
    if reply.status == HTTPStatus.FORBIDDEN:
        return "set token to a key that may use the deployment; a server without authentication needs none"
    return ""


def scopes(connection: Connection) -> tuple[str, ...]:
    """Return the scope of a connection: the host and path of the server, or the name that `identity` gives it."""
    return (connection.identity or place_of(connection.base_url or ""),)


@define(kw_only=True)
class LangGraph(RestAdapter):
    """The crons of one server, which is the scope: those that start a thread for each run, and those of a thread."""

    provider: ClassVar[str] = "langgraph"
    id_field: ClassVar[str] = "cron_id"
    no_change: ClassVar[Raw] = {"enabled": False}  # an empty body is refused before the cron is looked for
    documented: ClassVar[Documented | None] = Documented(
        response=_TIMING
        | _SHOWN
        | {"assistant_id", "thread_id", "metadata", "on_run_completed"}
        | {f"payload.{path}" for path in _CREATE},
        create=_CREATE,
        update={PATCH: _COMMON},
    )

    @property
    def scopes(self) -> tuple[str, ...]:
        """The server."""
        return scopes(self.connection)

    def _collection(self, scope: str) -> str:  # noqa: ARG002 (a connection has one)
        return _CRONS

    async def _page(self, scope: str, start: str | int | None) -> Page:  # noqa: ARG002 (a connection has one)
        offset = int(start or 0)
        items = await self._search(offset=offset)
        is_last = len(items) < PAGE_SIZE
        return Page(items=items, following=None if is_last else offset + PAGE_SIZE - 1)

    async def _search(self, **narrowed: Any) -> list[Any]:
        body = {"limit": PAGE_SIZE, "sort_by": "created_at", "sort_order": "asc", **narrowed}
        return await self.client.request_json(list, "POST", f"{_CRONS}/search", json=body, kind="read") or []

    async def tagged_jobs(self, scope: str, tag: str) -> tuple[Record, ...]:
        """The crons with this ownership tag in their metadata."""
        check_scope(scope, self.scopes, self.provider)
        return tuple(Record(scope=scope, raw=raw) for raw in await self._search(metadata={"migrator": tag}))

    async def fires(self, record: Record, since: datetime) -> tuple[datetime, ...] | None:
        """When runs of a cron were made: the runs of its thread, or the threads that it keeps, oldest first.

        A cron that has no thread and deletes those of its runs leaves nothing to tell by.
        """
        raw, tag = record.raw, (record.raw.get("metadata") or {}).get("migrator")
        if thread := raw.get("thread_id"):
            made = self._made(f"{path_to('threads', str(thread))}/runs", since)
            found = [one async for one in made if _cron_of(one) == raw.get(self.id_field)]
        elif tag and raw.get("on_run_completed") == "keep":
            found = [one async for one in self._made("/threads/search", since, metadata={"migrator": tag})]
        else:
            return None
        return tuple(sorted(_time(one) for one in found))

    async def _made(self, path: str, since: datetime, **narrowed: Any) -> AsyncGenerator[Any, None]:
        """Yield the runs or threads that were made since an instant, the newest first."""
        for offset in range(0, _MOST_RUNS, PAGE_SIZE):
            bounds = {"limit": PAGE_SIZE, "offset": offset}
            if narrowed:
                body = {**bounds, **narrowed, "sort_by": "created_at", "sort_order": "desc"}
                page = await self.client.request_json(list, "POST", path, json=body, kind="read") or []
            else:
                page = await self.client.request_json(list, "GET", path, params=bounds) or []
            for one in page:
                if _time(one) < since:
                    return
                yield one
            if len(page) < PAGE_SIZE:
                return

    async def _read(self, scope: str, listing: ListBounds) -> AsyncGenerator[tuple[str, Raw], None]:
        """Yield the crons, some more than once; a list from which some were deleted meanwhile is read again.

        Raises:
            TransientError: crons were deleted during every reading.
        """
        where = self.client.where("POST", f"{_CRONS}/search")
        for _reading in range(_READINGS):
            start: str | int | None = 0
            last, is_whole = "", True
            while start is not None:
                page = await listing.page(self._page(scope, start), where)
                keys = [self._key(raw, int(start) + place, where=where) for place, raw in enumerate(page.items)]
                is_whole = is_whole and (not last or keys[:1] == [last])
                for key, raw in zip(keys, page.items, strict=True):
                    yield key, raw
                start, last = page.following, keys[-1] if keys else ""
            if is_whole:
                return
        what = f"crons were deleted during each of {_READINGS} readings of the list"
        raise TransientError(what, where=where, hint="try again when nobody deletes crons")

    def _creation(self, scope: str, payload: Raw) -> tuple[str, Raw]:
        """Return the address and the body of a new cron; that of a thread has an address below the thread."""
        path, rest = self._address(scope), dict(payload)
        thread = rest.pop("thread_id", None)
        return (path if thread is None else path_to("threads", str(thread)) + path), rest

    def _name(self, payload: Raw) -> str:
        metadata = payload.get("metadata")
        return super()._name(metadata) if isinstance(metadata, dict) else ""

    async def server(self) -> str:
        """Return the release of the server, as it says it."""
        told = await self.client.request("GET", "/info")
        return str((told or {}).get("version") or "an unknown release")


def _cron_of(run: Any) -> Any:
    """Return the id of the cron that made a run, None where a person did."""
    found = run
    for key in ("kwargs", "config", "configurable", "cron_id"):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _time(made: Any) -> datetime:
    """Return when a run or a thread was made.

    Raises:
        ProtocolError: it does not say so.
    """
    told = made.get("created_at") if isinstance(made, dict) else None
    try:
        at = datetime.fromisoformat(str(told))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        hint = "the server must be a LangGraph API server of a release that docs/providers/langgraph.md names"
        what = "a run does not say when it was made"
        raise ProtocolError(what, where="langgraph", body=f"created_at = {told!r:.80}", hint=hint)
    return at


async def examine(_connection: Connection, adapter: LoadAdapter) -> tuple[Finding, ...]:
    """Tell the server's release, and the crons that stop the scheduler of a development server."""
    assert isinstance(adapter, LangGraph)
    found = [Finding(what="server", status="ok", found=f"langgraph-api {await adapter.server()}")]
    ending = [
        str(record.raw.get("cron_id"))
        async for record in adapter.list_jobs()
        if record.raw.get("end_time") and record.raw.get("enabled")
    ]
    if ending:
        more = f" and {len(ending) - _NAMED} more" if len(ending) > _NAMED else ""
        told = f"end_time on {', '.join(ending[:_NAMED])}{more}"
        found.append(
            Finding(
                what="end_time",
                status="advice",
                found=f"{told}: the in-memory server of langgraph dev fires no cron after such a one in its list",
                todo="remove end_time or pause these crons, unless the server is a deployment",
            )
        )
    return tuple(found)


PROVIDER: Final = Provider(
    name="langgraph",
    title="LangGraph",
    kit=1,
    access=Http(
        adapter=LangGraph,
        auth=("X-Api-Key", ""),
        rate="20/s burst 40",
        # One server, whoever asks it: nothing is published.
        counted_by=lambda _connection: "",
        concurrency=8,
        advice=advice,
    ),
    scopes=scopes,
    documented=LangGraph.documented,
    settings=(
        required(BASE_URL, example="http://127.0.0.1:2024", question="the address of the server or deployment"),
        TOKEN,
        IDENTITY,
    ),
    permissions="a key that may create, change and delete crons; a server without authentication needs none",
    capabilities=Capabilities(create_paused=True, next_runs=True, fire_log=True, tag_search=True),
    docs="providers/langgraph.md",
    examine=examine,
    starter=Starter(
        comments='# token = "env:LANGSMITH_API_KEY" # a deployment of LangSmith; a server of your own may need none',
        sets='"action.agent" = "00000000-0000-0000-0000-000000000000" # the id of an assistant',
        rank=10,
    ),
)
