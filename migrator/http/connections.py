"""One exchange over a connection of its own: a request sent, the answer read, no answer named.

A pool of many connections looks at all of them whenever a request comes or goes, and asks the system about each; with
sixteen of them that takes as long as all the rest of a request. So each has a pool of its own, and the one that was
given back last is taken first: where few are needed, few are open.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

import httpx
from attrs import define, field

from migrator.errors import RejectedError
from migrator.http.credential import Credential
from migrator.http.proxies import proxy_for, shown
from migrator.http.responses import Call, Response, redact
from migrator.http.retry import NoResponse
from migrator.http.transport import (
    Fence,
    Received,
    Transport,
    address,
    exchanged,
    headers_of,
    network,
    timeouts,
)

_UNSENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@define(kw_only=True, eq=False)
class Connections:
    """The connections to one platform, one for each request in flight.

    Attributes:
        base_url: every path is appended to it.
        headers: the headers that carry the token.
        credential: the token.
        timeout: seconds that one exchange may take.
        transport: what carries requests, None for the network.
        fence: asked right before every request leaves.
        hide: takes secrets out of a text.
        received: bytes of the bodies of all answers.
    """

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    credential: Credential = field(repr=False)
    timeout: float
    transport: Transport | None = field(repr=False)
    fence: Fence = field(repr=False)
    hide: Callable[[str], str] = field(repr=False)
    received: int = field(default=0, init=False)
    _url: httpx.URL = field(init=False, repr=False)
    _first_secret: str = field(init=False, repr=False)
    _headers: Mapping[str, tuple[httpx.Headers, httpx.Headers]] = field(factory=dict, init=False, repr=False)
    _patience: Mapping[str, Any] = field(init=False, repr=False)
    _all: list[Transport] = field(factory=list, init=False)
    _free: list[Transport] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self._url = httpx.URL(self.base_url)
        self._first_secret = self.credential.secret
        self._patience = timeouts(self.timeout)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Transport]:
        """Yield a connection for this block alone; its response must be read by the end of the block."""
        if not self._free:
            self._free.append(self.transport or network(self._url))
            self._all.append(self._free[-1])
        connection = self._free.pop()
        try:
            yield connection
        finally:
            self._free.append(connection)

    async def aclose(self) -> None:
        """Close every connection."""
        for connection in self._all:
            await connection.aclose()
        self._all.clear()
        self._free.clear()

    async def exchange(self, call: Call) -> Response | NoResponse:
        """Send a call once, and return the answer, without secrets, or why there is none.

        Raises:
            RejectedError: the call has no address.
        """
        host = self._url.host
        try:
            async with self._connection() as connection:
                token = self.credential.secret
                request = self._request(call, token)
                came = await exchanged(connection, request, seconds=self.timeout, fence=self.fence)
                if came.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    await connection.aclose()  # uvicorn resets it silently, and the next create would be uncertain
        except _UNSENT as error:
            return NoResponse(f"{host} cannot be reached{self._way}: {self._say(error)}", sent=False)
        except (httpx.TimeoutException, TimeoutError):
            return NoResponse(f"{host} did not answer within {self.timeout:g} s", sent=True)
        except httpx.RequestError as error:
            return NoResponse(f"the connection to {host} broke: {self._say(error)}", sent=True)
        except (ArithmeticError, LookupError, ValueError) as error:  # an answer that a library below cannot take
            return NoResponse(f"the answer of {host} cannot be read: {self._say(error)}", sent=True)
        self.received += len(came.body)
        headers, body = self._without_secrets(came)
        return Response(status=came.status, headers=headers, body=body, fault=came.fault, token=token)

    def _request(self, call: Call, token: str) -> httpx.Request:
        if token not in self._headers:
            own = {name: value.replace(self._first_secret, token) for name, value in self.headers.items()}
            self._headers = {token: headers_of(own)}
        try:
            url = address(f"{self.base_url.rstrip('/')}{call.path}", tuple((call.params or {}).items()))
        except (ValueError, httpx.InvalidURL) as error:
            what = f"the request has no address: {self._say(error)}"
            raise RejectedError(what, where=call.where, hint="nothing was sent") from error
        headers = self._headers[token][1 if call.body else 0]
        if call.version:
            headers = httpx.Headers({**headers, "If-Match": call.version})
        return httpx.Request(call.method, url, headers=headers, content=call.body, extensions=dict(self._patience))

    def _without_secrets(self, came: Received) -> tuple[Mapping[str, str], bytes]:
        """Return the headers and body of an answer; nearly always they hold no secret, and stay what they are."""
        headers, told = came.headers, "\n".join(came.headers.values())
        if self.hide(told) != told:
            headers = {name: self.hide(value) for name, value in headers.items()}
        text = came.body.decode("utf-8", "surrogateescape")
        hidden = self.hide(text)
        return headers, came.body if hidden == text else hidden.encode("utf-8", "surrogateescape")

    @property
    def _way(self) -> str:
        proxy = None if self.transport else proxy_for(self._url)
        return f" by way of the proxy {shown(proxy)}" if proxy else ""

    def _say(self, error: Exception) -> str:
        return redact(self.hide((str(error) or type(error).__name__).rstrip(".")), self.credential.secrets)
