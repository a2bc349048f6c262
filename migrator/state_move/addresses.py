"""Addresses of what the state knows, as people type them: sync.NAME, connection.NAME, scope.PROVIDER:SCOPE, job.ID."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from migrator.config import Config
from migrator.config.shapes import choose
from migrator.errors import UsageError
from migrator.plan.identity import scope_address
from migrator.providers import scopes_of
from migrator.state_move.result import Place
from migrator.store import State
from migrator.store.relocation import Relocation

ADDRESSES: Final = "sync.NAME, connection.NAME, scope.PROVIDER:SCOPE or job.ID"
_SHOWN: Final = 8


@frozen(kw_only=True)
class Choice:
    """Which bindings of an address are meant.

    Attributes:
        sync: only those of this sync; "" for all.
        jobs: only those of these ids or names; empty for all.
    """

    sync: str = ""
    jobs: tuple[str, ...] = ()


def relocations_of(config: Config, state: State, old: str, new: str, choice: Choice) -> tuple[Relocation, ...]:
    """Return the moves that two addresses stand for.

    Args:
        config: says which scopes a connection reaches.
        state: says which jobs are known.
        old: the address that is left.
        new: the address that takes its place.
        choice: which bindings of the old one.

    Raises:
        UsageError: an address cannot be read, the two do not fit together, or a job is unknown.
    """
    (kind, value), (other, wanted) = _address(old), _address(new)
    jobs = known_jobs(state, choice)
    if kind == other == "sync":
        return (Relocation(kind="sync", old=value, new=wanted, jobs=jobs),)
    if kind == other == "job":
        found = known_jobs(state, Choice(sync=choice.sync, jobs=(value,)))
        if len(found) > 1:
            raise UsageError("several jobs have this name", actual=value, allowed=", ".join(sorted(found)))
        return tuple(Relocation(kind="job", old=one, new=wanted, sync=choice.sync) for one in found)
    if not {kind, other} <= {"scope", "connection"}:
        what = "the two addresses are of different kinds"
        raise UsageError(what, actual=f"{old} and {new}", allowed=ADDRESSES)
    places, others = places_of(config, old), places_of(config, new)
    if [place[0] for place in places] != [place[0] for place in others]:
        shown = ", ".join(scope_address(*place) for place in (*places, *others))
        what = "a scope moves to one of its own provider, and a connection to one with as many scopes"
        raise UsageError(what, actual=f"{old} and {new}", allowed=shown, hint="name the two scopes")
    return tuple(
        Relocation(kind="scope", provider=provider, old=scope, new=to, sync=choice.sync, jobs=jobs)
        for (provider, scope), (_same, to) in zip(places, others, strict=True)
    )


def known_jobs(state: State, choice: Choice) -> frozenset[str]:
    """Return the ids of the source jobs of these ids or names.

    Raises:
        UsageError: nothing of that name is known.
    """
    homes = [home for home in state.homes() if choice.sync in {"", home.sync}]
    bound = state.bound(*homes) if choice.jobs else ()
    found: set[str] = set()
    for name in choice.jobs:
        ids = {one.source.id for one in bound if name in {one.source.id, one.name, one.target.id}}
        if not ids:
            allowed = ", ".join(sorted({one.name for one in bound})[:_SHOWN]) or "no job is known"
            raise UsageError("unknown job", actual=name, allowed=allowed, hint="give the id of its source job")
        found |= ids
    return frozenset(found)


def unknown_address(state: State, address: str) -> UsageError:
    """Return the error for an address that no binding has."""
    homes = state.homes()
    known = {f"sync.{home.sync}" for home in homes}
    known |= {scope_address(*place) for home in homes for place in (home.source, home.target)}
    allowed = ", ".join(sorted(known)) or "nothing is known yet"
    return UsageError("no binding has this address", actual=address, allowed=allowed)


def _address(text: str) -> tuple[str, str]:
    kind, _, value = text.partition(".")
    if kind not in {"sync", "connection", "scope", "job"} or not value:
        raise UsageError("not an address", actual=text, allowed=ADDRESSES, hint="see migrator state move --help")
    return kind, value


def places_of(config: Config, address: str) -> tuple[Place, ...]:
    """Return the scopes that an address names; none for one of a sync or a job.

    Raises:
        UsageError: it cannot be read, or names an unknown connection.
    """
    kind, value = _address(address)
    if kind not in {"connection", "scope"}:
        return ()
    if kind == "connection":
        name = choose(value, config.connections, "unknown connection; name its scope instead")
        connection = config.connections[name]
        return tuple((connection.provider, scope) for scope in scopes_of(connection))
    provider, _, scope = value.partition(":")
    if not scope:
        allowed = "scope.PROVIDER:SCOPE, as migrator status shows it"
        raise UsageError("not the address of a scope", actual=f"scope.{value}", allowed=allowed)
    return ((provider, scope),)
