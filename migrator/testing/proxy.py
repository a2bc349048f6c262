"""A proxy between migrator and a platform: it logs every request and makes the chosen ones fail.

So neither a server of another author nor a simulator needs code for faults.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from attrs import define, field, frozen

from migrator.mapping.paths import put

Kind = Literal["status", "reset", "html", "broken_json", "throttle", "call"]

_HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding"}
_RESET: Final = struct.pack("ii", 1, 0)
"""Linger for no time: closing the socket resets the connection."""
_HTML: Final = b"<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>"


@define
class LoggedRequest:
    """One request: "METHOD path", and the status of its response; 0 while and where there is none."""

    request: str
    status: int = 0


@define(kw_only=True)
class ProxyFault:
    """A rule by which requests fail.

    Attributes:
        kind: an error status; a connection reset; an HTML page; half a JSON document; too many requests; or a call of
            `strike`, after which the connection is reset.
        match: which requests, as "METHOD path".
        skips: which of them never fail, and do not count.
        nth: the first matching request that fails, from 1.
        times: how many fail, 0 for all from then on.
        after: whether the platform carries out the request all the same.
        status: of the response.
        strike: what is called.
        seen: matching requests so far.
    """

    kind: Kind
    match: str = "*"
    skips: tuple[str, ...] = ()
    nth: int = 1
    times: int = 1
    after: bool = False
    status: int = 500
    strike: Callable[[], None] = lambda: None
    seen: int = field(default=0, init=False)

    def hits(self, request: str) -> bool:
        """Count a request, and tell whether it fails."""
        if not fnmatchcase(request, self.match) or any(fnmatchcase(request, skipped) for skipped in self.skips):
            return False
        self.seen += 1
        return self.seen >= self.nth and (not self.times or self.seen < self.nth + self.times)


@frozen(kw_only=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Proxy:
    """Serves one platform's address on a port of its own.

    Args:
        upstream: the platform's `base_url`.
        id_field: the field of a record that holds its id.

    Attributes:
        url: what to connect to instead.
        requests: the log.
        faults: the rules in force.
        altered: by job id, what each record in a response holds in place of its own, by dotted path.
    """

    def __init__(self, upstream: str, id_field: str) -> None:
        self.upstream = urlsplit(upstream)
        self.id_field = id_field
        self.requests: list[LoggedRequest] = []
        self.faults: list[ProxyFault] = []
        self.altered: dict[str, dict[str, Any]] = {}
        self._server = _Server(("127.0.0.1", 0), partial(_Handler, self.respond))
        self._origin = f"http://127.0.0.1:{self._server.server_port}"
        self.url = self._origin + self.upstream.path
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def clear(self) -> None:
        """Forget rules, alterations and the log."""
        self.requests.clear()
        self.faults.clear()
        self.altered.clear()

    def fault(self, kind: Kind, **rule: Any) -> ProxyFault:
        """Add a rule; see `ProxyFault`."""
        self.faults.append(made := ProxyFault(kind=kind, **rule))
        return made

    def sent(self, *kinds: str) -> list[str]:
        """Return the requests so far that are none of these kinds, each "METHOD path" with `*` for anything."""
        return [one.request for one in self.requests if not any(fnmatchcase(one.request, kind) for kind in kinds)]

    def respond(self, handler: _Handler) -> None:
        """Answer one request: by a rule, or as the platform answers it."""
        path = handler.path.partition("?")[0]
        entry = LoggedRequest(f"{handler.command} {path}")
        self.requests.append(entry)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        hit = [fault for fault in self.faults if fault.hits(entry.request)]
        fault = hit[0] if hit else None
        response = None if fault and not fault.after and fault.kind != "broken_json" else self._ask(handler, body)
        if fault and (response := _failed(fault, response)) is None:
            handler.reset()
            return
        assert response
        entry.status = response.status
        handler.send(response)

    def _ask(self, handler: _Handler, body: bytes) -> _Response:
        """Pass a request on; a fresh connection each time, so that nothing of an earlier request disturbs it."""
        secure = self.upstream.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = connect(self.upstream.hostname or "", self.upstream.port, timeout=60)
        try:
            headers = {name: value for name, value in handler.headers.items() if name.lower() not in _HOP_BY_HOP}
            connection.request(handler.command, handler.path, body=body or None, headers=headers)
            found = connection.getresponse()
            return self._seen(found.status, found.getheaders(), found.read())
        finally:
            connection.close()

    def _seen(self, status: int, headers: list[tuple[str, str]], body: bytes) -> _Response:
        """Return a response as migrator sees it: with this proxy's address, and with the alterations."""
        theirs = f"{self.upstream.scheme}://{self.upstream.netloc}"
        kept = {n: v.replace(theirs, self._origin) for n, v in headers if n.lower() not in _HOP_BY_HOP}
        body = body.replace(theirs.encode(), self._origin.encode())
        if self.altered and body:
            document = json.loads(body)
            self._alter(document)
            body = json.dumps(document).encode()
        return _Response(status=status, headers=kept, body=body)

    def _alter(self, value: Any) -> None:
        if isinstance(value, list):
            for one in value:
                self._alter(one)
        elif isinstance(value, dict):
            for one in list(value.values()):
                self._alter(one)
            for path, other in self.altered.get(str(value.get(self.id_field)), {}).items():
                put(value, path, other)


def _failed(fault: ProxyFault, response: _Response | None) -> _Response | None:
    """Return the response that a rule gives in place of the platform's; None for a reset connection."""
    match fault.kind:
        case "reset":
            return None
        case "call":
            fault.strike()
            return None
        case "html":
            return _Response(status=200, headers={"Content-Type": "text/html"}, body=_HTML)
        case "throttle":
            return _Response(status=429, headers={"Retry-After": "1", "Content-Type": "application/json"}, body=b"{}")
        case "broken_json":
            assert response
            broken = response.body[: len(response.body) // 2] or b"{"
            return _Response(status=response.status, headers=response.headers, body=broken)
        case _:
            problem = json.dumps({"error": "a scripted fault", "detail": "a scripted fault"}).encode()
            return _Response(status=fault.status, headers={"Content-Type": "application/json"}, body=problem)


class _Handler(BaseHTTPRequestHandler):
    """One connection from migrator."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, respond: Callable[[_Handler], None], *connection: Any) -> None:
        self._respond = respond
        super().__init__(*connection)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = lambda self: self._respond(self)  # noqa: N815 (names of the standard library)

    def send(self, response: _Response) -> None:
        """Send a response whose length is known."""
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status not in {204, 304}:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD" and response.status not in {204, 304}:
            self.wfile.write(response.body)

    def reset(self) -> None:
        """Reset the connection without a response."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the standard library's name)
        """Say nothing: the proxy has a log of its own."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that is gone, which is what many scenarios are about."""
