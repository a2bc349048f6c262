"""Find managed jobs that no sync of the config owns: after a rename, or when a sync has other endpoints than before."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from migrator.config import Config, Sync
from migrator.plan.identity import move_command, scope_address
from migrator.providers import scopes_of
from migrator.store import State
from migrator.store.records import Bound, Home

Place = tuple[str, str]
Ends = tuple[frozenset[Place], frozenset[Place]]
"""The places that a sync reads from, and those that it writes to."""


@frozen(kw_only=True)
class Orphans:
    """Managed jobs of one sync between two places, which no sync of the config owns.

    Attributes:
        home: the sync and the places, as the state has them.
        bound: the jobs, with their source jobs.
        reason: why no sync owns them.
        command: what gives them to a sync that could own them; "" where there is none, or several.
    """

    home: Home
    bound: tuple[Bound, ...]
    reason: str
    command: str


def orphans(config: Config, state: State, *, nearby: bool = False) -> tuple[Orphans, ...]:
    """Return the managed jobs that no sync of the config owns.

    Args:
        config: names the syncs and what their connections reach.
        state: names the managed jobs.
        nearby: leave out those that have nothing to do with the config: neither their sync nor one of their places is
            in it. A state may be shared by many configs.
    """
    ends = {sync.name: _ends(config, sync) for sync in config.syncs.values()}
    reached = {(one.provider, scope) for one in config.connections.values() for scope in scopes_of(one)}
    orphaned = [home for home in state.homes() if not _owns(ends.get(home.sync), home)]
    if nearby:
        orphaned = [home for home in orphaned if home.sync in ends or {home.source, home.target} & reached]
    return tuple(_orphans_of(ends, home, state.bound(home)) for home in orphaned)


def _ends(config: Config, sync: Sync) -> Ends:
    pair = (config.connections[sync.source], config.connections[sync.target])
    source, target = (frozenset((one.provider, scope) for scope in scopes_of(one)) for one in pair)
    return source, target


def _owns(ends: Ends | None, home: Home) -> bool:
    return ends is not None and home.source in ends[0] and home.target in ends[1]


def _orphans_of(ends: Mapping[str, Ends], home: Home, bound: tuple[Bound, ...]) -> Orphans:
    if home.sync not in ends:
        candidates = [name for name, pair in ends.items() if _owns(pair, home)]
        command = move_command(f"sync.{home.sync}", f"sync.{candidates[0]}") if len(candidates) == 1 else ""
        return Orphans(home=home, bound=bound, reason=f"the config has no sync {home.sync}", command=command)
    pairs = zip(("source", "target"), (home.source, home.target), ends[home.sync], strict=True)
    changed = [(role, place, sorted(now)) for role, place, now in pairs if place not in now]
    reason = "; ".join(
        f"the {role} of sync {home.sync} is {', '.join(map(':'.join, now))}, not {':'.join(place)}"
        for role, place, now in changed
    )
    _role, place, now = changed[0]
    candidates = [other[1] for other in now if other[0] == place[0]]
    is_clear = len(changed) == len(candidates) == 1
    command = move_command(scope_address(*place), scope_address(place[0], candidates[0])) if is_clear else ""
    return Orphans(home=home, bound=bound, reason=reason, command=command)
