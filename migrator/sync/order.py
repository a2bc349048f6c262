"""Which syncs wait for which: who reads what another one writes comes after it, and no two write to one place at once.

Where syncs feed each other in a circle, as A → B and B → A do, the one that stands first in the file runs first; the
copies that each finds of its own jobs are known by their bindings and left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from migrator.config import Config, Sync
from migrator.providers import scopes_of

Meet = Callable[[str, str], bool]
"""Whether two connections reach the same jobs."""


def in_order(syncs: Sequence[Sync], meet: Meet) -> Mapping[str, frozenset[str]]:
    """Return the syncs by name in an order in which they can run, each with those that it waits for."""
    feeds = {
        (one.name, other.name)
        for one in syncs
        for other in syncs
        if one != other and any(meet(place, other.source) for place in _written(one))
    }
    reached = _closure(feeds)
    waiting, placed = list(syncs), list[Sync]()
    while waiting:
        follows = next(one for one in waiting if not any(_is_fed(one, other, reached) for other in waiting))
        waiting.remove(follows)
        placed.append(follows)
    return {
        later.name: frozenset(
            earlier.name
            for earlier in placed[:number]
            if {(earlier.name, later.name), (later.name, earlier.name)} & feeds
            or any(meet(one, other) for one in _written(earlier) for other in _written(later))
        )
        for number, later in enumerate(placed)
    }


def _written(sync: Sync) -> tuple[str, ...]:
    """Return the connections that a sync writes to."""
    return (sync.target, sync.source) if sync.two_way else (sync.target,)


def _is_fed(one: Sync, other: Sync, reached: set[tuple[str, str]]) -> bool:
    """Return whether a sync must come after another one: it is fed by it, and does not feed it in turn."""
    return (other.name, one.name) in reached and (one.name, other.name) not in reached


def _closure(feeds: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return which sync feeds which, by however many steps."""
    reached = set(feeds)
    while new := {(a, d) for a, b in reached for c, d in feeds if b == c} - reached:
        reached |= new
    return reached


def meeting(config: Config) -> Meet:
    """Return whether two connections of a config reach the same jobs, as far as the config can tell."""

    def meet(one: str, other: str) -> bool:
        first, second = config.connections[one], config.connections[other]
        return first.provider == second.provider and any(
            _overlap(here, there) for here in scopes_of(first) for there in scopes_of(second)
        )

    return meet


def _overlap(one: str, other: str) -> bool:
    """Return whether two scopes of a provider are the same, or one is a part of the other: a member of an instance."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
