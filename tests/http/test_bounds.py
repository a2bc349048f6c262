"""Bounds of a request: the fence in front of it, its time, and waits that nobody waits for."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import httpx
import pytest

from migrator.errors import LockedError, ProtocolError, ProviderError, TransientError, UncertainError
from migrator.http.responses import message
from tests.http.conftest import Connect, Platform, Serve, Time

OVER = LockedError("this run has lost its lock")


class Gate:
    """A fence that closes after it was asked so many times."""

    def __init__(self, opens: int) -> None:
        self.opens = opens

    def __call__(self) -> None:
        """Let pass, or not."""
        self.opens -= 1
        if self.opens < 0:
            raise OVER


async def test_no_retry_leaves_after_the_fence_is_closed(connect: Connect, time: Time) -> None:
    """A create that waits for its retry after a 429 is given up with what closed the fence."""
    platform = Platform(httpx.Response(429, headers={"Retry-After": "6"}), httpx.Response(201, json={}))
    async with connect(platform, fence=Gate(1)) as client:
        with pytest.raises(LockedError):
            await time.run(client.request("POST", "/jobs", json={}))
    assert 1 == len(platform.asked)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_nothing_leaves_a_closed_fence(connect: Connect, time: Time, method: str) -> None:
    """Neither a write nor a read."""
    platform = Platform(httpx.Response(200, json={}))
    async with connect(platform, fence=Gate(0)) as client:
        with pytest.raises(LockedError):
            await time.run(client.request(method, "/jobs"))
    assert [] == platform.asked


async def test_the_fence_is_asked_again_once_the_connection_is_made(connect: Connect, serve: Serve) -> None:
    """What closes while the connection is being made lets no byte of the request out."""
    received: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(1000))
        writer.close()

    port = await serve(handle)
    async with connect(base_url=f"http://127.0.0.1:{port}", fence=Gate(1)) as client:
        with pytest.raises(LockedError):
            await client.request("POST", "/jobs", json={})
    await asyncio.sleep(0.05)
    assert b"" == b"".join(received)


async def test_an_answer_that_trickles_in_is_given_up(connect: Connect, serve: Serve) -> None:
    """The time of a request is that of the whole exchange, not of each byte."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()
        ended.set()

    ended = asyncio.Event()

    port = await serve(handle)
    async with connect(base_url=f"http://127.0.0.1:{port}", timeout=0.3) as client:
        with pytest.raises(UncertainError, match=r"did not answer within 0\.3 s"):
            await client.request("POST", "/jobs", json={})
    await ended.wait()


async def test_a_wait_of_years_fails_everybody_at_once(connect: Connect, time: Time) -> None:
    """The request that was told, and those that would only wait behind it."""
    platform = Platform(httpx.Response(429, headers={"Retry-After": "999999999"}))
    async with connect(platform) as client:
        for _ in range(3):
            with pytest.raises(TransientError, match=r"still throttled|the platform asks to wait"):
                await time.run(client.request("GET", "/jobs"))
    assert (1, []) == (len(platform.asked), time.slept)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, content=b"\xff{}", headers={"Content-Type": "application/json; charset=rot13"}), "UTF-8"),
        (httpx.Response(200, content=b'{"a":' * 9999), "nested deeper"),
        (httpx.Response(200, headers={f"X-{n}": "a" * 1000 for n in range(100)}, content=b"{}"), "KiB of headers"),
    ],
)
@pytest.mark.parametrize(("method", "kind"), [("GET", ProtocolError), ("POST", UncertainError)])
async def test_what_cannot_be_read_is_an_error_of_its_request(
    connect: Connect, time: Time, answer: httpx.Response, error: str, method: str, kind: type[ProviderError]
) -> None:
    """Of a read nothing is known, of a write not what it did; it is not sent again."""
    platform = Platform(answer)
    async with connect(platform) as client:
        with pytest.raises(kind, match=error):
            await time.run(client.request(method, "/jobs"))
    assert 1 == len(platform.asked)


async def test_json_is_utf8_whatever_its_label_says(connect: Connect, time: Time) -> None:
    """A name arrives as it was sent."""
    body, label = '\ufeff{"name": "Café"}'.encode(), {"Content-Type": "application/json; charset=ISO-8859-1"}
    async with connect(Platform(httpx.Response(200, content=body, headers=label))) as client:
        assert {"name": "Café"} == await time.run(client.request("GET", "/jobs"))


@pytest.mark.parametrize(
    "text",
    [
        "<html>" + "<title>" * 500_000,
        "<title" * 500_000,
        "authorization" * 200_000 + " " * 1_000_000,
        '{"detail": [' + ",".join(['{"msg": "no"}'] * 200_000) + "]}",
        " " * 9_000_000 + "x",
    ],
)
def test_a_long_text_is_cut_before_it_is_searched(text: str) -> None:
    """Each would take minutes, or fill the screen."""
    assert len(message(text)) <= 300


def test_no_half_of_a_secret_is_left_where_a_text_is_cut() -> None:
    """The cut is between words."""
    secret = "s3cret" * 10
    for blanks in range(7_900, 8_010, 7):
        assert "s3cret" not in message(f"a{' ' * blanks}{secret} and more", [secret])
