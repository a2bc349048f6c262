"""A laboratory: two connections over real HTTP, a state in a file, and the pipeline between them.

The clock of the platforms is also ours; waiting costs no time.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from migrator import pipeline
from migrator.apply.values import Applied
from migrator.config import load
from migrator.mapping.marks import mark_for
from migrator.pipeline import Runtime
from migrator.plan.document import plan_from_json, plan_to_json
from migrator.plan.values import ACTIONS, PENDING, Change, Plan
from migrator.providers import PROVIDERS
from migrator.sandbox import BackgroundServer, World, settings
from migrator.sandbox.omni import MODEL
from migrator.state import State, open_state
from migrator.transport.clock import Clock
from tests.conformance.platforms import PLATFORMS, TEMPLATE, Place, Raw, Wish, wish

EVERYTHING: Final = ["description", "action", "delivery", "run_as", "labels"]
"""All that a job may lose and still be moved."""

_FOREIGN: Final = (901, 902)


class Leap:
    """Time that goes on by itself and jumps where somebody waits."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.skipped

    async def sleep(self, seconds: float) -> None:
        self.skipped += seconds
        await asyncio.sleep(0)


class Lab:
    """One sync between two places.

    Args:
        world: the platforms.
        port: where they are served.
        folder: for the config, the state and the files of jobs.
        source: provider to read.
        target: provider to write.
        options: of the sync; see `configure`.
    """

    def __init__(self, world: World, port: int, folder: Path, source: str, target: str, **options: Any) -> None:
        self.world, self.port, self.folder = world, port, folder
        self.source = Place(PLATFORMS[source], world, folder / "source.json")
        self.target = Place(PLATFORMS[target], world, folder / "target.json")
        if source == "json":
            self.source.put()
        self.target.put(*(self.target.platform.write(n, wish(n, name=f"Foreign {n}", hour=4)) for n in _FOREIGN))
        self.foreign = _frozen(self.target.records())
        leap = Leap()
        self.clock = Clock(now=world.now, monotonic=leap.monotonic, sleep=leap.sleep, random=lambda: 0.5)
        self.connection: dict[str, dict[str, Any]] = {"omni": {}, "devin": {}, "scrip": {}}
        self.options: dict[str, Any] = {}
        self.configure(**options)
        self.state = self.open_state()

    # -- setting up ---------------------------------------------------------------------------------------------------

    def open_state(self) -> State:
        """The state in this laboratory's folder."""
        return open_state(f"sqlite:///{self.folder}/migrator.db", now=self.world.now)

    def forget(self) -> None:
        """Lose the state file."""
        self.state.close()
        for file in self.folder.glob("migrator.db*"):
            file.unlink()
        self.state = self.open_state()

    def configure(self, **options: Any) -> None:
        """Write migrator.toml anew with more options of the sync; connections take `self.connection`."""
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
        source, target = self.source.platform.name, self.target.platform.name
        for role, place in (("from", self.source), ("to", self.target)):
            tables[f"connections.{role}-file"] = {"provider": "json", "path": str(place.file)}
        tables["syncs.it"] = {
            "source": "from-file" if source == "json" else source,
            "target": "to-file" if target == "json" else target,
            "allow_loss": EVERYTHING,
            "set": _set_for(target),
            **({"template": {"prompt": TEMPLATE}} if source == "scrip" and target != "json" else {}),
            **self.options,
        }
        return "\n".join(_table(name, values) for name, values in tables.items())

    # -- running ------------------------------------------------------------------------------------------------------

    async def plan(self) -> Plan:
        """What the sync would change."""
        found, _requests = await pipeline.plan(self.runtime, self.state, "it")
        return found

    async def apply(self, saved: Plan | None = None) -> Applied:
        """Carry the sync out."""

        async def agree(_plan: Plan) -> bool:
            return True

        _plan, applied = await pipeline.apply(
            self.runtime, self.state, "it", saved=saved, agree=agree, stop=asyncio.Event()
        )
        return applied

    async def run(self, *, done: bool = True) -> dict[str, int]:
        """Plan, apply, and see that the same plan is then empty and costs nothing but listings.

        Args:
            done: whether everything that was planned must have worked.

        Returns:
            How many changes of each action there were, those that did not occur left out.
        """
        planned = await self.plan()
        applied = await self.apply()
        statuses = Counter(outcome.status for outcome in applied.outcomes)
        if done:
            assert {"done": len(planned.pending)} == dict(statuses) or not planned.pending, applied.outcomes
        await self.settled()
        return counts(planned)

    async def settled(self) -> Plan:
        """The plan as it is now, which must be empty and must have cost list requests only."""
        self.world.requests.clear()
        again = await self.plan()
        assert () == again.pending, again.pending
        sent = [entry for entry in self.world.requests if not self._is_listing(entry)]
        assert [] == sent
        return again

    def _is_listing(self, entry: Mapping[str, Any]) -> bool:
        ends = PLATFORMS[entry["provider"]].collection
        return bool(entry["method"] == "GET" and entry["path"].endswith(ends))

    # -- looking ------------------------------------------------------------------------------------------------------

    @property
    def made(self) -> dict[str, Raw]:
        """The target's records that were not there at the start, by id."""
        return {key: raw for key, raw in self.target.records().items() if key not in self.foreign}

    def held(self) -> list[Wish]:
        """What the target's records stand for, those of other people left out, by name."""
        return sorted((self.target.platform.read(raw) for raw in self.made.values()), key=lambda found: found.name)

    def expected(self, *wishes: Wish) -> list[Wish]:
        """What the target should hold for these wishes at the source, by name."""
        return sorted((self._at_target(wanted) for wanted in wishes), key=lambda found: found.name)

    def _at_target(self, wanted: Wish) -> Wish:
        text = wanted.text
        if self.source.platform.name == "scrip" and self.target.platform.name in {"omni", "devin"}:
            text = f"Handle note.due: {json.dumps({'text': wanted.text}, indent=2, ensure_ascii=False)}"
        description = None if "devin" in {self.source.platform.name, self.target.platform.name} else wanted.description
        return attrs.evolve(wanted, text=text, description=description)

    def key_of(self, name: str) -> str:
        """The id of the target's one record of that name."""
        (key,) = [key for key, raw in self.made.items() if raw["name"] == name]
        return key

    def neighbours_untouched(self) -> bool:
        """Whether every job that was at the target before is what it was, to the byte."""
        now = self.target.records()
        return self.foreign == _frozen({key: now[key] for key in self.foreign if key in now})

    def close(self) -> None:
        """Let go of the state."""
        self.state.close()


def counts(plan: Plan) -> dict[str, int]:
    """How many changes of each action a plan has, those that do not occur left out."""
    return {action: count for action, count in plan.summary.items() if count}


def _frozen(records: Mapping[str, Raw]) -> dict[str, str]:
    return {key: json.dumps(raw, sort_keys=True) for key, raw in records.items()}


def _set_for(target: str) -> dict[str, Any]:
    return (
        {"action.model": MODEL, "delivery.email": {"recipients": ["ops@example.com"]}} if target == "omni" else {}
    )


def _table(name: str, values: Mapping[str, Any]) -> str:
    lines = [f"{json.dumps(key)} = {_toml(value)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)
