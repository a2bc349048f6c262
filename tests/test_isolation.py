"""The tests themselves: nothing they do leaves this machine."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

ELSEWHERE = ("192.0.2.1", 9)  # an address that is kept free for documentation


def test_sockets_stay_here() -> None:
    """A socket that wants to leave this machine is stopped before it sends anything."""
    with socket.socket() as sock, pytest.raises(Exception, match=r"192\.0\.2\.1") as caught:
        sock.connect(ELSEWHERE)

    assert not isinstance(caught.value, OSError)


def test_names_are_not_looked_up() -> None:
    """No name server is asked either."""
    with pytest.raises(Exception, match="example") as caught:
        socket.getaddrinfo("host.example", 443)

    assert not isinstance(caught.value, OSError)


async def test_the_http_client_stays_here() -> None:
    """The guard is below the HTTP client, and what it raises is not taken for a broken connection."""
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(ExceptionGroup) as caught:
            await client.get("http://192.0.2.1:9/")

    assert caught.group_contains(Exception, match=r"192\.0\.2\.1")


async def test_this_machine_can_be_reached() -> None:
    """Servers of our own on the loopback address work as ever."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection("localhost", server.sockets[0].getsockname()[1])

        assert await reader.read() == b""
        writer.close()
