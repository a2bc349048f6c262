"""The JSON Schema of migrator.toml, drawn from the classes that read it.

It differs from that of documents in its values: TOML has no null, a text is never empty, and `shapes` have schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

import attrs

from migrator.config.connections import own_settings, type_of
from migrator.config.converter import keys_of, marker
from migrator.config.model import ConfigDocument
from migrator.config.shapes import Keys, Shape
from migrator.json_schema import DRAFT, described_object, list_schema, object_schema
from migrator.providers.declaration import Provider
from migrator.providers.registry import PROVIDERS

_PLAIN: Final[Mapping[Any, dict[str, Any]]] = {
    str: {"type": "string", "minLength": 1},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    Any: {},
}


def config_schema(providers: Mapping[str, Provider] = PROVIDERS) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of migrator.toml, for editors.

    It says all that a schema can say; that a sync names connections of the same file, only `load` can tell.
    """
    schema = _of(ConfigDocument)
    connection = schema["properties"]["connections"]["additionalProperties"]
    connection["properties"]["provider"]["enum"] = list(providers)
    connection["properties"] |= _own(providers)
    connection["allOf"] = [_for_provider(name, provider) for name, provider in providers.items()]
    return {"$schema": DRAFT, "title": "migrator.toml", **schema}


def _own(providers: Mapping[str, Provider]) -> dict[str, Any]:
    """Return the schemas of the settings that some providers have: one, or any of those that they make of it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for provider in providers.values():
        for setting in own_settings(provider):
            said = {"description": f"{provider.title}: {setting.says[0].lower()}{setting.says[1:]}"}
            found.setdefault(setting.name, []).append(_of(type_of(setting)) | said)
    return {
        name: kinds[0]
        if len(kinds) == 1
        else {"description": " ".join(kind["description"] for kind in kinds), "anyOf": kinds}
        for name, kinds in found.items()
    }


def _for_provider(name: str, provider: Provider) -> dict[str, Any]:
    """Return what holds for the connections of one provider."""
    taken = ("provider", *provider.required, *provider.optional)
    own = {setting.name: _of(type_of(setting)) for setting in own_settings(provider)}
    return {
        "if": {"properties": {"provider": {"const": name}}, "required": ["provider"]},
        "then": {
            "required": list(provider.required),
            "propertyNames": {"enum": list(taken)},
            **({"properties": own} if own else {}),
        },
    }


def _of(kind: Any) -> dict[str, Any]:
    """The schema of a type's values as TOML writes them."""
    found = marker(kind)
    if isinstance(found, Shape):
        return {**_of(found.source), **found.schema}
    if isinstance(found, Keys):
        return object_schema({path: _of(of) for path, of in found.types.items()}, optional=found.types)
    if attrs.has(kind):
        keys = keys_of(kind)
        values = {key: _of(a.type) | _default(a) for key, a in keys.items()}
        return described_object(kind, values, {key for key, a in keys.items() if a.default is not attrs.NOTHING})
    return dict(_PLAIN[kind]) if kind in _PLAIN else _of_generic(get_origin(kind), get_args(kind))


def _of_generic(origin: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return list_schema(_of(arguments[0]))
    if origin in {Union, UnionType}:  # TOML has no null: a key that is left out says None
        return _of(next(argument for argument in arguments if argument is not type(None)))
    names, values = arguments
    return {"type": "object", "propertyNames": _of(names), "additionalProperties": _of(values)}


def _default(attribute: attrs.Attribute[Any]) -> dict[str, Any]:
    """What an editor shows as the value that holds without the key."""
    return {"default": attribute.default} if isinstance(attribute.default, str | bool | int) else {}
