"""Rewrite the ownership tags that name what is moved, at every target that a connection of the config reaches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from migrator.apply.tagging import Tagger
from migrator.canonical import answered
from migrator.errors import MigratorError, StateError
from migrator.leasing import Fence
from migrator.mapping.marks import mark_for
from migrator.providers import scopes_of
from migrator.rehoming.values import Place, Rehoming
from migrator.sides import Runtime, Side, contract_of, opened
from migrator.state import Rebinding, State


def retagged(moved: Iterable[Rebinding]) -> tuple[Rebinding, ...]:
    """Return those whose ownership tags name something else afterwards."""
    return tuple(one for one in moved if one.is_marked and mark_for(one.before.source) != mark_for(one.after.source))


async def rewrite_tags(runtime: Runtime, state: State, found: Rehoming, run: str, *, fence: Fence) -> Rehoming:
    """Rewrite them; every target is locked by the run.

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
        async with opened(runtime, name, state=state, target=True, fence=fence) as side:
            failed |= await _rewrite(runtime, state, side, group, run)
    left = sum(len(groups[place]) for place in unreached) + len(failed)
    told = tuple(f"{provider}:{scope}" for provider, scope in unreached)
    return attrs.evolve(found, failed=failed, unreached=told, tags=found.tags - left)


def _connection_to(runtime: Runtime, place: Place, group: Sequence[Rebinding]) -> str | None:
    """The connection that reaches a target: the sync's own, or another one."""
    config = runtime.config
    own = [config.syncs[one.after.sync].target for one in group if one.after.sync in config.syncs]
    for name in dict.fromkeys([*own, *config.connections]):
        connection = config.connections[name]
        if (connection.provider, scopes_of(connection)) == (place[0], (place[1],)):
            return name
    return None


async def _rewrite(runtime: Runtime, state: State, side: Side, group: Sequence[Rebinding], run: str) -> dict[str, str]:
    """Rewrite the tags of one target; by name, what went wrong."""
    target = await side.list_all()
    jobs = {job.ref.id: job for job in target.jobs}
    scopes = tuple({one.before.target.scope for one in group})
    links = {link.target: link for link in state.links(side.adapter.provider, scopes, side.dialect)}
    tagger = Tagger(
        run=run,
        sync=group[0].before.sync,
        scope=side.adapter.scopes[0],
        adapter=side.adapter,
        mapping=side.mapping,
        state=state,
        contract=await contract_of(state, side),
        target=target,
        now=runtime.clock.now,
        lock=side.lock,
        sleep=runtime.clock.sleep,
    )
    failed: dict[str, str] = {}
    for one in group:
        job, link = jobs.get(one.before.target.id), links[one.before.target]
        if job is None or job.mark in {None, mark_for(one.after.source, link.piece, link.pieces)}:
            continue
        try:
            here = attrs.evolve(link, target=job.ref)
            await tagger.retag(here, one.after.source, answered(job, link.applied))
        except StateError:
            raise
        except MigratorError as error:
            failed[one.before.name] = str(error)
    await tagger.notes.flush()
    return failed
