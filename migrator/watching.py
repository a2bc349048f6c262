"""What goes on, told to whoever watches: stages, requests, and what became of jobs. By default nobody does.

Nothing that is told holds a token, or what stands in a job.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Final

from attrs import frozen


@frozen(kw_only=True)
class Exchange:
    """One request, and what came of it.

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


class Watch:
    """Told what goes on; this one tells nobody."""

    def stage(self, name: str, **about: str) -> AbstractContextManager[None]:
        """A stage that lasts as long as the block: "sync", "list", "plan", …; what happens in it belongs to it."""
        del name, about
        return nullcontext()

    def exchange(self, exchange: Exchange) -> None:
        """A request was answered, or got lost."""

    def job(self, *, sync: str, action: str, status: str) -> None:
        """A change of a job was done, failed, or was skipped."""


NOBODY: Final = Watch()
"""The watch of those whom nobody watches."""
