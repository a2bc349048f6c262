"""Turns: nobody is faster than the limit, and nobody is slower than it takes."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from migrator.errors import UsageError
from migrator.http.rate_limit import Backoff, Rate, RateLimiter


async def _ask(rate_limiter: RateLimiter, time: Any, log: list[float], latency: float = 0.0, **answer: Any) -> None:
    turn = await rate_limiter.turn()
    log.append(time.now)
    if latency:
        await time.sleep(latency)
    rate_limiter.answered(turn, answer.pop("outcome", "through"), **answer)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60/min", Rate(count=60, period=60)),
        ("500/minute", Rate(count=500, period=60)),
        ("10/s", Rate(count=10, period=1)),
        (" 100 / S  burst 20 ", Rate(count=100, period=1, burst=20)),
        ("1000/h", Rate(count=1000, period=3600)),
    ],
)
def test_a_rate_is_read(text: str, expected: Rate) -> None:
    """A rate is written as people say it."""
    assert expected == Rate.parse(text)


@pytest.mark.parametrize(
    "text", ["", "60", "60/day", "-1/s", "1.5/s", "10/s burst", "0/s", "5/s burst 0", "5/s burst 3 x"]
)
def test_a_bad_rate_is_refused(text: str) -> None:
    """What is no rate is refused, quoting what was written and what would do."""
    with pytest.raises(UsageError) as caught:
        Rate.parse(text)
    assert repr(text) == caught.value.actual
    assert caught.value.allowed


async def test_a_window_lets_its_count_go_at_once(time: Any) -> None:
    """Sixty a minute means sixty at once and the next one a minute after the first answer."""
    rate_limiter, log = RateLimiter(Rate.parse("60/min"), clock=time.clock), list[float]()
    await time.run(asyncio.gather(*(_ask(rate_limiter, time, log, latency=2.0) for _ in range(61))))
    assert [0.0] * 60 + [62.0] == log


async def test_a_bucket_lets_its_burst_go_then_its_rate(time: Any) -> None:
    """After the burst, requests follow at the rate."""
    rate_limiter, log = RateLimiter(Rate.parse("10/s burst 3"), clock=time.clock), list[float]()
    await time.run(asyncio.gather(*(_ask(rate_limiter, time, log) for _ in range(6))))
    assert pytest.approx([0.0, 0.0, 0.0, 0.1, 0.2, 0.3]) == log


async def test_no_rate_means_no_waiting(time: Any) -> None:
    """Without a limit everything goes at once."""
    rate_limiter, log = RateLimiter(None, clock=time.clock), list[float]()
    await time.run(asyncio.gather(*(_ask(rate_limiter, time, log, latency=1.0) for _ in range(500))))
    assert [0.0] * 500 == log


@pytest.mark.parametrize("text", ["60/min", "7/s", "20/s burst 5", "100/s burst 20"])
@pytest.mark.parametrize("seed", range(5))
async def test_latency_never_breaks_the_limit(time: Any, text: str, seed: int) -> None:
    """However long requests and answers travel, the platform never counts more than its limit allows."""
    rate, chance = Rate.parse(text), random.Random(seed)  # noqa: S311 (latencies, not secrets)
    rate_limiter, arrivals = RateLimiter(rate, clock=time.clock), list[float]()

    async def ask() -> None:
        turn = await rate_limiter.turn()
        there, back = chance.uniform(0, 0.3), chance.uniform(0, 0.3)
        await time.sleep(there)
        arrivals.append(time.now)
        await time.sleep(back)
        rate_limiter.answered(turn, "through")

    await time.run(asyncio.gather(*(ask() for _ in range(rate.count * 3))))
    slack = 1e-6
    allowed = rate.burst or rate.count
    speed = rate.count / rate.period if rate.burst else 0.0
    span = None if rate.burst else rate.period
    for first, begin in enumerate(arrivals):
        for last, end in enumerate(arrivals[first:], start=first):
            if span is None or end - begin < span - slack:
                assert last - first + 1 <= allowed + speed * (end - begin) + slack


async def test_the_rate_is_used_to_the_full(time: Any) -> None:
    """At 100 a second with 50 ms of latency and 16 at a time, 500 requests take hardly more than they must."""
    rate_limiter, slots, log = (
        RateLimiter(Rate.parse("100/s burst 20"), clock=time.clock),
        asyncio.Semaphore(16),
        list[float](),
    )

    async def ask() -> None:
        async with slots:
            await _ask(rate_limiter, time, log, latency=0.05)

    await time.run(asyncio.gather(*(ask() for _ in range(500))))
    assert time.now <= 1.05 * (500 - 20) / 100 + 0.05


async def test_fewer_places_than_askers(time: Any) -> None:
    """When every place is taken by a request in flight, the next goes when an answer has freed one."""
    rate_limiter, log = RateLimiter(Rate.parse("1/s burst 1"), clock=time.clock), list[float]()
    await time.run(asyncio.gather(*(_ask(rate_limiter, time, log, latency=5.0) for _ in range(3))))
    assert pytest.approx([0.0, 6.0, 12.0]) == log


async def test_a_throttle_stops_everybody(time: Any) -> None:
    """After a 429 nobody goes before the time that the platform named; then one goes alone, then the rest."""
    rate_limiter, log = RateLimiter(None, clock=time.clock), list[float]()
    await time.run(_ask(rate_limiter, time, log, outcome="throttled", asked=7.0))
    await time.run(asyncio.gather(*(_ask(rate_limiter, time, log, latency=1.0) for _ in range(3))))
    assert [0.0, 7.0, 8.0, 8.0] == log


async def test_no_burst_after_a_throttle(time: Any) -> None:
    """What was allowed before a 429 is not allowed after it: requests go on at half of the rate, without the burst."""
    rate_limiter, log = RateLimiter(Rate.parse("10/s burst 20"), clock=time.clock), list[float]()
    await time.run(_ask(rate_limiter, time, log, outcome="throttled", asked=7.0))
    await time.run(asyncio.gather(*(_ask(rate_limiter, time, log) for _ in range(3))))
    assert pytest.approx([0.0, 7.2, 7.2 + 1 / 5.1, 7.2 + 1 / 5.1 + 1 / 5.2]) == log


@pytest.mark.parametrize(("text", "expected"), [("100/s burst 5", 10.0), ("10/s", 100.0)])
async def test_the_rate_comes_back_by_and_by(time: Any, text: str, expected: float) -> None:
    """Fifty answers after a 429 the whole rate is in use again."""
    rate_limiter, log = RateLimiter(Rate.parse(text), clock=time.clock), list[float]()
    await time.run(_ask(rate_limiter, time, log, outcome="throttled", asked=1.0))
    await time.run(asyncio.gather(*(_ask(rate_limiter, time, log) for _ in range(1050))))
    halved, whole = log[1:50], log[50:]
    assert len(halved) / (halved[-1] - 1.0) < 0.9 * 1000 / expected
    assert pytest.approx(expected, rel=0.02) == whole[-1] - whole[0]


async def test_a_platform_that_allows_less_than_it_says(time: Any) -> None:
    """Where the platform lets only half of the rate through, few requests are refused, and its half is used."""
    rate_limiter, refused, arrived = RateLimiter(Rate.parse("20/s burst 2"), clock=time.clock), 0, list[float]()

    async def ask() -> None:
        nonlocal refused
        while True:
            turn = await rate_limiter.turn()
            recent = sum(at > time.now - 1.0 for at in arrived)
            if recent < 10:
                arrived.append(time.now)
                rate_limiter.answered(turn, "through")
                return
            refused += 1
            rate_limiter.answered(turn, "throttled", asked=0.1)

    await time.run(asyncio.gather(*(ask() for _ in range(500))))
    assert refused < 50
    assert time.now < 1.4 * 500 / 10


async def test_the_slower_word_counts(time: Any) -> None:
    """Where two connections share a limit and state different rates, the slower one holds."""
    rate_limiter, log = RateLimiter(Rate.parse("10/s burst 3"), clock=time.clock), list[float]()
    rate_limiter.restrict(Rate.parse("100/s burst 100"))
    rate_limiter.restrict(Rate.parse("5/s burst 1"))
    await time.run(asyncio.gather(*(_ask(rate_limiter, time, log) for _ in range(3))))
    assert pytest.approx([0.0, 0.2, 0.4]) == log


async def test_a_throttle_without_a_time_backs_off(time: Any) -> None:
    """When the platform names no time, waits double up to a limit, and start anew once something got through."""
    rate_limiter = RateLimiter(None, clock=time.clock, backoff=Backoff(first=1.0, most=3.0))
    log = list[float]()
    for outcome in ("throttled", "throttled", "throttled", "through", "throttled", "through"):
        await time.run(_ask(rate_limiter, time, log, outcome=outcome))
    assert [0.0, 1.0, 3.0, 6.0, 6.0, 7.0] == log


async def test_one_storm_counts_once(time: Any) -> None:
    """Ten 429s to requests that were on their way together are one throttle, not ten doublings."""
    rate_limiter, log = RateLimiter(None, clock=time.clock), list[float]()
    await time.run(
        asyncio.gather(*(_ask(rate_limiter, time, log, latency=0.1, outcome="throttled") for _ in range(10)))
    )
    await time.run(_ask(rate_limiter, time, log))
    assert pytest.approx(1.1) == log[-1]


async def test_a_late_answer_does_not_end_a_throttle(time: Any) -> None:
    """A request sent before the 429 and answered after it does not prove that the platform lets us in again."""
    rate_limiter, log = RateLimiter(None, clock=time.clock), list[float]()
    await time.run(
        asyncio.gather(
            _ask(rate_limiter, time, log, latency=0.2),
            _ask(rate_limiter, time, log, latency=0.1, outcome="throttled", asked=1.0),
        )
    )
    await time.run(asyncio.gather(*(_ask(rate_limiter, time, log, latency=1.0) for _ in range(2))))
    assert pytest.approx([1.1, 2.1]) == log[2:]


@pytest.mark.parametrize(("text", "expected"), [("10/s burst 10", [0.0, 0.0, 0.1]), ("10/s", [0.0, 0.0, 0.0])])
async def test_the_platforms_own_count_is_believed(time: Any, text: str, expected: list[float]) -> None:
    """When the platform says that fewer may go than we think, somebody else uses the same key, and we slow down.

    A window is not shortened by it: the count that the platform states refills by the platform's rule, not by ours.
    """
    rate_limiter, log = RateLimiter(Rate.parse(text), clock=time.clock), list[float]()
    await time.run(_ask(rate_limiter, time, log, remaining=0))
    await time.run(asyncio.gather(*(_ask(rate_limiter, time, log) for _ in range(2))))
    assert pytest.approx(expected) == log


async def test_a_cancelled_wait_gives_its_place_back(time: Any) -> None:
    """A request that is given up while it waits does not hold up the ones behind it."""
    rate_limiter, log = RateLimiter(Rate.parse("1/min"), clock=time.clock), list[float]()
    await time.run(_ask(rate_limiter, time, log))
    waiting = asyncio.create_task(_ask(rate_limiter, time, log))
    await asyncio.sleep(0)
    waiting.cancel()
    await time.run(_ask(rate_limiter, time, log))
    assert [0.0, 60.0] == log


async def test_a_wait_shows(time: Any) -> None:
    """Whoever looks sees for how long the next request is held up, and nothing when none is."""
    rate_limiter = RateLimiter(Rate.parse("1/min"), clock=time.clock)
    await time.run(_ask(rate_limiter, time, []))
    assert 0.0 == rate_limiter.until_turn
    waiting = asyncio.create_task(_ask(rate_limiter, time, []))
    await asyncio.sleep(0)
    assert 60.0 == rate_limiter.until_turn
    await time.run(waiting)
    assert 0.0 == rate_limiter.until_turn
