"""What a record says that its mapping does not know: new fields, and new kinds of known ones.

Nobody can tell whether such a field changes when a job fires, so it is never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from migrator.canonical import Unportable, covers, is_absent
from migrator.mapping.codecs import freeze
from migrator.mapping.paths import Raw, get
from migrator.mapping.rules import Rules


def unknown_fields(rules: Rules, raw: Raw, used: Collection[str]) -> tuple[dict[str, Any], Unportable | None]:
    """Return the fields that the mapping does not know, by dotted name, and the trigger of an unknown kind.

    Args:
        rules: the mapping.
        raw: the record.
        used: the provider fields that were read.
    """
    whole: set[str] = set()
    trigger: Unportable | None = None
    for path, known in rules.kinds.items():
        value = get(raw, path)
        if type(value) is str and value in known:
            continue
        parent = path.rpartition(".")[0]
        if value is None:
            whole |= {parent} if parent and parent in raw and _is_unread(rules, raw, parent, used) else set()
        elif not any(type(value) is type(kind) and value == kind for kind in known):
            if path in rules.timing:
                reason = f"{path} is {value!r:.80}, a kind of schedule that its mapping does not know"
                trigger = Unportable(kind="unknown", raw={path: freeze(value)}, reason=reason)
            else:
                whole.add(parent or path)
    found = dict(_unnamed(rules, raw, ""))
    if whole:
        found = {name: value for name, value in found.items() if not any(covers(one, name) for one in whole)}
        found |= {name: get(raw, name) for name in whole}
    return {name: freeze(value) for name, value in found.items()}, trigger


def _unnamed(rules: Rules, raw: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """The fields that say something and that the mapping does not name."""
    for key in raw if prefix else sorted(raw.keys() - rules.readable):
        value, path = raw[key], f"{prefix}{key}"
        if value is None or path in rules.readable or is_absent(value):
            continue
        if path in rules.opened and isinstance(value, Mapping):
            yield from _unnamed(rules, value, f"{path}.")
        else:
            yield path, value


def _is_unread(rules: Rules, raw: Raw, parent: str, used: Collection[str]) -> bool:
    """Whether an object says something of which nothing was read, because it does not say of what kind it is."""
    inside = rules.inside.get(parent, ())
    if any(path in used and not is_absent(get(raw, path)) for path in inside):
        return False
    return any(not is_absent(get(raw, path)) for path in inside)
