"""Reduce a canonical job to what the target can hold, and say what that costs.

Pure: the same job, mapping, sync and clock give the same result. Lowering what was lowered changes nothing more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from attrs import field, frozen

from migrator import convention
from migrator.canonical import (
    EVENT_PATHS,
    PARTS,
    PATHS,
    PROMPT_PATHS,
    TRIGGER_PATHS,
    Fields,
    Job,
    Loss,
    Unportable,
    flatten,
    is_absent,
)
from migrator.config import Sync
from migrator.cron import Cron, Once, Recurring, Translation, next_fires, parse, translate
from migrator.errors import ScheduleError
from migrator.mapping import ProviderMapping, Rules
from migrator.mapping.codecs import thaw, write_time
from migrator.mapping.marks import add_trailer, mark_for

EXACT: Final = {"exact", "exact_split", "exact_until", "one_time"}
"""The verdicts under which a schedule is carried without anybody's leave."""

_GAP_SAMPLE: Final = 200
"""How many fires are looked at to find the shortest interval of a schedule."""


@frozen(kw_only=True)
class Schedule:
    """What became of a job's schedule.

    Attributes:
        verdict: the cron engine's verdict; "carried" where the target takes every dialect, "none" where there is none.
        pieces: text, dialect and timezone, or at, of each target job's schedule.
        evidence: what a sceptic needs to check it.
        until: the instant at which it stops being exact.
        flags: what else must be known of it.
    """

    verdict: str
    pieces: tuple[Mapping[str, Any], ...] = ()
    evidence: Mapping[str, Any] = field(factory=dict)
    until: datetime | None = None
    flags: tuple[str, ...] = ()


@frozen(kw_only=True)
class Lowered:
    """A job as the target can hold it.

    Attributes:
        pieces: flat fields, one set for each target job; empty when the job cannot go.
        losses: what it gives up.
        schedule: what became of its schedule.
        refused: why it cannot go at all, a sentence each.
        dead: why there is nothing left to move; "" while it still fires.
        notes: what a person should know, although nothing is lost.
    """

    pieces: tuple[Fields, ...] = ()
    losses: tuple[Loss, ...] = ()
    schedule: Schedule
    refused: tuple[str, ...] = ()
    dead: str = ""
    notes: tuple[str, ...] = ()


def lower(job: Job, *, target: ProviderMapping, sync: Sync, now: datetime) -> Lowered:
    """What `job` becomes at the target of `sync`."""
    fields = {path: value for path, value in flatten(job).items() if path not in TRIGGER_PATHS}
    losses = [Loss(path=path, had=had, reason="only its own platform has this") for path, had in job.residue.items()]
    notes = []
    if job.suspended is not None:
        notes.append(f"{job.ref.provider} itself stopped it ({job.suspended}), so it arrives paused")
    if not job.live:
        fields["enabled"] = False
    fields = _look_up(fields, sync.lookup)
    fields, refused = _convert_action(fields, losses, target=target.rules, sync=sync)
    fields = _drop_lost(fields, losses, target)
    fields = _fill(_fill(fields, sync.set, target), target.defaults(), target)
    fields = _settle_rivals(fields, losses, target)
    fields = _cut_to_size(fields, losses, job, target)
    schedule, triggers, reason = _schedule(job, target=target.rules, sync=sync, now=now)
    if schedule.verdict == "dead":
        return Lowered(losses=tuple(losses), schedule=schedule, dead=reason, notes=tuple(notes))
    if reason:
        refused.append(reason)
    refused += _missing(fields | dict(triggers[0] if triggers else {}), sync, target.rules) if not refused else []
    pieces = tuple(_in_order({**fields, **trigger}) for trigger in triggers) if not refused else ()
    return Lowered(pieces=pieces, losses=tuple(losses), schedule=schedule, refused=tuple(refused), notes=tuple(notes))


def _look_up(fields: Fields, lookup: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Values by the sync's tables.

    A table's keys are the source's value of that path; where the source has none there, any other id of its action
    (its model, say, for a playbook), which is then translated rather than lost.
    """
    result = dict(fields)
    for path, table in lookup.items():
        own = result.get(path)
        if isinstance(own, str):
            result[path] = table.get(own, own)
            continue
        for other in PROMPT_PATHS:
            value = result.get(other)
            if other != "action.text" and isinstance(value, str) and value in table:
                del result[other]
                result[path] = table[value]
                break
    return result


def _convert_action(
    fields: dict[str, Any], losses: list[Loss], *, target: Rules, sync: Sync
) -> tuple[dict[str, Any], list[str]]:
    """Prompts become events by the convention, events become prompts by the sync's template."""
    kind = "event" if "action.event" in fields else "prompt"
    if kind in target.actions:
        return fields, []
    if kind == "prompt":
        settable = {path: value for path, value in sync.set.items() if path in PROMPT_PATHS and path not in fields}
        return convention.wrap(fields | settable, sync.event_name), []
    if sync.template is None:
        hint = f'add template = {{ prompt = "… ${{name}} … ${{event}} … ${{payload}}" }} to [syncs.{sync.name}]'
        return fields, [f"it emits an event, and {target.title} runs prompts; {hint}"]
    payload = json.dumps(thaw(fields.get("action.payload")) or {}, indent=2, ensure_ascii=False, sort_keys=True)
    text = sync.template.fill(name=fields["name"], event=fields["action.event"], payload=payload)
    said = {path for path, name in (("action.event", "event"), ("action.payload", "payload")) if _names(sync, name)}
    if fields.get("action.scope") == "program":
        said.add("action.scope")
    for path in EVENT_PATHS:
        if path in fields and path not in said:
            reason = target_reason(target, path) or "the template does not say it"
            losses.append(Loss(path=path, had=fields[path], reason=reason))
    return {path: value for path, value in fields.items() if path not in EVENT_PATHS} | {"action.text": text}, []


def _names(sync: Sync, placeholder: str) -> bool:
    prompt = sync.template.prompt if sync.template else ""
    return f"${{{placeholder}}}" in prompt or f"${placeholder}" in prompt


def target_reason(target: Rules, path: str) -> str:
    """Why the target cannot hold a path, in the mapping's words."""
    return next((reason for lost, reason in target.lost.items() if path == lost or path.startswith(f"{lost}.")), "")


def _drop_lost(fields: Fields, losses: list[Loss], target: ProviderMapping) -> dict[str, Any]:
    """Leave out what the target has no place for; of a value with parts, the parts."""
    kept: dict[str, Any] = {}
    for path, value in fields.items():
        if reason := target.why_lost(path):
            losses.append(Loss(path=path, had=value, reason=reason))
        elif not any(target.rules.below(path)):
            losses.append(Loss(path=path, had=value, reason=f"{target.rules.title} holds it only beside a prompt"))
        elif path in PARTS:
            rest, reasons = _without_lost_parts(path, value, target)
            if reasons:
                becomes = None if is_absent_value(rest) else rest
                losses.append(Loss(path=path, had=value, becomes=becomes, reason="; ".join(reasons)))
            if not is_absent_value(rest):
                kept[path] = rest
        else:
            kept[path] = value
    return kept


def _without_lost_parts(path: str, value: Any, target: ProviderMapping) -> tuple[Any, list[str]]:
    gone = {
        leaf.rpartition(".")[2]: reason
        for leaf, reason in target.rules.lost.items()
        if leaf.startswith(f"{path}.") and not is_absent(getattr(value, leaf.rpartition(".")[2]))
    }
    held = {leaf.rpartition(".")[2] for leaf, _rule in target.rules.below(path)}
    parts = {name: part for name in held if not is_absent(part := getattr(value, name))}
    return (PARTS[path](**parts) if gone else value), list(gone.values())


def is_absent_value(value: Any) -> bool:
    """Whether a value with parts has none left."""
    return all(is_absent(getattr(value, name)) for name in value.__slots__ if not name.startswith("_"))


def _fill(fields: Fields, values: Fields, target: ProviderMapping) -> dict[str, Any]:
    """The sync's values, where the source has none and where they do not push aside what it has."""
    result = dict(fields)
    for path, value in values.items():
        if path in result or path in TRIGGER_PATHS or target.why_lost(path) or not any(target.rules.below(path)):
            continue
        if target.fits(path, value, result):
            result[path] = value
    return result


def _settle_rivals(fields: Fields, losses: list[Loss], target: ProviderMapping) -> dict[str, Any]:
    """Where the target holds one of two values, the first stays."""
    kept: dict[str, Any] = {}
    for path, value in _in_order(fields).items():
        if target.fits(path, value, kept):
            kept[path] = value
        else:
            rival = next(other for other in kept if other.partition(".")[0] == path.partition(".")[0])
            losses.append(Loss(path=path, had=value, reason=f"{target.rules.title} holds one of {rival} and {path}"))
    return kept


def _cut_to_size(fields: Fields, losses: list[Loss], job: Job, target: ProviderMapping) -> dict[str, Any]:
    """Longest texts and lists; a prompt is never cut."""
    result = dict(fields)
    for path, value in fields.items():
        for leaf, rule in target.rules.below(path):
            part = value if leaf == path else getattr(value, leaf.rpartition(".")[2])
            room = rule.max
            marker = target.rules.marker
            if room is not None and marker and marker.form == "trailer" and marker.path == rule.create_path:
                room -= len(add_trailer("x", mark_for(job.ref, 99, 99))) - 1
            if room is None or not isinstance(part, str | tuple) or len(part) <= room:
                continue
            cut: Any = part[: room - 1] + "…" if isinstance(part, str) else part[:room]
            result[path] = cut if leaf == path else _with_part(result[path], leaf.rpartition(".")[2], cut)
            unit = "characters" if isinstance(part, str) else "entries"
            reason = f"{target.rules.title} takes {room} {unit} here, and it has {len(part)}"
            losses.append(Loss(path=path, had=value, becomes=result[path], reason=reason))
    return result


def _with_part(value: Any, name: str, part: Any) -> Any:
    return type(value)(**{slot: getattr(value, slot) for slot in value.__slots__ if slot[0] != "_"} | {name: part})


def _missing(fields: Fields, sync: Sync, target: Rules) -> list[str]:
    """What the target needs and neither the source nor the sync gives."""
    return [
        f"{target.title} needs {' or '.join(paths)}, and the job has none; give it under [syncs.{sync.name}.set]"
        + (f' or [syncs.{sync.name}.lookup."{paths[0]}"]' if paths[0].startswith("action.") else "")
        for paths in target.needs
        if all(is_absent(fields.get(path)) for path in paths)
    ]


def _schedule(job: Job, *, target: Rules, sync: Sync, now: datetime) -> tuple[Schedule, tuple[Fields, ...], str]:
    """What became of the schedule, the trigger fields of each piece, and why there are none."""
    trigger = job.trigger
    if isinstance(trigger, Unportable):
        return Schedule(verdict="none"), (), f"its trigger cannot move: {trigger.reason}"
    if not target.dialect:
        return Schedule(verdict="carried"), (_trigger_fields(trigger),), ""
    source = (
        trigger.cron.dialect if isinstance(trigger, Recurring) and isinstance(trigger.cron, Cron) else target.dialect
    )
    try:
        translation = translate(
            trigger,
            source=source,
            target=target.dialect,
            target_timezone=target.timezone or None,
            now=now,
            horizon=timedelta(days=366 if sync.schedule.mode == "year" else sync.schedule.days),
            mode=sync.schedule.mode,
        )
        pieces = tuple(_piece_fields(piece, target) for piece in translation.pieces)
    except ScheduleError as error:
        return Schedule(verdict="impossible"), (), f"its schedule cannot be translated: {error}"
    schedule = _told(translation, trigger, source, target)
    kind, reason = translation.verdict.kind, translation.verdict.reason
    if kind == "approximate" and "trigger.cron" in sync.allow_loss:
        return schedule, pieces, ""
    if kind not in EXACT:
        return schedule, (), f"its schedule is {kind}: {reason}"
    if too_often := _too_often(pieces, target, now):
        return schedule, (), too_often
    return schedule, pieces, ""


def _told(translation: Translation, trigger: Recurring | Once, source: str, target: Rules) -> Schedule:
    verdict = translation.verdict
    if isinstance(trigger, Recurring):
        said = {"text": str(trigger.cron), "dialect": source, "timezone": trigger.timezone}
    else:
        said = {"at": write_time(trigger.at)}
    pieces = [
        {"text": piece.text, "dialect": target.dialect, "timezone": piece.timezone}
        | ({"at": write_time(piece.at)} if piece.at else {})
        for piece in translation.pieces
    ]
    return Schedule(
        verdict=verdict.kind,
        pieces=tuple(pieces),
        evidence={"source": said, **verdict.evidence},
        until=verdict.until,
        flags=tuple(verdict.flags),
    )


def _trigger_fields(trigger: Recurring | Once) -> dict[str, Any]:
    if isinstance(trigger, Once):
        return {"trigger.at": trigger.at}
    return {"trigger.cron": trigger.cron, "trigger.timezone": trigger.timezone}


def _piece_fields(piece: Any, target: Rules) -> dict[str, Any]:
    if piece.at is not None and "trigger.at" in target.fields:
        return {"trigger.at": piece.at}
    return {"trigger.cron": parse(piece.text, target.dialect), "trigger.timezone": piece.timezone}


def _too_often(pieces: tuple[Fields, ...], target: Rules, now: datetime) -> str:
    """Why the target refuses a schedule for its frequency."""
    if not target.min_interval:
        return ""
    for piece in pieces:
        cron = piece.get("trigger.cron")
        if not isinstance(cron, Cron):
            continue
        fires = next_fires(cron, piece["trigger.timezone"], now, _GAP_SAMPLE, dialect=target.dialect)
        gap = min((later - earlier for earlier, later in pairwise(fires)), default=timedelta.max)
        if gap < timedelta(minutes=target.min_interval):
            minutes = int(gap.total_seconds() // 60)
            return (
                f"it fires every {minutes} min at its closest, and {target.title} takes at least "
                f"{target.min_interval} min between two fires"
            )
    return ""


def _in_order(fields: Fields) -> dict[str, Any]:
    return {path: fields[path] for path in PATHS if path in fields}
