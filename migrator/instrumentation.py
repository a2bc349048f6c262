"""What goes on, told to whoever watches: stages, requests, and what became of jobs. By default it is told to none.

Nothing that is told holds a token, or what stands in a job.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Final

from attrs import frozen


@frozen(kw_only=True)
class Exchange:
    """One request and its result.

    Attributes:
        provider: the platform.
        host: whom it was sent to.
        method: HTTP method.
        path: below the base URL, without the query.
        is_write: whether it may change something.
        nth: which try it was, from 1.
        status: what was answered, None when nothing was.
        is_throttled: whether the platform asked for less.
        seconds: how long it took.
    """

    provider: str
    host: str
    method: str
    path: str
    is_write: bool
    nth: int
    status: int | None
    is_throttled: bool
    seconds: float


class Instrumentation:
    """Told what goes on; this one ignores it."""

    def stage(self, name: str, **about: str) -> AbstractContextManager[None]:
        """A stage that lasts as long as the block: "sync", "list", "plan", …; what happens in it belongs to it."""
        del name, about
        return nullcontext()

    def exchange(self, exchange: Exchange) -> None:
        """A request was answered, or got lost."""

    def warn(self, text: str) -> None:
        """Something that a person should know, and that stops nothing."""

    def step(self, done: int, total: int | None = None) -> None:
        """So many of a stage's jobs are done, of how many where that is known."""

    def job(self, *, sync: str, action: str, status: str) -> None:
        """A change of a job was done, failed, or was skipped."""


class Listeners(Instrumentation):
    """Tells somebody else all that it is told; a subclass does something about a part of it besides."""

    def __init__(self, to: Instrumentation) -> None:
        self.to = to

    def stage(self, name: str, **about: str) -> AbstractContextManager[None]:
        """A stage."""
        return self.to.stage(name, **about)

    def exchange(self, exchange: Exchange) -> None:
        """A request."""
        self.to.exchange(exchange)

    def warn(self, text: str) -> None:
        """A warning."""
        self.to.warn(text)

    def step(self, done: int, total: int | None = None) -> None:
        """Progress."""
        self.to.step(done, total)

    def job(self, *, sync: str, action: str, status: str) -> None:
        """An outcome."""
        self.to.job(sync=sync, action=action, status=status)


SILENT: Final = Instrumentation()
"""The instrumentation that ignores everything."""
