"""A server that says to each request whatever an attack wants, byte by byte, over a plain socket."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from attrs import define, field, frozen

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@frozen
class Asked:
    """A request as it arrived: "GET", its path with the query, the number that it is, from 0, and its body."""

    method: str
    path: str
    number: int
    body: bytes = b""


Script = Callable[[Asked], Iterator[bytes | float]]
"""What is answered to a request: bytes to send, and seconds to wait."""


@define(eq=False)
class Hostile:
    """Serves a script that may be replaced; remembers what was asked.

    Attributes:
        script: answers.
        asked: the requests so far.
    """

    script: Script
    asked: list[Asked] = field(factory=list, init=False)
    _listener: socket.socket = field(factory=socket.socket, init=False)
    _ended: threading.Event = field(factory=threading.Event, init=False)

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    def serve(self) -> None:
        """Take connections until it is ended."""
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)

        def accept() -> None:
            while True:
                try:
                    taken, _address = self._listener.accept()
                except OSError:
                    return
                threading.Thread(target=self._talk, args=(taken,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()

    def end(self) -> None:
        """Say nothing more."""
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _talk(self, taken: socket.socket) -> None:
        """One request and its answer: then the connection is closed, so that each request is one of its own."""
        with taken, suppress(OSError):
            asked = self._read(taken)
            if asked is None:
                return
            for said in self.script(asked):
                if self._ended.is_set():
                    return
                if isinstance(said, bytes):
                    taken.sendall(said)
                else:
                    time.sleep(said)

    def _read(self, taken: socket.socket) -> Asked | None:
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = taken.recv(65536)
            if not chunk:
                return None
            received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        while length and len(body) < int(length[1]):
            body += taken.recv(65536)
        method, path, _version = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        asked = Asked(method, path, len(self.asked), body)
        self.asked.append(asked)
        return asked


@contextmanager
def hostile(script: Script) -> Iterator[Hostile]:
    """Serve a script for as long as the block lasts."""
    server = Hostile(script)
    server.serve()
    try:
        yield server
    finally:
        server.end()


def head(status: str = "200 OK", *headers: str) -> bytes:
    """The beginning of an answer, whose connection is closed after it."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def whole(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole answer."""
    return head(status, f"Content-Length: {len(body)}", *headers) + body
