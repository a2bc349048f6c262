"""For every test: no network beyond this machine, and property tests that repeat themselves in CI."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

from tests.listening import Inbox, listening

pytest.register_assert_rewrite("migrator.testing")

settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


NO_BROWSER = "no Chromium on this machine; install it, or name it in MIGRATOR_CHROMIUM"
"""Why tests in a browser are skipped."""


class NetworkBlockedError(Exception):
    """A test tried to reach another machine. No OSError, so that no retry takes it for bad weather."""


def is_here(host: Any) -> bool:
    """Whether a host's name or address is this machine."""
    if host is None or host in {"", "localhost", b"localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def _this_machine_only(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse connections and look-ups that leave this machine; Unix sockets and loopback work as ever.

    Patched for every test anew, because plugins that block the network themselves put the original back. A recording
    may go to a live platform.
    """
    if request.config.getoption("--record-mode") not in {None, "none"}:
        yield
        return
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(family: int, host: Any) -> None:
        if family in {socket.AF_INET, socket.AF_INET6, socket.AF_UNSPEC} and not is_here(host):
            raise NetworkBlockedError(host)

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self.family, address[0])
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self.family, address[0])
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        check(socket.AF_UNSPEC, host)
        return getaddrinfo(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the simulated years, the longest of all, so that no core is idle at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/year/"))


MACHINES: Final = {
    "attack": "attacks",
    "faults": "fault machine",
    "cutover": "instants across cut-overs",
    "platforms": "software of others",
}
"""What tests count, by the property that they record it in."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the machines did and found, whether they passed or not; and what was not run for want of a browser."""
    skipped = [report.longrepr for report in terminalreporter.stats.get("skipped", ())]
    if unseen := sum(NO_BROWSER in str(reason) for reason in skipped):
        terminalreporter.write_sep("!", f"{unseen} tests of the HTML reports were NOT RUN: {NO_BROWSER}", yellow=True)
    reasons = [str(why[-1] if isinstance(why, tuple) else why) for why in skipped]
    for reason in sorted({why.rpartition("NOT RUN: ")[2] for why in reasons if "NOT RUN: " in why}):
        terminalreporter.write_line(f"NOT RUN: {reason}", yellow=True)
    found: dict[str, Counter[str]] = {name: Counter() for name in MACHINES}
    for outcome, reports in terminalreporter.stats.items():
        for report in () if outcome == "skipped" else reports:
            for name, tally in getattr(report, "user_properties", ()):
                if name in found and report.when == "call":
                    found[name].update(tally)
    for name, tallies in found.items():
        if tallies:
            told = ", ".join(f"{what} {number:,}" for what, number in tallies.items())
            terminalreporter.write_sep("-", f"{MACHINES[name]}: {told}")


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A server on this machine."""
    box = Inbox("")

    def take(path: str, body: bytes) -> int:
        box.got.append({"path": path, **json.loads(body)})
        return box.status

    with listening(take) as port:
        box.url = f"json://127.0.0.1:{port}/inbox"
        yield box
