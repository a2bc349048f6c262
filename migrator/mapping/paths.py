"""Dotted paths into provider records, and the parts of canonical values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migrator.canonical import PARTS

Raw = dict[str, Any]
"""A record as the provider writes it."""


def gather(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Fields with the parts of values put together: delivery.email.groups and its like become delivery.email."""
    fields: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {}
    for leaf, value in leaves.items():
        parent, _, name = leaf.rpartition(".")
        if parent in PARTS:
            parts.setdefault(parent, {})[name] = value
        else:
            fields[leaf] = value
    return fields | {path: PARTS[path](**values) for path, values in parts.items()}


def part_of(path: str, leaf: str, value: Any) -> Any:
    """The part of the value at the canonical `path` that stands at `leaf`: itself, or one of its attributes."""
    return value if leaf == path or value is None else getattr(value, leaf.removeprefix(f"{path}."))


def get(raw: Any, path: str, default: Any = None) -> Any:
    """The value at a dotted path; `default` where it is missing or null."""
    if "." not in path:
        found = raw.get(path) if isinstance(raw, dict) else None
        return default if found is None else found
    for key in path.split("."):
        raw = raw.get(key) if isinstance(raw, dict) else None
        if raw is None:
            return default
    return raw


def put(payload: Raw, path: str, value: Any) -> None:
    """Set the value at a dotted path, making the objects on the way; an empty path is nowhere."""
    if not path:
        return
    *parents, last = path.split(".")
    for key in parents:
        payload = payload.setdefault(key, {})
    payload[last] = value


def with_value(raw: Mapping[str, Any], path: str, value: Any) -> Raw:
    """Return a copy of a record with another value at a dotted path; the record itself stays as it is."""
    key, _, rest = path.partition(".")
    return {**raw, key: with_value(raw.get(key) or {}, rest, value) if rest else value}


def without(raw: Mapping[str, Any], used: set[str], prefix: str = "") -> dict[str, Any]:
    """What of a record stands at none of the `used` paths."""
    rest: dict[str, Any] = {}
    for key, value in raw.items():
        path = f"{prefix}{key}"
        if path in used:
            continue
        if isinstance(value, Mapping) and any(name.startswith(f"{path}.") for name in used):
            if inner := without(value, used, f"{path}."):
                rest[key] = inner
        elif value is not None:
            rest[key] = value
    return rest
