"""A started platform as its users see it: they list, make, edit and delete jobs there, and not through migrator."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Coroutine, Mapping
from contextlib import ExitStack
from functools import cache, cached_property
from pathlib import Path
from threading import Thread
from typing import Any, Final, NoReturn, TypeVar

import attrs
import pytest

from migrator.config import load
from migrator.http.clock import Clock
from migrator.mapping import ProviderMapping, load_mapping
from migrator.mapping.paths import get
from migrator.providers import scopes_of
from migrator.providers.base import LoadAdapter
from migrator.providers.registry import PROVIDERS
from migrator.sync.endpoints import Runtime, opened
from migrator.testing.platform import Platform, Raw, Wish, real_now, wish
from migrator.testing.plugin import NOT_APPLICABLE
from migrator.testing.proxy import Proxy

T = TypeVar("T")

_TAG: Final = re.compile(r"(?:\A|\n\n)\[migrator:[^\]]+\]\Z")
"""The ownership tag at the end of a description."""


class Background:
    """An event loop on a thread of its own, so that a user may act in the middle of a run."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def __call__(self, coming: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine returns, run to its end."""
        return asyncio.run_coroutine_threadsafe(coming, self._loop).result()

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Place:
    """One started platform.

    Args:
        platform: whose it is.
        settings: the keys of its connection, with the token itself.
        folder: for the config of this direct connection.
        proxied: whether a proxy stands between it and migrator, where it has an address.

    Attributes:
        given: the keys of its connection.
        proxy: what stands between it and migrator; None for a file.
        keys: the ids of the jobs that users made here, by number.
    """

    def __init__(self, platform: Platform, settings: Mapping[str, Any], folder: Path, *, proxied: bool = True) -> None:
        self.platform, self._folder = platform, folder
        self.given = {**settings, **platform.settings}
        self.keys: dict[int, str] = {}
        self._stack = ExitStack()
        self.proxy: Proxy | None = None
        if proxied and "base_url" in self.given:
            proxy = Proxy(self.given["base_url"], self.mapping.rules.identity.id)
            self.proxy = self._stack.enter_context(proxy)

    @cached_property
    def mapping(self) -> ProviderMapping:
        """The platform's mapping."""
        return mapping_of(self.platform.provider)

    @cached_property
    def scope(self) -> str:
        """The scope that users make their jobs in."""
        return scopes_of(self._runtime.connection("direct"))[0]

    @cached_property
    def _runtime(self) -> Runtime:
        path = self._folder / f"{self.platform.provider}-direct.toml"
        keys = {"provider": self.platform.provider, **self._keys("DIRECT")}
        path.write_text(table("connections.direct", keys), "utf-8")
        config, environ = load(path, providers=PROVIDERS), {"DIRECT": str(self.given.get("token", ""))}
        return Runtime(config=config, environ=environ, clock=Clock(now=self.platform.now or real_now))

    @cached_property
    def _background(self) -> Background:
        background = Background()
        self._stack.callback(background.close)
        return background

    @cached_property
    def _adapter(self) -> LoadAdapter:
        """The way of the users, which is open until the place is closed."""
        opening = opened(self._runtime, "direct", target=True)

        async def close() -> None:
            await opening.__aexit__(None, None, None)

        side = self._background(opening.__aenter__())
        self._stack.callback(lambda: self._background(close()))
        return side.adapter

    @property
    def title(self) -> str:
        """The name of the platform as people write it."""
        return self.mapping.rules.title

    def served(self) -> Proxy:
        """Return what stands between the platform and migrator; a file, of which no request can fail, skips."""
        return self.proxy or not_applicable(f"no request reaches {self.title}")

    def _keys(self, variable: str) -> dict[str, Any]:
        """The connection's keys, the token by the name of a variable."""
        keys = {key: value for key, value in self.given.items() if key != "token"}
        if "token" in self.given:
            keys["token"] = f"env:{variable}"
        if "base_url" in keys and not self.platform.waits:
            keys.setdefault("rate", "60000/min burst 1000")
        return keys

    def connection(self, variable: str) -> dict[str, Any]:
        """Return the keys of the connection that goes through the proxy, the token by the name of a variable."""
        reach = {"base_url": self.proxy.url} if self.proxy else {}
        return {"provider": self.platform.provider, **self._keys(variable), **reach}

    def close(self) -> None:
        """Let go of the platform."""
        self._stack.close()

    # -- looking ------------------------------------------------------------------------------------------------------

    def records(self) -> dict[str, Raw]:
        """Return every record, by id."""
        id_path, adapter = self.mapping.rules.identity.id, self._adapter

        async def read() -> dict[str, Raw]:
            return {str(get(one.raw, id_path)): one.raw async for one in adapter.list_jobs()}

        return self._background(read())

    def jobs(self) -> dict[str, Wish]:
        """Return what every record stands for, by id."""
        return {key: self.read(raw) for key, raw in self.records().items()}

    def read(self, raw: Raw) -> Wish:
        """Return what a record stands for, without the ownership tag in its description."""
        found = self.platform.read(raw)
        return attrs.evolve(found, description=_TAG.sub("", found.description or "") or None)

    # -- what users do ------------------------------------------------------------------------------------------------

    def wish(self, number: int, /, **changes: Any) -> Wish:
        """Let there be a job of that number: it is made, or edited."""
        wanted = wish(number, **changes)
        if self.keys.get(number) in self.records():
            self.change(self.keys[number], wanted, number)
        else:
            self.keys[number] = self.add(number, wanted)
        return wanted

    def add(self, number: int, wanted: Wish) -> str:
        """Make a job; the id that it gets. One that is to be paused is made and then paused."""
        payload = self.platform.write(number, attrs.evolve(wanted, enabled=True))
        key = self._background(self._adapter.create_job(self.scope, payload)).id
        if not wanted.enabled:
            self.change(key, wanted, number)
        return key

    def add_many(self, wishes: Mapping[int, Wish]) -> None:
        """Make many jobs at once."""
        adapter = self._adapter

        async def add(number: int, wanted: Wish) -> None:
            made = await adapter.create_job(self.scope, self.platform.write(number, wanted))
            self.keys[number] = made.id

        async def add_all() -> None:
            await asyncio.gather(*(add(number, wanted) for number, wanted in wishes.items()))

        self._background(add_all())

    def change(self, key: str, wanted: Wish, number: int = 0) -> None:
        """Edit a job so that it is what is wanted."""
        record = self.records()[key]
        now = self.read(record)
        if wanted.enabled != now.enabled and not self.platform.can_pause:
            not_applicable(f"{self.title} cannot pause a job")
        edited = self.platform.edited(self.platform.write(number, now), self.platform.write(number, wanted))
        if payload := {name: _within(record.get(name), value) for name, value in edited.items()}:
            self.send(key, payload)

    def send(self, key: str, payload: Raw) -> None:
        """Change fields of a record, as the platform names them."""
        adapter = self._adapter
        self._look()

        async def update() -> None:
            contract = await adapter.update_contract()
            await adapter.update_job(self.scope, key, payload, contract=contract)

        self._background(update())

    def remove(self, *keys: str) -> None:
        """Delete jobs."""
        adapter = self._adapter
        self._look()

        async def delete() -> None:
            await asyncio.gather(*(adapter.delete_job(self.scope, key) for key in keys))

        self._background(delete())

    def _look(self) -> None:
        """See the jobs as they are, where the platform refuses a change of what has changed since it was seen."""
        if PROVIDERS[self.platform.provider].capabilities.versions:
            self.records()

    def clear(self) -> None:
        """Delete every job, and forget what the proxy was told."""
        self.remove(*self.records())
        self.keys.clear()
        if self.proxy:
            self.proxy.clear()

    def spoil(self, key: str, path: str, value: Any) -> None:
        """Let a record hold a value that no user could give it, at the place of a canonical path.

        A server would not take it, so the proxy puts it into the responses; a file holds anything.
        """
        rule = next(rule for _leaf, rule in self.mapping.rules.below(path))
        if self.proxy:
            self.proxy.altered.setdefault(key, {})[rule.read_path] = value
        elif self.platform.stores_anything:
            raw = self.records()[key]
            parent, _, last = rule.read_path.rpartition(".")
            self.send(key, {parent: {**raw[parent], last: value}} if parent else {last: value})
        else:
            not_applicable(f"{self.title} stores nothing that cannot be read")


def _within(was: Any, becomes: Any) -> Any:
    """Return an object with its other fields as they were; any other value as it becomes."""
    return {**was, **becomes} if isinstance(was, dict) and isinstance(becomes, dict) else becomes


@cache
def mapping_of(provider: str) -> ProviderMapping:
    """Return the mapping of a provider."""
    known = PROVIDERS[provider]
    return load_mapping(provider, own=known.mapping, documented=known.documented)


def not_applicable(reason: str) -> NoReturn:
    """End the scenario: the platform cannot take part in it."""
    pytest.skip(f"{NOT_APPLICABLE}{reason}")


def table(name: str, values: Mapping[str, Any]) -> str:
    """Return a TOML table."""
    lines = [f"{json.dumps(key)} = {_toml(value)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)
