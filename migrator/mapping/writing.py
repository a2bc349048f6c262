"""From flat canonical fields to request bodies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from migrator.canonical import PATHS, Fields, OwnershipTag, is_absent
from migrator.cron import Cron
from migrator.mapping.codecs import CODECS
from migrator.mapping.ownership import add_trailer, tag_text
from migrator.mapping.paths import Raw, get, part_of, put
from migrator.mapping.rules import CLEARED, Rule, Rules
from migrator.mapping.sections import ChangeKind

_WEIGHT: Final[Mapping[str, int]] = {"update": 0, "replace": 1, "fixed": 2}


def create_payload(rules: Rules, fields: Fields, ownership_tag: OwnershipTag | None, chosen: str = "") -> Raw:
    """Return the body of a create request, with a `chosen` id where the platform takes one."""
    payload: Raw = {}
    if chosen and rules.identity.chosen:
        put(payload, rules.identity.chosen, chosen)
    tags = tags_of(rules, fields)
    for path, value in fields.items():
        for rule, part in _parts(rules, path, value, tags):
            if not is_absent(part):
                put(payload, rule.create_path, _encode(rules, rule, part, payload if rule.create_path else {}))
    for path, constant in tags.items():
        name = rules.tag(path).create
        put(payload, path if name is None else name, constant)
    _put_tag(rules, payload, fields, ownership_tag)
    return payload


def update_payload(
    rules: Rules, fields: Fields, changed: set[str], *, contract: str, ownership_tag: OwnershipTag | None
) -> Raw:
    """Return the body of an update request that sends the `changed` paths and what must go with them."""
    payload: Raw = {}
    tags = tags_of(rules, fields)
    sent = _sent_together(rules, changed | {*rules.contracts[contract].always})
    for path in sent:
        for rule, part in _parts(rules, path, fields.get(path), tags):
            if not rule.update_path or (path not in changed and rule.change_under(contract) != "update"):
                continue
            if not is_absent(part):
                put(payload, rule.update_path, _encode(rules, rule, part, payload))
                for tag, constant in rule.tags.items():
                    name = rules.tag(tag).update
                    put(payload, tag if name is None else name, constant)
            elif path in changed and rule.clear:
                put(payload, rule.update_path, CLEARED[rule.clear])
    marker = rules.marker
    if marker and any(rule.update_path == marker.path for path in sent for _leaf, rule in rules.below(path)):
        _put_tag(rules, payload, fields, ownership_tag)
    return payload


def tag_payload(rules: Rules, fields: Fields, ownership_tag: OwnershipTag, *, contract: str) -> Raw:
    """Return the body of an update request that sends the ownership tag, and only the fields that must go with it."""
    marker = rules.marker
    assert marker is not None
    beside = {path for path in PATHS for _leaf, rule in rules.below(path) if rule.update_path == marker.path}
    payload = update_payload(rules, fields, beside, contract=contract, ownership_tag=ownership_tag)
    if not beside:
        _put_tag(rules, payload, fields, ownership_tag)
    return payload


def change_kind(rules: Rules, path: str, old: Fields, new: Fields, contract: str) -> ChangeKind:
    """How the canonical field `path` can go from its value in `old` to its value in `new`."""
    before, after = tags_of(rules, old), tags_of(rules, new)
    kinds: list[ChangeKind] = []
    for leaf, rule in rules.below(path):
        had, gets = part_of(path, leaf, old.get(path)), part_of(path, leaf, new.get(path))
        if had == gets or (is_absent(had) and is_absent(gets)):
            continue
        kinds += [rules.tag(tag).change for tag in rule.tags if before.get(tag) != after.get(tag)]
        if _holds(rule, after):
            kind = rule.change_under(contract)
            cannot_be_cleared = is_absent(gets) and not rule.clear and not _whole(rules, rule)
            kinds.append("replace" if kind == "update" and cannot_be_cleared else kind)
    return max(kinds, key=lambda kind: _WEIGHT[kind], default="update")


def tags_of(rules: Rules, fields: Fields) -> dict[str, str]:
    """The tags that a record with these fields has; where two fields disagree, the first one's."""
    tags: dict[str, str] = {}
    for path, leaf, rule in rules.tagged:
        if path in fields and not is_absent(part_of(path, leaf, fields[path])) and agrees(rule, tags):
            tags |= rule.tags
    return tags


def agrees(rule: Rule, tags: Mapping[str, str]) -> bool:
    """Whether a field can stand in a record with these tags."""
    return all(tags.get(tag, constant) == constant for tag, constant in rule.tags.items())


def _holds(rule: Rule, tags: Mapping[str, str]) -> bool:
    return all(tags.get(tag) == constant for tag, constant in rule.tags.items())


def _parts(rules: Rules, path: str, value: Any, tags: Mapping[str, str]) -> Iterator[tuple[Rule, Any]]:
    """The rules of a path that are written at all in a record with these tags, each with its part of the value."""
    for leaf, rule in rules.below(path):
        if rule.constant is None and _holds(rule, tags):
            yield rule, part_of(path, leaf, value)


def _encode(rules: Rules, rule: Rule, value: Any, payload: Raw) -> Any:
    """The provider's value; where records name the dialect of their schedule, that goes into `payload` beside it."""
    if rule.values:
        return next(theirs for theirs, ours in rule.values.items() if ours == value)
    if rules.dialect_path and isinstance(value, Cron):
        put(payload, rules.dialect_path, value.dialect)
        return CODECS[rule.codec].write(value, value.dialect)
    return CODECS[rule.write_codec or rule.codec].write(value, rules.dialect)


def _put_tag(rules: Rules, payload: Raw, fields: Fields, ownership_tag: OwnershipTag | None) -> None:
    marker = rules.marker
    if marker is None or ownership_tag is None:
        return
    if marker.form == "trailer":
        put(payload, marker.path, add_trailer(fields.get("description"), ownership_tag))
    elif marker.form == "item":
        put(payload, marker.path, [*get(payload, marker.path, ()), tag_text(ownership_tag)])
    else:
        put(payload, marker.path, tag_text(ownership_tag))


def _whole(rules: Rules, rule: Rule) -> str:
    """The object that a field stands in, where the provider replaces it as a whole."""
    return next((root for root in rules.whole if rule.update_path.startswith(f"{root}.")), "")


def _sent_together(rules: Rules, changed: set[str]) -> list[str]:
    """Return the changed paths, those that go beside them, and those in an object that the provider replaces whole."""
    changed = changed | {other for path in changed for _leaf, rule in rules.below(path) for other in rule.beside}
    roots = {_whole(rules, rule) for path in changed for _leaf, rule in rules.below(path)} - {""}
    return [
        path
        for path in PATHS
        if path in changed or any(_whole(rules, rule) in roots for _leaf, rule in rules.below(path))
    ]
