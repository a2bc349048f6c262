"""Rewrite the ownership tags that name what is moved, at every target that a connection of the config reaches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from migrator.canonical import answered
from migrator.errors import MigratorError, StateError
from migrator.execute.tag_rewrite import rewrite_tag
from migrator.execute.writer import Writer
from migrator.locking import Fence
from migrator.mapping.ownership import ownership_tag_for
from migrator.providers import scopes_of
from migrator.state_move.result import Place, StateMove
from migrator.store import State
from migrator.store.relocation import Rebinding
from migrator.sync.endpoints import Endpoint, Runtime, contract_of, opened
from migrator.sync.execution import journal_at


def retagged(moved: Iterable[Rebinding]) -> tuple[Rebinding, ...]:
    """Return those whose ownership tags name something else afterwards."""
    return tuple(
        one
        for one in moved
        if one.is_tagged and ownership_tag_for(one.before.source) != ownership_tag_for(one.after.source)
    )


async def rewrite_tags(runtime: Runtime, state: State, found: StateMove, run: str, *, fence: Fence) -> StateMove:
    """Rewrite the ownership tags of a move, and return it with the result; every target is locked by the run.

    Raises:
        ProviderError: a target cannot be listed.
        StateError: nothing can be journalled.
    """
    groups: dict[Place, list[Rebinding]] = {}
    for one in retagged(found.moved):
        groups.setdefault((one.after.target.provider, one.after.target.scope), []).append(one)
    failed: dict[str, str] = {}
    unreached: list[Place] = []
    for place, group in groups.items():
        name = _connection_to(runtime, place, group)
        if name is None:
            unreached.append(place)
            continue
        async with opened(runtime, name, state=state, target=True, fence=fence) as endpoint:
            failed |= await _rewrite(runtime, state, endpoint, group, run)
    kept = sum(len(groups[place]) for place in unreached) + len(failed)
    targets = tuple(f"{provider}:{scope}" for provider, scope in unreached)
    return attrs.evolve(found, failed=failed, unreached=targets, tags=found.tags - kept)


def _connection_to(runtime: Runtime, place: Place, group: Sequence[Rebinding]) -> str | None:
    """Return the connection that reaches a target: the sync's own, or another one."""
    config = runtime.config
    own = [config.syncs[one.after.sync].target for one in group if one.after.sync in config.syncs]
    for name in dict.fromkeys([*own, *config.connections]):
        connection = config.connections[name]
        if (connection.provider, scopes_of(connection)) == (place[0], (place[1],)):
            return name
    return None


async def _rewrite(
    runtime: Runtime, state: State, endpoint: Endpoint, group: Sequence[Rebinding], run: str
) -> dict[str, str]:
    """Rewrite the tags of one target; return, by name, what went wrong."""
    listing = await endpoint.list_all()
    jobs = {job.ref.id: job for job in listing.jobs}
    scopes = tuple({one.before.target.scope for one in group})
    bindings = {
        binding.target: binding for binding in state.bindings(endpoint.adapter.provider, scopes, endpoint.dialect)
    }
    target = Writer(
        adapter=endpoint.adapter,
        mapping=endpoint.mapping,
        journal=journal_at(endpoint, runtime, state, run=run, sync=group[0].before.sync),
        contract=await contract_of(state, endpoint),
        sleep=runtime.clock.sleep,
        listing=listing,
    )
    failed: dict[str, str] = {}
    for one in group:
        job, binding = jobs.get(one.before.target.id), bindings[one.before.target]
        if job is None or job.ownership_tag in {
            None,
            ownership_tag_for(one.after.source, binding.piece, binding.pieces),
        }:
            continue
        try:
            here = attrs.evolve(binding, target=job.ref)
            await rewrite_tag(target, here, one.after.source, answered(job, binding.applied))
        except StateError:
            raise
        except MigratorError as error:
            failed[one.before.name] = str(error)
    await target.journal.flush()
    return failed
