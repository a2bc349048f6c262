"""The rollback of a run: a plan that puts the target as it was before, made from the journal and the snapshots.

    updated  → as before          paused  → resumed, and the reverse
    created  → removed            deleted → recreated; its id and its history are lost
    replaced → changed back, or recreated where the platform knows no other way

Pure. A job that somebody has changed since, or that a later run has touched, is refused: its rollback is not known.
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
from migrator.plan.changes import Change, FieldChange, Observed, Plan
from migrator.store.records import Binding, Run, SavedRecord, Write

Key = tuple[JobRef, int]
"""A source job, and which part of it."""


@frozen(kw_only=True)
class RunTrace:
    """What a run did, and what has been since.

    Attributes:
        run: the run.
        writes: what it wrote.
        saved_records: what it touched, as it was before.
        later: what later runs wrote to the same target, those apart that rolled this run back.
        bindings: every binding into the target now.
        switched: the source jobs that a cutover has stopped: only their targets fire.
        retired: those of them that were deleted at the source since.
        target: what the target holds now.
        mapping: the target's.
        contract: the target's update contract.
        connection: name of the target connection.
        now: the clock.
        lineage: the state's.
        serial: the state's.
    """

    run: Run
    writes: tuple[Write, ...]
    saved_records: tuple[SavedRecord, ...]
    later: tuple[Write, ...]
    bindings: tuple[Binding, ...]
    switched: frozenset[JobRef] = frozenset()
    retired: frozenset[JobRef] = frozenset()
    target: Extracted
    mapping: ProviderMapping
    contract: str
    connection: str
    now: datetime
    lineage: str
    serial: int

    @property
    def adopted(self) -> frozenset[JobRef]:
        """Return the jobs that the run adopted: they existed before, and were not managed."""
        bound_jobs = {binding.target for binding in self.bindings}
        return frozenset(
            saved_record.ref
            for saved_record in self.saved_records
            if saved_record.binding is None and saved_record.ref in bound_jobs
        )


def rollback_plan(trace: RunTrace) -> Plan:
    """Return the plan that rolls back a run."""
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


def _changes(trace: RunTrace) -> Iterator[Change]:
    bindings = {binding.target: binding for binding in trace.bindings}
    by_part: dict[Key, list[Binding]] = {}
    for binding in trace.bindings:
        by_part.setdefault((binding.source, binding.piece), []).append(binding)
    before: dict[Key, SavedRecord] = {}
    for saved_record in trace.saved_records:
        if known := saved_record.binding or bindings.get(saved_record.ref):
            before[known.source, known.piece] = saved_record
    written = {(i.source, i.piece): i for i in trace.writes if i.source and i.state != "failed"}
    for key in {**before, **written}:
        yield _rollback_change(trace, key, before.get(key), by_part.get(key, []), written.get(key))


def _rollback_change(
    trace: RunTrace, key: Key, before: SavedRecord | None, bindings: list[Binding], last: Write | None
) -> Change:
    """Return the change that rolls back one job."""
    present = {job.ref: job for job in trace.target.jobs}
    here = [binding for binding in bindings if binding.target in present]
    old = flatten(trace.mapping.read(dict(before.record), scope=before.ref.scope)) if before else {}
    name = str(old.get("name") or (last.name if last else key[0].id))
    pieces = bindings[0].pieces if bindings else last.pieces if last else 1
    base = Change(action="none", source=key[0], piece=key[1], pieces=pieces, name=name)
    if len(here) == 1:
        base = attrs.evolve(base, target=here[0].target)
    if reason := _refusal(trace, key, here, present):
        return attrs.evolve(base, action="blocked", reason=reason)
    if not here:
        return _recreated(base, trace, old) if before else attrs.evolve(base, reason="removed already")
    if before is None:
        return attrs.evolve(base, action="delete", reason=f"run {trace.run.id} made it")
    return _restored(base, trace, here[0], old, flatten(present[here[0].target]), before)


def _refusal(trace: RunTrace, key: Key, here: list[Binding], present: Mapping[JobRef, Any]) -> str:
    """Return why one job cannot be rolled back, or would then be active nowhere; "" when it can."""
    if key[0] in trace.retired:
        return "its source job was retired: the target alone fires it, and each sync renews it from the kept definition"
    if key[0] in trace.switched:
        return f"it was cut over; switch it back first: migrator cutover {trace.run.sync} --back"
    if any((i.source, i.piece) == key and i.state in {"dispatched", "uncertain"} for i in trace.writes):
        return "the run left an unresolved write to it; see how to settle it: migrator status"
    if other := _bound_elsewhere(trace, key):
        what = f"{other.target} is bound to {other.source} by sync {other.sync} now"
        return f"{what}; move it back first, by the command of the move: migrator history"
    if after := next((i for i in trace.later if (i.source, i.piece) == key and i.state != "failed"), None):
        return f"run {after.run} has touched it since; roll that one back first"
    if len(here) > 1:
        return f"its replacement was not finished; finish it first: migrator apply {trace.run.sync}"
    for binding in here:
        remote = flatten(present[binding.target])
        if changed := [
            path
            for path in _readable_paths(trace.mapping)
            if not trace.mapping.same(path, binding.seen.get(path), remote.get(path))
        ]:
            return f"{', '.join(changed)} changed since the run"
    return ""


def _bound_elsewhere(trace: RunTrace, key: Key) -> Binding | None:
    """Return the binding of a target job that the run wrote to for one source job, and that is bound to another now."""
    touched = {one.ref for one in trace.saved_records if one.binding and (one.binding.source, one.binding.piece) == key}
    made = {i.target_id for i in trace.writes if (i.source, i.piece) == key}
    found = (binding for binding in trace.bindings if binding.target in touched or binding.target.id in made)
    return next((binding for binding in found if binding.source != key[0]), None)


def _recreated(base: Change, trace: RunTrace, old: Fields) -> Change:
    reason = f"recreated as it was before run {trace.run.id}; its id and its history are lost"
    fields = tuple(FieldChange(path=path, new=old[path], reason="as before") for path in PATHS if path in old)
    return attrs.evolve(base, action="create", target=None, fields=fields, reason=reason)


def _restored(
    base: Change, trace: RunTrace, binding: Binding, old: Fields, remote: Fields, before: SavedRecord
) -> Change:
    fields = tuple(
        FieldChange(
            path=path, old=binding.applied.get(path), new=old.get(path), remote=remote.get(path), reason="as before"
        )
        for path in _readable_paths(trace.mapping)
        if not trace.mapping.same(path, old.get(path), remote.get(path))
    )
    loss = "" if binding.target == before.ref else "; the first one's id and history are lost"
    if not fields:
        note = "; it is no longer managed" if before.binding is None else ""
        return attrs.evolve(base, reason=f"it is as it was before{loss}{note}")
    kinds = {field.path: trace.mapping.change_kind(field.path, remote, old, trace.contract) for field in fields}
    if unchangeable := [path for path, kind in kinds.items() if kind == "fixed"]:
        reason = f"{trace.mapping.rules.title} cannot change {', '.join(unchangeable)} back; change it there by hand"
        return attrs.evolve(base, action="blocked", fields=fields, reason=reason)
    change = attrs.evolve(base, fields=fields, reason=f"as before run {trace.run.id}{loss}")
    if "replace" in kinds.values():
        reason = f"recreated as it was before run {trace.run.id}; its id and its history are lost"
        return attrs.evolve(change, action="replace", reason=reason)
    if [field.path for field in fields] == ["enabled"]:
        return attrs.evolve(change, action="resume" if fields[0].new else "pause")
    return attrs.evolve(change, action="update")


def _readable_paths(mapping: ProviderMapping) -> Iterable[str]:
    """Return the paths that the platform holds and answers with."""
    return [path for path in PATHS if mapping.holds(path) and mapping.echo_of(path) != "none"]
