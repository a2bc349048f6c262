"""Request limits, measured on a clock that is passed in."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Protocol

from attrs import define, field


class RequestLimit(Protocol):
    """How many requests a key may send."""

    def admit(self, key: str, now: float) -> float:
        """Count a request: 0 when it is admitted, else the seconds until the next one would be."""
        ...

    def remaining(self, key: str, now: float) -> int:
        """How many requests would be admitted now."""
        ...


@define
class SlidingWindow:
    """At most `count` requests in any `seconds` seconds."""

    count: int
    seconds: float
    _sent: defaultdict[str, deque[float]] = field(factory=lambda: defaultdict(deque), init=False, repr=False)

    def admit(self, key: str, now: float) -> float:
        """See `RequestLimit`."""
        if not self.remaining(key, now):
            return self._sent[key][0] + self.seconds - now
        self._sent[key].append(now)
        return 0.0

    def remaining(self, key: str, now: float) -> int:
        """See `RequestLimit`."""
        sent = self._sent[key]
        while sent and sent[0] <= now - self.seconds:
            sent.popleft()
        return self.count - len(sent)


@define
class TokenBucket:
    """`burst` requests at once, refilled at `rate` a second."""

    rate: float
    burst: int
    _level: dict[str, tuple[float, float]] = field(factory=dict, init=False, repr=False)

    def admit(self, key: str, now: float) -> float:
        """See `RequestLimit`."""
        level = self._filled(key, now)
        if level < 1:
            self._level[key] = (level, now)
            return (1 - level) / self.rate
        self._level[key] = (level - 1, now)
        return 0.0

    def remaining(self, key: str, now: float) -> int:
        """See `RequestLimit`."""
        return int(self._filled(key, now))

    def _filled(self, key: str, now: float) -> float:
        level, then = self._level.get(key, (float(self.burst), now))
        return min(float(self.burst), level + (now - then) * self.rate)
