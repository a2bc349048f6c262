"""Turns: how fast requests may go out, and who waits when a platform says 429.

A request counts against its limit from the moment it is sent, and its allowance comes back only when the answer has
come: the platform counted it somewhere between the two, so counting it for longer than the platform does can never
break the limit, however the latency varies.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import deque
from typing import Final, Literal, Protocol

from attrs import field, frozen

from migrator.errors import UsageError
from migrator.http.clock import REAL, Clock

_PERIODS: Final = {"s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0}
_RATE: Final = re.compile(r"\s*(\d+)\s*/\s*([a-z]+)(?:\s+burst\s+(\d+))?\s*", re.IGNORECASE)
_RATE_FORM: Final = '"60/min", "10/s", "100/s burst 20" (s, min or h)'
_EPSILON: Final = 1e-9
_RECOVERY: Final = 0.01
"""The share of the rate that an answer brings back after a 429."""
_LEAST: Final = 1 / 16
"""The share of the rate that is left after 429 upon 429."""

Outcome = Literal["through", "throttled", "lost"]
"""The result of a request: an answer, a 429, or no answer."""


@frozen(kw_only=True)
class Rate:
    """A limit on requests.

    Attributes:
        count: requests in a period.
        period: seconds.
        burst: None means "at most `count` in any period" (a sliding window); a number means that the allowance
            refills evenly and that up to `burst` requests may go at once (a token bucket).
    """

    count: int
    period: float
    burst: int | None = None

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read "500/min", "10/s" or "100/s burst 20".

        Raises:
            UsageError: it is written in another way, or nothing could ever be sent.
        """
        match = _RATE.fullmatch(text)
        period = _PERIODS.get(match[2].lower()) if match else None
        if match is None or period is None:
            raise UsageError("not a rate", actual=repr(text), allowed=_RATE_FORM)
        rate = cls(count=int(match[1]), period=period, burst=int(match[3]) if match[3] else None)
        if rate.count < 1 or rate.burst == 0:
            raise UsageError("a rate must be above zero", actual=repr(text), allowed="numbers from 1")
        return rate


class _Limit(Protocol):
    def wait(self, now: float, in_flight: int) -> float:
        """Seconds until one more may go; infinite when only an answer can free a place."""

    def answered(self, now: float) -> None:
        """A request came back: from now on its place is on the way to being free."""

    def at_most(self, free: int, now: float, in_flight: int) -> None:
        """The platform says that only `free` more may go now: others use the same allowance."""

    def exhausted(self, until: float, in_flight: int) -> None:
        """The platform let nothing more through, and will not before `until`."""

    def slow(self, share: float, now: float) -> None:
        """From now on only this share of the rate is used."""


class _Window:
    """At most `count` requests in any `period` seconds."""

    def __init__(self, count: int, period: float) -> None:
        self._whole = self._count = count
        self._period = period
        self._answers: deque[float] = deque()

    def _free(self, now: float, in_flight: int) -> int:
        while self._answers and self._answers[0] + self._period <= now + _EPSILON:
            self._answers.popleft()
        return self._count - in_flight - len(self._answers)

    def wait(self, now: float, in_flight: int) -> float:
        if self._free(now, in_flight) > 0:
            return 0.0
        return self._answers[0] + self._period - now if self._answers else math.inf

    def answered(self, now: float) -> None:
        self._answers.append(now)

    def at_most(self, free: int, now: float, in_flight: int) -> None:
        """Nothing to note: a platform that counts by another rule than this window refills in its own time."""

    def exhausted(self, until: float, in_flight: int) -> None:
        """Nothing to note: who else used the window up, and when, is not known."""

    def slow(self, share: float, now: float) -> None:  # noqa: ARG002 (the protocol's; what has gone stays counted)
        self._count = max(1, math.floor(self._whole * share + _EPSILON))


class _Bucket:
    """`burst` requests at once, refilled at `rate` a second; `_debt` is what has been taken and not yet refilled."""

    def __init__(self, rate: float, burst: int) -> None:
        self._whole = self._rate = rate
        self._burst = burst
        self._debt = 0.0
        self._since = 0.0

    def _free(self, now: float, in_flight: int) -> float:
        if now > self._since:
            self._debt = max(0.0, self._debt - self._rate * (now - self._since))
            self._since = now
        return self._burst - self._debt - in_flight

    def wait(self, now: float, in_flight: int) -> float:
        lacking = 1 - self._free(now, in_flight)
        if lacking <= _EPSILON:
            return 0.0
        return math.inf if lacking > self._debt + _EPSILON else lacking / self._rate

    def answered(self, now: float) -> None:
        self._free(now, 0)
        self._debt += 1

    def at_most(self, free: int, now: float, in_flight: int) -> None:
        # Platforms report whole tokens, so being up to one apart is agreement.
        self._debt += max(0.0, self._free(now, in_flight) - free - 1)

    def exhausted(self, until: float, in_flight: int) -> None:
        self._debt = max(self._debt, float(self._burst - in_flight))
        self._since = max(self._since, until)

    def slow(self, share: float, now: float) -> None:
        self._free(now, 0)
        self._rate = self._whole * share


@frozen(kw_only=True)
class Backoff:
    """How long to wait when the platform does not say: `first` seconds, doubled each time up to `most`, jittered."""

    first: float = 0.5
    most: float = 30.0

    def delay(self, nth: int, chance: float) -> float:
        """The wait after failure number `nth` (from 0): between half of the full wait and all of it."""
        full = min(self.most, self.first * 2.0 ** min(nth, 32))
        return full * (0.5 + 0.5 * chance)


class HeldError(Exception):
    """The platform has asked everybody to wait `seconds`, which is longer than this request may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@frozen
class Permit:
    """The right to send one request; `since` is the pacer's time at which it was given."""

    since: float = field(repr=False)


class RateLimiter:
    """Gives turns to everybody who shares one limit: clients with the same key, or keys of one organisation.

    After a 429 no request is sent until the time that the platform named has passed; then one request goes alone, and
    the others follow once it got through, at half of the rate from before. Each further answer brings a hundredth of
    the whole rate back, so that a platform that allows less than it documents is met at what it allows.
    """

    def __init__(self, rate: Rate | None = None, *, clock: Clock = REAL, backoff: Backoff | None = None) -> None:
        self._clock = clock
        self._backoff = backoff or Backoff(first=1.0)
        self._rate = rate
        self._limit = _limit(rate)
        self._share = 1.0
        self._queue = asyncio.Lock()
        self._answer = asyncio.Event()
        self._in_flight = 0
        self._blocked_until = 0.0
        self._throttled_at = -math.inf
        self._throttles = 0
        self._next_turn = -math.inf

    @property
    def until_turn(self) -> float:
        """Seconds until the next turn of a request that waits now; 0 when none waits."""
        return max(0.0, self._next_turn - self._clock.monotonic())

    @property
    def per_second(self) -> float | None:
        """Requests that the limit allows in the long run; None where there is no limit."""
        return self._rate.count / self._rate.period if self._rate else None

    def restrict(self, rate: Rate) -> None:
        """Somebody else shares this limit, and knows it as another rate: the slower one holds for both."""
        known = self.per_second
        if known is None or rate.count / rate.period < known:
            self._rate, self._limit = rate, _limit(rate)

    async def turn(self, *, patience: float = math.inf) -> Permit:
        """Wait, first come first served, until one more request may go; give the turn back with `answered`.

        Raises:
            HeldError: the platform has asked everybody to wait longer than `patience` seconds.
        """
        async with self._queue:
            while (wait := self._wait()) > 0:
                if (held := self._blocked_until - self._clock.monotonic()) > patience:
                    raise HeldError(held)
                if math.isinf(wait):
                    self._answer.clear()
                    await self._answer.wait()
                else:
                    self._next_turn = self._clock.monotonic() + wait
                    await self._clock.sleep(wait)
            self._in_flight += 1
            return Permit(self._clock.monotonic())

    def _wait(self) -> float:
        now = self._clock.monotonic()
        if self._blocked_until > now:
            return self._blocked_until - now
        if self._throttles and self._in_flight:
            return math.inf  # one goes ahead to see whether the platform lets us in again
        return self._limit.wait(now, self._in_flight) if self._limit else 0.0

    def answered(
        self, turn: Permit, outcome: Outcome, *, asked: float | None = None, remaining: int | None = None
    ) -> float | None:
        """Give a turn back.

        Args:
            turn: the one that `turn()` gave.
            outcome: the result of the request.
            asked: seconds that the platform asks to wait, None when it does not say.
            remaining: how many more the platform would take now, when it says so.

        Returns:
            Seconds to wait before another try: `asked`, and after a 429 until the next turn is given to anybody.
        """
        now = self._clock.monotonic()
        self._in_flight -= 1
        news = turn.since >= self._throttled_at  # what was sent before the last 429 was known says nothing about now
        if outcome == "through" and news:
            self._throttles = 0
            self._use(min(1.0, self._share + _RECOVERY), now)
        if self._limit:
            self._limit.answered(now)
            if remaining is not None:
                self._limit.at_most(remaining, now, self._in_flight)
        if outcome == "throttled":
            self._block(now, asked, news=news)
            asked = self._blocked_until - now
        self._answer.set()
        return asked

    def _block(self, now: float, asked: float | None, *, news: bool) -> None:
        if news:
            own = self._backoff.delay(self._throttles, self._clock.random())
            self._throttles += 1
            self._throttled_at = now
            self._use(max(_LEAST, self._share / 2), now)
        else:
            own = 0.0
        self._blocked_until = max(self._blocked_until, now + (own if asked is None else asked))
        if self._limit:
            self._limit.exhausted(self._blocked_until, self._in_flight)

    def _use(self, share: float, now: float) -> None:
        """Go on at this share of the rate."""
        if self._limit and share != self._share:
            self._limit.slow(share, now)
        self._share = share


def _limit(rate: Rate | None) -> _Limit | None:
    if rate is None:
        return None
    if rate.burst is None:
        return _Window(rate.count, rate.period)
    return _Bucket(rate.count / rate.period, rate.burst)
