"""The proxy of the table: faults strike where they should, before or after the platform has done its work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from migrator.testing.proxy import Proxy


class Upstream(ThreadingHTTPServer):
    """Counts its writes, and answers with a list of one job and its own address."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.writes = 0


class Answering(BaseHTTPRequestHandler):
    server: Upstream

    def do_GET(self) -> None:
        """Answer, and count what is no GET."""
        self.server.writes += self.command != "GET"
        url = f"http://127.0.0.1:{self.server.server_port}"
        body = (
            f'{{"jobs": [{{"id": "a", "name": "One", "at": {{"hour": 9}}}}], "next": "{url}/api/jobs?page=2"}}'.encode()
        )
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 (the standard library's name)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A platform."""
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(upstream: Upstream) -> Iterator[Proxy]:
    """A proxy before it."""
    with Proxy(f"http://127.0.0.1:{upstream.server_port}/api", "id") as proxy:
        yield proxy


@pytest.fixture
def client(proxy: Proxy) -> Iterator[httpx.Client]:
    """A client of the proxy, whose connections stay open."""
    with httpx.Client(base_url=proxy.url, trust_env=False) as client:
        yield client


def test_without_a_rule_it_is_not_there(proxy: Proxy, client: httpx.Client) -> None:
    """The platform's answer arrives, with the proxy's address in place of the platform's; the log has the request."""
    answer = client.get("/jobs").json()
    assert answer["next"] == f"{proxy.url}/jobs?page=2"
    assert [(one.request, one.status) for one in proxy.requests] == [("GET /api/jobs", 200)]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", ["status", "reset", "html", "throttle"])
def test_a_fault_comes_before_or_after_the_effect(
    upstream: Upstream, proxy: Proxy, client: httpx.Client, kind: Any, after: bool
) -> None:
    """The second write fails, and only that one; the platform has carried it out or has not seen it."""
    proxy.fault(kind, skips=("GET *",), nth=2, after=after, status=503)
    answers: list[Any] = []
    for _write in range(3):
        client.get("/jobs")
        try:
            answers.append(client.post("/jobs", json={}).status_code)
        except httpx.TransportError:
            answers.append("reset")
    failed = {"status": 503, "reset": "reset", "html": 200, "throttle": 429}[kind]
    assert (answers, upstream.writes) == ([200, failed, 200], 3 if after else 2)


def test_half_a_document_is_half_of_the_platforms_own(proxy: Proxy, client: httpx.Client) -> None:
    """The request has its effect, and the answer ends in the middle."""
    whole = client.get("/jobs").content
    proxy.fault("broken_json")
    half = client.get("/jobs").content
    assert half == whole[: len(whole) // 2]


def test_a_call_may_end_the_client(proxy: Proxy, client: httpx.Client) -> None:
    """What is called runs while the request is on its way, and no answer comes."""
    called: list[int] = []
    proxy.fault("call", strike=lambda: called.append(1))
    with pytest.raises(httpx.TransportError):
        client.get("/jobs")
    assert called == [1]


def test_a_record_is_altered_on_its_way(proxy: Proxy, client: httpx.Client) -> None:
    """Only the record of that id holds another value, also deep inside."""
    proxy.altered["a"] = {"name": 7, "at.hour": "whenever"}
    (job,) = client.get("/jobs").json()["jobs"]
    assert (job["name"], job["at"]["hour"]) == (7, "whenever")
    proxy.clear()
    (job,) = client.get("/jobs").json()["jobs"]
    assert (job["name"], job["at"]["hour"]) == ("One", 9)
