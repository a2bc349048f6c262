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
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache, partial
from typing import Any, ClassVar, Final

import attrs
import cattrs
from attrs import field, frozen
from cattrs.gen import make_dict_structure_fn, override
from cattrs.v import format_exception

from migrator.canonical import JobRef, Loss
from migrator.convert.schedule import ConvertedSchedule, PartSchedule
from migrator.document import digest, digest_with, fields_from_json, make_document_converter, value_to_json
from migrator.errors import MigratorError, StalePlanError
from migrator.json_document import OPTIONAL, Document, Each, filled, json_of
from migrator.json_types import Day
from migrator.mapping.codecs import PLAIN
from migrator.plan.changes import Action, Change, FieldChange, Observed, Plan, WriteBack
from migrator.store.records import Live

_PACKED: Final = "zlib:"
_AGAIN: Final = "make a new one with: migrator plan SYNC -o plan.json"


@frozen(kw_only=True)
class ChangeEntry:
    """One change.

    Attributes:
        piece: which part of the source job, where it has several.
        pieces: how many parts it has.
        back: what is written back to the source job, where a sync is two-way.
        renews: whether it only renews its window, which limits do not count.
        right: the active side: at source, the target job is staged.
    """

    action: Action
    source: JobRef | None
    target: JobRef | None
    name: str
    fields: tuple[FieldChange, ...]
    losses: tuple[Loss, ...]
    schedule: ConvertedSchedule | None
    reason: str
    piece: int | None = field(default=None, metadata=OPTIONAL)
    pieces: int | None = field(default=None, metadata=OPTIONAL)
    back: WriteBack | None = field(default=None, metadata=OPTIONAL)
    renews: bool | None = field(default=None, metadata=OPTIONAL)
    right: Live | None = field(default=None, metadata=OPTIONAL)


@frozen(kw_only=True)
class PlanDocument(Document):
    """What a sync would change.

    Attributes:
        observed: digests of what both sides held.
        summary: how many changes of each action.
        needs_resync_by: when the first schedule stops being exact unless a sync renews it; null when none does.
        young_zone_rules: time zones whose rule for clock changes is new, and the day from which it holds: another
            platform's time zone data may be older.
        refusal: why the plan is unsafe as a whole; "" when it is not.
        digest: of everything else; keyed in a saved plan.
    """

    NAME: ClassVar[str] = "plan"
    sync: str
    source: str
    target: str
    target_provider: str
    target_scope: str
    dialect: str
    contract: str
    lineage: str
    serial: int
    created_at: datetime
    observed: Observed
    summary: Mapping[Action, int]
    needs_resync_by: datetime | None
    young_zone_rules: Mapping[str, Day]
    refusal: str
    changes: Iterable[ChangeEntry]
    digest: str


def plan_document(plan: Plan, *, key: bytes = b"") -> PlanDocument:
    """Return the plan's document with its digest; with the state's key, sealed."""
    document = _without_digest(plan)
    return attrs.evolve(document, digest=_digest(document, key=key))


def _without_digest(plan: Plan) -> PlanDocument:
    changes = Each(plan.changes, partial(_entry, dialect=plan.dialect))
    return filled(PlanDocument, plan, changes=changes, digest="")


def _digest(document: PlanDocument, *, key: bytes = b"", each: Callable[[bytes], None] = lambda _text: None) -> str:
    rest = {name: json_of(value) for name, value in document.members() if name not in {"changes", "digest"}}
    return digest_with("changes", map(json_of, document.changes), rest, key=key, each=each)


def pack_plan(plan: Plan) -> tuple[str, str]:
    """Return the plan's document as a short text for the journal, and its digest.

    A plan of thousands of jobs takes a tenth of its room, and is never there as a whole on the way.
    """
    packer, parts = zlib.compressobj(1), []

    def pack(text: bytes) -> None:
        parts.append(packer.compress(text))

    found = _digest(_without_digest(plan), each=pack)
    pack(b',"digest":"' + found.encode() + b'"}')
    parts.append(packer.flush())
    return _PACKED + base64.b64encode(b"".join(parts)).decode(), found


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
    if not isinstance(document, dict) or document.get("schema") != PlanDocument.schema_name():
        found = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise StalePlanError(
            "not a plan", where=where, actual=repr(found), allowed=PlanDocument.schema_name(), hint=_AGAIN
        )
    stated = document.pop("digest", None)
    if lineage_of and lineage_of(str(document.get("sync"))) != document.get("lineage"):
        raise StalePlanError("the plan was made on another state", where=where, hint=_AGAIN)
    if key is not None and not _fits(stated, document, key):
        what = "the plan was edited after it was made, or is sealed by another state: its digest does not fit"
        raise StalePlanError(what, where=where, hint=_AGAIN)
    try:
        return _reader(str(document.get("dialect", ""))).structure(document, Plan)
    except (KeyError, TypeError, ValueError, MigratorError, cattrs.BaseValidationError) as error:
        told = cattrs.transform_error(error, "plan", format_exception=_told)[0]
        raise StalePlanError("the plan cannot be read", where=where, actual=told, hint=_AGAIN) from error


def _fits(stated: Any, document: Mapping[str, Any], key: bytes) -> bool:
    found = digest(document, key=key)
    return isinstance(stated, str) and hmac.compare_digest(stated.encode("utf-8", "replace"), found.encode())


def _unpacked(text: str) -> str | bytes:
    return zlib.decompress(base64.b64decode(text.removeprefix(_PACKED))) if text.startswith(_PACKED) else text


def _entry(change: Change, *, dialect: str) -> ChangeEntry:
    is_one = change.pieces == 1
    return filled(
        ChangeEntry,
        change,
        fields=tuple(_as_json(one, dialect) for one in change.fields),
        piece=None if is_one else change.piece,
        pieces=None if is_one else change.pieces,
        back=change.back,
        renews=change.renews or None,
        right=None if change.active_side == "both" else change.active_side,
    )


def _as_json(one: FieldChange, dialect: str) -> FieldChange:
    """Return the change with schedules in the dialect of the target."""
    if type(one.old) in PLAIN and type(one.new) in PLAIN and type(one.remote) in PLAIN:
        return one
    old, new, remote = (value_to_json(value, dialect) for value in (one.old, one.new, one.remote))
    return FieldChange(path=one.path, old=old, new=new, remote=remote, reason=one.reason)


@cache
def _reader(dialect: str) -> cattrs.Converter:
    """Return what reads a plan whose target holds schedules in `dialect`; those of its source name their own."""
    converter = make_document_converter(dialect).copy(forbid_extra_keys=False)
    converter.register_structure_hook_func(lambda kind: kind is PartSchedule, lambda document, _: document)
    converter.register_structure_hook(FieldChange, lambda document, _: _field(document, dialect))
    if dialect:
        converter.register_structure_hook(WriteBack, lambda document, kind: _reader("").structure(document, kind))
    saved = {name: override(omit=True) for name in ("agreed", "needs", "live", "due")}
    change = make_dict_structure_fn(Change, converter, active_side=override(rename="right"), **saved)  # type: ignore[arg-type]  # the names are attributes of the class
    converter.register_structure_hook(Change, change)
    return converter


def _told(error: BaseException, kind: type | None) -> str:
    return str(error) if isinstance(error, MigratorError) else format_exception(error, kind)


def _field(document: Mapping[str, Any], dialect: str) -> FieldChange:
    path = document["path"]
    values = {name: fields_from_json({path: document[name]}, dialect)[path] for name in ("old", "new", "remote")}
    return FieldChange(path=path, reason=document["reason"], **values)
