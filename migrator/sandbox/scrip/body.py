"""What Scrip's requests may hold: fields of create and update, rules of each trigger type (pages: see the package)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from migrator.sandbox import wire
from migrator.sandbox.grammar import ROBFIG, BadCron, parse
from migrator.sandbox.store import Json
from migrator.sandbox.timetable import is_zone
from migrator.sandbox.wire import Invalid

LONGEST_NAME: Final = 255
SCOPES: Final = {
    "cron": ("program", "participants"),
    "one_time": ("program", "participants"),
    "immediate": ("participants",),
    "participant_state": ("participants",),
}
"""Which scopes a trigger type goes with (create)."""
SCHEDULE_TYPES: Final = ("ATTRIBUTE_DATE", "INTERVAL", "CRON", "THRESHOLD")
OWN: Final = {"cron_expression": "cron", "trigger_at": "one_time", "schedule_config": "participant_state"}
"""The schedule field that each trigger type needs, and no other may have (create; update)."""
PLAIN: Final = ("name", "event_name", "description", "payload", "participant_filter", "guard_condition", "filter_hints")
"""What create and update have in common."""
TEXTS: Final = frozenset(PLAIN) - {"filter_hints"}
"""The fields of a record that hold texts."""
_STRINGS: Final = ("description", "participant_filter", "guard_condition", "participant_id")


def checked(raw: Json) -> Json:
    """The body without its nulls.

    Raises:
        Invalid: a plain field has the wrong type or length (create).
    """
    body = {name: value for name, value in raw.items() if value is not None}
    for name in ("name", "event_name"):
        value = body.get(name, "-")
        if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_NAME:
            raise Invalid(name, f"must be a string of 1 to {LONGEST_NAME} characters", value)
    for name in _STRINGS:
        if not isinstance(body.get(name, ""), str):
            raise Invalid(name, "must be a string", body[name])
    if not isinstance(body.get("payload", {}), dict):
        raise Invalid("payload", "must be an object", body["payload"])
    hints = body.get("filter_hints", [])
    if not isinstance(hints, list) or not all(isinstance(hint, dict) for hint in hints):
        raise Invalid("filter_hints", "must be a list of objects", hints)
    return body


def complete(body: Json) -> tuple[str, str, Json]:
    """The trigger type, the scope and the trigger of a create body.

    Raises:
        Invalid: something is missing, or does not go with the trigger type (create).
    """
    for name in ("name", "event_name"):
        if name not in body:
            raise Invalid(name, "is required")
    given = body.get("trigger")
    trigger: Json = {k: v for k, v in given.items() if v is not None} if isinstance(given, dict) else {}
    kind, scope = trigger.get("type"), body.get("scope")
    if not isinstance(kind, str) or kind not in SCOPES:
        raise Invalid("trigger.type", f"must be one of {', '.join(SCOPES)}", kind)
    if scope not in SCOPES[kind]:
        raise Invalid("scope", f"must be one of {', '.join(SCOPES[kind])} for trigger type {kind}", scope)
    for name, owner in OWN.items():
        if owner == kind and name not in trigger:
            raise Invalid(f"trigger.{name}", f"is required for trigger type {kind}")
    if kind == "participant_state" and trigger.get("schedule_type") not in SCHEDULE_TYPES:
        raise Invalid(
            "trigger.schedule_type", f"must be one of {', '.join(SCHEDULE_TYPES)}", trigger.get("schedule_type")
        )
    if "participant_filter" in body and scope != "participants":
        raise Invalid("participant_filter", "is only valid for participants-scoped automations")
    if "participant_id" in body and (kind, scope) != ("one_time", "program"):
        raise Invalid("participant_id", "is only valid for program-scoped one_time automations")
    return kind, scope, trigger


def timed(given: Json, kind: str, now: datetime, *, prefix: str = "") -> None:
    """Check schedule fields: each for its own trigger type only, and readable (create; update; guide).

    Raises:
        Invalid: one is not.
    """
    for name, owner in OWN.items():
        if name in given and kind != owner:
            raise Invalid(prefix + name, f"is not valid for trigger type {kind}", given[name])
    if not is_zone(given.get("timezone", "UTC")):
        raise Invalid(prefix + "timezone", "must be an IANA timezone", given["timezone"])
    if "cron_expression" in given:
        _cron(prefix + "cron_expression", given["cron_expression"])
    if "trigger_at" in given:
        at = wire.instant(given["trigger_at"])
        if at is None or at <= now:
            raise Invalid(prefix + "trigger_at", "must be an RFC 3339 time in the future", given["trigger_at"])


def _cron(name: str, text: Any) -> None:
    """A standard cron expression without an inline zone (guide)."""
    if not isinstance(text, str) or text.startswith(("CRON_TZ=", "TZ=")):
        raise Invalid(name, "must not carry an inline timezone; use timezone", text)
    try:
        parse(text, ROBFIG)
    except BadCron as error:
        raise Invalid(name, f"is not a valid cron expression: {error}", text) from error
