"""The shapes of single values in migrator.toml, each with its reader and its JSON Schema.

A `Shape` rides in `Annotated`: the converter reads by it and the JSON Schema is drawn from it, so the two cannot part.
Readers raise UsageError without a place; `load` adds where the value stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from string import Template
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from attrs import field, frozen

from migrator.canonical import LEAVES, PATHS, TRIGGER_PATHS, Email, Notify, Slack
from migrator.config.secrets import check_reference
from migrator.errors import UsageError
from migrator.http.rate_limit import Rate
from migrator.mapping.codecs import freeze

PLACEHOLDERS: Final = ("name", "event", "payload")
"""What a template may name: the job's name, the event's name, and its payload as JSON."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_PERCENT: Final = re.compile(r"(\d{1,2}(?:\.\d+)?|100(?:\.0+)?) ?%")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@frozen(kw_only=True, eq=False)
class Shape:
    """How a value is written.

    Attributes:
        read: makes the value out of what `source` gave; raises UsageError.
        source: the type that the TOML value is read as first.
        schema: what JSON Schema must say beyond the schema of `source`.
    """

    read: Callable[[Any], Any]
    source: Any = Any
    schema: Mapping[str, Any] = field(factory=dict)


@frozen(eq=False)
class Keys:
    """A table that may hold these keys, each with a value of its own type."""

    types: Mapping[str, Any]


def kind_of(value: Any) -> str:
    """What TOML calls a value of this type; never the value itself, which may be a secret."""
    kinds = {str: "a text", bool: "a boolean", int: "an integer", float: "a number", list: "an array", dict: "a table"}
    return kinds.get(type(value), "a date or time")


def did_you_mean(value: object, names: Iterable[str]) -> str:
    """A question that proposes the name nearest to `value`; "" when none is near."""
    known = {name.casefold(): name for name in names}
    near = get_close_matches(str(value).casefold(), known, n=1)
    return f'did you mean "{known[near[0]]}"?' if near else ""


def choose(value: Any, names: Iterable[str], what: str) -> str:
    """`value` when it is one of `names`; else a UsageError that lists them and proposes the nearest."""
    names = list(names)
    if isinstance(value, str) and value in names:
        return value
    shown = repr(value) if isinstance(value, str) else kind_of(value)
    raise UsageError(what, actual=shown, allowed=names or "nothing yet", hint=did_you_mean(value, names))


@frozen(kw_only=True)
class Limit:
    """How much of what is there one run may touch.

    Attributes:
        percent: share of the jobs; None when `count` says it.
        count: a number of jobs; None when `percent` says it.
    """

    percent: Decimal | None = None
    count: int | None = None

    @classmethod
    def read(cls, value: Any) -> Limit:
        """From "30%" or 12."""
        if isinstance(value, str) and (found := _PERCENT.fullmatch(value)):
            return cls(percent=Decimal(found[1]))
        if type(value) is int and value >= 0:
            return cls(count=value)
        shown = repr(value) if isinstance(value, str | int | float) else kind_of(value)
        raise UsageError("is not a limit", actual=shown, allowed='"0%" to "100%", or a number of jobs')

    def allows(self, number: int, *, of: int, floor: int) -> bool:
        """Whether `number` jobs out of `of` may be touched; a share does not bind below `floor` jobs."""
        if self.percent is None:
            return number <= (self.count or 0)
        return of < floor or number * 100 <= self.percent * of

    def __str__(self) -> str:
        return str(self.count) if self.percent is None else f"{self.percent}%"


def _rate(value: str) -> str:
    try:
        Rate.parse(value)
    except UsageError as error:
        error.what = "is not a rate"
        raise
    return value


def _url(value: str) -> str:
    """A base URL that a token may be sent to: https, or http to this machine; no credentials in it."""
    allowed = "https://…, or http:// to this machine"
    try:
        url = urlsplit(value)
        host = url.hostname
        _ = url.port
    except ValueError as error:
        raise UsageError("is no URL", allowed=allowed) from error
    if url.username is not None or url.password is not None:
        raise UsageError("holds credentials", allowed="a URL without them; the token has a key of its own")
    if not host or url.scheme not in {"https", "http"}:
        raise UsageError("is no URL", allowed=allowed)
    if url.query or url.fragment:
        raise UsageError("has a query or a fragment", allowed="a URL that ends with its path")
    if url.scheme == "http" and host not in _LOOPBACK:
        raise UsageError("would send the token unencrypted", actual=repr(value), allowed=allowed)
    return value.rstrip("/")


def _collector(value: str) -> str:
    """Where telemetry goes: it carries no token of ours, so that a collector within a network needs no https."""
    allowed = "http(s)://HOST:PORT, without credentials"
    try:
        url = urlsplit(value)
        known = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError as error:
        raise UsageError("is no URL", allowed=allowed) from error
    if url.username is not None or url.password is not None:
        raise UsageError("holds credentials", allowed="a URL without them, and OTEL_EXPORTER_OTLP_HEADERS")
    if not known or url.query or url.fragment:
        raise UsageError("is not the URL of a collector", allowed=allowed)
    return value.rstrip("/")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise UsageError("is not a name", allowed="letters, digits, _ and -, as a command line takes them")
    return value


def _template(value: str) -> str:
    """A text whose placeholders can all be filled."""
    for found in Template.pattern.finditer(value):
        name = found["named"] or found["braced"]
        if found["invalid"] is not None:
            raise UsageError("has a $ that names nothing", allowed="$$ for a plain $, or ${name} ${event} ${payload}")
        if name:
            choose(name, PLACEHOLDERS, "has an unknown placeholder")
    return value


def _email(value: Email) -> Email:
    if not value.recipients and not value.groups:
        raise UsageError("reaches nobody", allowed="recipients, groups, or both")
    return value


def _slack(value: Slack) -> Slack:
    if (value.channel is None) == (value.user is None):
        raise UsageError("must reach one place", allowed="either channel or user")
    return value


def _json(value: Any) -> Any:
    """A value that JSON can hold: TOML has dates, times and infinities beyond it."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError("holds what JSON cannot", allowed="texts, numbers, booleans, arrays and tables") from error
    return freeze(value)


def _some(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise UsageError("is empty", allowed="at least one, or leave the key out")
    return value


def _between(low: int, high: int) -> Shape:
    def read(value: int) -> int:
        if not low <= value <= high:
            raise UsageError("is out of range", actual=str(value), allowed=f"{low} to {high}")
        return value

    return Shape(read=read, source=int, schema={"minimum": low, "maximum": high})


def canonical_path(value: Any, names: Iterable[str]) -> str:
    """`value` when it is one of these canonical paths; else a UsageError."""
    names = list(names)
    try:
        return choose(value, names, "is not a canonical path")
    except UsageError as error:
        below = [name for name in names if name.startswith(f"{value}.")]
        if below:
            error.hint = f'put the whole path in quotes, as in "{below[0]}"'
        raise


def _loss_path(value: str) -> str:
    return value if _UNKNOWN.fullmatch(value) else canonical_path(value, LOSS_PATHS)


_UNKNOWN: Final = re.compile(r"provider_fields\..+")
"""A field that no mapping knows, by its name at its platform."""

SETTABLE: Final[Mapping[str, Any]] = {
    path: str for path in PATHS if path not in {*TRIGGER_PATHS, "provider_fields"}
} | {
    "enabled": bool,
    "action.payload": Annotated[Mapping[str, Any], Shape(read=_json, source=dict[str, Any])],
    "action.scope": Literal["program", "participants"],
    "action.hints": Annotated[tuple[Any, ...], Shape(read=_json, source=tuple[Any, ...])],
    "delivery.email": Annotated[Email, Shape(read=_email, source=Email)],
    "delivery.slack": Annotated[Slack, Shape(read=_slack, source=Slack)],
    "delivery.notify": Notify,
    "labels": Annotated[tuple[str, ...], Shape(read=lambda value: tuple(sorted(value)), source=tuple[str, ...])],
}
"""The canonical paths that a file may give a value for, with its type; a schedule always comes from the source."""

TEXT_PATHS: Final = tuple(path for path, kind in SETTABLE.items() if kind is str)
"""The canonical paths whose values a lookup can translate."""

LOSS_PATHS: Final = tuple(dict.fromkeys(part for path in PATHS for part in (path.partition(".")[0], path))) + tuple(
    leaf for leaf in LEAVES if leaf not in PATHS
)
"""What may be lost: a group of canonical paths, one of them, or a part of one."""

_SHARE_SCHEMA: Final = {
    "anyOf": [{"type": "string", "pattern": f"^(?:{_PERCENT.pattern})$"}, {"type": "integer", "minimum": 0}]
}
_RATE_PATTERN: Final = "^ *[1-9][0-9]* */ *(s|sec|second|min|minute|h|hour)( +burst +[1-9][0-9]*)? *$"
_SECRET_SCHEMA: Final = {"type": "string", "pattern": "^(env|file|keyring|command):.+"}

_LOSS_SCHEMA: Final = {"anyOf": [{"enum": list(LOSS_PATHS)}, {"pattern": f"^{_UNKNOWN.pattern}$"}]}

Name = Annotated[str, Shape(read=_name, source=str, schema={"pattern": f"^{_NAME.pattern}$"})]
Days = Annotated[int, _between(1, 366)]
Parts = Annotated[int, _between(1, 64)]
Count = Annotated[int, _between(0, 1_000_000)]
Room = Annotated[int, _between(1, 1_000_000)]
Slots = Annotated[int, _between(1, 256)]
Seconds = Annotated[int, _between(1, 604_800)]
Share = Annotated[Limit, Shape(read=Limit.read, schema=_SHARE_SCHEMA)]
Pace = Annotated[str, Shape(read=_rate, source=str, schema={"pattern": _RATE_PATTERN})]
Url = Annotated[str, Shape(read=_url, source=str, schema={"pattern": "^https?://[^@?#]+$"})]
Collector = Annotated[str, Shape(read=_collector, source=str, schema={"pattern": "^https?://[^@?#]+$"})]
Prompt = Annotated[str, Shape(read=_template, source=str)]
Texts = Annotated[tuple[str, ...], Shape(read=_some, source=tuple[str, ...], schema={"minItems": 1})]
LossPath = Annotated[str, Shape(read=_loss_path, source=str, schema=_LOSS_SCHEMA)]
HeldPath = Annotated[
    str, Shape(read=lambda value: canonical_path(value, PATHS), source=str, schema={"enum": list(PATHS)})
]
Secret = Annotated[str, Shape(read=check_reference, schema=_SECRET_SCHEMA)]
Secrets = Annotated[tuple[str, ...], Shape(read=_some, source=tuple[Secret, ...], schema={"minItems": 1})]
SetValues = Annotated[Mapping[str, Any], Keys(SETTABLE)]
Lookup = Annotated[Mapping[str, Mapping[str, str]], Keys(dict.fromkeys(TEXT_PATHS, Mapping[str, str]))]
