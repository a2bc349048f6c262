"""Rewrite ownership tags, each by one journalled write that changes nothing else of its job."""

from __future__ import annotations

from attrs import define

from migrator.canonical import Fields, JobRef, OwnershipTag
from migrator.execute.sender import ReadBackError
from migrator.execute.writer import Writer
from migrator.extract import LATE_WAITS
from migrator.mapping.ownership import ownership_tag_for
from migrator.providers.base import ContractError
from migrator.store.records import Binding


@define(kw_only=True)
class Tagger(Writer):
    """Writes ownership tags to one target scope."""

    async def retag(self, binding: Binding, source: JobRef, remote: Fields) -> None:
        """Rewrite the ownership tag of a target job, so that it names another source job; nothing else is changed.

        Raises:
            ReadBackError: the platform took the write and shows another tag.
        """
        self.keep(binding)
        ownership_tag = ownership_tag_for(source, binding.piece, binding.pieces)
        write = await self._begin_write("update", binding, {})
        await self._noting(write, self._send_mark(binding.target, remote, ownership_tag))
        for wait in (*LATE_WAITS, None):
            record = await self.adapter.get_job(binding.target.scope, binding.target.id)
            if self.mapping.read(record.raw, scope=record.scope).ownership_tag == ownership_tag:
                self.notes.settle(write, "done")
                return
            await self.sleep(wait or 0.0)
        self.notes.settle(write, "failed", "the ownership tag did not change")
        what = f"{self.mapping.rules.title} did not take the ownership tag"
        raise ReadBackError(what, where=str(binding.target), hint="check the job, then run the command again")

    async def _send_mark(self, ref: JobRef, remote: Fields, ownership_tag: OwnershipTag) -> None:
        try:
            await self._send_tag(ref, remote, ownership_tag)
        except ContractError as error:
            self.contract = error.contract
            await self._send_tag(ref, remote, ownership_tag)

    async def _send_tag(self, ref: JobRef, remote: Fields, ownership_tag: OwnershipTag) -> None:
        payload = self.mapping.tag_payload(remote, ownership_tag, contract=self.contract)
        await self.adapter.update_job(ref.scope, ref.id, payload, contract=self.contract)
