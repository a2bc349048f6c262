"""A laboratory on the sandbox: connections to all of its platforms over real HTTP, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from migrator.sandbox import World, settings
from migrator.store import State
from migrator.testing.lab import EVERYTHING, counts, frozen_records
from migrator.testing.lab import Lab as AnyLab
from migrator.testing.place import Place as AnyPlace
from migrator.testing.platform import Leap, Platform
from tests.conformance.platforms import PLATFORMS, Place, place_of

__all__ = ["EVERYTHING", "HTTP", "PAIRS", "Lab", "Leap", "counts", "frozen_records", "started"]

HTTP: Final = ("omni", "devin", "scrip")
PAIRS: Final = [
    *((source, target) for source in HTTP for target in HTTP if source != target),
    ("json", "devin"),
    ("scrip", "json"),
]
"""Every direction between platforms, and a file at either end."""


@contextmanager
def started(platform: Platform, folder: Path) -> Iterator[AnyPlace]:
    """A platform for as long as the block lasts."""
    folder.mkdir()
    with platform.start(folder) as settings:
        place = place_of(platform, settings, folder)
        try:
            yield place
        finally:
            place.close()


class Lab(AnyLab):
    """A sync between two places, "it", and one the other way, "back".

    Args:
        world: the platforms.
        port: where they are served.
        folder: for the config, the state and the files of jobs.
        source: provider to read.
        target: provider to write.
        options: of the sync "it"; see `configure`.
    """

    source: Place
    target: Place

    def __init__(self, world: World, port: int, folder: Path, source: str, target: str, **options: Any) -> None:
        self.world, self.port = world, port
        self.connection: dict[str, dict[str, Any]] = {"omni": {}, "devin": {}, "scrip": {}}
        if world.options.omni_quota > 100:  # more than is documented has to be said
            self.connection["omni"] = {"room": world.options.omni_quota}
        self.more: dict[str, dict[str, Any]] = {}
        places = [Place(PLATFORMS[n], world, folder / f"{r}.json") for n, r in ((source, "source"), (target, "target"))]
        super().__init__(*places, folder, now=world.now, **options)

    def open_state(self) -> State:
        """Open the state, which need not outlive a power cut: no waiting for the disk."""
        state = super().open_state()
        sa.event.listen(state.engine, "connect", lambda made, _record: made.execute("PRAGMA synchronous=OFF"))
        state.engine.dispose()
        return state

    def environ(self) -> dict[str, str]:
        """The variables that hold the tokens."""
        return {reach["env"]: reach["token"] for reach in settings(self.world, self.port).values() if "env" in reach}

    def tables(self) -> dict[str, Mapping[str, Any]]:
        """The configuration: every platform of the sandbox and a file at either end, by their names."""
        tables: dict[str, Mapping[str, Any]] = {
            f"connections.{name}": {
                **{key: value for key, value in reach.items() if key not in {"token", "env"}},
                "provider": name,
                "token": f"env:{reach['env']}",
                "rate": "60000/min burst 1000",
                **self.connection[name],
            }
            for name, reach in settings(self.world, self.port).items()
            if name != "control"
        }
        for role in ("source", "target"):
            tables[f"connections.{role}-file"] = {"provider": "json", "path": str(self.place(role).file)}
        ends = {role: self.connection_of(role) for role in ("source", "target")}
        back = {"source": ends["target"], "target": ends["source"], **self.needed(self.target, self.source)}
        return {**tables, "syncs.it": {**ends, **self.options}, "syncs.back": back, **self.more}

    def connection_of(self, role: str) -> str:
        """The name of an endpoint's connection."""
        name = self.place(role).platform.provider
        return f"{role}-file" if name == "json" else name

    def place(self, role: str) -> Place:
        """The place of a role."""
        return self.source if role == "source" else self.target

    def also(self, name: str, source: str, target: str, **options: Any) -> None:
        """Let there be one more sync; a connection that is none of the platforms is a file of that name."""
        for end in {source, target} - set(HTTP):
            self.more[f"connections.{end}"] = {"provider": "json", "path": str(self.folder / f"{end}.json")}
        places = [
            Place(PLATFORMS[end if end in HTTP else "json"], self.world, self.folder / end) for end in (source, target)
        ]
        self.more[f"syncs.{name}"] = {"source": source, "target": target, **self.needed(*places), **options}
        self.configure()

    def forget_requests(self) -> None:
        """Begin the log of requests again."""
        self.world.requests.clear()

    def beyond_lists(self) -> list[str]:
        """The requests that did more than read a list."""
        found = [(entry["provider"], f"{entry['method']} {entry['path']}") for entry in self.world.requests]
        return [request for name, request in found if not fnmatchcase(request, PLATFORMS[name].listing)]

    @property
    def scope(self) -> str:
        """The scope that the sync writes to."""
        name = self.target.platform.name
        reach = settings(self.world, self.port).get(name, {})
        host = reach.get("base_url", "").removeprefix("http://").replace(f":{self.port}", "")
        return {"omni": host, "json": str(self.target.file)}.get(name) or reach.get("org_id") or reach["program_id"]
