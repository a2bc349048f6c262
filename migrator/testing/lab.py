"""Two started platforms, a state in a file, and the sync between them; waiting costs no time."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import attrs

from migrator.config import load
from migrator.execute.outcomes import Applied
from migrator.http.clock import Clock
from migrator.plan.changes import Plan
from migrator.providers.registry import PROVIDERS
from migrator.store import State, open_state
from migrator.store.records import Binding
from migrator.sync import commands
from migrator.sync.endpoints import Runtime, opened
from migrator.sync.results import SyncRun
from migrator.sync.sync_run import SyncRunner
from migrator.testing.place import Place, table
from migrator.testing.platform import Leap, Raw, Wish, real_now, wish

EVERYTHING: Final = ["description", "action", "delivery", "run_as", "labels"]
"""All that a job may lose and still be moved."""
TEMPLATE: Final = "Handle ${event}: ${payload}"
"""How an event becomes a prompt."""
FOREIGN: Final = (901, 902)
"""The numbers of two jobs of other people, which every target has."""
RERUNS: Final = 4
"""How many further runs there may be until one finds nothing to do."""


class Lab:
    """A sync between two places, "it", and one the other way, "back".

    Args:
        source: the place to read.
        target: the place to write.
        folder: for the config and the state.
        now: the clock of the platforms, where they have one of their own.
        options: of the sync "it"; see `configure`.
    """

    def __init__(
        self,
        source: Place,
        target: Place,
        folder: Path,
        *,
        now: Callable[[], datetime] | None = None,
        **options: Any,
    ) -> None:
        self.source, self.target, self.folder = source, target, folder
        self._prepare()
        self.foreign = frozen_records(self.target.records(), self.target.platform.changing)
        self.clock = self._clock(now or source.platform.now or target.platform.now or real_now)
        self.options = self.needed(source, target)
        self.configure(**options)
        self.state = self.open_state()

    def _prepare(self) -> None:
        """Let the target have jobs of other people, and the source be there without any."""
        self.target.add_many({n: wish(n, name=f"Foreign {n}", hour=4) for n in FOREIGN})
        if "path" in self.source.given:
            self.source.remove(self.source.add(0, wish(0)))  # a source has to exist

    def _clock(self, now: Callable[[], datetime]) -> Clock:
        if self.source.platform.waits or self.target.platform.waits:
            return Clock(now=now)
        leap = Leap()
        return Clock(now=now, monotonic=leap.monotonic, sleep=leap.sleep, random=lambda: 0.5)

    # -- setting up ---------------------------------------------------------------------------------------------------

    def open_state(self) -> State:
        """Open the state."""
        return open_state(f"sqlite:///{self.folder}/migrator.db", now=self.clock.now)

    def forget(self) -> None:
        """Lose the state file."""
        self.state.close()
        for file in self.folder.glob("migrator.db*"):
            file.unlink()
        self.state = self.open_state()

    def configure(self, **options: Any) -> None:
        """Write migrator.toml again, with more options of "it"."""
        self.options |= options
        path = self.folder / "migrator.toml"
        path.write_text("\n".join(table(name, values) for name, values in self.tables().items()), "utf-8")
        config = load(path, providers=PROVIDERS)
        self.runtime = Runtime(config=config, environ=self.environ(), clock=self.clock)

    def environ(self) -> dict[str, str]:
        """Return the variables that hold the tokens."""
        ends = {"SOURCE": self.source, "TARGET": self.target}
        return {name: str(place.given["token"]) for name, place in ends.items() if "token" in place.given}

    def tables(self) -> dict[str, Mapping[str, Any]]:
        """Return the configuration, by table."""
        back = self.needed(self.target, self.source)
        return {
            "connections.source": self.source.connection("SOURCE"),
            "connections.target": self.target.connection("TARGET"),
            "syncs.it": {"source": "source", "target": "target", **self.options},
            "syncs.back": {"source": "target", "target": "source", **back},
        }

    def needed(self, source: Place, target: Place) -> dict[str, Any]:
        """Return the options without which a sync could not carry everything."""
        needed: dict[str, Any] = {"allow_loss": EVERYTHING}
        if target.platform.needs:
            needed["set"] = dict(target.platform.needs)
        if target.platform.translates:
            needed["lookup"] = dict(target.platform.translates)
        if _only_events(source) and not _takes_events(target):
            needed["template"] = {"prompt": TEMPLATE}
        return needed

    # -- running ------------------------------------------------------------------------------------------------------

    async def plan(self, sync: str = "it") -> Plan:
        """Return what a sync would change."""
        found, _requests = await commands.plan(self.runtime, self.state, sync)
        return found

    async def carry_out(
        self,
        saved: Plan | None = None,
        sync: str = "it",
        *,
        hold: bool = False,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> tuple[Plan, Applied]:
        """Carry a sync out, or a saved plan of it; new jobs are staged on request.

        What happens `meanwhile` happens after planning, before anything is written.
        """

        async def agree(_plan: Plan) -> bool:
            meanwhile()
            return True

        stop = asyncio.Event()
        return await commands.apply(self.runtime, self.state, sync, saved=saved, hold=hold, agree=agree, stop=stop)

    async def night(self, *syncs: str) -> SyncRun:
        """Run syncs as `migrator sync` does; "it" alone by default."""
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
        self.forget_requests()
        again = await self.plan(sync)
        assert again.pending == (), again.pending
        assert self.beyond_lists() == []

    async def until_quiet(self, where: str = "") -> None:
        """Run again until there is nothing to do; nothing may fail or be blocked any more."""
        for _attempt in range(RERUNS):
            planned, applied = await self.carry_out()
            assert planned.blocked == (), (where, planned.blocked)
            if not planned.pending:
                return
            assert {"done"} == {outcome.status for outcome in applied.outcomes}, (where, applied.outcomes)
        raise AssertionError(f"{where}: still something to do after {RERUNS} runs")

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the real command in the folder of this lab."""
        return subprocess.Popen(  # noqa: S603 (our own command)
            [sys.executable, "-m", "migrator", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environ()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def forget_requests(self) -> None:
        """Begin the logs of requests again."""
        for place in (self.source, self.target):
            if place.proxy:
                place.proxy.requests.clear()

    def beyond_lists(self) -> list[str]:
        """Return the requests that did more than read a list."""
        places = (self.source, self.target)
        return [request for place in places if place.proxy for request in place.proxy.sent(place.platform.listing)]

    # -- looking ------------------------------------------------------------------------------------------------------

    @property
    def made(self) -> dict[str, Raw]:
        """The target's records that were not there at the start, by id."""
        return {key: raw for key, raw in self.target.records().items() if key not in self.foreign}

    @property
    def scope(self) -> str:
        """The scope that the sync writes to."""
        return self.target.scope

    def bindings(self) -> tuple[Binding, ...]:
        """Return the bindings that the state remembers."""
        provider = self.target.platform.provider
        return self.state.bindings(provider, (self.scope,), self.runtime.mapping(provider).rules.dialect)

    def target_jobs(self) -> list[Wish]:
        """Return what the target's records stand for, those of other people left out, by name."""
        return sorted((self.target.read(raw) for raw in self.made.values()), key=lambda found: found.name)

    def expected(self, *wishes: Wish) -> list[Wish]:
        """Return what the target should hold for these wishes at the source, by name."""
        return sorted((self._at_target(wanted) for wanted in wishes), key=lambda found: found.name)

    def _at_target(self, wanted: Wish) -> Wish:
        prompt = _only_events(self.source) and not _takes_events(self.target)
        text = self.source.platform.as_prompt(wanted) if prompt else wanted.text
        description = wanted.description if self.holds("description") else None
        return attrs.evolve(wanted, text=text, description=description)

    def key_of(self, name: str) -> str:
        """Return the id of the target's one record of that name."""
        (key,) = [key for key, raw in self.made.items() if self.target.platform.read(raw).name == name]
        return key

    def holds(self, path: str) -> bool:
        """Return whether a canonical field goes from the source to the target."""
        return self.source.mapping.holds(path) and self.target.mapping.holds(path)

    def connection_of(self, role: str) -> str:
        """Return the name of an endpoint's connection."""
        return role

    def place(self, role: str) -> Place:
        """Return the place of a role."""
        return {"source": self.source, "target": self.target}[role]

    async def pauses(self) -> bool:
        """Return whether a job of the target can be paused."""
        rule = self.target.mapping.rules.fields.get("enabled")
        return rule is not None and (bool(rule.create_path) or await self.kind("enabled") == "update")

    async def kind(self, path: str, role: str = "target") -> str:
        """Return how a canonical field changes at an endpoint: "update", "replace" or "fixed"."""
        async with opened(self.runtime, self.connection_of(role), target=True, state=self.state) as side:
            contract = await side.adapter.update_contract() or "patch"
        kinds = {rule.change_under(contract) for _leaf, rule in self.place(role).mapping.rules.below(path)}
        return "replace" if "replace" in kinds else "update" if "update" in kinds else "fixed"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        """Let go of the state; see that other people's jobs are what they were."""
        self.state.close()
        now = frozen_records(self.target.records(), self.target.platform.changing)
        assert self.foreign == {key: text for key, text in now.items() if key in self.foreign}


def counts(plan: Plan) -> dict[str, int]:
    """Return how many changes of each action a plan has, those that do not occur left out."""
    return {action: count for action, count in plan.summary.items() if count}


def frozen_records(records: Mapping[str, Raw], changing: Iterable[str] = ()) -> dict[str, str]:
    """Return records to the byte, without what the platform itself changes."""
    kept = {key: {name: raw[name] for name in raw if name not in set(changing)} for key, raw in records.items()}
    return {key: json.dumps(raw) for key, raw in kept.items()}


def _only_events(place: Place) -> bool:
    return "prompt" not in place.mapping.rules.actions


def _takes_events(place: Place) -> bool:
    return "event" in place.mapping.rules.actions
