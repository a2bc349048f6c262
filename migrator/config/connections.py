"""The tables of connections: for each provider a class of its own, made of what the provider declares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import attrs

from migrator.config import shapes
from migrator.config.model import ConnectionKeys
from migrator.errors import UsageError
from migrator.providers.base import Connection
from migrator.providers.declaration import Kind, Provider, Setting

_COMMON: Final = frozenset(attribute.name for attribute in attrs.fields(ConnectionKeys))
_TYPES: Final[Mapping[Kind, Callable[[Setting], Any]]] = {
    "text": lambda _setting: str,
    "texts": lambda _setting: shapes.Texts,
    "path": lambda _setting: str,
    "flag": lambda _setting: bool,
    "number": lambda setting: Annotated[int, shapes.between(setting.least, setting.most)],
}


def own_settings(provider: Provider) -> tuple[Setting, ...]:
    """Return the settings that are no keys of every connection."""
    return tuple(setting for setting in provider.settings if setting.name not in _COMMON)


def connection_class(provider: Provider, *, only: str | None = None) -> type[ConnectionKeys]:
    """Return the class of the tables of a provider's connections.

    Args:
        provider: whose settings they have.
        only: the one setting of its own that is wanted; None for all.
    """
    own = {
        setting.name: attrs.field(default=None, type=type_of(setting) | None, kw_only=True)
        for setting in own_settings(provider)
        if only in {None, setting.name}
    }
    made: type[ConnectionKeys] = attrs.make_class(
        "ProviderKeys", own, bases=(ConnectionKeys,), frozen=True, kw_only=True
    )
    return made


def connection_classes(
    tables: Iterable[Mapping[str, Any]], providers: Mapping[str, Provider]
) -> dict[str, type[ConnectionKeys]]:
    """Return the class of each provider that these tables name, as far as it can be used."""
    made: dict[str, type[ConnectionKeys]] = {}
    for name in {table["provider"] for table in tables if isinstance(table.get("provider"), str)}:
        try:
            made[name] = connection_class(providers[name])
        except (KeyError, UsageError):
            continue  # the check of providers reports it
    return made


def type_of(setting: Setting) -> Any:
    """Return the type of a setting's values, as the converter and the schema take it."""
    return Literal.__getitem__(setting.choices) if setting.choices else _TYPES[setting.kind](setting)


def connection_of(keys: ConnectionKeys, provider: Provider, base_dir: Path) -> Connection:
    """Return a connection without its secret; its files, given relative to `base_dir`, are absolute."""
    given = {key: value for key, value in attrs.asdict(keys).items() if value is not None and key != "token"}
    settings = {setting.name: given.pop(setting.name) for setting in own_settings(provider) if setting.name in given}
    for setting in own_settings(provider):
        if setting.kind == "path" and setting.name in settings:
            settings[setting.name] = str(_absolute(base_dir / Path(settings[setting.name]).expanduser()))
    if keys.cron:
        given["cron"] = {question: answer for question, answer in given["cron"].items() if answer is not None}
    return Connection(settings=settings, **given)


def _absolute(path: Path) -> Path:
    """Return a path in one spelling, wherever the command is started."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # symbolic links in a loop: who opens the file says so
        return path.absolute()
