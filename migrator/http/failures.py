"""The errors that a call ends with: refused by the platform, or given up after every try that is safe."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from migrator.errors import NotFoundError, ProviderError, QuotaError, TransientError, UncertainError
from migrator.http.responses import Response, message, refusal
from migrator.http.retry import NoResponse, RetryState, throttled
from migrator.http.server_clock import lasting

_READ_BACK: Final = "read the job back before sending anything again"
_LATER: Final = "try later, or lower the rate of this connection"
_CERTIFICATE: Final = "CERTIFICATE_VERIFY_FAILED"
_PRIVATE: Final = "behind a private authority, set SSL_CERT_FILE to its certificates; see docs/network.md"


def refused(
    effort: RetryState, reply: Response, secrets: Iterable[str], *, is_quota: bool, advice: str = ""
) -> ProviderError:
    """Return the error for an answer that no further try can change."""
    call = effort.call
    error: ProviderError
    if is_quota:
        hint = "waiting does not help: make room, or ask the platform for more"
        body = message(reply.text, secrets)
        error = QuotaError("a quota is used up", where=call.where, status=reply.status, body=body, hint=hint)
    else:
        error = refusal(call, reply, secrets, advice=advice)
    if not effort.perhaps_done or isinstance(error, NotFoundError):
        return error
    what = f"an earlier try may have worked, and the last one says: {error.what}"
    return UncertainError(what, where=call.where, status=error.status, body=error.body, hint=_READ_BACK)


def given_up(
    effort: RetryState, answer: Response | NoResponse, secrets: Iterable[str], *, wait: float
) -> ProviderError:
    """Return the error for a call that is not tried once more.

    Args:
        effort: its tries so far.
        answer: what the last one came to.
        secrets: what no message shows.
        wait: seconds until the next try would have been.
    """
    times = "" if effort.tries == 1 else f" after {effort.tries} tries"
    status: int | None = None
    body = ""
    if isinstance(answer, NoResponse):
        what = f"{answer.what}{times}"
        hint = _PRIVATE if _CERTIFICATE in answer.what else "check base_url and the network"
    else:
        status, body = answer.status, message(answer.text, secrets)
        what, hint = f"the platform failed{times}", "try later"
        if throttled(answer):
            what, hint = f"still throttled{times}", _LATER
        if wait > effort.retry.seconds:
            what = f"{what}; {too_long(wait, effort.retry.seconds)}"
            hint = f"try again in {lasting(wait)}"
    return _ended(effort, what, status=status, body=body, hint=hint)


def held_up(effort: RetryState, seconds: float) -> ProviderError:
    """Return the error for a call that is not sent, because the platform has asked for a wait that is too long."""
    what = f"not sent: after a request before it, {too_long(seconds, effort.retry.seconds)}"
    return _ended(effort, what, hint=f"try again in {lasting(seconds)}")


def too_long(wait: float, limit: float) -> str:
    """Return the words for a wait that the platform asks for and that no run sits out."""
    return f"the platform asks to wait {lasting(wait)}, and a request waits {lasting(limit)} at most"


def _ended(effort: RetryState, what: str, *, status: int | None = None, body: str = "", hint: str) -> ProviderError:
    if effort.perhaps_done:
        what = f"{what}; the request may have worked all the same"
        return UncertainError(what, where=effort.call.where, status=status, body=body, hint=_READ_BACK)
    return TransientError(what, where=effort.call.where, status=status, body=body, hint=hint)
