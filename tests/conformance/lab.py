"""A laboratory: two connections over real HTTP, a state in a file, and the pipeline between them.

The clock of the platforms is also ours; waiting costs no time.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import attrs
import sqlalchemy as sa

from migrator.config import load
from migrator.execute.outcomes import Applied
from migrator.http.clock import Clock
from migrator.plan.changes import Plan
from migrator.providers.registry import PROVIDERS
from migrator.sandbox import World, settings
from migrator.sandbox.omni import MODEL
from migrator.store import State, open_state
from migrator.store.records import Binding
from migrator.sync import commands
from migrator.sync.endpoints import Runtime
from migrator.sync.results import SyncRun
from migrator.sync.sync_run import SyncRunner
from tests.conformance.platforms import PLATFORMS, TEMPLATE, Place, Raw, Wish, wish

HTTP: Final = ("omni", "devin", "scrip")
PAIRS: Final = [
    *((source, target) for source in HTTP for target in HTTP if source != target),
    ("json", "devin"),
    ("scrip", "json"),
    ("omni", "crontab"),
    ("crontab", "devin"),
    ("omni", "github"),
    ("github", "devin"),
]
"""Every direction between platforms, and a file at either end."""

EVERYTHING: Final = ["description", "action", "delivery", "run_as", "labels"]
"""All that a job may lose and still be moved."""

_FOREIGN: Final = (901, 902)
_HISTORY: Final = {"lastRun", "last_executed_at", "last_run_at", "next_run_at"}


class Leap:
    """Time that goes on by itself and jumps where somebody waits."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic() + self.skipped

    async def sleep(self, seconds: float) -> None:
        """Be there."""
        self.skipped += seconds
        await asyncio.sleep(0)


class Lab:
    """A sync between two places, "it", and one the other way, "back".

    Args:
        world: the platforms.
        port: where they are served.
        folder: for the config, the state and the files of jobs.
        source: provider to read.
        target: provider to write.
        options: of the sync "it"; see `configure`.
    """

    def __init__(self, world: World, port: int, folder: Path, source: str, target: str, **options: Any) -> None:
        self.world, self.port, self.folder = world, port, folder
        self.source = Place(PLATFORMS[source], world, folder / "source.json")
        self.target = Place(PLATFORMS[target], world, folder / "target.json")
        if source not in HTTP:
            self.source.put()
        self.target.put(*(self.target.platform.write(n, wish(n, name=f"Foreign {n}", hour=4)) for n in _FOREIGN))
        self.foreign = frozen_records(self.target.records())
        leap = Leap()
        self.clock = Clock(now=world.now, monotonic=leap.monotonic, sleep=leap.sleep, random=lambda: 0.5)
        self.connection: dict[str, dict[str, Any]] = {"omni": {}, "devin": {}, "scrip": {}}
        if world.options.omni_quota > 100:  # more than is documented has to be said
            self.connection["omni"] = {"room": world.options.omni_quota}
        self.tables: dict[str, dict[str, Any]] = {}
        self.options = _needed(source, target)
        self.configure(**options)
        self.state = self.open_state()

    # -- setting up ---------------------------------------------------------------------------------------------------

    def open_state(self) -> State:
        """The state in this laboratory's folder, which need not outlive a power cut: no waiting for the disk."""
        state = open_state(f"sqlite:///{self.folder}/migrator.db", now=self.world.now)
        sa.event.listen(state.engine, "connect", lambda made, _record: made.execute("PRAGMA synchronous=OFF"))
        state.engine.dispose()
        return state

    def forget(self) -> None:
        """Lose the state file."""
        self.state.close()
        for file in self.folder.glob("migrator.db*"):
            file.unlink()
        self.state = self.open_state()

    def configure(self, **options: Any) -> None:
        """Write migrator.toml anew with more options of "it"; see also `self.connection` and `self.tables`."""
        self.options |= options
        path = self.folder / "migrator.toml"
        path.write_text(self.toml(), "utf-8")
        environ = {reach["env"]: reach["token"] for reach in settings(self.world, self.port).values() if "env" in reach}
        config = load(path, providers=PROVIDERS)
        self.runtime = Runtime(config=config, environ=environ, clock=self.clock)

    def toml(self) -> str:
        """The configuration."""
        tables: dict[str, dict[str, Any]] = {
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
        for role, place in (("source", self.source), ("target", self.target)):
            name = place.platform.name if place.platform.load else "json"
            settings_of = PLATFORMS[name].settings
            tables[f"connections.{role}-file"] = {"provider": name, "path": str(place.file), **settings_of}
        names = {"source": self.source.platform.name, "target": self.target.platform.name}
        ends = {role: name if name in HTTP else f"{role}-file" for role, name in names.items()}
        tables["syncs.it"] = {**ends, **self.options}
        back = {"source": ends["target"], "target": ends["source"]}
        tables["syncs.back"] = {**back, **_needed(names["target"], names["source"])}
        return "\n".join(_table(name, values) for name, values in {**tables, **self.tables}.items())

    def also(self, name: str, source: str, target: str, **options: Any) -> None:
        """Let there be one more sync; a connection that is none of the platforms is a file of that name."""
        for end in {source, target} - set(HTTP):
            self.tables[f"connections.{end}"] = {"provider": "json", "path": str(self.folder / f"{end}.json")}
        kinds = [end if end in HTTP else "json" for end in (source, target)]
        self.tables[f"syncs.{name}"] = {"source": source, "target": target, **_needed(*kinds), **options}
        self.configure()

    # -- running ------------------------------------------------------------------------------------------------------

    async def plan(self, sync: str = "it") -> Plan:
        """What a sync would change."""
        found, _requests = await commands.plan(self.runtime, self.state, sync)
        return found

    async def carry_out(
        self, saved: Plan | None = None, sync: str = "it", *, hold: bool = False
    ) -> tuple[Plan, Applied]:
        """Carry a sync out, or a saved plan of it; new jobs are held back on request."""

        async def agree(_plan: Plan) -> bool:
            return True

        stop = asyncio.Event()
        return await commands.apply(self.runtime, self.state, sync, saved=saved, hold=hold, agree=agree, stop=stop)

    async def night(self, *syncs: str) -> SyncRun:
        """One night: syncs as `migrator sync` carries them out; "it" alone by default."""
        syncing = SyncRunner(runtime=self.runtime, state=self.state, stop=asyncio.Event())
        return await syncing.all(syncs or ("it",))

    async def run(self, sync: str = "it") -> dict[str, int]:
        """Carry a sync out, and see that all of it works, that it is done, and that finding that out costs little.

        Returns:
            How many changes of each action there were, those that did not occur left out.
        """
        planned, applied = await self.carry_out(sync=sync)
        assert ["done"] * len(planned.pending) == [outcome.status for outcome in applied.outcomes], applied.outcomes
        await self.settled(sync)
        return counts(planned)

    async def settled(self, sync: str = "it") -> None:
        """See that the plan is empty now, and that making it costs list requests only."""
        self.world.requests.clear()
        again = await self.plan(sync)
        assert () == again.pending, again.pending
        assert [] == [entry for entry in self.world.requests if not self._is_listing(entry)]

    def _is_listing(self, entry: Mapping[str, Any]) -> bool:
        ends = PLATFORMS[entry["provider"]].collection
        return bool(entry["method"] == "GET" and entry["path"].endswith(ends))

    # -- looking ------------------------------------------------------------------------------------------------------

    @property
    def made(self) -> dict[str, Raw]:
        """The target's records that were not there at the start, by id."""
        return {key: raw for key, raw in self.target.records().items() if key not in self.foreign}

    @property
    def scope(self) -> str:
        """The scope that the sync writes to."""
        name = self.target.platform.name
        reach = settings(self.world, self.port).get(name, {})
        host = reach.get("base_url", "").removeprefix("http://").replace(f":{self.port}", "")
        if self.target.platform.load:
            return str(self.target.file)
        return host if name == "omni" else str(reach.get("org_id") or reach["program_id"])

    def bindings(self) -> tuple[Binding, ...]:
        """What stands for what, as the state remembers it."""
        provider = self.target.platform.name
        dialect = self.runtime.mapping(provider).rules.dialect
        return self.state.bindings(provider, (self.scope,), dialect)

    def held(self) -> list[Wish]:
        """What the target's records stand for, those of other people left out, by name."""
        return sorted((self.target.platform.read(raw) for raw in self.made.values()), key=lambda found: found.name)

    def expected(self, *wishes: Wish) -> list[Wish]:
        """What the target should hold for these wishes at the source, by name."""
        return sorted((self._at_target(wanted) for wanted in wishes), key=lambda found: found.name)

    def _at_target(self, wanted: Wish) -> Wish:
        text = wanted.text
        if self.source.platform.name == "scrip" and self.target.platform.name in {"omni", "devin", "github"}:
            text = f"Handle note.due: {json.dumps({'text': wanted.text}, indent=2, ensure_ascii=False)}"
        description = (
            None if {"devin", "github"} & {self.source.platform.name, self.target.platform.name} else wanted.description
        )
        return attrs.evolve(wanted, text=text, description=description)

    def key_of(self, name: str) -> str:
        """The id of the target's one record of that name."""
        (key,) = [key for key, raw in self.made.items() if raw["name"] == name]
        return key

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        """Let go of the state; see that other people's jobs are what they were."""
        self.state.close()
        assert self.foreign == {
            key: text for key, text in frozen_records(self.target.records()).items() if key in self.foreign
        }


def counts(plan: Plan) -> dict[str, int]:
    """How many changes of each action a plan has, those that do not occur left out."""
    return {action: count for action, count in plan.summary.items() if count}


def frozen_records(records: Mapping[str, Raw]) -> dict[str, str]:
    """Records to the byte, without what a platform itself notes when they fire."""
    kept = {key: {name: raw[name] for name in raw if name not in _HISTORY} for key, raw in records.items()}
    return {key: json.dumps(raw) for key, raw in kept.items()}


def _needed(source: str, target: str) -> dict[str, Any]:
    """The options without which a sync could not carry everything."""
    needed: dict[str, Any] = {"allow_loss": EVERYTHING}
    if target == "omni":
        needed["set"] = {"action.model": MODEL, "delivery.email": {"recipients": ["ops@example.com"]}}
    if source == "scrip" and target in {"omni", "devin", "github"}:
        needed["template"] = {"prompt": TEMPLATE}
    if target == "crontab":
        needed["set"] = {"action.agent": "claude"}
    if source in {"crontab", "github"} and target == "devin":
        needed["lookup"] = {"action.agent": {"claude": "devin"}}
    if source == "devin" and target in {"crontab", "github"}:
        needed["lookup"] = {"action.agent": {"devin": "claude"}}
    return needed


def _table(name: str, values: Mapping[str, Any]) -> str:
    lines = [f"{json.dumps(key)} = {_toml(value)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)
