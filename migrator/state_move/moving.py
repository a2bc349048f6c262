"""Apply a move of bindings, or forget them: locked, asked for, and entered into the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import attrs

from migrator.errors import RefusedError, UsageError
from migrator.locking import Fence, locking
from migrator.plan.identity import move_command, scope_address
from migrator.state_move.addresses import Choice, places_of, relocations_of, unknown_address
from migrator.state_move.result import Consent, StateMove
from migrator.state_move.tags import retagged, rewrite_tags
from migrator.state_move.takeover import TakeoverMoves, is_file, reverted_takeover, takeover_of
from migrator.store import State
from migrator.store.records import Bound, Run
from migrator.store.relocation import Relocation
from migrator.sync.endpoints import Runtime
from migrator.sync.runs import run_id

_ADOPT: Final = 'adopt = "identical" in the sync adopts them again, by their ownership tags'


async def move(
    runtime: Runtime,
    state: State,
    old: str,
    new: str,
    choice: Choice,
    *,
    agree: Consent,
    dry: bool,
    to_sync: str = "",
) -> StateMove:
    """Give bindings another sync, scope or source job.

    Args:
        runtime: what the command brings along.
        state: the open state.
        old: the address that is left.
        new: the address that takes its place.
        choice: which bindings of the old one.
        agree: asked before anything is written.
        dry: only say what would be moved.
        to_sync: where a file takes over retired jobs, the sync that carries them afterwards; "" for the one that can.

    Raises:
        UsageError: an address cannot be read, or nothing is known there.
        RefusedError: two bindings would become one, a job is not retired, or a write has no outcome yet.
        LockedError: another run writes to one of the targets.
    """
    takeover = await _takeover(runtime, state, old, new, choice, to_sync)
    relocations = takeover.relocations if takeover else relocations_of(runtime.config, state, old, new, choice)
    undo = takeover.undo if takeover else ""
    found = _planned(state, relocations, old, new, undo)
    if dry or not await agree(found):
        return found
    run = run_id(runtime)
    async with _locked(state, found, run) as fence:
        found = await rewrite_tags(runtime, state, _planned(state, relocations, old, new, undo), run, fence=fence)
        runs = _runs(runtime, found, run)
        if found.failed:
            state.enter(*runs)
        elif takeover:
            state.take_over(relocations, runs, takeover.definitions)
        else:
            state.relocate(relocations, runs)
    return attrs.evolve(found, runs=tuple(one.id for one in runs))


async def forget(runtime: Runtime, state: State, old: str, choice: Choice, *, agree: Consent, dry: bool) -> StateMove:
    """Forget bindings: their target jobs stay as they are, and no sync has to do with them any more.

    Raises:
        UsageError: the address cannot be read, or nothing is known there.
        RefusedError: a write has no outcome yet.
        LockedError: another run writes to one of the targets.
    """
    relocations = relocations_of(runtime.config, state, old, old, choice)
    found = StateMove(kind="forget", old=old, forgotten=state.bound_at(relocations), undo=_ADOPT)
    _check(state, relocations, found)
    if dry or not await agree(found):
        return found
    run = run_id(runtime)
    async with _locked(state, found, run):
        runs = _runs(runtime, found, run)
        state.forget(found.forgotten, runs)
    return attrs.evolve(found, runs=tuple(one.id for one in runs))


async def _takeover(
    runtime: Runtime, state: State, old: str, new: str, choice: Choice, to_sync: str
) -> TakeoverMoves | None:
    """Return the takeover that two addresses stand for; None where they stand for another move.

    Raises:
        UsageError: `to_sync` is given, and it is none.
    """
    pairs = [places_of(runtime.config, address) for address in (old, new)]
    if all(len(places) == 1 for places in pairs):
        (before,), (after,) = pairs
        if before[0] != after[0] and is_file(runtime, after):
            return await takeover_of(runtime, state, before, after, choice, to_sync)
        if before[0] != after[0] and is_file(runtime, before) and not to_sync:
            return await reverted_takeover(runtime, state, before, after, choice)
    if to_sync:
        what = "--to-sync is for a move of retired jobs to a file of jobs"
        raise UsageError(what, actual=f"{old} and {new}", allowed="scope.PROVIDER:SCOPE and scope.json:FILE")
    return None


def _planned(state: State, relocations: Sequence[Relocation], old: str, new: str, undo: str) -> StateMove:
    """Return what a move changes; `undo` is the command that reverts it, "" for one that follows from the move."""
    moved = state.rebindings(relocations)
    found = StateMove(kind="move", old=old, new=new, moved=moved, tags=len(retagged(moved)), undo="")
    _check(state, relocations, found)
    return attrs.evolve(found, undo=undo or _revert_command(state, relocations, found))


def _check(state: State, relocations: Sequence[Relocation], found: StateMove) -> None:
    """Refuse what concerns nothing, and what concerns a write whose outcome is not known."""
    if not found.before:
        raise unknown_address(state, found.old)
    for write in state.open_at(relocations):
        what = f"the outcome of a write to {write.name} is not known yet"
        hint = f"find it out: migrator plan {write.sync}; or see how to settle it: migrator status"
        raise RefusedError(what, where=f"run {write.run}", hint=hint)


def _revert_command(state: State, relocations: Sequence[Relocation], found: StateMove) -> str:
    """Return the command that reverts a move; it names the jobs where others have the new address already."""
    first = relocations[0]
    reverse = [attrs.evolve(one, old=one.new, new=one.old, jobs=frozenset()) for one in relocations]
    concerned = {one.target for one in found.before}
    others = [one for one in state.bound_at(reverse) if one.target not in concerned]
    ids = sorted({one.source.id for one in found.after}) if others or first.jobs else []
    sync = ["--sync", first.sync] if first.sync else []
    if first.kind == "job":
        return move_command(f"job.{first.new}", f"job.{first.old}", *sync)
    old, new = found.old, found.new
    if first.kind == "scope" and len(relocations) == 1:  # what a connection reaches may be something else by then
        old, new = scope_address(first.provider, first.old), scope_address(first.provider, first.new)
    return move_command(new, old, *sync, *(part for job_id in ids for part in ("--job", job_id)))


@asynccontextmanager
async def _locked(state: State, found: StateMove, run: str) -> AsyncIterator[Fence]:
    """Hold the locks of every place where the target jobs are known to be, or are to be; nothing is sent without."""
    fence = Fence()
    async with AsyncExitStack() as stack:
        for provider, scope in sorted(_target_scopes((*found.before, *found.after))):
            await stack.enter_async_context(locking(state, f"{provider}:{scope}", run, fence=fence))
        yield fence


def _target_scopes(bound: Iterable[Bound]) -> set[tuple[str, str]]:
    return {(one.target.provider, one.target.scope) for one in bound}


def _runs(runtime: Runtime, found: StateMove, run: str) -> tuple[Run, ...]:
    """Return one run for each sync and target, so that the history of each shows it; the first one has the writes."""
    status = "failed" if found.failed else "done"
    counts = Counter((one.sync, one.target.provider, one.target.scope) for one in found.after)
    return tuple(
        Run(
            id=run if number == 0 else f"{run}-{number}",
            sync=sync,
            provider=provider,
            scope=scope,
            kind=found.kind,
            started_at=runtime.clock.now(),
            summary={status: count},
            plan=found.undo,
        )
        for number, ((sync, provider, scope), count) in enumerate(sorted(counts.items()))
    )
