"""What may be sent again, and for how long.

RFC 9110 §9.2.2, and what the platforms document, which is that none has idempotency keys:

    what came back                                      read    write   create
    429, a throttle                                     again   again   again       it did not happen
    no connection, so nothing was sent                  again   again   again       it did not happen
    5xx, 408, connection lost, no answer in time        again   again   uncertain   it may have happened
    429, a quota; any other 4xx; a redirect             final   final   final
    2xx that is no JSON object                          protocol error; uncertain after a write or create
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from attrs import define, field, frozen

from migrator.http.rate_limit import Backoff
from migrator.http.responses import Call, Response


@frozen(kw_only=True)
class Retry:
    """How long to keep trying.

    Attributes:
        failures: tries that may fail (5xx, no connection, no answer) before giving up.
        throttles: 429s that are waited out before giving up.
        seconds: no new try starts later than this after the first.
        backoff: waits between tries when the platform names none.
    """

    failures: int = 6
    throttles: int = 12
    seconds: float = 300.0
    backoff: Backoff = field(factory=Backoff)


PATIENT: Final = Retry()


@frozen
class NoResponse:
    """No answer came; `sent` tells whether the platform may have seen the request."""

    what: str
    sent: bool


@define
class RetryState:
    """The tries that one call has had so far; `renewed` says whether it has read the token again."""

    call: Call
    retry: Retry
    started: float
    failures: int = 0
    throttles: int = 0
    perhaps_done: bool = False
    renewed: bool = False

    @property
    def tries(self) -> int:
        """How many there were."""
        return self.failures + self.throttles

    def note(self, answer: Response | NoResponse) -> None:
        """Count a try that did not work."""
        if throttled(answer):
            self.throttles += 1
            return
        self.failures += 1
        if self.call.kind != "read" and (isinstance(answer, Response) or answer.sent):
            self.perhaps_done = True

    def may_go_on(self, then: float) -> bool:
        """Whether another try is safe and still within bounds at the time `then`."""
        safe = not (self.call.kind == "create" and self.perhaps_done)
        few = self.failures < self.retry.failures and self.throttles < self.retry.throttles
        return safe and few and then - self.started <= self.retry.seconds


def throttled(answer: Response | NoResponse) -> bool:
    """Whether the platform said 429."""
    return isinstance(answer, Response) and answer.status == HTTPStatus.TOO_MANY_REQUESTS


def may_change(reply: Response) -> bool:
    """Whether the same request may get another answer later."""
    busy = reply.status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
    return busy or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
