"""Let the jobs of a file take the place of retired source jobs, with their target jobs; and the reverse.

The records of the file say which jobs they were exported from. Only a job whose source was deleted on purpose may be
taken over: any other one goes on at its own platform, whose sync would create its target job again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import frozen

from migrator.canonical import Job, JobRef, flatten
from migrator.config import Config
from migrator.errors import RefusedError, UsageError
from migrator.plan.identity import move_command, scope_address
from migrator.providers import scopes_of
from migrator.state_move.addresses import Choice, unknown_address
from migrator.state_move.result import Place
from migrator.store import State
from migrator.store.records import Bound, Definition
from migrator.store.relocation import Relocation
from migrator.sync.endpoints import Runtime, opened

_SHOWN: Final = 8


@frozen(kw_only=True)
class TakeoverMoves:
    """The moves of a takeover.

    Attributes:
        relocations: one for each sync that carries the jobs now.
        definitions: of retired jobs that take their own place again, as the file had them last.
        undo: the command that reverts it.
    """

    relocations: tuple[Relocation, ...]
    definitions: tuple[Definition, ...] = ()
    undo: str


def is_file(runtime: Runtime, place: Place) -> bool:
    """Return whether a place is a file of jobs, whose records say where they were exported from."""
    return bool(runtime.mapping(place[0]).rules.identity.origin)


async def takeover_of(
    runtime: Runtime, state: State, old: Place, new: Place, choice: Choice, to_sync: str
) -> TakeoverMoves:
    """Return the moves by which a file takes over the retired jobs of a scope.

    Args:
        runtime: what the command brings along.
        state: the open state.
        old: where the retired jobs were.
        new: the file.
        choice: which bindings; every one whose job the file has where it names none.
        to_sync: the sync that carries them afterwards; "" for the only one that can.

    Raises:
        UsageError: nothing is bound there, or it is not clear which sync is meant.
        RefusedError: the file lacks a job, has it twice, or a job is not retired.
    """
    bound = _bound(state, old, choice)
    records = await _records(runtime, new)
    unscoped = runtime.mapping(old[0]).rules.identity.unique
    found = {one.source: _record_of(one, records, unscoped=unscoped) for one in bound}
    if missing := [one for one in bound if found[one.source] is None] if choice.jobs else []:
        what = "no record of the file names them as its origin; nothing was moved"
        hint = "migrator export CONNECTION --retired writes them"
        raise RefusedError(what, where=scope_address(*new), actual=_named(missing), hint=hint)
    ids = {ref: record.ref.id for ref, record in found.items() if record}
    chosen = [one for one in bound if one.source in ids]
    if not chosen:
        what = f"no record of the file has a job of {scope_address(*old)} as its origin; nothing was moved"
        raise RefusedError(what, where=scope_address(*new), hint='see "origin" in the file; export --retired writes it')
    _require_retired(state, old, chosen)
    groups = _by_sync(chosen).items()
    moves = tuple(_move(runtime.config, old, new, sync, group, ids, to_sync) for sync, group in groups)
    undo = _command(new, old, {one.new_sync for one in moves}, ids.values() if _bound_ids(state, new) else ())
    return TakeoverMoves(relocations=moves, undo=undo)


async def reverted_takeover(runtime: Runtime, state: State, old: Place, new: Place, choice: Choice) -> TakeoverMoves:
    """Return the moves by which retired jobs take their place again, with what the file holds of them.

    Args:
        runtime: what the command brings along.
        state: the open state.
        old: the file.
        new: where the retired jobs were.
        choice: which bindings; every one that came from there where it names none.

    Raises:
        UsageError: nothing is bound there.
        RefusedError: a job of the file took no retired job's place there.
    """
    takeovers = {(one.source, one.sync): one for one in state.takeovers()}
    here = {key: one for key, one in takeovers.items() if (one.origin.provider, one.origin.scope) == new}
    bound = _bound(state, old, choice)
    chosen = [one for one in bound if (one.source, one.sync) in here]
    wrong = [one for one in bound if (one.source, one.sync) not in here]
    if not chosen or (choice.jobs and wrong):
        what = f"they did not take the place of retired jobs of {scope_address(*new)}; nothing was moved"
        hint = "name the jobs of the file that took a place there, with --job; they are listed by: migrator status"
        raise RefusedError(what, where=scope_address(*old), actual=_named(wrong), hint=hint)
    records = {record.ref: record for record in await _records(runtime, old)}
    definitions, moves = [], []
    for sync, group in _by_sync(chosen).items():
        origin_sync = here[group[0].source, sync].origin_sync
        ids = {one.source.id: here[one.source, sync].origin.id for one in group}
        moves.append(_relocation(old, new, sync, origin_sync, ids))
        for ref in dict.fromkeys(one.source for one in group if one.source in records):
            origin = here[ref, sync].origin
            fields = flatten(records[ref])
            definitions.append(Definition(source=origin, sync=origin_sync, fields=fields, retired=True))
    jobs = [job_id for one in moves for job_id in one.ids.values()] if _bound_ids(state, new) or choice.jobs else ()
    undo = _command(new, old, {one.new_sync for one in moves}, jobs, to_sync=moves[0].sync)
    return TakeoverMoves(relocations=tuple(moves), definitions=tuple(definitions), undo=undo)


def _bound(state: State, place: Place, choice: Choice) -> tuple[Bound, ...]:
    homes = [home for home in state.homes() if home.source == place and choice.sync in {"", home.sync}]
    bound = state.bound(*homes)
    if not bound:
        raise unknown_address(state, scope_address(*place))
    for name in choice.jobs:
        if not any(_is_named(one, name) for one in bound):
            allowed = ", ".join(sorted({one.name for one in bound})[:_SHOWN])
            raise UsageError("unknown job", actual=name, allowed=allowed, hint="give the id of its source job")
    return tuple(one for one in bound if not choice.jobs or any(_is_named(one, name) for name in choice.jobs))


def _is_named(one: Bound, name: str) -> bool:
    return name in {one.source.id, one.name, one.target.id}


def _bound_ids(state: State, place: Place) -> set[str]:
    return {one.source.id for one in state.bound(*(home for home in state.homes() if home.source == place))}


async def _records(runtime: Runtime, place: Place) -> tuple[Job, ...]:
    """Return the jobs of a file; a connection of the config has to reach it."""
    connections = runtime.config.connections
    name = next((n for n, c in connections.items() if place in {(c.provider, one) for one in scopes_of(c)}), None)
    if name is None:
        what = "no connection of the config reaches the file"
        hint = 'add one: provider = "json", path = "FILE"'
        raise UsageError(what, actual=scope_address(*place), allowed=", ".join(connections), hint=hint)
    async with opened(runtime, name) as side:
        return (await side.list_all(as_source=True)).jobs


def _record_of(one: Bound, records: Iterable[Job], *, unscoped: bool) -> Job | None:
    """Return the record that was exported from the source job of a binding.

    Raises:
        RefusedError: several records were.
    """
    ref = one.source
    found = [job for job in records if job.origin and _is_same(job.origin, ref, unscoped=unscoped)]
    if len(found) > 1:
        what = f'several records of the file have the origin {ref}: keep one, or remove "origin" from the others'
        hint = "remove all but one from the file; the origin of a record says which job it was read from"
        raise RefusedError(what, actual=", ".join(job.ref.id for job in found), hint=hint)
    return found[0] if found else None


def _is_same(origin: JobRef, ref: JobRef, *, unscoped: bool) -> bool:
    return origin == ref or (unscoped and (origin.provider, origin.id) == (ref.provider, ref.id))


def _require_retired(state: State, place: Place, bound: Iterable[Bound]) -> None:
    known = {(one.source, one.sync) for one in state.definitions(place[0], (place[1],)) if one.retired}
    left = [one for one in bound if (one.source, one.sync) not in known]
    if left:
        what = "they are not retired: their sync goes on from the source; nothing was moved"
        hint = f"retire them first: migrator retire {left[0].sync} --delete; or move the others alone, with --job"
        raise RefusedError(what, where=scope_address(*place), actual=_named(left), hint=hint)


def _named(bound: Iterable[Bound]) -> str:
    names = list(dict.fromkeys(f"{one.name} ({one.source.id})" for one in bound))
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def _by_sync(bound: Iterable[Bound]) -> Mapping[str, Sequence[Bound]]:
    found: dict[str, list[Bound]] = {}
    for one in bound:
        found.setdefault(one.sync, []).append(one)
    return found


def _move(
    config: Config,
    old: Place,
    new: Place,
    sync: str,
    group: Sequence[Bound],
    ids: Mapping[JobRef, str],
    to_sync: str,
) -> Relocation:
    """Return the move of the bindings of one sync; the sync that carries them then reads the file and writes there."""
    targets = {(one.target.provider, one.target.scope) for one in group}
    fits = [one.name for one in config.syncs.values() if _joins(config, one.source, {new}, one.target, targets)]
    owner = to_sync or (sync if sync in fits else fits[0] if len(fits) == 1 else "")
    if owner not in fits:
        named = ", ".join(scope_address(*place) for place in sorted(targets))
        what = "it is not clear which sync is meant" if fits else "no sync reads the file and writes to their target"
        hint = "add one to the config" if not fits else "name one: --to-sync NAME"
        allowed = ", ".join(fits) or f"a sync from {scope_address(*new)} to {named}"
        raise UsageError(what, where=f"sync {sync}", actual=to_sync, allowed=allowed, hint=hint)
    return _relocation(old, new, sync, owner, {one.source.id: ids[one.source] for one in group})


def _joins(config: Config, source: str, sources: set[Place], target: str, targets: set[Place]) -> bool:
    ends = ((source, sources), (target, targets))
    return all(
        places <= {(config.connections[name].provider, scope) for scope in scopes_of(config.connections[name])}
        for name, places in ends
    )


def _relocation(old: Place, new: Place, sync: str, new_sync: str, ids: Mapping[str, str]) -> Relocation:
    return Relocation(
        kind="takeover",
        provider=old[0],
        old=old[1],
        new_provider=new[0],
        new=new[1],
        sync=sync,
        new_sync=new_sync,
        ids=ids,
    )


def _command(old: Place, new: Place, syncs: set[str], jobs: Iterable[str], *, to_sync: str = "") -> str:
    """Return the command for a move of the jobs of these syncs, all of them or these."""
    options = ["--sync", *syncs] if len(syncs) == 1 else []
    options += ["--to-sync", to_sync] if to_sync else []
    options += [part for job_id in sorted(jobs) for part in ("--job", job_id)]
    return move_command(scope_address(*old), scope_address(*new), *options)
