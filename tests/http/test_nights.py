"""What an unattended run meets: tokens that are replaced, proxies, clocks that are off, waits that are too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest

from migrator.errors import AuthError, ClockError, ConfigError, TransientError, UncertainError, UsageError
from migrator.http.client import Client
from migrator.http.proxies import is_loopback, proxy_for, shown
from migrator.http.transport import network
from migrator.instrumentation import Instrumentation
from tests.http.conftest import START, TOKEN, Connect, Platform, Time

NEW = "sk_live_bmV3"


class Rotating:
    """A platform that accepts one token, which somebody replaces at a certain request."""

    def __init__(self, at: int, *, then: str = NEW) -> None:
        self.at, self.then = at, then
        self.asked: list[str] = []
        self.done: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """401 for all but the token in force."""
        given = request.headers["authorization"].removeprefix("Bearer ")
        self.asked.append(given)
        wanted = TOKEN if len(self.asked) < self.at else self.then
        if given != wanted:
            return httpx.Response(401, json={"detail": "no"})
        self.done.append(request.method)
        return httpx.Response(200, json={"id": "1"})


def reading(*found: str | Exception) -> Callable[[], str]:
    """What reads the token again: one value after another."""
    left = list(found)

    def read() -> str:
        value = left.pop(0)
        if isinstance(value, Exception):
            raise value
        return value

    return read


async def test_a_replaced_token_is_read_again_and_the_request_done_once(time: Time, connect: Connect) -> None:
    """A create that met a 401 is sent once more with the new token; what follows uses that at once."""
    platform = Rotating(2)
    async with connect(platform, renew=reading(NEW), kept_in="file:token") as client:
        for _ in range(3):
            await time.run(client.request("POST", "/jobs", json={}))
    assert ([TOKEN, TOKEN, NEW, NEW], ["POST"] * 3) == (platform.asked, platform.done)


async def test_many_requests_at_once_read_it_again_once(time: Time, connect: Connect) -> None:
    """Whoever meets the 401 second takes the token that the first one found."""
    platform = Rotating(1)
    async with connect(platform, renew=reading(NEW), kept_in="command:vault", concurrency=5) as client:
        await time.run(asyncio.gather(*(client.request("POST", "/jobs", json={}) for _ in range(5))))
    assert 5 == len(platform.done)


async def test_a_token_may_be_replaced_twice_in_a_run(time: Time, connect: Connect) -> None:
    """Each replacement is noticed: the token that was read again is no more special than the first."""
    platform = Rotating(1)
    async with connect(platform, renew=reading(NEW, "third"), kept_in="file:token") as client:
        await time.run(client.request("GET", "/jobs"))
        platform.then = "third"
        await time.run(client.request("GET", "/jobs"))
    assert ["GET"] * 2 == platform.done


@pytest.mark.parametrize(
    ("kept_in", "found", "said"),
    [
        ("file:token", TOKEN, "file:token was read again and holds the same token"),
        (
            "keyring:a/b",
            ConfigError("the keyring has no secret"),
            "read again from keyring:a/b, and the keyring has no",
        ),
        ("env:KEY", None, "a run cannot see env:KEY change: set the new token and run the command again"),
    ],
)
async def test_a_token_that_is_lost_in_a_run(
    kept_in: str, found: str | Exception | None, said: str, time: Time, connect: Connect
) -> None:
    """The message says what reading it again came to, or that the environment of a run cannot change."""
    platform = Rotating(2)
    renew = None if found is None else reading(found)
    async with connect(platform, renew=renew, kept_in=kept_in) as client:
        await time.run(client.request("GET", "/jobs"))
        for _ in range(2):  # the second time it is not read again
            with pytest.raises(AuthError) as caught:
                await time.run(client.request("GET", "/jobs"))
    assert said in caught.value.hint
    assert TOKEN not in str(caught.value)


async def test_no_message_shows_either_token(time: Time, connect: Connect) -> None:
    """An answer that quotes the token is shown without it, whichever it is."""

    async def echoing(request: httpx.Request) -> httpx.Response:
        given = request.headers["authorization"].removeprefix("Bearer ")
        return httpx.Response(401 if given == TOKEN else 422, json={"detail": f"seen {given} after {TOKEN}"})

    async with connect(echoing, renew=reading(NEW), kept_in="file:token") as client:
        with pytest.raises(Exception, match="seen") as caught:
            await time.run(client.request("POST", "/jobs", json={}))
    assert not {TOKEN, NEW} & set(str(caught.value).split())


# -- proxies ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with a proxy for everything."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", "http://me:secret@proxy.example:3128")
    return monkeypatch


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "LOCALHOST.", "app.localhost", "[::1]", "127.1", "127.8.9.10", "2130706433",
     "0x7f000001", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"],  # noqa: S104 (nothing is bound)
)  # fmt: skip
def test_loopback_goes_straight(host: str, proxied: pytest.MonkeyPatch) -> None:
    """However this machine is written, no proxy hears what is said to it."""
    assert is_loopback(httpx.URL(f"http://{host}:8765").host)
    assert proxy_for(f"http://{host}:8765/devin") is None


@pytest.mark.parametrize("host", ["128.0.0.1", "api.devin.ai", "localhost.example.com", "10.1.2.3", "1.2.3.4"])
def test_everybody_else_goes_through_the_proxy(host: str, proxied: pytest.MonkeyPatch) -> None:
    """A name that begins like this machine's is another one."""
    assert "http://me:secret@proxy.example:3128" == proxy_for(f"https://{host}/v3")


@pytest.mark.parametrize(
    ("no_proxy", "url", "straight"),
    [
        ("10.0.0.0/8", "http://10.1.2.3/", True),
        ("10.0.0.0/8", "http://11.1.2.3/", False),
        ("192.168.0.0/16, 10.0.0.0/8", "http://10.1.2.3:8080/", True),
        ("10.1.2.3", "http://10.1.2.3/", True),
        ("2001:db8::/32", "http://[2001:db8::1]/", True),
        ("2001:db8::/32", "http://[2001:db9::1]/", False),
        (".example.com", "https://api.example.com/", True),
        ("example.com", "https://api.example.com/", True),
        ("example.com", "https://notexample.com/", False),
        ("api.example.com:8443", "https://api.example.com:8443/", True),
        ("api.example.com:8443", "https://api.example.com/", False),
        ("*", "https://api.example.com/", True),
        ("nonsense/99, 10.0.0.0/8", "http://10.1.2.3/", True),
    ],
)
def test_what_no_proxy_takes(no_proxy: str, url: str, *, straight: bool, proxied: pytest.MonkeyPatch) -> None:
    """Names, suffixes, ports, addresses and networks."""
    proxied.setenv("NO_PROXY", no_proxy)
    assert straight == (proxy_for(url) is None)


def test_a_proxy_is_shown_without_its_password() -> None:
    """Nor the user's name."""
    assert "http://proxy.example:3128" == shown("http://me:se:cret@proxy.example:3128")


async def test_a_proxy_that_cannot_be_reached_is_named(
    time: Time, connect: Connect, proxied: pytest.MonkeyPatch
) -> None:
    """The message says which way the request went."""
    proxied.setenv("ALL_PROXY", "http://me:secret@127.0.0.1:9")
    async with connect(base_url="https://api.devin.ai") as client:
        with pytest.raises(TransientError, match=r"by way of the proxy http://127\.0\.0\.1:9") as caught:
            await time.run(client.request("GET", "/jobs"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_not_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable and its value are named; wrong usage, and no bug to report."""
    from migrator.http import transport  # noqa: PLC0415 (its memory is to be emptied)

    transport._trusted.cache_clear()
    for each in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, "/nowhere/ca.pem")
    with pytest.raises(UsageError) as caught:
        network(httpx.URL("https://api.devin.ai"))
    assert (name, "/nowhere/ca.pem") == (caught.value.where, caught.value.actual)


# -- clocks -----------------------------------------------------------------------------------------------------------


class Told(Instrumentation):
    """Keeps what it is warned of."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        """Keep it."""
        self.warnings.append(text)


def dated(ahead: timedelta, status: int = 200, **headers: str) -> httpx.Response:
    """An answer of a platform whose clock is so far ahead."""
    return httpx.Response(status, json={}, headers={"Date": format_datetime(START + ahead, usegmt=True), **headers})


@pytest.mark.parametrize(
    ("ahead", "told", "refused"),
    [
        (timedelta(minutes=4), "", False),
        (timedelta(minutes=6), "the clock of omni is 6 minutes ahead of this machine's", False),
        (timedelta(hours=-23), "the clock of omni is 23 hours behind this machine's", False),
        (timedelta(days=40), "the clock of omni is 40 days ahead of this machine's", True),
        (timedelta(days=-2), "the clock of omni is 2 days behind this machine's", True),
    ],
)
async def test_a_clock_that_is_off(ahead: timedelta, told: str, *, refused: bool, time: Time, connect: Connect) -> None:
    """From five minutes on it is told once; from a day on reading goes on, and nothing is written."""
    platform, instrumentation = Platform(dated(ahead)), Told()
    async with connect(platform, instrumentation=instrumentation) as client:
        for _ in range(2):
            await time.run(client.request("GET", "/jobs"))
        if refused:
            with pytest.raises(ClockError, match="so nothing is written") as caught:
                await time.run(client.request("POST", "/jobs", json={}))
            assert 3 == caught.value.exit_code
        else:
            await time.run(client.request("POST", "/jobs", json={}))
    assert (2 if refused else 3) == len(platform.asked)
    assert [told.strip()] * bool(told) == [text.partition(";")[0] for text in instrumentation.warnings]


async def test_an_answer_from_a_cache_is_as_old_as_it_says(time: Time, connect: Connect) -> None:
    """Age tells how long ago the Date was written."""
    platform, instrumentation = Platform(dated(timedelta(hours=-2), Age="7200")), Told()
    async with connect(platform, instrumentation=instrumentation) as client:
        await time.run(client.request("GET", "/jobs"))
        assert (timedelta(0), []) == (client.ahead, instrumentation.warnings)


# -- waits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [timedelta(hours=3), timedelta(hours=-3)])
async def test_a_date_to_wait_for_counts_from_the_servers_clock(ahead: timedelta, time: Time, connect: Connect) -> None:
    """A platform whose clock is off by hours, and that asks for 20 seconds, is left alone for 20 seconds."""
    until = format_datetime(START + ahead + timedelta(seconds=20), usegmt=True)
    platform = Platform(dated(ahead, 503, **{"Retry-After": until}), httpx.Response(200, json={}))
    async with connect(platform) as client:
        await time.run(client.request("GET", "/jobs"))
    assert 20 <= time.now <= 21


@pytest.mark.parametrize("status", [429, 503])
async def test_a_wait_that_is_too_long_is_named(status: int, time: Time, connect: Connect) -> None:
    """No request sits out two hours: it says how long it would have been, and what follows does not wait either."""
    platform = Platform(httpx.Response(status, headers={"Retry-After": "7200"}))
    async with connect(platform) as client:
        with pytest.raises(
            TransientError, match="asks to wait 2 hours, and a request waits 5 minutes at most"
        ) as caught:
            await time.run(client.request("GET", "/jobs"))
        assert caught.value.hint == "try again in 2 hours"
        if status == 429:
            with pytest.raises(TransientError, match="not sent"):
                await time.run(client.request("POST", "/jobs", json={}))
    assert (1, 0.0) == (len(platform.asked), time.now)


async def test_those_who_wait_for_their_turn_do_not_wait_for_hours(time: Time, connect: Connect) -> None:
    """One 429 with a long wait ends all that stand in line behind it, at once."""
    platform = Platform(httpx.Response(429, headers={"Retry-After": "7200"}))

    async def ask(client: Client) -> str:
        try:
            await client.request("GET", "/jobs")
        except (TransientError, UncertainError) as error:
            return error.what
        return ""

    async with connect(platform, rate="60/min burst 1") as client:
        said = await time.run(asyncio.gather(*(ask(client) for _ in range(20))))
    assert all("to wait 2 hours" in one or "to wait 1 hour" in one for one in said)
    assert time.now < 60
