"""The HTTP client that adapters are given: requests paced, sent again as far as is safe, failures named."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, Self

import attrs
from attrs import define, field

from migrator.http.clock import REAL, Clock
from migrator.http.connections import Connections
from migrator.http.credential import Credential
from migrator.http.failures import given_up, held_up, refused
from migrator.http.rate_limit import HeldError, Outcome, RateLimiter
from migrator.http.responses import Call, Kind, Response, json_answer
from migrator.http.retry import PATIENT, NoResponse, Retry, RetryState, may_change, throttled
from migrator.http.server_clock import ServerClock
from migrator.http.slots import Slots
from migrator.http.transport import Fence, Transport, always_open, encoded, host_of
from migrator.instrumentation import SILENT, Exchange, Instrumentation
from migrator.redaction import hiding

log = logging.getLogger(__name__)

TIMEOUT: Final = 60.0
LISTING_TIMEOUT: Final = 1800.0
_KINDS: Final[Mapping[str, Kind]] = {"GET": "read", "HEAD": "read", "OPTIONS": "read", "POST": "create"}
_NEWEST: Final = 0.1
"""The weight of one answer in the average latency."""


@define(kw_only=True)
class Client:
    """One connection's way to its platform; use it as an async context manager.

    Attributes:
        provider: the platform's name, for messages.
        base_url: every path is appended to it.
        secret: the token; it appears in no message.
        headers: the headers that carry the token.
        rate_limiter: shared by everybody who shares the platform's limit.
        concurrency: requests in flight at once, at least where `most` is more.
        most: requests in flight at once, where answers take so long that it needs more than `concurrency` to use the
            rate; None for no more than that.
        retry: how long to keep trying.
        clock: time and chance.
        is_quota: tells from the body of a 429 whether waiting cannot help.
        advice: says what to do about a refusal, as far as the platform is known; "" where nothing particular is.
        kept_in: where the token is kept, as the config file says; "" where that is not known.
        renew: reads the token again when it is no longer accepted; None where that cannot help.
        timeout: seconds that one exchange may take, to the last byte of the answer; connecting may take a sixth of it.
        listing_timeout: seconds that reading a whole list may take.
        transport: what carries requests, None for the network.
        fence: asked right before every request leaves; raises when nothing more may be sent.
        instrumentation: told of every request.
        requests: how many have been sent, retries included.
        heard: the headers of the latest answer, names in lower case: what the platform says of its clock and limits.
    """

    provider: str
    base_url: str
    secret: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    rate_limiter: RateLimiter = field(repr=False)
    concurrency: int = field(default=8, validator=attrs.validators.ge(1))
    most: int | None = None
    retry: Retry = PATIENT
    clock: Clock = field(default=REAL, repr=False)
    is_quota: Callable[[Any], bool] = field(default=lambda _body: False, repr=False)
    advice: Callable[[Call, Response], str] = field(default=lambda _call, _reply: "", repr=False)
    kept_in: str = ""
    renew: Callable[[], str] | None = field(default=None, repr=False)
    timeout: float = TIMEOUT
    listing_timeout: float = LISTING_TIMEOUT
    transport: Transport | None = field(default=None, repr=False)
    fence: Fence = field(default=always_open, repr=False)
    instrumentation: Instrumentation = field(default=SILENT, repr=False)
    _hide: Callable[[str], str] | None = field(default=None, repr=False)
    requests: int = field(default=0, init=False)
    heard: Mapping[str, str] = field(factory=dict, init=False, repr=False)
    _connections: Connections = field(init=False, repr=False)
    _host: str = field(init=False, repr=False)
    _credential: Credential = field(init=False, repr=False)
    _there: ServerClock = field(init=False, repr=False)
    _slots: Slots = field(init=False, repr=False)
    _latency: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._host = host_of(self.base_url)
        self._slots = Slots(lambda: self.slots)
        self._credential = Credential(secret=self.secret, kept_in=self.kept_in, renew=self.renew)
        self._there = ServerClock(provider=self.provider, now=self.clock.now, warn=self.instrumentation.warn)
        self._connections = Connections(
            base_url=self.base_url,
            headers=self.headers,
            credential=self._credential,
            timeout=self.timeout,
            transport=self.transport,
            fence=self.fence,
            hide=self.hide,
        )

    @property
    def slots(self) -> int:
        """Requests that may be in flight at once: as many as keep the rate in use at the latency seen so far."""
        enough = math.ceil((self.rate_limiter.per_second or 0.0) * self._latency) + 1
        return max(self.concurrency, min(enough, self.most or self.concurrency))

    @property
    def ahead(self) -> timedelta | None:
        """How far the platform's clock was ahead of ours where they were furthest apart; None where it is not known."""
        return self._there.ahead

    @property
    def received(self) -> int:
        """Bytes of the bodies of all answers."""
        return self._connections.received

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._connections.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        kind: Kind | None = None,
        job: str = "",
        version: str = "",
    ) -> dict[str, Any] | None:
        """Send a request and return the JSON object of the answer, None when the answer has no body.

        Args and errors: as of `request_json`.
        """
        answer: dict[str, Any] | None = await self.request_json(
            dict, method, path, params=params, json=json, kind=kind, job=job, version=version
        )
        return answer

    async def request_json(
        self,
        shape: type[dict[str, Any] | list[Any]],
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        kind: Kind | None = None,
        job: str = "",
        version: str = "",
    ) -> Any:
        """Send a request and return the JSON of the answer, None when the answer has no body.

        Args:
            shape: what the answer must be: a JSON object or a list.
            method: HTTP method.
            path: below `base_url`, already quoted.
            params: query.
            json: body; every try sends the same bytes, which is what makes a write safe to repeat.
            kind: what sending it twice would do; by default what the method promises.
            job: the job's name, for messages.
            version: what the job must still be at (If-Match); "" for any.

        Raises:
            ProviderError: one of its subclasses; `retry` says which when.
        """
        call = self._call(method, path, params, json, kind or _KINDS.get(method, "write"), job, version)
        reply = await self._send(call)
        return json_answer(call, reply, shape, self._credential.secrets)

    async def status_of(
        self, method: str, path: str, *, params: Mapping[str, str | int] | None = None, json: Any = None
    ) -> tuple[int, Mapping[str, str]]:
        """The status and headers of the answer to a harmless request, good or bad; the body is not looked at.

        Raises:
            ProviderError: no answer that says anything (5xx, 429, no connection) in all tries.
        """
        reply = await self._send(self._call(method, path, params, json, "read"), any_answer=True)
        return reply.status, reply.headers

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None,
        json: Any,
        kind: Kind,
        job: str = "",
        version: str = "",
    ) -> Call:
        where = self.where(method, path, job)
        body = None if json is None else encoded(json, where)
        return Call(method=method, path=path, params=params, body=body, kind=kind, where=where, version=version)

    def where(self, method: str, path: str, job: str = "") -> str:
        """How messages name a request: "POST acme /v1/jobs (job Weekly)"."""
        return self.hide(f"{method} {self.provider} {path}" + (f" (job {job})" if job else ""))

    def hide(self, text: str) -> str:
        """Return a text without secrets: those that the caller hides, or else the tokens of this connection."""
        return (self._hide or hiding(self._credential.secrets).hide)(text)

    async def _send(self, call: Call, *, any_answer: bool = False) -> Response:
        """Send `call` until something final comes back; return it, or raise what it means."""
        retries = RetryState(call=call, retry=self.retry, started=self.clock.monotonic())
        async with self._slots:
            while True:
                answer, wait = await self._once(retries)
                if isinstance(answer, Response) and (not may_change(answer) or self._quota(answer)):
                    gone = answer.status == HTTPStatus.NOT_FOUND and call.method == "DELETE" and retries.perhaps_done
                    if answer.ok or gone or any_answer:
                        return answer
                    unknown = answer.status == HTTPStatus.UNAUTHORIZED
                    advice = self._credential.advice if unknown else self.advice(call, answer)
                    secrets, is_quota = self._credential.secrets, self._quota(answer)
                    raise refused(retries, answer, secrets, is_quota=is_quota, advice=advice)
                retries.note(answer)
                if wait is None:
                    wait = self.retry.backoff.delay(retries.failures - 1, self.clock.random())
                elif not throttled(answer):  # so that those who were sent away together do not come back together
                    wait += self.retry.backoff.first * self.clock.random()
                if not retries.may_go_on(self.clock.monotonic() + wait):
                    raise given_up(retries, answer, self._credential.secrets, wait=wait)
                if not throttled(answer):  # after a 429 the pacer holds everybody back, us too
                    await self.clock.sleep(wait)

    async def _once(self, retries: RetryState) -> tuple[Response | NoResponse, float | None]:
        """One try, and another where the token was replaced meanwhile: a 401 proves that nothing was done."""
        call = retries.call
        while True:
            if call.kind != "read":
                self._there.check(call.where)
            try:
                answer, wait = await self._try(call, retries.tries + 1)
            except HeldError as error:
                raise held_up(retries, error.seconds) from None
            if not isinstance(answer, Response) or answer.status != HTTPStatus.UNAUTHORIZED:
                return answer, wait
            renewal = await self._credential.renewed(answer.token, may_read=not retries.renewed)
            if renewal == "no":
                return answer, wait
            retries.renewed |= renewal == "read"

    async def _try(self, call: Call, nth: int) -> tuple[Response | NoResponse, float | None]:
        """Send one try; return its result, and how many seconds to wait before another, where known."""
        turn = await self.rate_limiter.turn(patience=self.retry.seconds)
        self.requests += 1
        outcome: Outcome = "lost"
        asked: float | None = None
        remaining: int | None = None
        try:
            answer = await self._exchange(call)
            if isinstance(answer, Response):
                outcome = "throttled" if throttled(answer) and not self._quota(answer) else "through"
                asked, remaining = answer.wait(self.clock.now()), answer.remaining
        finally:
            wait = self.rate_limiter.answered(turn, outcome, asked=asked, remaining=remaining)
        exchange = Exchange(
            provider=self.provider,
            host=self._host,
            method=call.method,
            path=self.hide(call.path),
            is_write=call.kind != "read",
            nth=nth,
            status=answer.status if isinstance(answer, Response) else None,
            is_throttled=outcome == "throttled",
            seconds=self.clock.monotonic() - turn.since,
        )
        self.instrumentation.exchange(exchange)
        if isinstance(answer, Response):
            self._latency += (exchange.seconds - self._latency) * (_NEWEST if self._latency else 1.0)
        came = answer.status if isinstance(answer, Response) else answer.what
        log.debug("%s %s -> %s in %.0f ms, try %d", call.method, exchange.path, came, exchange.seconds * 1000, nth)
        return answer, wait

    async def _exchange(self, call: Call) -> Response | NoResponse:
        sent = self.clock.now()
        answer = await self._connections.exchange(call)
        if isinstance(answer, Response):
            self.heard = answer.headers
            if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                self._there.note(answer.headers, sent=sent)
                if answer.status != HTTPStatus.UNAUTHORIZED:
                    self._credential.accepted()
        return answer

    def _quota(self, reply: Response) -> bool:
        return reply.status == HTTPStatus.TOO_MANY_REQUESTS and self.is_quota(reply.parsed())
