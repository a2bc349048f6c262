"""Rewrite ownership tags, each by one journalled write that changes nothing else of its job."""

from __future__ import annotations

from migrator.canonical import Fields, JobRef, OwnershipTag
from migrator.execute.read_back import ReadBackError
from migrator.execute.writer import Writer
from migrator.extract import LATE_WAITS
from migrator.mapping.ownership import ownership_tag_for
from migrator.providers.base import ContractError
from migrator.store.records import Binding


async def rewrite_tag(target: Writer, binding: Binding, source: JobRef, remote: Fields) -> None:
    """Rewrite the ownership tag of a target job, so that it names another source job; nothing else is changed.

    Raises:
        ReadBackError: the platform took the write and shows another tag.
    """
    target.save_record(binding)
    tag = ownership_tag_for(source, binding.piece, binding.pieces)
    write = await target.journal.begin("update", binding, {})
    with target.journal.failures_of(write):
        await _send(target, binding.target, remote, tag)
    for wait in (*LATE_WAITS, None):
        record = await target.adapter.get_job(binding.target.scope, binding.target.id)
        if target.mapping.read(record.raw, scope=record.scope).ownership_tag == tag:
            target.journal.settle(write, "done")
            return
        await target.sleep(wait or 0.0)
    target.journal.settle(write, "failed", "the ownership tag did not change")
    what = f"{target.mapping.rules.title} did not take the ownership tag"
    raise ReadBackError(what, where=str(binding.target), hint="check the job, then run the command again")


async def _send(target: Writer, ref: JobRef, remote: Fields, tag: OwnershipTag) -> None:
    """Send it, by the other contract where the platform turns out to follow that one."""
    try:
        await _send_by_contract(target, ref, remote, tag)
    except ContractError as error:
        target.contract = error.contract
        await _send_by_contract(target, ref, remote, tag)


async def _send_by_contract(target: Writer, ref: JobRef, remote: Fields, tag: OwnershipTag) -> None:
    payload = target.mapping.tag_payload(remote, tag, contract=target.contract)
    await target.adapter.update_job(ref.scope, ref.id, payload, contract=target.contract)
