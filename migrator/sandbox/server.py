"""Serving a world: one ASGI application, uvicorn on 127.0.0.1 only."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final, Self

from starlette.routing import Host, Mount, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from migrator.sandbox.control import Control
from migrator.sandbox.front import Front
from migrator.sandbox.world import World

if TYPE_CHECKING:
    import uvicorn

ADDRESS: Final = "127.0.0.1"


def provider_app(world: World, provider: str) -> ASGIApp:
    """One provider alone, answering as below its documented host."""
    return Front(world, world.providers[provider])


def create_app(world: World, *, stop: Callable[[], None] = lambda: None) -> ASGIApp:
    """All of them, each below its name, and /control; and each provider at the root of its documented host.

    Args:
        world: what they hold.
        stop: ends the server.
    """
    apps = {name: provider_app(world, name) for name in world.providers}

    @contextlib.asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        yield
        world.save()

    hosts = [Host(world.providers[name].host, app=app) for name, app in apps.items()]
    mounts = [_mounted(f"/{name}", app) for name, app in apps.items()]
    control = _mounted("/control", Control(world, stop).app())
    # A bare router: Starlette's own application would answer 500 where a fault wants no answer at all.
    return Router(routes=[*hosts, *mounts, control], lifespan=lifespan)


def _mounted(path: str, app: ASGIApp) -> Mount:
    """An application for every path below one, also where an id holds a newline."""
    mount = Mount(path, app=app)
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount


def serve(world: World, port: int = 0, *, ready: Callable[[int], None] | None = None) -> None:
    """Serve until interrupted.

    Args:
        world: what to serve.
        port: 0 picks a free one.
        ready: called with the port once connections are accepted.

    Raises:
        OSError: the port is taken.
    """
    with _listener(port) as listener, contextlib.suppress(KeyboardInterrupt):
        if ready is not None:
            ready(listener.getsockname()[1])
        _server(world).run([listener])


class BackgroundServer:
    """A world that a thread serves for the length of a `with` block; between requests the world may be looked at.

    Attributes:
        port: where it listens.
        url: its root, without a slash at the end.
    """

    def __init__(self, world: World, port: int = 0) -> None:
        self._listener = _listener(port)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{ADDRESS}:{self.port}"
        self._server = _server(world)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)

    def start(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answer what is under way, save, and end."""
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()


def _listener(port: int) -> socket.socket:
    """A listening socket, bound before anything is served: a taken port is an error, and the port is known."""
    # The protocol is named, because asyncio sends small answers at once only where it reads TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _server(world: World) -> uvicorn.Server:
    import uvicorn  # noqa: PLC0415 (in-process use needs no server)
    from uvicorn.protocols.http.h11_impl import H11Protocol  # noqa: PLC0415 (the same)

    class Cuttable(H11Protocol):
        """HTTP/1.1 whose connection dies when the application raises ConnectionResetError."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's own signature
            super().connection_made(transport)
            self.app = _cutting(self.app, transport)

    def stop() -> None:
        server.should_exit = True

    config = uvicorn.Config(
        _dated(create_app(world, stop=stop), world),
        date_header=False,
        http=Cuttable,
        ws="none",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    return server


def _dated(app: ASGIApp, world: World) -> ASGIApp:
    """Answers carry the Date of the world's clock, unless they have one of their own."""

    async def dated(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if not any(name.lower() == b"date" for name, _value in headers):
                    headers.append((b"date", format_datetime(world.now(), usegmt=True).encode()))
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, sent)

    return dated


def _cutting(app: ASGIApp, transport: asyncio.Transport) -> ASGIApp:
    async def cut(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except ConnectionResetError:
            transport.abort()

    return cut
