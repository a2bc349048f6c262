"""Devin schedules (https://docs.devin.ai/api-reference/v3/schedules).

Documentation generations differ in page size, in the fields of a page and in those of a schedule; this reads them all.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from attrs import define

from migrator.ids import path_to
from migrator.providers.base import PATCH, Connection, Documented, one_spelling
from migrator.providers.rest import Page, RestAdapter, count, member

if TYPE_CHECKING:
    from migrator.http.responses import Call, Response

_IMPERSONATING = ("create_as_user_id", "run_as_user_id")
PAGE_SIZE = 100  # older servers allow no more, newer ones 200

_COMMON = frozenset(
    {
        "name",
        "prompt",
        "frequency",
        "schedule_type",
        "scheduled_at",
        "agent",
        "notify_on",
        "interval_count",
        "bypass_approval",
        "tags",
        "platform",
        "slack_channel_id",
        "slack_team_id",
        "target_devin_id",
    }
)
_SHOWN = frozenset(
    {
        "scheduled_session_id",
        "org_id",
        "enabled",
        "playbook.playbook_id",
        "playbook.title",
        "created_by",
        "created_at",
        "updated_at",
        "last_edited_by",
        "last_executed_at",
        "last_error_at",
        "last_error_message",
        "consecutive_failures",
    }
)


def advice(connection: Connection, call: Call, reply: Response) -> str:
    """Return which permission a refusal is about, and what else may be wrong; "" where nothing particular is known."""
    if reply.status == HTTPStatus.NOT_FOUND and call.method in {"GET", "POST"} and call.path.endswith("/schedules"):
        return f"check org_id: {connection.org_id!r} is not an organisation that this service user may see"
    asked = call.body is not None and any(f'"{key}"'.encode() in call.body for key in _IMPERSONATING)
    if asked and reply.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN} and _is_about_users(reply):
        return (
            "to run schedules as somebody (run_as), the service user needs ImpersonateOrgSessions, and that person has "
            "to be a member of the organisation who holds UseDevinSessions"
        )
    if reply.status != HTTPStatus.FORBIDDEN:
        return ""
    said = reply.text.casefold()
    place = f"check org_id: {connection.org_id!r} may be another organisation than the service user's"
    if "organi" in said and not asked:
        return place
    needed = "ManageOrgSchedules" + (", and ImpersonateOrgSessions for run_as" if asked else "")
    grant = f"give the service user the permission {needed}"
    return f"{place}; or {grant}" if call.method == "GET" and "permission" not in said else f"{grant}; or {place}"


def _is_about_users(reply: Response) -> bool:
    said = reply.text.casefold()
    return any(word in said for word in ("impersonat", "usedevinsessions", "user")) and "manageorgschedules" not in said


def scopes(connection: Connection) -> tuple[str, ...]:
    """Return the scope of a connection: the organisation."""
    return (one_spelling(connection.org_id or ""),)


@define(kw_only=True)
class Devin(RestAdapter):
    """The schedules of one organisation, which is the scope."""

    provider: ClassVar[str] = "devin"
    id_field: ClassVar[str] = "scheduled_session_id"
    no_job: ClassVar[str] = "sched-00000000000000000000000000000000"
    documented: ClassVar[Documented | None] = Documented(
        response=_COMMON | _SHOWN,
        create=_COMMON | {"playbook_id", "create_as_user_id"},
        update={PATCH: _COMMON | {"enabled", "playbook_id", "run_as_user_id"}},
    )

    @property
    def scopes(self) -> tuple[str, ...]:
        """The organisation."""
        return scopes(self.connection)

    def _collection(self, scope: str) -> str:
        return path_to("v3", "organizations", scope, "schedules")

    async def _page(self, scope: str, start: str | int | None) -> Page:
        path, offset = self._collection(scope), int(start or 0)
        answer = await self.client.request("GET", path, params={"limit": PAGE_SIZE, "offset": offset})
        items = member(answer, "items", list, where=self.client.where("GET", path))
        more = (answer or {}).get("has_next_page", len(items) >= PAGE_SIZE)  # the oldest pages do not have it
        return Page(
            items=items,
            following=offset + len(items) if more and items else None,
            total=count((answer or {}).get("total")),
        )
