"""Locks and their owners as plain values."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from attrs import frozen


@frozen(kw_only=True)
class Owner:
    """The process that holds a lease; what this system does not tell of it is "".

    Attributes:
        host: machine name, for people; two machines may share one.
        boot: the boot id of its machine.
        namespace: the namespaces that its process id and its clock belong to.
        pid: process id in that namespace.
        started: when the process started, as the system counts it; tells a reused pid apart.
        run: its run.
    """

    host: str
    boot: str = ""
    namespace: str = ""
    pid: int
    started: str
    run: str

    def __str__(self) -> str:
        return f"run {self.run} (process {self.pid} on {self.host})"


LeaseState = Literal["held", "dead", "expired", "future"]
"""held: by a process that may live. dead: by a process of this machine that has ended. expired: not renewed in time.
future: renewed later than it is now by the database's clock, so that its expiry says nothing."""


@frozen(kw_only=True)
class Lease:
    """The lock of one target scope.

    Attributes:
        scope: the target scope.
        owner: who holds it.
        beat: when it was taken or last renewed, by the database's clock.
        expires: when it ends unless it is renewed, by the same clock.
        state: what is known of it, by the same clock and by the processes of this machine.
        is_seen: whether its owner is a process that can be seen from here.
    """

    scope: str
    owner: Owner
    beat: datetime
    expires: datetime
    state: LeaseState
    is_seen: bool = False

    @property
    def is_free(self) -> bool:
        """Whether another run may take it."""
        return self.state in {"dead", "expired"}
