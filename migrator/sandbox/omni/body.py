"""What Omni's requests may hold: the fields of create and update, and their limits (pages: see the package)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from migrator.sandbox import wire
from migrator.sandbox.grammar import EVENTBRIDGE, BadCron, parse
from migrator.sandbox.store import Json
from migrator.sandbox.timetable import is_zone
from migrator.sandbox.wire import Invalid

LARGEST_GROUP: Final = 4
"""How many members a user group is taken to have."""
_LONGEST_LIST: Final = 100
"""E-mail addresses, and groups, that a destination may have (openapi)."""
_FORMS: Final = {
    "email": {"type", "recipientEmails", "userGroupIds"},
    "slack": {"type", "recipientId", "slackRecipientType"},
}
"""The properties of each kind of destination (openapi)."""

Check = Callable[[Any], str]
"""Says what is wrong with a value; "" when nothing is."""


def _text(longest: int | None = None, shortest: int = 1) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            return "Expected string"
        if len(value) < shortest:
            return f"String must contain at least {shortest} character(s)"
        if longest is not None and len(value) > longest:
            return f"String must contain at most {longest} character(s)"
        return ""

    return check


def _uuid(value: Any) -> str:
    return "" if wire.is_uuid(value) else "Invalid uuid"


def _boolean(value: Any) -> str:
    return "" if isinstance(value, bool) else "Expected boolean"


def _timezone(value: Any) -> str:
    return "" if is_zone(value) else "must be a valid IANA timezone"


def _schedule(value: Any) -> str:
    """Six fields of EventBridge with exactly one `?` (aws), at most hourly (create).

    Two minutes of one hour are always less than an hour apart, and the same minute of two hours never is: so hourly
    means one minute.
    """
    if not isinstance(value, str):
        return "Expected string"
    try:
        table = parse(value, EVENTBRIDGE)
    except BadCron as error:
        return f"invalid cron expression: {error}"
    _, _, day_of_month, _, day_of_week, _ = value.split()
    if (day_of_month == "?") == (day_of_week == "?"):
        return "invalid cron expression: exactly one of day-of-month and day-of-week must be ?"
    return "" if len(table.minutes) == 1 else "may not run more often than once an hour"


def _destination(value: Any) -> str:
    """One destination of one kind (openapi)."""
    form = _FORMS.get(str(value.get("type"))) if isinstance(value, dict) else None
    if form is None:
        return "Invalid discriminator value. Expected 'email' | 'slack'"
    if unknown := set(value) - form:
        return f"Unrecognized key(s) in object: {', '.join(sorted(unknown))}"
    return _slack(value) if value["type"] == "slack" else _email(value)


def _slack(value: Json) -> str:
    """Exactly one channel or one person."""
    to, kind = value.get("recipientId"), value.get("slackRecipientType")
    return "" if to and isinstance(to, str) and kind in {"channel", "users"} else "Invalid Slack recipient"


def _email(value: Json) -> str:
    """At least one recipient: the 400 for a wrong "recipient configuration" (create) implies it."""
    emails, groups = value.get("recipientEmails", []), value.get("userGroupIds", [])
    if not isinstance(emails, list) or not all(isinstance(e, str) and "@" in e[1:-1] for e in emails):
        return "recipientEmails: Invalid email"
    if not isinstance(groups, list) or not all(map(wire.is_uuid, groups)):
        return "userGroupIds: Invalid uuid"
    if not emails and not groups:
        return "At least one recipient is required"
    return "" if max(len(emails), len(groups)) <= _LONGEST_LIST else f"At most {_LONGEST_LIST} addresses and groups"


CREATE: Final[dict[str, Check]] = {
    "modelId": _uuid,
    "name": _text(512),
    "prompt": _text(),
    "schedule": _schedule,
    "timezone": _timezone,
    "destination": _destination,
    "branchId": _uuid,
    "description": _text(2000, 0),
    "topicName": _text(256),
}
"""openapi, RoutineCreateBody."""
NULLABLE: Final = ("branchId", "description", "topicName")
"""create. The openapi file has no null there; a request that keeps to it leaves them out."""
REQUIRED: Final = ("modelId", "name", "prompt", "schedule", "timezone", "destination")
PATCH: Final = {n: CREATE[n] for n in ("name", "prompt", "schedule", "timezone", "destination", "description")}
"""openapi, the body of PATCH."""
PUT: Final[dict[str, Check]] = {
    "name": _text(255),
    "prompt": _text(),
    "schedule": _schedule,
    "description": _text(2000, 0),
    "modelId": _uuid,
    "isActive": _boolean,
}
"""update. It says "cron or human-readable" of `schedule`; what `daily` would mean is nowhere said, so it is refused."""
PUT_REQUIRED: Final = ("name", "prompt", "schedule")


def checked(
    body: Json, checks: dict[str, Check], *, required: Collection[str] = (), nullable: Collection[str] = ()
) -> Json:
    """The properties of the body that `checks` knows.

    Raises:
        Invalid: one is missing or wrong.
    """
    for name in required:
        if name not in body:
            raise Invalid(name, "Required")
    for name, check in checks.items():
        if name in body and not (body[name] is None and name in nullable) and (wrong := check(body[name])):
            raise Invalid(name, wrong, body[name])
    return {name: body[name] for name in checks if name in body}


def only(body: Json, checks: dict[str, Check]) -> Json:
    """The body, when it has no other properties (openapi: additionalProperties false).

    Raises:
        Invalid: it has.
    """
    if unknown := sorted(set(body) - set(checks)):
        raise Invalid("", f"Unrecognized key(s) in object: {', '.join(unknown)}")
    return body


def resolved(destination: Json) -> tuple[Json, int]:
    """The destination as it is read back, and how many recipients it has once groups are expanded (get).

    Both e-mail lists are always there; addresses come back as the membership directory spells them, each once.
    """
    if destination["type"] == "slack":
        return dict(destination), 1
    emails = list(dict.fromkeys(address.lower() for address in destination.get("recipientEmails", [])))
    groups = list(dict.fromkeys(destination.get("userGroupIds", [])))
    shown = {"type": "email", "recipientEmails": emails, "userGroupIds": groups}
    return shown, len(emails) + LARGEST_GROUP * len(groups)
