"""From the tables of tomllib to the classes of `model`; every error comes with the path of the key it concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, override

from migrator.config.positions import KeyPath
from migrator.config.shapes import Keys, Shape, canonical_path, choose, did_you_mean, kind_of
from migrator.errors import UsageError

Hook = Callable[[Any, Any], Any]


def make_converter() -> cattrs.Converter:
    """A converter that guesses nothing: no type is turned into another, and an unknown key is an error."""
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(bool, _plain(bool, "true or false"))
    converter.register_structure_hook(int, _plain(int, "an integer"))
    for applies, factory in (
        (attrs.has, _table),
        (_is_a(tuple), _array),
        (_is_a(dict, Mapping), _mapping),
        (_is_a(Literal), _choice),
        (lambda kind: marker(kind) is not None, _tagged),
    ):
        converter.register_structure_hook_factory(applies, _with(converter, factory))
    return converter


def keys_of(cls: type) -> dict[str, attrs.Attribute[Any]]:
    """The attributes of a class that are keys of the file, by key."""
    return {a.name: a for a in attrs.fields(attrs.resolve_types(cls)) if a.metadata.get("key", True)}


def marker(kind: Any) -> Shape | Keys | None:
    """What an annotated type says about how its values are written; None for other types."""
    markers = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    return next((found for found in markers if isinstance(found, Shape | Keys)), None)


def causes(error: Exception, path: KeyPath = ()) -> Iterator[tuple[KeyPath, UsageError]]:
    """Every single error in what the converter raised, with the path of the key it concerns."""
    path = (*path, *_step(error))
    match error:
        case cattrs.BaseValidationError():
            for inner in error.exceptions:
                assert isinstance(inner, Exception)
                yield from causes(inner, path)
        case cattrs.ForbiddenExtraKeysError(cl=cls, extra_fields=extra):
            yield from (((*path, key), unknown_key(key, keys_of(cls))) for key in extra)
        case KeyError():
            yield path[:-1], UsageError(f"lacks the key {path[-1]}", hint=f"add {path[-1]} = … to it")
        case UsageError():
            yield path, error
        case _:
            raise error


def unknown_key(key: str, known: Iterable[str]) -> UsageError:
    """The error of a key that a table does not take."""
    known = list(known)
    return UsageError("is not a key of this table", allowed=known, hint=did_you_mean(key, known))


def _step(error: Exception) -> KeyPath:
    """The key or index at which cattrs met an error, from the note it left there."""
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, cattrs.AttributeValidationNote):
            return (note.name,)
        if isinstance(note, cattrs.IterableValidationNote):
            return (note.index,)
    return ()


def _is_a(*origins: Any) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) in origins


def _with(converter: cattrs.Converter, factory: Callable[[Any, cattrs.Converter], Hook]) -> Callable[[Any], Hook]:
    return lambda kind: factory(kind, converter)


def _text(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        raise UsageError("is not a text", actual=kind_of(value), allowed="a text in quotes")
    if not value.strip():
        raise UsageError("is empty", allowed="a text, or leave the key out")
    return value


def _plain(kind: type, allowed: str) -> Hook:
    def read(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise UsageError(f"is not {allowed}", actual=kind_of(value), allowed=allowed)
        return value

    return read


def _choice(kind: Any, _: cattrs.Converter) -> Hook:
    return lambda value, _kind: choose(value, get_args(kind), "is not one of its values")


def _table(cls: Any, converter: cattrs.Converter) -> Hook:
    omitted = {a.name: override(omit=True) for a in attrs.fields(cls) if not a.metadata.get("key", True)}
    read = make_dict_structure_fn(cls, converter, **omitted)  # type: ignore[arg-type]  # keyword by keyword it is right

    def read_table(value: Any, kind: Any) -> Any:
        return read(_checked(value, dict), kind)

    return read_table


def _array(kind: Any, converter: cattrs.Converter) -> Hook:
    of = get_args(kind)[0]

    def read(value: Any, _: Any) -> tuple[Any, ...]:
        return tuple(
            _each(enumerate(_checked(value, list)), lambda _index, item: converter.structure(item, of)).values()
        )

    return read


def _mapping(kind: Any, converter: cattrs.Converter) -> Hook:
    of_keys, of = get_args(kind)

    def read(value: Any, _: Any) -> dict[Any, Any]:
        table = _checked(value, dict)
        both = [*((key, (key, of_keys)) for key in table), *((key, (item, of)) for key, item in table.items())]
        return _each(both, lambda _key, pair: converter.structure(*pair))

    return read


def _tagged(kind: Any, converter: cattrs.Converter) -> Hook:
    found = marker(kind)
    if isinstance(found, Shape):
        return lambda value, _: found.read(converter.structure(value, found.source))
    assert found

    def entry(key: str, item: Any) -> Any:
        return converter.structure(item, found.types[canonical_path(key, found.types)])

    return lambda value, _: _each(_checked(value, dict).items(), entry)


def _each(entries: Iterable[tuple[Any, Any]], read: Callable[[Any, Any], Any]) -> dict[Any, Any]:
    """Read every entry (key or index, value); all their errors are raised together, each with its place."""
    done: dict[Any, Any] = {}
    errors: list[Exception] = []
    for place, value in entries:
        try:
            done[place] = read(place, value)
        except Exception as error:  # noqa: BLE001 (every error of the file is reported in one go)
            error.add_note(cattrs.IterableValidationNote(f"at {place}", place, None))
            errors.append(error)
    if errors:
        raise cattrs.IterableValidationError("several errors", errors, dict)
    return done


def _checked(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        allowed = "a table" if kind is dict else "an array"
        raise UsageError(f"is not {allowed}", actual=kind_of(value), allowed=allowed)
    return value
