"""The closed list of codecs: how one provider value becomes one canonical value, and back.

A codec is total on what the platform documents and raises ValueError, with a sentence that says what was expected, on
anything else. Adding a codec is a decision about the mapping language; adding a field is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from attrs import frozen

from migrator.cron import Cron, parse, render
from migrator.cron.answers import Decided
from migrator.errors import ScheduleError


@frozen
class Codec:
    """Two functions that undo each other; both take the dialect of the mapping, which only cron text needs."""

    read: Callable[[Any, str], Any]
    write: Callable[[Any, str], Any]


def _expect(value: Any, kind: type | tuple[type, ...], words: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(words)
    return value


def _text(value: Any, _dialect: str) -> str:
    return str(_expect(value, str, "a text"))


def _bool(value: Any, _dialect: str) -> bool:
    return bool(_expect(value, bool, "true or false"))


def _not(value: Any, _dialect: str) -> bool:
    return not _expect(value, bool, "true or false")


def _list(value: Any, _dialect: str) -> tuple[str, ...]:
    items = _expect(value, (list, tuple), "a list of texts")
    return tuple(str(_expect(item, str, "a list of texts")) for item in items)


def _user_message(value: Any, _dialect: str) -> str:
    """Return the text of a conversation that holds one message of the user, as LangChain's messages are written."""
    allowed = 'one message of the user: {"messages": [{"role": "user", "content": "…"}]}'
    messages = value.get("messages") if isinstance(value, dict) and set(value) == {"messages"} else None
    message = messages[0] if isinstance(messages, list) and len(messages) == 1 else None
    if not isinstance(message, dict) or set(message) - {"role", "type"} != {"content"}:
        raise ValueError(allowed)
    if {message.get("role", "user"), message.get("type", "user")} - {"user", "human"}:
        raise ValueError(allowed)
    return str(_expect(message["content"], str, allowed))


def read_time(value: Any) -> datetime:
    """An ISO 8601 text with a zone as an aware datetime in UTC.

    Raises:
        ValueError: no text, no date, or no zone.
    """
    return _known_time(_expect(value, str, "an ISO 8601 time with a zone"))


@lru_cache(maxsize=1024)
def _known_time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("an ISO 8601 time with a zone") from None
    if at.tzinfo is None:
        raise ValueError("an ISO 8601 time with a zone")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("an ISO 8601 time whose year in UTC is from 1 to 9999") from None


def write_time(value: datetime) -> str:
    """An aware datetime as ISO 8601 in UTC with Z."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_cron(value: Any, dialect: str) -> Cron:
    """A cron text in `dialect`.

    Raises:
        ValueError: no text.
        ScheduleError: it cannot be read.
    """
    return known_cron(_text(value, dialect), dialect)


@lru_cache(maxsize=8192)
def known_cron(text: str, dialect: str, decided: Decided = ()) -> Cron:
    """The meaning of a text; jobs that are due alike, and their copies, share one.

    Args:
        text: the expression.
        dialect: its dialect.
        decided: how it is read where engines disagree, as (question, answer) pairs.

    Raises:
        ScheduleError: it cannot be read.
    """
    return parse(text, dialect, reading=dict(decided))


def write_cron(value: Cron, dialect: str) -> str:
    """A schedule as text: as it was written if it comes from this dialect, else rendered.

    Raises:
        ScheduleError: it cannot be said in `dialect`.
    """
    return value.text if value.dialect == dialect and value.text else render(value, dialect)


PLAIN: Final = frozenset({str, bool, int, float, type(None)})
"""The types of most values: JSON as they are, which is soon seen."""


def freeze(value: Any) -> Any:
    """JSON with its lists as tuples, so that values compare and stay as they are."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    if isinstance(value, Mapping):
        return {key: freeze(item) for key, item in value.items()}
    return value


def thaw(value: Any) -> Any:
    """The reverse of `freeze`: plain JSON."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, list | tuple):
        return [thaw(item) for item in value]
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    return value


CODECS: Final[Mapping[str, Codec]] = {
    "text": Codec(_text, _text),
    "bool": Codec(_bool, _bool),
    "not": Codec(_not, _not),
    "list": Codec(_list, lambda value, _dialect: list(value)),
    "time": Codec(lambda value, _dialect: read_time(value), lambda value, _dialect: write_time(value)),
    "cron": Codec(read_cron, write_cron),
    "message": Codec(_user_message, lambda value, _dialect: {"messages": [{"role": "user", "content": value}]}),
    "json": Codec(lambda value, _dialect: freeze(value), lambda value, _dialect: thaw(value)),
}

__all__ = ["CODECS", "Codec", "ScheduleError", "freeze", "read_cron", "read_time", "thaw", "write_cron", "write_time"]
