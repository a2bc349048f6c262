"""The same, over real loopback connections."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

import pytest

from migrator.errors import TransientError, UncertainError
from migrator.http.clock import REAL
from migrator.http.rate_limit import Backoff
from migrator.http.retry import Retry

from .conftest import Connect, Serve

QUICK = Retry(failures=2, backoff=Backoff(first=0.001))


async def _head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def test_nobody_listens(connect: Connect) -> None:
    """A port without a server is named as unreachable, after the retries, and even a create is certain."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with connect(base_url=f"http://127.0.0.1:{port}", clock=REAL, retry=QUICK) as client:
        with pytest.raises(TransientError, match=r"127\.0\.0\.1 cannot be reached: .* after 2 tries"):
            await client.request("POST", "/x", json={})
    assert 2 == client.requests


async def test_no_tls_where_tls_is_expected(connect: Connect, serve: Serve) -> None:
    """A failed TLS handshake is named, and nothing can have happened."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    port = await serve(plain)
    async with connect(base_url=f"https://127.0.0.1:{port}", clock=REAL, retry=QUICK) as client:
        with pytest.raises(TransientError, match=r"127\.0\.0\.1 cannot be reached"):
            await client.request("POST", "/x", json={})


async def test_the_connection_dies(connect: Connect, serve: Serve) -> None:
    """A connection that is cut after the request was read leaves a create uncertain, and is tried once only."""
    heard: list[bytes] = []

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await _head(reader))
        writer.transport.abort()

    port = await serve(cut)
    async with connect(base_url=f"http://127.0.0.1:{port}", clock=REAL, retry=QUICK) as client:
        with pytest.raises(UncertainError, match="may have worked"):
            await client.request("POST", "/x", json={})
    assert 1 == len(heard)


async def test_the_server_is_silent(connect: Connect, serve: Serve) -> None:
    """A server that never answers is given up after the timeout; a read is tried again."""
    release = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _head(reader)
        await release.wait()
        writer.close()

    port = await serve(silent)
    settings: dict[str, Any] = {"clock": REAL, "retry": QUICK, "timeout": 0.05}
    async with connect(base_url=f"http://127.0.0.1:{port}", **settings) as client:
        with pytest.raises(TransientError, match=r"did not answer within 0\.05 s after 2 tries"):
            await client.request("GET", "/x")
    release.set()


async def test_a_truncated_body(connect: Connect, serve: Serve) -> None:
    """An answer that ends before its announced length is a broken connection, not an answer."""
    answers = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
        b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}',
    ]

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _head(reader)
        writer.write(answers.pop(0))
        await writer.drain()
        writer.close()

    port = await serve(cut)
    async with connect(base_url=f"http://127.0.0.1:{port}/api", clock=REAL, retry=QUICK) as client:
        assert {"a": 1} == await client.request("GET", "/x")


async def test_a_proxy_of_the_environment_carries_requests(
    connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What HTTP_PROXY names gets the whole address, the query, and the headers of a body."""
    heard: list[bytes] = []

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await _head(reader) + await reader.readexactly(2))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    port = await serve(forward)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    async with connect(base_url="http://omni.invalid/api/", clock=REAL, retry=QUICK) as client:
        assert await client.request("POST", "/x", params={"of": 1}, json={}) is None

    assert heard[0].startswith(b"POST http://omni.invalid/api/x?of=1 HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/json\r\n" in heard[0]
    assert b"\r\nAccept: application/json\r\n" in heard[0]


async def test_a_connection_is_not_used_again_after_a_failure_of_the_server(connect: Connect, serve: Serve) -> None:
    """Uvicorn resets a connection after an error of its app; the next create comes on another one, and is certain."""
    heard: list[int] = []

    async def failing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _head(reader)
        await reader.readexactly(2)
        heard.append(len(heard))
        if len(heard) == 1:
            writer.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
            with suppress(asyncio.IncompleteReadError):
                await _head(reader)
            writer.transport.abort()
            return
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}')
        await writer.drain()
        writer.close()

    port = await serve(failing)
    async with connect(base_url=f"http://127.0.0.1:{port}", clock=REAL, retry=QUICK) as client:
        with pytest.raises(UncertainError):
            await client.request("POST", "/x", json={})
        assert {"a": 1} == await client.request("POST", "/x", json={})
    assert [0, 1] == heard
