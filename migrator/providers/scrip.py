"""Scrip automations (https://docs.scrip.dev/api-reference/automations).

The trigger is nested under `trigger` when creating, and flat when reading and updating. Deleting archives for good, and
the API leaves archived automations out of its lists.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from attrs import define

from migrator.errors import NotFoundError
from migrator.ids import path_to
from migrator.providers.base import PATCH, Connection, Documented, Record, one_spelling
from migrator.providers.rest import Page, RestAdapter, member

if TYPE_CHECKING:
    from migrator.http.responses import Call, Response

PAGE_SIZE = 200

_EDITABLE = frozenset(
    {
        "name",
        "description",
        "event_name",
        "payload",
        "participant_filter",
        "guard_condition",
        "filter_hints",
    }
)
_FIXED = frozenset({"scope", "participant_id"})
_TIMING = frozenset({"cron_expression", "timezone", "trigger_at", "schedule_config"})
_SHOWN = frozenset(
    {
        "id",
        "program_id",
        "source",
        "status",
        "trigger_type",
        "schedule_type",
        "created_at",
        "updated_at",
        "next_run_at",
        "last_run_at",
        "last_error",
        "last_evaluated_at",
        "processed_at",
        "error_message",
        "execution_status",
        "execution_started_at",
        "execution_completed_at",
        "execution_error",
        "participants_total",
        "participants_processed",
    }
)


def advice(connection: Connection, call: Call, reply: Response) -> str:
    """Return what a refusal of Scrip's is about; "" where nothing particular is known."""
    program = connection.program_id
    if reply.status == HTTPStatus.FORBIDDEN:
        return (
            "a key may read and write everything of its own organisation, so this key is probably another "
            f"organisation's than program_id {program!r}; take the key of that organisation, or correct program_id"
        )
    if reply.status == HTTPStatus.NOT_FOUND and (
        call.path.endswith("/automations") or "program" in reply.text.casefold()
    ):
        return f"check program_id: {program!r} is not a program that this key may see"
    return ""


def scopes(connection: Connection) -> tuple[str, ...]:
    """Return the scope of a connection: the program."""
    return (one_spelling(connection.program_id or ""),)


@define(kw_only=True)
class Scrip(RestAdapter):
    """The automations of one program, which is the scope."""

    provider: ClassVar[str] = "scrip"
    documented: ClassVar[Documented | None] = Documented(
        response=_EDITABLE | _FIXED | _TIMING | _SHOWN,
        create=_EDITABLE | _FIXED | {f"trigger.{leaf}" for leaf in _TIMING | {"type", "schedule_type"}},
        update={PATCH: _EDITABLE | _TIMING | {"status"}},
    )

    @property
    def scopes(self) -> tuple[str, ...]:
        """The program."""
        return scopes(self.connection)

    def _collection(self, scope: str) -> str:
        return path_to("v1", "programs", scope, "automations")

    async def get_job(self, scope: str, job_id: str) -> Record:
        """Read one automation; an archived one is gone, though the API still shows it."""
        record = await super().get_job(scope, job_id)
        if record.raw.get("status") == "archived":
            where = self.client.where("GET", self._address(scope, job_id))
            hint = "create it again: an archived automation cannot be restored"
            raise NotFoundError("the automation is archived permanently", where=where, hint=hint)
        return record

    async def _page(self, scope: str, start: str | int | None) -> Page:
        path = self._collection(scope)
        params: dict[str, str | int] = {"limit": PAGE_SIZE}
        if start is not None:
            params["cursor"] = start
        answer = await self.client.request("GET", path, params=params)
        where = self.client.where("GET", path)
        pagination = member(answer, "pagination", dict, where=where)
        return Page(
            items=member(answer, "data", list, where=where),
            following=member(pagination, "next_cursor", str, where=where) if pagination.get("has_more") else None,
        )
