"""A server on this machine that takes whatever is posted to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attrs import define, field


@contextmanager
def listening(take: Callable[[str, bytes], int]) -> Iterator[int]:
    """Serve for as long as the block lasts: the port. `take` gets each path and body, and says what to answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(take(self.path, body))
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@define
class Inbox:
    """A server that takes notifications.

    Attributes:
        url: its address, as Apprise writes it.
        got: what it was sent.
        status: what it answers.
    """

    url: str
    got: list[dict[str, Any]] = field(factory=list)
    status: int = 200
