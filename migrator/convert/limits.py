"""What a target's documentation allows in a field, checked before anything is sent.

Which values, forms and combinations are allowed, the mapping file says; a value that is too long was cut before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from migrator.canonical import Fields, is_absent
from migrator.config import Sync
from migrator.config.shapes import TEXT_PATHS
from migrator.convert.fields import Need
from migrator.mapping import ProviderMapping
from migrator.mapping.paths import part_of
from migrator.mapping.rules import Rule

_EMAIL: Final = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)

_FORMS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "email": ("e-mail addresses", _EMAIL.fullmatch),
    "uuid": ("UUIDs", _UUID.fullmatch),
}
"""For each form that a mapping can name: what it is called, and whether a text has it."""


@frozen
class _Wrong:
    """A value that the target does not take: where, what, and what it takes instead."""

    path: str
    leaf: str
    value: Any
    allowed: str


def beyond_limits(fields: Fields, *, target: ProviderMapping, sync: Sync) -> tuple[list[Need], list[str]]:
    """Return what the sync has to say about values that the target does not take, and why the job cannot be migrated.

    Args:
        fields: the job as it would be sent, its schedule apart.
        target: where it goes.
        sync: what is wanted.
    """
    needs: list[Need] = []
    refused: list[str] = []
    for wrong in _wrong(fields, target):
        title = target.rules.title
        what = f"{title} takes {wrong.allowed} as {wrong.leaf}, and the job has {wrong.value!r:.80}"
        table = f"[syncs.{sync.name}.set]" if sync.set.get(wrong.path) == fields[wrong.path] else ""
        if not table and wrong.path in TEXT_PATHS and isinstance(wrong.value, str):
            table = f'[syncs.{sync.name}.lookup."{wrong.path}"]'
            line = f'{json.dumps(wrong.value)} = "…"'
            needs.append(Need(what=what, how=f"translate it under {table}", table=table, line=line))
        elif table:
            line = f'"{wrong.path}" = …'
            needs.append(Need(what=what, how=f"correct it under {table}", table=table, line=line))
        else:
            refused.append(f"{what}; correct it at the source")
    return needs, refused


def _wrong(fields: Fields, target: ProviderMapping) -> Iterator[_Wrong]:
    for path, rules in target.rules.limited.items():
        if path not in fields:
            continue
        for leaf, rule in rules:
            part = part_of(path, leaf, fields[path])
            if is_absent(part):
                continue
            yield from (_Wrong(path, leaf, item, allowed) for item, allowed in _misfits(rule, part))
            for other, kinds in rule.only_with.items():
                if fields.get(other) not in kinds:
                    yield _Wrong(path, leaf, part, f"nothing unless {other} is {' or '.join(kinds)}")


def _misfits(rule: Rule, part: Any) -> Iterator[tuple[Any, str]]:
    """Yield the values, of a list the entries, that the rule does not allow, each with what it allows."""
    known = rule.one_of or tuple(rule.values.values())
    for item in part if isinstance(part, tuple) else (part,):
        if known and item not in known:
            yield item, f"one of {', '.join(map(str, known))}"
        if rule.form:
            name, fits = _FORMS[rule.form]
            if not isinstance(item, str) or not fits(item):
                yield item, name
