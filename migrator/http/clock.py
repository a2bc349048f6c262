"""Time and chance, as values that a test can replace."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from attrs import frozen


def _utc_now() -> datetime:
    return datetime.now(UTC)


@frozen(kw_only=True)
class Clock:
    """What the transport asks of the world.

    Attributes:
        now: the wall clock, aware; only for dates that a server sends.
        monotonic: seconds that never run backwards; every interval is measured with it.
        sleep: waits that many seconds.
        random: a number in [0, 1), for jitter.
    """

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random


REAL: Final = Clock()
