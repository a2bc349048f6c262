"""What an answer means: the error that it stands for, the message inside, how long to wait; never a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, Literal

from attrs import field, frozen

from migrator.errors import AuthError, NotFoundError, ProtocolError, ProviderError, RejectedError, UncertainError
from migrator.http.bodies import FaultError, decoded
from migrator.http.server_clock import server_time

Kind = Literal["read", "write", "create"]
"""read: changes nothing. write: sending it twice does what sending it once does. create: sending it twice makes two."""

REDACTED: Final = "[redacted]"
_SHAPES: Final[Mapping[type, str]] = {dict: "object", list: "list"}
_SHOWN: Final = 300
_SEARCHED: Final = 8_000
"""Characters of a text that are looked at; what is shown of it is near its beginning."""
_COMPLAINTS: Final = 20
_DIGITS: Final = 18
_UNIX_TIME: Final = 1_000_000_000  # a smaller number of seconds is a duration
_HEADER: Final = re.compile(
    r"""((?:proxy-)?authorization|x-api-key|api[-_]?key)(["']?\s*[:=]\s*["']?)((?:bearer|basic)\s+)?[^\s"',;}<]+""",
    re.IGNORECASE,
)
_BEARER: Final = re.compile(r"\bbearer\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_ALIEN_HINT: Final = "check that base_url is the API's address, and that no proxy or sign-in page answers for it"


@frozen(kw_only=True)
class Call:
    """One request as its caller means it; `where` is how messages name it, `version` what it goes out against."""

    method: str
    path: str
    kind: Kind
    where: str
    params: Mapping[str, str | int] | None = field(default=None, repr=False)
    body: bytes | None = field(default=None, repr=False)
    version: str = ""


@frozen(kw_only=True)
class Response:
    """An answer.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
        body: as sent, decompressed.
        fault: why the body could not be read; then it is empty.
        token: the token that was sent for it.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    fault: str = ""
    token: str = field(default="", repr=False)

    @property
    def ok(self) -> bool:
        """Whether the platform says that it did what was asked."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def text(self) -> str:
        """The body for people: what is not UTF-8 in it is shown as such."""
        return self.body.decode("utf-8", "replace")

    def decoded(self) -> Any:
        """The body as JSON; None when it is empty.

        Raises:
            FaultError: it cannot be read.
        """
        if self.fault:
            raise FaultError(self.fault)
        return decoded(self.body) if self.body.strip() else None

    def parsed(self) -> Any:
        """The body as JSON; None when it is empty or cannot be read."""
        try:
            return self.decoded()
        except FaultError:
            return None

    @property
    def remaining(self) -> int | None:
        """How many more requests the platform would take now (X-RateLimit-Remaining)."""
        text = self.headers.get("x-ratelimit-remaining", "").strip()
        return int(text) if text.isdecimal() and text.isascii() and len(text) <= _DIGITS else None

    def wait(self, now: datetime) -> float | None:
        """Return the seconds that the platform asks for: Retry-After (seconds or a date), else X-RateLimit-Reset.

        A date counts from the Date of the answer, so that a clock that is off does not matter; from `now` without one.
        """
        now = server_time(self.headers) or now
        after = _seconds(self.headers.get("retry-after", ""), now)
        if after is None and self.status == HTTPStatus.TOO_MANY_REQUESTS:
            after = _seconds(self.headers.get("x-ratelimit-reset", ""), now)
        return after


def _seconds(text: str, now: datetime) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        try:
            date = parsedate_to_datetime(text)
            return max(0.0, ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now) / timedelta(seconds=1))
        except (ValueError, TypeError, OverflowError):  # no date, or one of no year that there is
            return None
    if not 0 <= number < float("inf"):
        return None
    return number if number < _UNIX_TIME else max(0.0, number - now.timestamp())


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` without `secrets` and without anything that reads like a credential header."""
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return _BEARER.sub(f"Bearer {REDACTED}", _HEADER.sub(rf"\1\2{REDACTED}", text))


def message(text: str, secrets: Iterable[str] = ()) -> str:
    """The human part of an error body in one short line, out of any wrapping.

    Known shapes: {detail, status}, {error, message}, SCIM {schemas, detail}, {detail: [{loc, msg}]},
    {code, message, details: {field, reason} or a list of them}, HTML, plain text, nothing.
    """
    try:
        said = _said(decoded(text.encode("utf-8", "replace"))) or text
    except FaultError:
        text = _beginning(text)
        title = _title(text)
        said = f"HTML page '{title}'" if title else "HTML page" if text.lstrip().startswith("<") else text
    line = redact(" ".join(_beginning(said).split()), secrets)
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def _beginning(text: str) -> str:
    """A long text up to the last word that is whole, so that no half of a secret is left of it."""
    if len(text) <= _SEARCHED:
        return text
    words = text[:_SEARCHED].rsplit(None, 1)
    return words[0] if len(words) > 1 else text[:_SEARCHED]


def _title(text: str) -> str:
    """The title of an HTML page; "" when it has none."""
    said = text.lower()
    start = said.find(">", said.find("<title")) + 1 if "<title" in said else 0
    end = said.find("</title", start) if start else -1
    return text[start:end].strip() if end > 0 and len(said) == len(text) else ""


def _said(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    label = next((body[k] for k in ("code", "error", "scimType") if isinstance(body.get(k), str)), "")
    text = next((body[k] for k in ("message", "detail", "error_description") if body.get(k)), "")
    if isinstance(text, list):
        text = "; ".join(map(_complaint, text[:_COMPLAINTS]))
    parts = [p for p in (label, text if isinstance(text, str) else json.dumps(text)) if p]
    details = body.get("details") or []
    listed = details[:_COMPLAINTS] if isinstance(details, list) else [details]
    if complaints := "; ".join(map(_complaint, listed)):
        parts.append(complaints)
    return ": ".join(parts)


def _complaint(item: Any) -> str:
    """One entry of a validation error: where, and what is wrong there."""
    if not isinstance(item, dict):
        return str(item)
    place = item.get("field") or ".".join(map(str, item.get("loc") or ()))
    texts = [str(item[k]) for k in ("reason", "msg", "message") if item.get(k)]
    texts += [f"{label} {item[k]!r}" for k, label in (("expected", "expected"), ("received", "got")) if k in item]
    return f"{place} {', '.join(texts)}".strip()


def refusal(call: Call, reply: Response, secrets: Iterable[str], *, advice: str = "") -> ProviderError:
    """Return the error for an answer that is final: a 3xx or a 4xx that says no to the request itself.

    Args:
        call: the request.
        reply: the answer.
        secrets: what no message shows.
        advice: what to do about it, where that is known better than from the status alone.
    """
    status = reply.status
    facts: dict[str, Any] = {"where": call.where, "status": status, "body": message(reply.text, secrets)}
    match status:
        case HTTPStatus.UNAUTHORIZED:
            hint = advice or "check the token of this connection"
            return AuthError("the token is not accepted", hint=hint, **facts)
        case HTTPStatus.FORBIDDEN:
            hint = advice or "check the permissions of this connection's token, and that the feature is switched on"
            return AuthError("the token may not do this", hint=hint, **facts)
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            known = isinstance(reply.parsed(), dict)
            hint = (advice or "it was deleted, or this token may not see it") if known else _ALIEN_HINT
            return NotFoundError("not found", hint=hint, **facts)
        case HTTPStatus.METHOD_NOT_ALLOWED:
            facts["allowed"] = reply.headers.get("allow", "")
            hint = advice or "check base_url"
            return RejectedError("the platform does not know this method here", hint=hint, **facts)
        case HTTPStatus.PRECONDITION_FAILED if call.version:
            hint = "nothing was changed: plan again"
            return RejectedError("the job was changed since it was read", hint=hint, **facts)
        case HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            hint = "put user and password into the proxy's URL, or the platform's host into NO_PROXY"
            return RejectedError("the proxy asks for a password", hint=hint, **facts)
        case _ if status < HTTPStatus.BAD_REQUEST:
            return _unexpected(call, reply, "the platform redirects elsewhere", secrets)
        case _:
            hint = advice or "the platform's message says what to change"
            return RejectedError("the platform refused the request", hint=hint, **facts)


def json_answer(
    call: Call, reply: Response, shape: type[dict[str, Any] | list[Any]], secrets: Iterable[str]
) -> dict[str, Any] | list[Any] | None:
    """Return the JSON of an answer, None when it has no body.

    Raises:
        ProtocolError: it is no JSON of this shape.
        UncertainError: likewise, after a write.
    """
    try:
        answer = reply.decoded()
    except FaultError as error:
        raise _unexpected(call, reply, f"the answer {error}", secrets) from None
    if answer is None and not reply.body.strip():
        return None
    if not isinstance(answer, shape):
        raise _unexpected(call, reply, f"the answer is not a JSON {_SHAPES[shape]}", secrets)
    return answer


def _unexpected(call: Call, reply: Response, what: str, secrets: Iterable[str]) -> ProviderError:
    """The error for an answer that the platform does not document: after a write its outcome is unknown."""
    error = ProtocolError if call.kind == "read" else UncertainError
    facts: dict[str, Any] = {"where": call.where, "status": reply.status, "body": message(reply.text, secrets)}
    return error(what, hint=_ALIEN_HINT, **facts)
