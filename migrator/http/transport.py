"""What carries requests: the network, behind the proxy that the environment names, or a transport given in its place.

Requests go straight to httpx's transport. Its client would look after cookies, redirects and passwords as well, of
which the API of a platform knows nothing, and would take half as long again for each request.
"""

from __future__ import annotations

import asyncio
import functools
import os
import ssl
from collections.abc import Callable, Mapping
from json import dumps
from typing import Any, Final

import httpx
from attrs import frozen

from migrator import __version__
from migrator.errors import RejectedError, UsageError
from migrator.http.bodies import MOST_HEADERS, Body, FaultError
from migrator.http.proxies import proxy_for

Transport = httpx.AsyncBaseTransport
"""The network by default, an ASGI app or a function in tests."""

_NAME: Final = f"migrator/{__version__}"
_ONE: Final = httpx.Limits(max_connections=1)
_LEAVING: Final = {"http11.send_request_headers.started", "http11.send_request_body.started"}
"""What the network says right before bytes of a request leave."""


def network(url: httpx.URL) -> Transport:
    """One connection to where `url` leads, by way of the proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names for it.

    Raises:
        UsageError: that cannot be used, or SSL_CERT_FILE or SSL_CERT_DIR cannot.
    """
    proxy, trusted = proxy_for(url), _trusted(url.scheme)
    try:
        return httpx.AsyncHTTPTransport(verify=trusted, limits=_ONE, proxy=httpx.Proxy(proxy) if proxy else None)
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        hint = "set HTTP_PROXY, HTTPS_PROXY and ALL_PROXY to http://host:port, or NO_PROXY to the platform's host"
        raise UsageError("the proxy that the environment names cannot be used", hint=hint) from error


@functools.cache
def _trusted(scheme: str) -> ssl.SSLContext:
    """The certificates that are believed; loading them takes longer than a request, so once is enough, if at all.

    Raises:
        UsageError: the environment names certificates that cannot be read.
    """
    if scheme != "https":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    check_certificates(os.environ)
    return httpx.create_ssl_context()


def check_certificates(environ: Mapping[str, str]) -> str:
    """Return where the certificates come from that are believed, in words.

    Raises:
        UsageError: SSL_CERT_FILE or SSL_CERT_DIR names something that cannot be read as such.
    """
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    try:
        if file:
            ssl.create_default_context(cafile=file)
            return f"SSL_CERT_FILE={file}"
        if folder:
            os.listdir(folder)  # noqa: PTH208 (whether it can be read is all that matters)
            return f"SSL_CERT_DIR={folder}"
    except (OSError, ssl.SSLError) as error:
        name, value = ("SSL_CERT_FILE", file) if file else ("SSL_CERT_DIR", folder)
        raise UsageError(
            f"{name} does not lead to certificates: {getattr(error, 'strerror', None) or error}",
            where=name,
            actual=str(value),
            allowed="a file of certificates in PEM" if file else "a folder of certificates",
            hint=f"correct {name}, or unset it to believe the usual authorities; see docs/network.md",
        ) from error
    return "the package certifi"


def host_of(base_url: str) -> str:
    """Return the host of a web address.

    Raises:
        UsageError: it is none.
    """
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise UsageError(f"base_url cannot be read: {error}", allowed="https://host/path") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise UsageError("base_url is not a web address", actual=repr(base_url), allowed="https://host/path")
    return url.host


@functools.lru_cache(maxsize=64)
def address(text: str, query: tuple[tuple[str, str | int], ...] = ()) -> httpx.URL:
    """A URL with its query; of those that are asked for again and again, one is made."""
    return httpx.URL(text, params=query) if query else httpx.URL(text)


def headers_of(own: Mapping[str, str]) -> tuple[httpx.Headers, httpx.Headers]:
    """Return the headers of a request without a body, and of one with a body; `own` are those that carry the token."""
    ours = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": _NAME, **own}
    return httpx.Headers(ours), httpx.Headers({**ours, "Content-Type": "application/json"})


def timeouts(seconds: float) -> Mapping[str, Any]:
    """How long to wait for each part of an exchange: connecting may take a sixth of what an answer may."""
    return {"timeout": httpx.Timeout(seconds, connect=seconds / 6, pool=None).as_dict()}


Fence = Callable[[], None]
"""Raises when nothing more may be sent."""


def always_open() -> None:
    """Let every request pass."""


@frozen(kw_only=True)
class Received:
    """What came back for a request.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
        body: decompressed; empty where it could not be read.
        fault: why it could not.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    fault: str = ""


async def exchanged(transport: Transport, request: httpx.Request, *, seconds: float, fence: Fence) -> Received:
    """The answer to a request, read to its end or to a bound.

    Args:
        transport: what carries it.
        request: what is sent.
        seconds: how long the whole exchange may take, however slowly the answer trickles in.
        fence: asked right before the request's bytes leave, connection made.

    Raises:
        TimeoutError: it took longer.
    """

    async def trace(event: str, _information: Any) -> None:
        if event in _LEAVING:
            fence()

    request.extensions["trace"] = trace
    fence()
    async with asyncio.timeout(seconds):
        response = await transport.handle_async_request(request)
        try:
            return await _read(response)
        finally:
            await response.aclose()


async def _read(response: httpx.Response) -> Received:
    fault, whole = "", b""
    headers = {name.lower(): value for name, value in response.headers.items()}
    try:
        if sum(len(name) + len(value) for name, value in response.headers.raw) > MOST_HEADERS:
            raise FaultError(f"has more than {MOST_HEADERS // 1024} KiB of headers")
        body = Body(headers.get("content-encoding", ""))
        assert isinstance(response.stream, httpx.AsyncByteStream)
        async for chunk in response.stream:
            body.add(chunk)
        whole = body.whole()
    except FaultError as error:
        fault = str(error)
    return Received(status=response.status_code, headers=headers, body=whole, fault=fault)


def encoded(data: Any, where: str) -> bytes:
    """`data` as JSON; half of a surrogate pair, which JSON can hold and UTF-8 cannot, becomes JSON's own escape."""
    try:
        text = dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        what = f"the job cannot be written as JSON: {error}"
        raise RejectedError(what, where=where, hint="nothing was sent; correct the job at its source") from error
    return text.encode("utf-8", "backslashreplace")
