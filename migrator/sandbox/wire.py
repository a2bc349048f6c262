"""What the simulators share on the wire: routes, refusals, times, ids, cursors, and how requests are read."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from migrator.sandbox.store import Json, Place

Page = Callable[[Request], Awaitable[Response]]

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_LONGEST_NUMBER: Final = 4000
"""Digits; Python reads no longer ones."""
_NAMESPACE: Final = uuid.UUID("6f6d6e69-6465-7669-6e73-637269700000")


class Answered(JSONResponse):
    """JSON as careless servers write it: what has no UTF-8 form is escaped, and NaN stands there as it is."""

    def render(self, content: Any) -> bytes:
        """The body."""
        try:
            return super().render(content)
        except ValueError:
            return json.dumps(content).encode()


class Refusal(Exception):  # noqa: N818 (an answer, not a fault of the simulator)
    """An answer other than success."""

    def __init__(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = headers


class Invalid(Exception):  # noqa: N818 (the same)
    """A field of a request that the provider would not take; each provider words it in its own shape.

    Args:
        field: its name, "" for the body as a whole.
        reason: what is wrong with it.
        received: the value.
        kind: the kind of error, for providers that name it.
        where: "body" or "query".
    """

    def __init__(
        self, field: str, reason: str, received: object = None, *, kind: str = "value_error", where: str = "body"
    ) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason
        self.received = received
        self.kind = kind
        self.where = where


def resource(path: str, **pages: Page) -> Route:
    """One path and its page for each method."""

    async def dispatch(request: Request) -> Response:
        return await pages["GET" if request.method == "HEAD" else request.method](request)

    route = Route(path, dispatch, methods=list(pages))
    route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")  # "$" lets a newline follow
    return route


def counted_id(*parts: object) -> uuid.UUID:
    """The id of the nth thing of a kind: the same in every run."""
    return uuid.uuid5(_NAMESPACE, "/".join(map(str, parts)))


def is_uuid(value: object) -> bool:
    """Whether a value is the text of a UUID."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def stamp(moment: datetime) -> str:
    """An instant as the providers write it: RFC 3339, UTC, "Z"."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def instant(text: object) -> datetime | None:
    """The instant that a text names; None when it names none or has no zone."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment and moment.tzinfo else None


def to_cursor(place: Place) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def cursor(request: Request) -> Place | None:
    """The place behind the query's cursor; None when there is none.

    Raises:
        Invalid: it is not a cursor that a list answered.
    """
    text = request.query_params.get("cursor")
    if not text:
        return None
    try:
        created, seq, key = json.loads(base64.urlsafe_b64decode(text.encode()))
        return (str(created), int(seq), str(key))
    except (ValueError, TypeError, OverflowError) as error:
        raise Invalid("cursor", "is not a valid cursor", text, where="query") from error


def whole_number(request: Request, name: str, default: int, low: int, high: int | None = None) -> int:
    """A number of the query.

    Raises:
        Invalid: it is no number, or out of bounds.
    """
    text = request.query_params.get(name, str(default))
    is_number = re.fullmatch(r"-?[0-9]+", text) and len(text) <= _LONGEST_NUMBER
    number = int(text) if is_number else low - 1
    if number < low or (high is not None and number > high):
        bounds = f"at least {low}" if high is None else f"between {low} and {high}"
        raise Invalid(name, f"must be a number, {bounds}", text, where="query")
    return number


async def json_object(request: Request) -> Json:
    """The request's body.

    Raises:
        Invalid: it is not a JSON object, or holds what JSON or Unicode has no place for.
    """
    raw = await request.body()
    try:
        body: Any = json.loads(raw, parse_constant=_no_number)
        if b"\\u" in raw:
            json.dumps(body, ensure_ascii=False).encode()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Invalid("", "must be a JSON object", kind="model_attributes_type")
    return body


def _no_number(name: str) -> object:
    raise ValueError(name)


def bearer(request: Request) -> str:
    """The bearer token, "" when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""
