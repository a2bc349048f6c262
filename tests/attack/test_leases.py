"""Leases under attack: a process that is stopped for longer than its lease, and one that cannot be seen."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from functools import cache

import pytest

from tests.attack.bench import LEASE, Attack, ended, names, posts, start, stopped, until
from tests.faults.killing import Labs

pytestmark = pytest.mark.slow

NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
RETRY = 2 * LEASE


@cache
def no_namespaces() -> str:
    """Why no process can be started in a namespace of its own; "" when one can."""
    if not shutil.which("unshare"):
        return "NOT RUN: this system has no unshare"
    tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"NOT RUN: no PID namespace can be made here ({tried.stderr.strip()})"


@pytest.mark.parametrize("takes_over", [True, False], ids=["taken over", "alone"])
def test_a_run_that_slept_through_its_lease_sends_nothing(make_lab: Labs, attack: Attack, takes_over: bool) -> None:
    """A create waits for its retry, the process is stopped for longer than its lease, and wakes: no retry leaves."""
    lab = make_lab(("omni", "devin"))
    lab.source.wish(1)
    lab.world.fault("throttle", provider="devin", method="POST", retry_after=RETRY, times=1)
    with attack():
        first = start(lab, "apply", "it", "--yes")
        until(lambda: posts(lab) == 1)
        stopped(first)
        time.sleep(LEASE + 0.5)
        if takes_over:
            ended(start(lab, "apply", "it", "--yes"), 0)
        first.send_signal(signal.SIGCONT)
        said = ended(first, 5)

        assert ("lock" in said, "run the command again" in said) == (True, True), said
        assert posts(lab) == (2 if takes_over else 1)
        ended(start(lab, "apply", "it", "--yes"), 0)
        assert 1 == len(names(lab))


def test_two_containers_on_one_state_exclude_each_other(make_lab: Labs, attack: Attack) -> None:
    """Two PID namespaces with the same host name: neither takes the other's living process for dead."""
    if why := no_namespaces():
        pytest.skip(why)
    for _round in range(2):
        lab = make_lab(("omni", "devin"))
        for number in range(6):
            lab.source.wish(number)
        lab.world.fault("slow", seconds=2 * LEASE, method="POST", times=1)
        with attack():
            first = start(lab, "apply", "it", "--yes", before=NAMESPACE)
            until(lab.state.leases)
            second = start(lab, "apply", "it", "--yes", before=NAMESPACE)
            ended(second, 5)
            ended(first, 0)

            assert 6 == len(names(lab)) == len(set(names(lab)))
