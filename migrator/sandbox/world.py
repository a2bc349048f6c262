"""The world of the simulators: their records, one clock, scripted faults, and logs of requests and fires."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import define, field

from migrator.sandbox import wire
from migrator.sandbox.environment import Environment
from migrator.sandbox.faults import ScriptedFault
from migrator.sandbox.limits import RequestLimit
from migrator.sandbox.registry import SIMULATORS, Options
from migrator.sandbox.simulator import Simulator
from migrator.sandbox.store import Json, Row, Store
from migrator.sandbox.timetable import Ticker, When

SAVE_AFTER: Final = 0.2
"""Seconds between a change and its being saved: many changes, one write."""


@define(kw_only=True, eq=False)
class World(Environment):
    """All that the simulators know.

    Attributes:
        options: what the documentation leaves open.
        latency: seconds that every request takes at least.
        state: the file that every change is saved to, and that is loaded when it is there.
        sleep: how latency and slowness wait.
        reset: the exception that stands for a cut connection; a served world needs a ConnectionResetError, an
            in-process client the exception that its library raises.
        faults: rules in force.
        requests: every request: provider, method, path, query, status (None while it has no answer).
        rotated: by provider, the token that took the place of the first one; the fault `rotate_token` does that.
        last_pages: the latest page that each provider's list answered, for the fault that repeats it.
        providers: the simulators, by the name of the provider.
        stores: their records.
    """

    options: Options = field(factory=Options)
    latency: float = 0.0
    state: Path | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    reset: Callable[[str], Exception] = ConnectionResetError
    faults: list[ScriptedFault] = field(factory=list)
    requests: list[Json] = field(factory=list)
    rotated: dict[str, str] = field(factory=dict, repr=False)
    last_pages: dict[str, bytes] = field(factory=dict, repr=False)
    providers: dict[str, Simulator] = field(init=False)
    stores: dict[str, Store] = field(init=False)
    _ticked: datetime = field(init=False)
    _tickers: dict[tuple[str, str], Ticker] = field(init=False, factory=dict)
    _runs: dict[tuple[str, str], datetime] = field(init=False, factory=dict)
    _saver: asyncio.AbstractEventLoop | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self.providers = {name: kind(self, self.options) for name, kind in SIMULATORS.items()}
        self.stores = {name: simulator.store for name, simulator in self.providers.items()}
        self._ticked = self.now()
        if self.state is not None and self.state.exists():
            self._restore(json.loads(self.state.read_text(encoding="utf-8")))

    # Records.

    def load(self, provider: str, records: Iterable[Json], owner: str | None = None) -> None:
        """Add records of the shape that the provider's GET answers; ids, organisations and programs are kept.

        Records that do not name their owner become `owner`'s, else those of the creator of the simulator's key.
        """
        for record in records:
            store = self.stores[provider]
            store.put(self.providers[provider].row(record, store.next_seq(), owner))
        self.changed()

    def records(self, provider: str) -> list[Json]:
        """Every record as its server holds it, deleted ones too, oldest first."""
        rows = sorted(self.stores[provider].rows.values(), key=lambda row: row.place)
        return [{"scope": r.scope, "gone": r.gone, "hidden": dict(r.hidden), "record": r.data} for r in rows]

    def clear(self) -> None:
        """Forget all records, faults and logs; the clock stays."""
        for store in self.stores.values():
            store.clear()
        for log in (self.faults, self.fires, self.requests):
            log.clear()
        self._tickers.clear()
        self._runs.clear()
        self.last_pages.clear()
        self.rotated.clear()
        self.changed()

    # Time.

    def advance(self, *, by: timedelta | None = None, to: datetime | None = None) -> list[Json]:
        """Move the clock forward and fire what is due; returns the fires.

        Raises:
            ValueError: the clock cannot go back.
        """
        now = self.now()
        step = by if by is not None else (to or now) - now
        if step < timedelta(0):
            raise ValueError(f"the clock stands at {wire.stamp(now)} and cannot go back to {wire.stamp(now + step)}")
        self._offset += step
        self.changed()
        return self.tick()

    def tick(self) -> list[Json]:
        """Fire all that became due since the last tick, in order; returns the fires."""
        self._end_runs()
        now, first = self.now(), len(self.fires)
        if now <= self._ticked:
            return []
        due = sorted(self._due(now), key=lambda item: item[:2])
        for at, _, name, key, following in due:
            provider, store = self.providers[name], self.stores[name]
            row, fired = provider.fired(store.rows[key], at, following)
            store.put(row)
            if fired:
                self.fire(name, row, at, cause="schedule")
        self._ticked = now
        if due:
            self.changed()
        return self.fires[first:]

    def _due(self, now: datetime) -> Iterator[tuple[datetime, int, str, str, datetime | None]]:
        for name, provider in self.providers.items():
            for key, row in self.stores[name].rows.items():
                when, ticker = _when(provider, row), self._tickers.get((name, key))
                if ticker is None or ticker.when != when:
                    ticker = self._tickers[name, key] = Ticker.start(when, self._ticked)
                for at, following in ticker.until(now):
                    yield at, row.seq, name, key, following

    # Requests.

    def log(self, provider: str, method: str, path: str, query: str) -> Json:
        """A new entry of the request log."""
        entry: Json = {"provider": provider, "method": method, "path": path, "query": query, "status": None}
        self.requests.append(entry)
        return entry

    def suspend(self, provider: str, path: str) -> None:
        """Let the platform stop the job that a path names."""
        for row in self._named(provider, path):
            self.stores[provider].put(self.providers[provider].suspended(row))

    def run(self, provider: str, path: str, seconds: float) -> None:
        """Let a run of the job that a path names be in progress for so many seconds."""
        for row in self._named(provider, path):
            self.stores[provider].put(self.providers[provider].running(row, is_over=False))
            self._runs[provider, row.id] = self.now() + timedelta(seconds=seconds)

    def _named(self, provider: str, path: str) -> Iterator[Row]:
        rows = self.stores[provider].rows
        yield from (rows[part] for part in path.split("/") if part in rows and not rows[part].gone)

    def _end_runs(self) -> None:
        for (name, key), until in list(self._runs.items()):
            if until <= self.now():
                del self._runs[name, key]
                row = self.stores[name].rows.get(key)
                if row:
                    self.stores[name].put(self.providers[name].running(row, is_over=True))

    def strike(self, provider: str, method: str, path: str) -> list[ScriptedFault]:
        """The rules that this request sets off."""
        return [rule for rule in self.faults if rule.hits(provider, method, path)]

    def fault(self, kind: str, **rule: Any) -> ScriptedFault:
        """Set a rule; see `ScriptedFault`.

        Raises:
            ValueError: a value of the rule is not allowed.
        """
        made = ScriptedFault(kind=kind, **rule)
        if made.provider not in {None, *self.providers}:
            raise ValueError(f"'provider' must be in {(None, *self.providers)} (got {made.provider!r})")
        self.faults.append(made)
        return made

    # The state file.

    def changed(self) -> None:
        """Note a change: it is saved soon, or at once where no event loop runs."""
        if self.state is None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # nothing runs that could save later
            self.save()
            return
        if self._saver is not loop:
            self._saver = loop
            loop.call_later(SAVE_AFTER, self.save)

    def save(self) -> None:
        """Write the state file, whole or not at all."""
        self._saver = None
        if self.state is None:
            return
        draft = self.state.with_name(self.state.name + ".new")
        draft.write_text(json.dumps(self._saved()), encoding="utf-8")
        draft.replace(self.state)

    def _saved(self) -> Json:
        rows = {name: [attrs.asdict(row) for row in store.rows.values()] for name, store in self.stores.items()}
        clock = {
            "now": wire.stamp(self.now()),
            "offset_seconds": self._offset.total_seconds(),
            "ticked": wire.stamp(self._ticked),
        }
        return {"version": 1, "clock": clock, "rows": rows, "fires": self.fires}

    def _restore(self, saved: Json) -> None:
        clock = saved["clock"]
        self._offset = timedelta(seconds=clock["offset_seconds"])
        if self.clock is not None:
            self._offset = datetime.fromisoformat(clock["now"]) - self.clock
        self._ticked = datetime.fromisoformat(clock["ticked"])
        self.fires = saved["fires"]
        for name, rows in saved["rows"].items():
            for values in rows:
                self.providers[name].learn(self.stores[name].put(Row(**values)))


def documented_limits() -> dict[str, RequestLimit]:
    """The published limits, by provider, with nothing used of them."""
    limits = {name: kind.documented_limit() for name, kind in SIMULATORS.items()}
    return {name: limit for name, limit in limits.items() if limit}


def load_samples(world: World) -> None:
    """Put the sample jobs into an empty world; dates are set around its clock."""
    today = world.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for name, simulator in world.providers.items():
        world.load(name, simulator.samples(today))


def _when(provider: Simulator, row: Row) -> When:
    """When a row fires; one whose schedule cannot be evaluated never does."""
    try:
        return provider.when(row)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None
