"""The journal of a run's writes to one endpoint, and the bindings that follow from them.

    planned write on disk ──▶ request ──▶ result and binding, a commit later

Only planned writes are waited for; results and bindings are on disk before any later planned write. A crash leaves a
planned write without a result, which the next run reconciles by looking, never by sending again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import attrs
from attrs import Factory, define, field

from migrator.canonical import Fields, Job, JobRef, flatten
from migrator.errors import MigratorError, UncertainError
from migrator.execute.planned_writes import WriteKey, write_key
from migrator.execute.read_back import with_values_of
from migrator.plan.changes import Change
from migrator.providers.base import Raw
from migrator.store import State
from migrator.store.group_commit import GroupCommit
from migrator.store.records import ORIGIN, Binding, IntentState, Write


@define(kw_only=True)
class WriteJournal:
    """Records what one run writes to one endpoint.

    Attributes:
        run: the run's id.
        sync: the sync's name.
        state: where everything is recorded.
        now: the clock.
        provider: the endpoint's.
        scope: where jobs are created.
        dialect: the cron dialect of what is written.
        lock: the lock that the run holds while it writes.
        at_once: whether each entry is on disk when the method returns: what follows a write to the source rests on it.
        planned: the numbers of the writes that were planned when the run began, by what each is about.
        commits: puts the entries on disk; the journals of one run share it.
        numbers: the numbers of the run's further writes; the journals of one run share them.
    """

    run: str
    sync: str
    state: State
    now: Callable[[], datetime]
    provider: str
    scope: str
    dialect: str
    lock: str
    at_once: bool = False
    planned: Mapping[WriteKey, int] = field(factory=dict)
    commits: GroupCommit = field(default=Factory(lambda self: GroupCommit(self.state), takes_self=True))
    numbers: itertools.count[int] = field(
        default=Factory(lambda self: itertools.count(len(self.planned) + 1), takes_self=True)
    )
    _open: dict[WriteKey, int] = field(init=False)
    _latest: dict[JobRef, Binding] = field(factory=dict, init=False)
    _saved: set[JobRef] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self._open = dict(self.planned)

    # -- writes -------------------------------------------------------------------------------------------------------

    async def begin(self, action: str, of: Change | Binding | Job, fields: Mapping[str, Any]) -> Write:
        """Put a write on disk before it is sent, and return it; a write to a `Job` is one to the source.

        Raises:
            LockedError: the run has lost its lock; nothing may be sent.
            StateError: the state cannot be written.
        """
        write = self._write(action, of, fields)
        if self.at_once:
            self.state.dispatch(write, self.provider, self.dialect, lock=self.lock)
        else:
            await self.commits.dispatch(write, self.provider, self.dialect, lock=self.lock)
        return write

    @contextmanager
    def failures_of(self, write: Write) -> Iterator[None]:
        """Record that a write failed or is uncertain, where sending it in the block raises."""
        try:
            yield
        except UncertainError as error:
            self.settle(write, "uncertain", str(error))
            raise
        except MigratorError as error:
            self.settle(write, "failed", str(error))
            raise

    def settle(self, write: Write, state: IntentState, error: str = "") -> None:
        """Record the result of a write."""
        (self.state if self.at_once else self.commits).settle(write, state, error)

    async def flush(self) -> None:
        """Wait until everything is on disk.

        Raises:
            StateError: it is not, and will not be.
        """
        await self.commits.flush()

    def save_record(self, ref: JobRef, raw: Raw | None, binding: Binding | None = None) -> None:
        """Save a job's record and binding as they were before this run touched it."""
        if ref not in self._saved:
            self._saved.add(ref)
            if raw:
                entries = self.state if self.at_once else self.commits
                entries.save_record(self.run, ref, raw, binding=binding, dialect=self.dialect)

    # -- bindings -----------------------------------------------------------------------------------------------------

    def latest(self, target: JobRef) -> Binding | None:
        """Return the binding of a target job as this run recorded it last; None where it did not."""
        return self._latest.get(target)

    def release(self, target: JobRef) -> None:
        """Let go of a target job to which this run does nothing more."""
        self._latest.pop(target, None)

    def bind(self, binding: Binding, settles: Write | None = None) -> Binding:
        """Record a binding, and that the write behind it is done; return it."""
        self.commits.put_binding(binding, dialect=self.dialect, settles=settles)
        self._latest[binding.target] = binding
        return binding

    def unbind(self, binding: Binding, settles: Write) -> None:
        """Record that a target job is deleted."""
        self.commits.drop_binding(binding.target, settles=settles)

    def adopt(self, job: Job, change: Change) -> Binding:
        """Bind a job that is at the target already; return the binding."""
        binding = binding_of(change, job.ref, flatten(job), sync=self.sync, tagged=job.ownership_tag is not None)
        return self.bind(binding, None if change.fields else self._planned("adopt", change, binding.target))

    def agree(self, binding: Binding, paths: Iterable[str], now: Fields) -> Binding:
        """Record that the source has taken over what these paths of a target job hold now."""
        paths = tuple(paths)
        applied, seen = with_values_of(binding.applied, now, paths), with_values_of(binding.seen, now, paths)
        settles = self._planned("update", binding, binding.target)
        return self.bind(attrs.evolve(binding, applied=applied, seen=seen), settles)

    def supersede(self, binding: Binding, *, superseded: bool = True) -> Binding:
        """Record that another job is about to take the place of this one, or that none does after all."""
        return self.bind(attrs.evolve(binding, superseded=superseded))

    def _planned(self, action: str, of: Change | Binding, target: JobRef) -> Write | None:
        """Return the planned write that needs no request; None where it was sent, or never planned."""
        is_open = write_key(of.source, of.piece, target) in self._open
        return self._write(action, of, {}) if is_open else None

    def _write(self, action: str, of: Change | Binding | Job, fields: Mapping[str, Any]) -> Write:
        source: JobRef | None
        target: JobRef | None
        if isinstance(of, Job):
            source, target, piece, pieces, name = of.ref, of.ref, ORIGIN, 1, of.name
        else:
            source, target = of.source, None if action == "create" else of.target
            piece, pieces = of.piece, of.pieces
            name = str(fields.get("name") or (of.name if isinstance(of, Change) else of.applied.get("name", "")))
        key = write_key(source, piece, target)
        return Write(
            run=self.run,
            seq=self._open.pop(key) if key in self._open else next(self.numbers),
            sync=self.sync,
            action=action,
            source=source,
            target_scope=target.scope if target else self.scope,
            target_id=target.id if target else None,
            piece=piece,
            pieces=pieces,
            name=name,
            fields=fields,
            at=self.now(),
        )


def binding_of(change: Change, target: JobRef, fields: Fields, *, sync: str, tagged: bool) -> Binding:
    """Return the binding of a change's source job to a target job that holds these fields."""
    assert change.source is not None
    return Binding(
        source=change.source,
        target=target,
        piece=change.piece,
        pieces=change.pieces,
        sync=sync,
        applied=fields,
        seen=fields,
        tagged=tagged,
    )
