"""Rewrite ownership tags, each by one journalled write that changes nothing else of its job."""

from __future__ import annotations

from attrs import define

from migrator.apply.sending import ReadBackError
from migrator.apply.writer import Writer
from migrator.canonical import Fields, JobRef, Mark
from migrator.extract import LATENESS
from migrator.mapping.marks import mark_for
from migrator.providers.base import ContractError
from migrator.state.values import Link


@define(kw_only=True)
class Tagger(Writer):
    """Writes ownership tags to one target scope."""

    async def retag(self, link: Link, source: JobRef, remote: Fields) -> None:
        """Rewrite the ownership tag of a target job, so that it names another source job; nothing else is changed.

        Raises:
            ReadBackError: the platform took the write and shows another tag.
        """
        self.keep(link)
        mark = mark_for(source, link.piece, link.pieces)
        intent = await self._intend("update", link, {})
        await self._noting(intent, self._send_mark(link.target, remote, mark))
        for wait in (*LATENESS, None):
            record = await self.adapter.get_job(link.target.scope, link.target.id)
            if self.mapping.read(record.raw, scope=record.scope).mark == mark:
                self.notes.settle(intent, "done")
                return
            await self.sleep(wait or 0.0)
        self.notes.settle(intent, "failed", "the ownership tag did not change")
        what = f"{self.mapping.rules.title} did not take the ownership tag"
        raise ReadBackError(what, where=str(link.target), hint="check the job, then run the command again")

    async def _send_mark(self, ref: JobRef, remote: Fields, mark: Mark) -> None:
        try:
            await self._send_tag(ref, remote, mark)
        except ContractError as error:
            self.contract = error.contract
            await self._send_tag(ref, remote, mark)

    async def _send_tag(self, ref: JobRef, remote: Fields, mark: Mark) -> None:
        payload = self.mapping.mark_payload(remote, mark, contract=self.contract)
        await self.adapter.update_job(ref.scope, ref.id, payload, contract=self.contract)
