"""What becomes of a job's fields: looked up, converted, dropped with a reason, filled in, and cut to size.

Each step takes flat fields and gives flat fields back; what is given up on the way is added to `losses`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import attrs
from attrs import frozen

from migrator import prompt_envelope
from migrator.canonical import (
    EVENT_PATHS,
    PARTS,
    PATHS,
    PROMPT_PATHS,
    SHARED_PATHS,
    TRIGGER_PATHS,
    Fields,
    JobRef,
    Loss,
    is_absent,
)
from migrator.config import Sync
from migrator.mapping import ProviderMapping
from migrator.mapping.codecs import thaw
from migrator.mapping.ownership import add_trailer, ownership_tag_for
from migrator.mapping.paths import part_of
from migrator.mapping.rules import Rules

_TEMPLATE: Final = 'template = { prompt = "… ${name} … ${event} … ${payload}" }'
"""How a sync says what events become; where it does not say it yet, a template that says all of this is assumed."""


@frozen(kw_only=True)
class Need:
    """What a sync must still say before a job can go.

    Attributes:
        what: what is needed, and why.
        how: what to do about it, in words.
        table: the table of the config file that the answer belongs in.
        line: the line to write there; "…" stands for what only its owner can know.
    """

    what: str
    how: str
    table: str
    line: str

    def __str__(self) -> str:
        return f"{self.what}; {self.how}"


def look_up(fields: Fields, lookup: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return the fields with values translated by the sync's tables.

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


def convert_action(
    fields: dict[str, Any], losses: list[Loss], *, target: ProviderMapping, sync: Sync
) -> tuple[dict[str, Any], list[Need]]:
    """Return prompts as events in the prompt envelope, events as prompts by the sync's template; and what is needed.

    Where there is no template, one that says everything is assumed for what is lost, and it is needed.
    """
    kind = "event" if "action.event" in fields else "prompt"
    if kind in target.rules.actions:
        return fields, []
    if kind == "prompt":
        settable = {path: value for path, value in sync.set.items() if path in PROMPT_PATHS and path not in fields}
        return prompt_envelope.wrap(fields | settable, sync.event_name), []
    needs = [] if sync.template else [_template(target, sync)]
    text = fields["action.event"]
    if sync.template:
        payload = json.dumps(thaw(fields.get("action.payload")) or {}, indent=2, ensure_ascii=False, sort_keys=True)
        text = sync.template.fill(name=fields["name"], event=fields["action.event"], payload=payload)
    said = {path for path, name in (("action.event", "event"), ("action.payload", "payload")) if _names(sync, name)}
    if fields.get("action.scope") == "program":
        said.add("action.scope")
    for path in EVENT_PATHS:
        if path in fields and path not in said:
            reason = target.why_lost(path) or "the template does not include it"
            losses.append(Loss(path=path, had=fields[path], reason=reason))
    rest = {path: value for path, value in fields.items() if path not in EVENT_PATHS}
    return rest | {"action.text": text}, needs


def _template(target: ProviderMapping, sync: Sync) -> Need:
    line, table = _TEMPLATE, f"[syncs.{sync.name}]"
    what = f"it emits an event, and {target.rules.title} runs prompts"
    return Need(what=what, how=f"add {line} to {table}", table=table, line=line)


def _names(sync: Sync, placeholder: str) -> bool:
    prompt = sync.template.prompt if sync.template else _TEMPLATE
    return f"${{{placeholder}}}" in prompt or f"${placeholder}" in prompt


def drop_lost(fields: Fields, losses: list[Loss], target: ProviderMapping) -> dict[str, Any]:
    """Return the fields without what the target cannot hold; of a value with parts, without those parts."""
    kept: dict[str, Any] = {}
    for path, value in fields.items():
        if path == "provider_fields" and not target.holds(path):
            losses += [_loss(f"{path}.{name}", had, target.why_lost(path)) for name, had in value.items()]
        elif reason := target.why_lost(path):
            losses.append((_shared_loss if path in SHARED_PATHS else _loss)(path, value, reason))
        elif not target.holds(path):
            losses.append(Loss(path=path, had=value, reason=f"{target.rules.title} holds it only beside a prompt"))
        elif path in PARTS:
            rest, reasons = _without_lost_parts(path, value, target)
            if reasons:
                losses.append(Loss(path=path, had=value, becomes=rest, reason="; ".join(reasons)))
            if rest is not None:
                kept[path] = rest
        else:
            kept[path] = value
    return kept


def _loss(path: str, had: Any, reason: str) -> Loss:
    return Loss(path=path, had=had, reason=reason)


_shared_loss: Final = lru_cache(maxsize=1024)(_loss)
"""The same, one for all jobs that had the value."""


def _without_lost_parts(path: str, value: Any, target: ProviderMapping) -> tuple[Any, list[str]]:
    """Return the value without the parts that the target cannot hold, None when nothing is left, and why."""
    parts = {name: part for name, part in attrs.asdict(value, recurse=False).items() if not is_absent(part)}
    reasons = {name: reason for name in parts if (reason := target.why_lost(f"{path}.{name}"))}
    rest = {name: part for name, part in parts.items() if name not in reasons}
    return (PARTS[path](**rest) if rest else None), list(reasons.values())


def fill(fields: Fields, values: Fields, target: ProviderMapping) -> dict[str, Any]:
    """Return the fields with the sync's values, where the source has none and they do not push aside what it has."""
    result = dict(fields)
    for path, value in values.items():
        if path in result or path in TRIGGER_PATHS or target.why_lost(path) or not target.holds(path):
            continue
        if target.fits(path, value, result):
            result[path] = value
    return result


def drop_rivals(fields: Fields, losses: list[Loss], target: ProviderMapping) -> dict[str, Any]:
    """Return the fields without those that the target cannot hold beside an earlier one."""
    kept: dict[str, Any] = {}
    for path, value in in_order(fields).items():
        if target.fits(path, value, kept):
            kept[path] = _first_parts(path, value, kept, losses, target) if path in PARTS else value
        else:
            rival = next(other for other in kept if other.partition(".")[0] == path.partition(".")[0])
            losses.append(Loss(path=path, had=value, reason=f"{target.rules.title} holds one of {rival} and {path}"))
    return kept


def _first_parts(path: str, value: Any, kept: Fields, losses: list[Loss], target: ProviderMapping) -> Any:
    """Return a value with the parts that the target holds together; of two that rule each other out, the first."""
    rivals = target.rivals(path, value, kept)
    if not rivals:
        return value
    values = {leaf.rpartition(".")[2]: () if isinstance(part_of(path, leaf, value), tuple) else None for leaf in rivals}
    rest = attrs.evolve(value, **values)
    reason = f"{target.rules.title} holds no {' or '.join(rivals)} beside the other parts of {path}"
    losses.append(Loss(path=path, had=value, becomes=rest, reason=reason))
    return rest


def cut_to_size(fields: Fields, losses: list[Loss], ref: JobRef, target: ProviderMapping) -> dict[str, Any]:
    """Return the fields with texts and lists cut to what the target takes; a prompt is never cut."""
    result = dict(fields)
    for path, value in fields.items():
        for leaf, rule in target.rules.below(path):
            part = value if leaf == path else getattr(value, leaf.rpartition(".")[2])
            room = rule.max
            marker = target.rules.marker
            if room is not None and marker and marker.form == "trailer" and marker.path == rule.create_path:
                room -= len(add_trailer("x", ownership_tag_for(ref, 99, 99))) - 1
            elif room is not None and marker and marker.form == "item" and marker.path == rule.create_path:
                room -= 1
            if room is None or not isinstance(part, str | tuple) or len(part) <= room:
                continue
            cut: Any = part[: room - 1] + "…" if isinstance(part, str) else part[:room]
            result[path] = cut if leaf == path else attrs.evolve(result[path], **{leaf.rpartition(".")[2]: cut})
            unit = "characters" if isinstance(part, str) else "entries"
            reason = f"{target.rules.title} takes {room} {unit} here, and it has {len(part)}"
            losses.append(Loss(path=path, had=value, becomes=result[path], reason=reason))
    return result


def missing(fields: Fields, sync: Sync, target: Rules) -> list[Need]:
    """Return what the target needs and neither the source nor the sync gives."""
    return [_value(paths, sync, target) for paths in target.needs if all(is_absent(fields.get(path)) for path in paths)]


def _value(paths: tuple[str, ...], sync: Sync, target: Rules) -> Need:
    table, first = f"[syncs.{sync.name}.set]", paths[0]
    other = f' or [syncs.{sync.name}.lookup."{first}"]' if first.startswith("action.") else ""
    value = '{ recipients = ["…"] }' if first == "delivery.email" else '"…"'
    what = f"{target.title} needs {' or '.join(paths)}, and the job has none"
    return Need(what=what, how=f"give it under {table}{other}", table=table, line=f'"{first}" = {value}')


def in_order(fields: Fields) -> dict[str, Any]:
    """Return the fields in the order in which people read a job."""
    return {path: fields[path] for path in PATHS if path in fields}
