"""A plan as JSON (`migrator/plan@1`), and back.

The digest of a plan that a person saves is an HMAC under a key that stays in the state: who has the file alone cannot
edit it and seal it again. The plans that the journal keeps carry a plain digest: whoever can write to the state holds
its key as well.
"""

from __future__ import annotations

import base64
import hmac
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs
import cattrs

from migrator.canonical import JobRef, Loss
from migrator.convert.schedule import ConvertedSchedule
from migrator.document import digest, digest_with, fields_from_json, value_to_json
from migrator.errors import MigratorError, StalePlanError
from migrator.mapping.codecs import read_time, write_time
from migrator.plan.changes import ACTIONS, Change, FieldChange, Observed, Plan, WriteBack

SCHEMA: Final = "migrator/plan@1"

_PACKED: Final = "zlib:"
_AGAIN: Final = "make a new one with: migrator plan SYNC -o plan.json"


def plan_to_json(plan: Plan, *, key: bytes = b"") -> dict[str, Any]:
    """Return the plan as a JSON document, with its digest; with the state's key, sealed."""
    return {**plan_head(plan), "changes": list(plan_changes(plan)), "digest": plan_digest(plan, key=key)}


def plan_digest(plan: Plan, *, key: bytes = b"") -> str:
    """Return the digest that the plan's document carries; with the state's key, its seal."""
    return digest_with("changes", plan_changes(plan), plan_head(plan), key=key)


def pack_plan(plan: Plan) -> tuple[str, str]:
    """The plan's document as a short text for the journal, and its digest.

    A plan of thousands of jobs takes a tenth of its room, and is never there as a whole on the way.
    """
    packer, parts = zlib.compressobj(1), []

    def pack(text: bytes) -> None:
        parts.append(packer.compress(text))

    found = digest_with("changes", plan_changes(plan), plan_head(plan), each=pack)
    pack(b',"digest":"' + found.encode() + b'"}')
    parts.append(packer.flush())
    return _PACKED + base64.b64encode(b"".join(parts)).decode(), found


def plan_head(plan: Plan) -> dict[str, Any]:
    """All of the document but its changes and its digest."""
    return {
        "schema": SCHEMA,
        "sync": plan.sync,
        "source": plan.source,
        "target": plan.target,
        "target_provider": plan.target_provider,
        "target_scope": plan.target_scope,
        "dialect": plan.dialect,
        "contract": plan.contract,
        "lineage": plan.lineage,
        "serial": plan.serial,
        "created_at": write_time(plan.created_at),
        "observed": attrs.asdict(plan.observed),
        "summary": dict(plan.summary),
        "needs_resync_by": plan.needs_resync_by and write_time(plan.needs_resync_by),
        "young_zone_rules": plan.young_zone_rules,
        "refusal": plan.refusal,
    }


def plan_changes(plan: Plan) -> Iterator[dict[str, Any]]:
    """The changes of the document, one after another."""
    return (_change_to_json(change, plan.dialect) for change in plan.changes)


def plan_from_json(
    text: str,
    *,
    where: str,
    key: bytes | None = b"",
    lineage_of: Callable[[str], str | None] | None = None,
) -> Plan:
    """Read a saved plan, packed or not.

    Args:
        text: the document.
        where: what to call it in errors.
        key: the key of the state under which it must be sealed; an empty one: its plain digest must fit; None: whoever
            reads it cannot tell whether it was edited.
        lineage_of: the lineage that the state has of a sync; one that has another lineage is not asked for its seal.

    Raises:
        StalePlanError: it is no plan, it was edited, or it was made on another state.
    """
    try:
        document = json.loads(_unpacked(text))
    except (ValueError, RecursionError, zlib.error) as error:
        raise StalePlanError("the plan is not JSON", where=where, actual=str(error), hint=_AGAIN) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise StalePlanError("not a plan", where=where, actual=repr(found), allowed=SCHEMA, hint=_AGAIN)
    stated = document.pop("digest", None)
    if lineage_of and lineage_of(str(document.get("sync"))) != document.get("lineage"):
        raise StalePlanError("the plan was made on another state", where=where, hint=_AGAIN)
    if key is not None and not _fits(stated, document, key):
        what = "the plan was edited after it was made, or is sealed by another state: its digest does not fit"
        raise StalePlanError(what, where=where, hint=_AGAIN)
    try:
        return _plan(document)
    except (KeyError, TypeError, ValueError, MigratorError, cattrs.BaseValidationError) as error:
        raise StalePlanError("the plan cannot be read", where=where, actual=str(error), hint=_AGAIN) from error


def _fits(stated: Any, document: Mapping[str, Any], key: bytes) -> bool:
    found = digest(document, key=key)
    return isinstance(stated, str) and hmac.compare_digest(stated.encode("utf-8", "replace"), found.encode())


def _unpacked(text: str) -> str | bytes:
    return zlib.decompress(base64.b64decode(text.removeprefix(_PACKED))) if text.startswith(_PACKED) else text


def _plan(document: Mapping[str, Any]) -> Plan:
    dialect = document["dialect"]
    plain = {a.name: document[a.name] for a in attrs.fields(Plan) if a.name in document}
    return Plan(
        **plain
        | {
            "created_at": read_time(document["created_at"]),
            "observed": Observed(**document["observed"]),
            "changes": tuple(_change(change, dialect) for change in document["changes"]),
        }
    )


def _change_to_json(change: Change, dialect: str) -> dict[str, Any]:
    document: dict[str, Any] = {
        "action": change.action,
        "source": change.source and attrs.asdict(change.source),
        "target": change.target and attrs.asdict(change.target),
        "name": change.name,
        "fields": [_field_to_json(field, dialect) for field in change.fields],
        "losses": [
            {
                "path": loss.path,
                "had": value_to_json(loss.had, ""),
                "becomes": value_to_json(loss.becomes, ""),
                "reason": loss.reason,
            }
            for loss in change.losses
        ],
        "schedule": change.schedule and _schedule_to_json(change.schedule),
        "reason": change.reason,
    }
    if change.pieces > 1:
        document |= {"piece": change.piece, "pieces": change.pieces}
    if change.back:
        fields = [_field_to_json(field, "") for field in change.back.fields]
        document |= {"back": {"paths": list(change.back.paths), "fields": fields}}
    if change.renews:
        document |= {"renews": True}
    if change.active_side != "both":
        document |= {"right": change.active_side}
    return document


def _field_to_json(field: FieldChange, dialect: str) -> dict[str, Any]:
    return {
        "path": field.path,
        "old": value_to_json(field.old, dialect),
        "new": value_to_json(field.new, dialect),
        "remote": value_to_json(field.remote, dialect),
        "reason": field.reason,
    }


def _schedule_to_json(schedule: ConvertedSchedule) -> dict[str, Any]:
    return {
        "verdict": schedule.verdict,
        "pieces": [dict(piece) for piece in schedule.pieces],
        "evidence": dict(schedule.evidence),
        "until": schedule.until and write_time(schedule.until),
        "flags": list(schedule.flags),
    }


def _change(document: Mapping[str, Any], dialect: str) -> Change:
    if document["action"] not in ACTIONS:
        raise ValueError(f"unknown action: {document['action']}")
    schedule = document["schedule"]
    return Change(
        action=document["action"],
        source=document["source"] and JobRef(**document["source"]),
        target=document["target"] and JobRef(**document["target"]),
        name=document["name"],
        piece=document.get("piece", 1),
        pieces=document.get("pieces", 1),
        fields=tuple(_field(field, dialect) for field in document["fields"]),
        losses=tuple(Loss(**loss) for loss in document["losses"]),
        schedule=schedule and _schedule(schedule),
        reason=document["reason"],
        back=_back(document["back"]) if "back" in document else None,
        renews=document.get("renews", False),
        active_side=document.get("right", "both"),
    )


def _back(document: Mapping[str, Any]) -> WriteBack:
    return WriteBack(paths=tuple(document["paths"]), fields=tuple(_field(field, "") for field in document["fields"]))


def _schedule(document: Mapping[str, Any]) -> ConvertedSchedule:
    return ConvertedSchedule(
        verdict=document["verdict"],
        pieces=tuple(document["pieces"]),
        evidence=document["evidence"],
        until=document["until"] and read_time(document["until"]),
        flags=tuple(document["flags"]),
    )


def _field(document: Mapping[str, Any], dialect: str) -> FieldChange:
    path = document["path"]
    values = {name: fields_from_json({path: document[name]}, dialect)[path] for name in ("old", "new", "remote")}
    return FieldChange(path=path, reason=document["reason"], **values)
