"""The way back from a run: a plan that puts the target as it was before, made from the journal and the snapshots.

    updated  → as before          paused  → resumed, and the reverse
    created  → removed            deleted → recreated; its id and its history are lost
    replaced → changed back, or recreated where the platform knows no other way

Pure. A job that somebody has changed since, or that a later run has touched, is refused: its way back is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs
from attrs import frozen

from migrator.canonical import PATHS, Fields, JobRef, flatten
from migrator.extract import Extracted
from migrator.mapping import ProviderMapping
from migrator.plan.values import Change, FieldChange, Observed, Plan
from migrator.state.values import Intent, Link, Run, Snapshot

Key = tuple[JobRef, int]
"""A source job, and which piece of it."""


@frozen(kw_only=True)
class Trace:
    """What a run did, and what has been since.

    Attributes:
        run: the run.
        intents: what it wrote.
        snapshots: what it touched, as it was before.
        later: what later runs wrote to the same target, those apart that rolled this run back.
        links: every link into the target now.
        moved: the source jobs that a cutover has stopped: only their targets fire.
        target: what the target holds now.
        mapping: the target's.
        contract: the target's update contract.
        connection: name of the target connection.
        now: the clock.
        lineage: the state's.
        serial: the state's.
    """

    run: Run
    intents: tuple[Intent, ...]
    snapshots: tuple[Snapshot, ...]
    later: tuple[Intent, ...]
    links: tuple[Link, ...]
    moved: frozenset[JobRef] = frozenset()
    target: Extracted
    mapping: ProviderMapping
    contract: str
    connection: str
    now: datetime
    lineage: str
    serial: int

    @property
    def adopted(self) -> frozenset[JobRef]:
        """The jobs that the run took over: they were there before, and not ours."""
        linked = {link.target for link in self.links}
        return frozenset(
            snapshot.ref for snapshot in self.snapshots if snapshot.link is None and snapshot.ref in linked
        )


def way_back(trace: Trace) -> Plan:
    """The plan that undoes a run."""
    rules = trace.mapping.rules
    changes = sorted(_changes(trace), key=lambda change: (change.name.casefold(), str(change.source), change.piece))
    return Plan(
        sync=trace.run.sync,
        source=f"run {trace.run.id}",
        target=trace.connection,
        target_provider=rules.provider,
        target_scope=trace.run.scope,
        dialect=rules.dialect,
        contract=trace.contract,
        lineage=trace.lineage,
        serial=trace.serial,
        created_at=trace.now,
        observed=Observed(source="", target=trace.target.digested(rules.dialect)[1]),
        changes=tuple(changes),
    )


def _changes(trace: Trace) -> Iterator[Change]:
    links = {link.target: link for link in trace.links}
    standing: dict[Key, list[Link]] = {}
    for link in trace.links:
        standing.setdefault((link.source, link.piece), []).append(link)
    before: dict[Key, Snapshot] = {}
    for snapshot in trace.snapshots:
        if known := snapshot.link or links.get(snapshot.ref):
            before[known.source, known.piece] = snapshot
    written = {(i.source, i.piece): i for i in trace.intents if i.source and i.state != "failed"}
    for key in {**before, **written}:
        yield _back(trace, key, before.get(key), standing.get(key, []), written.get(key))


def _back(trace: Trace, key: Key, before: Snapshot | None, links: list[Link], last: Intent | None) -> Change:
    """The way back of one job."""
    present = {job.ref: job for job in trace.target.jobs}
    here = [link for link in links if link.target in present]
    old = flatten(trace.mapping.read(dict(before.record), scope=before.ref.scope)) if before else {}
    name = str(old.get("name") or (last.name if last else key[0].id))
    pieces = links[0].pieces if links else last.pieces if last else 1
    base = Change(action="none", source=key[0], piece=key[1], pieces=pieces, name=name)
    if len(here) == 1:
        base = attrs.evolve(base, target=here[0].target)
    if reason := _refusal(trace, key, here, present):
        return attrs.evolve(base, action="blocked", reason=reason)
    if not here:
        return _anew(base, trace, old) if before else attrs.evolve(base, reason="removed already")
    if before is None:
        return attrs.evolve(base, action="delete", reason=f"run {trace.run.id} made it")
    return _restored(base, trace, here[0], old, flatten(present[here[0].target]), before)


def _refusal(trace: Trace, key: Key, here: list[Link], present: Mapping[JobRef, Any]) -> str:
    """Why the way back of a job is not known, or would leave nothing that fires."""
    if key[0] in trace.moved:
        return f"it was cut over; switch it back first: migrator cutover {trace.run.sync} --back"
    if any((i.source, i.piece) == key and i.state in {"dispatched", "uncertain"} for i in trace.intents):
        return "the run left an unresolved write to it; see how to settle it: migrator status"
    if after := next((i for i in trace.later if (i.source, i.piece) == key and i.state != "failed"), None):
        return f"run {after.run} has touched it since; roll that one back first"
    if len(here) > 1:
        return f"its replacement was not finished; finish it first: migrator apply {trace.run.sync}"
    for link in here:
        remote = flatten(present[link.target])
        if moved := [
            path for path in _held(trace.mapping) if not trace.mapping.same(path, link.seen.get(path), remote.get(path))
        ]:
            return f"{', '.join(moved)} changed since the run"
    return ""


def _anew(base: Change, trace: Trace, old: Fields) -> Change:
    reason = f"recreated as it was before run {trace.run.id}; its id and its history are lost"
    fields = tuple(FieldChange(path=path, new=old[path], reason="as before") for path in PATHS if path in old)
    return attrs.evolve(base, action="create", target=None, fields=fields, reason=reason)


def _restored(base: Change, trace: Trace, link: Link, old: Fields, remote: Fields, before: Snapshot) -> Change:
    fields = tuple(
        FieldChange(
            path=path, old=link.applied.get(path), new=old.get(path), remote=remote.get(path), reason="as before"
        )
        for path in _held(trace.mapping)
        if not trace.mapping.same(path, old.get(path), remote.get(path))
    )
    lost = "" if link.target == before.ref else "; the first one's id and history are lost"
    if not fields:
        given = "; it is no longer managed" if before.link is None else ""
        return attrs.evolve(base, reason=f"it is as it was before{lost}{given}")
    kinds = {field.path: trace.mapping.change_kind(field.path, remote, old, trace.contract) for field in fields}
    if fixed := [path for path, kind in kinds.items() if kind == "fixed"]:
        reason = f"{trace.mapping.rules.title} cannot change {', '.join(fixed)} back; change it there by hand"
        return attrs.evolve(base, action="blocked", fields=fields, reason=reason)
    back = attrs.evolve(base, fields=fields, reason=f"as before run {trace.run.id}{lost}")
    if "replace" in kinds.values():
        reason = f"recreated as it was before run {trace.run.id}; its id and its history are lost"
        return attrs.evolve(back, action="replace", reason=reason)
    if [field.path for field in fields] == ["enabled"]:
        return attrs.evolve(back, action="resume" if fields[0].new else "pause")
    return attrs.evolve(back, action="update")


def _held(mapping: ProviderMapping) -> Iterable[str]:
    """The paths that the platform holds and answers with."""
    return [path for path in PATHS if mapping.holds(path) and mapping.echo_of(path) != "none"]
