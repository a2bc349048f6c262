"""Reading migrator.toml: either a `Config`, or every error of the file at once, each with line and column."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import cattrs

from migrator.config.config import Config, Notices, Token
from migrator.config.connections import connection_class, connection_classes, connection_of
from migrator.config.converter import causes, make_converter, unknown_key
from migrator.config.excerpts import excerpt
from migrator.config.model import ConfigDocument, Notify
from migrator.config.positions import KeyPath, locate
from migrator.config.shapes import choose
from migrator.errors import ConfigError, UsageError
from migrator.providers.declaration import Provider

Problem = tuple[KeyPath, UsageError]

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST: Final = 4_000_000
"""Characters of a config file; thousands of connections take less."""
_DEEPEST: Final = 64
"""Levels of arrays and tables; the deepest value is a payload of somebody else's."""
_MOST: Final = 10_000
"""Entries of one array or table."""
_TOLD: Final = 50
"""Problems that are told at once."""
_SYNTAX: Final = re.compile(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


def load(path: Path, *, providers: Mapping[str, Provider]) -> Config:
    """Read a config file.

    Args:
        path: the file; files that it names are found relative to it.
        providers: the providers that a connection may name.

    Raises:
        ConfigError: the file cannot be read, or is wrong; `problems` holds every error, in the order of the file.
    """
    text = _read(path)
    raw = _parse(text, path)
    places = _Places(path, text)
    problems = [*_provider_problems(raw, providers), *_sync_problems(raw)]
    classes = connection_classes(_tables(raw, "connections").values(), providers)
    try:
        document = make_converter(classes).structure(raw, ConfigDocument)
    except cattrs.BaseValidationError as error:
        known = {at for at, _ in problems}
        problems += (problem for problem in causes(error) if problem[0] not in known)
    if problems:
        raise places.error(problems)
    return Config(
        path=path,
        connections={
            name: connection_of(keys, providers[keys.provider], path.parent)
            for name, keys in document.connections.items()
        },
        syncs={name: attrs.evolve(sync, name=name) for name, sync in document.syncs.items()},
        tokens={
            name: places.token(keys.token, ("connections", name, "token"))
            for name, keys in document.connections.items()
            if keys.token
        },
        notify=None if document.notify is None else _notices(document.notify, places),
        collector=document.telemetry.endpoint if document.telemetry else None,
    )


def check_key(provider: Provider, key: str, value: str) -> None:
    """Make sure that a key of a provider's connections may have this value.

    Raises:
        UsageError: it may not; says why, and shows no secret.
    """
    try:
        make_converter().structure({"provider": provider.name, key: value}, connection_class(provider, only=key))
    except cattrs.BaseValidationError as error:
        _, first = next(causes(error))
        raise UsageError(
            f"{key} {first.what}", actual=first.actual, allowed=first.choices or first.allowed, hint=first.hint
        ) from None


def _notices(notify: Notify, places: _Places) -> Notices:
    at = enumerate(notify.urls)
    return Notices(to=tuple(places.token(url, ("notify", "urls", number)) for number, url in at), on=notify.on)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # a BOM is skipped; universal newlines: CRLF arrives as LF
    except FileNotFoundError as error:
        raise ConfigError("the config file does not exist", where=str(path), hint="create it: migrator init") from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8", where=str(path), hint="save it as UTF-8") from error
    except OSError as error:
        hint = "make it a file that you can read, or name another one with --config"
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(path), hint=hint) from error


def _parse(text: str, path: Path) -> dict[str, Any]:
    if len(text) > _LONGEST:
        actual, allowed = f"{len(text):,} characters", f"{_LONGEST:,} at most"
        raise _unusable(path, "is too long", actual=actual, allowed=allowed)
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise _too_deep(path) from None
    except tomllib.TOMLDecodeError as error:
        found = _SYNTAX.fullmatch(str(error))
        what = found[1] if found else str(error)
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")  # the end of the document
        if found and found[2]:
            line, column = int(found[2]), int(found[3])
        problem = UsageError(
            f"is not TOML: {what}",
            where=f"{path}:{line}:{column}",
            allowed="TOML, as https://toml.io describes it",
            excerpt=excerpt(_line(text, line), column),
        )
        raise ConfigError(f"{path} is not TOML", (problem,)) from None  # the error holds the text
    except ValueError:
        raise _unusable(path, "holds a number of thousands of digits") from None
    _check_size(raw, path)
    return raw


def _unusable(path: Path, what: str, *, actual: str = "", allowed: str = "") -> ConfigError:
    return ConfigError(f"{path} {what}", (UsageError(what, where=str(path), actual=actual, allowed=allowed),))


def _too_deep(path: Path) -> ConfigError:
    return _unusable(path, "nests too deep", allowed=f"{_DEEPEST} levels of arrays and tables")


def _check_size(raw: dict[str, Any], path: Path) -> None:
    """Make sure that what follows has bounds: levels, and entries of one array or table."""
    level: list[Any] = [raw]
    for _depth in range(_DEEPEST + 1):
        if (most := max(map(len, level), default=0)) > _MOST:
            what = "holds an array or a table that is too long"
            raise _unusable(path, what, actual=f"{most:,} entries", allowed=f"{_MOST:,} at most")
        inner = (value for one in level for value in (one.values() if isinstance(one, dict) else one))
        level = [value for value in inner if isinstance(value, dict | list)]
        if not level:
            return
    raise _too_deep(path)


def _line(text: str, number: int) -> str:
    """A line by its number, from 1."""
    return [*text.split("\n"), ""][number - 1]


def _provider_problems(raw: Mapping[str, Any], providers: Mapping[str, Provider]) -> Iterator[Problem]:
    """Connections of unknown providers, and keys that a connection's provider needs or does not take."""
    for name, table in _tables(raw, "connections").items():
        at = ("connections", name)
        if not isinstance(table.get("provider"), str):
            continue  # the converter reports it
        try:
            if table["provider"] not in providers:
                choose(table["provider"], providers, "is not a provider")
            provider = providers[table["provider"]]
        except UsageError as error:
            yield (*at, "provider"), error
            continue
        for key in provider.required:
            if key not in table:
                what = f"lacks the key {key}, which every {table['provider']} connection needs"
                yield at, UsageError(what, hint=f"add {key} = … to it")
        taken = ["provider", *provider.required, *provider.optional]
        yield from (((*at, key), unknown_key(key, taken)) for key in table if key not in taken)


def _sync_problems(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Syncs whose two sides are not two connections of this file."""
    names = list(_tables(raw, "connections"))
    for name, table in _tables(raw, "syncs").items():
        for side in ("source", "target"):
            if isinstance(table.get(side), str):
                try:
                    choose(table[side], names, "is not a connection of this file")
                except UsageError as error:
                    yield ("syncs", name, side), error
        if table.get("source") is not None and table.get("source") == table.get("target"):
            same = UsageError("is the source itself", actual=repr(table["target"]), allowed="another connection")
            yield ("syncs", name, "target"), same


def _tables(raw: Mapping[str, Any], section: str) -> dict[str, dict[str, Any]]:
    """The well-formed tables of a section; the converter reports the others."""
    tables = raw.get(section)
    return {k: v for k, v in tables.items() if isinstance(v, dict)} if isinstance(tables, dict) else {}


class _Places:
    """Where the keys of one file stand."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text
        self.known = locate(text)

    def position(self, at: KeyPath) -> tuple[int, int]:
        """Line and column of a key, or of the nearest table around it."""
        while at and at not in self.known:
            at = at[:-1]
        return self.known.get(at, (1, 1))

    def of(self, at: KeyPath) -> str:
        """File, line and column of a key."""
        line, column = self.position(at)
        return f"{self.path}:{line}:{column}"

    def excerpt(self, at: KeyPath, error: UsageError) -> str:
        """The line of a key, with a caret under it."""
        line, column = self.position(at)
        return excerpt(_line(self.text, line), column, shown=error.actual)

    def token(self, reference: str, at: KeyPath) -> Token:
        """A reference to a secret, with its place."""
        return Token(reference=reference, where=f"{self.of(at)} ({dotted(at)})")

    def error(self, problems: list[Problem]) -> ConfigError:
        """All problems of the file as one error, in the order of the file."""
        ordered = sorted(problems, key=lambda problem: self.position(problem[0]))
        told = tuple(
            UsageError(
                f"{dotted(at)} {error.what}",
                where=self.of(at),
                actual=error.actual,
                allowed=error.choices or error.allowed,
                hint=error.hint,
                excerpt=self.excerpt(at, error),
            )
            for at, error in ordered[:_TOLD]
        )
        count = "1 problem" if len(ordered) == 1 else f"{len(ordered):,} problems"
        count += f", of which the first {_TOLD} are shown" if len(ordered) > _TOLD else ""
        return ConfigError(f"{self.path} has {count}", told)


def dotted(at: KeyPath) -> str:
    """A key path as TOML writes it."""
    parts = [f"[{part}]" if isinstance(part, int) else part if _BARE.fullmatch(part) else f'"{part}"' for part in at]
    return ".".join(parts).replace(".[", "[") or "the file"
