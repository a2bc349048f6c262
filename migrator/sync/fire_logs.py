"""Ask a target's own log which of the fires that were due took place, where it keeps one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import attrs

from migrator.canonical import Job, JobRef
from migrator.concurrency import side_by_side
from migrator.cron import Timed, fires_between
from migrator.errors import MigratorError
from migrator.fire_log import SLACK, SPAN, LoggedFires, logged_fires
from migrator.providers.base import FireLog, Record
from migrator.sync.active_status import job_in
from migrator.sync.session import Session, Snapshot
from migrator.verify.proving import schedules_of
from migrator.verify.result import Proof, Verification

_MINUTE: Final = timedelta(minutes=1)


async def with_fire_logs(found: Verification, *, session: Session, snapshot: Snapshot) -> Verification:
    """Return a verification with what the target's log says of each active target job.

    A log that cannot be read says nothing: what was proved without it stays proved.
    """
    adapter = session.target.adapter
    if not isinstance(adapter, FireLog):
        return found
    asking = iter(_questions(found, session=session, snapshot=snapshot))
    logged: dict[JobRef, LoggedFires] = {}
    lateness = timedelta(minutes=session.target.mapping.rules.lateness)
    until = (found.start - lateness - SLACK).replace(second=0, microsecond=0)

    async def ask() -> None:
        for job, when, since in asking:
            due = fires_between([when], since + _MINUTE, until) if since < until else ()
            try:
                raw = snapshot.target.raws[job.ref]
                starts = await adapter.fires(Record(scope=job.ref.scope, raw=raw), since) if due else None
            except MigratorError:
                continue
            if starts is not None:
                logged[job.ref] = logged_fires(job.ref, due, starts, since=since, until=until, lateness=lateness)

    await side_by_side(ask() for _ in range(adapter.concurrency))
    return attrs.evolve(found, proofs=tuple(_with_log(proof, logged) for proof in found.proofs))


def _with_log(proof: Proof, logged: dict[JobRef, LoggedFires]) -> Proof:
    return attrs.evolve(proof, logged=tuple(logged[ref] for ref in proof.targets if ref in logged))


def _questions(found: Verification, *, session: Session, snapshot: Snapshot) -> Iterator[tuple[Job, Timed, datetime]]:
    """Yield each active target job, its schedule, and since when it has been as it is: written to or switched last."""
    side, earliest = session.target, found.start - SPAN
    written = session.state.ended_since(side.adapter.provider, side.adapter.scopes, side.dialect, earliest)
    latest = {write.target_id: write.ended_at for write in written if write.ended_at}
    for proof in found.proofs:
        switched = snapshot.active_sides.get(proof.source)
        for ref in proof.targets:
            job = job_in(snapshot.target, ref)
            known = (switched.since if switched else None, latest.get(ref.id), job.created_at if job else None)
            if job and job.live and proof.live != "source" and (schedules := schedules_of(job, side.dialect)):
                yield job, schedules[0], max(at for at in (earliest, *known) if at)
