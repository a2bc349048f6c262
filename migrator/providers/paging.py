"""A list in pages: its bounds, and its pages read ahead of where they are used."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen

from migrator.errors import ProtocolError, TransientError

if TYPE_CHECKING:
    from migrator.http.client import Client

NOT_USED: Final = "a list that cannot be read to its end is not used; try again later"
_NAMED_AHEAD: Final = 2
"""Pages that are asked for ahead where each one names the next."""
_MOST_PAGES: Final = 10_000
_MOST_BYTES: Final = 1024 * 1024 * 1024
"""What a list may take at most: a million jobs, or a gigabyte."""
_BEYOND: Final = 20
"""Pages that a list may have beyond those that its own total makes."""
_LONGEST_CURSOR: Final = 4096
_HEAD_START: Final = 0.001
"""Seconds that a request for a page has to leave before the page before it is read, which keeps the processor busy."""


@frozen(kw_only=True)
class Page:
    """One page of a list.

    Attributes:
        items: its jobs.
        following: where the next page starts, None after the last.
        total: jobs in the whole list, None when the platform does not say.
    """

    items: list[Any]
    following: str | int | None
    total: int | None = None


ReadPage = Callable[[str | int | None], Awaitable[Page]]
"""Reads the page of a list that begins there, the first one when None."""


@define(kw_only=True)
class ListBounds:
    """The bounds of one listing: time, pages and bytes.

    Attributes:
        client: what reads it.
        until: when it must have ended, by the event loop's clock.
        received: the bytes that the client had received when it began.
    """

    client: Client
    until: float
    received: int
    _pages: int = field(default=0, init=False)

    async def page(self, coming: Awaitable[Page], where: str) -> Page:
        """The next page.

        Raises:
            ProtocolError: the list has more pages or bytes than any list of jobs, or names no usable next page.
            TransientError: reading it takes too long.
        """
        self._pages += 1
        try:
            async with asyncio.timeout_at(self.until) as bound:
                page = await coming
        except TimeoutError:
            if not bound.expired():
                raise
            what = f"the list was not read to its end within {self.client.listing_timeout:g} s"
            raise TransientError(what, where=where, hint="try later, or raise listing_timeout") from None
        following = page.following
        if self._pages > _MOST_PAGES or self.client.received - self.received > _MOST_BYTES:
            what = f"the list takes more than {_MOST_PAGES:,} pages or {_MOST_BYTES // 1024 // 1024:,} MiB"
            raise ProtocolError(what, where=where, hint=NOT_USED)
        if isinstance(following, str) and not (following.isprintable() and len(following) <= _LONGEST_CURSOR):
            raise ProtocolError("the list names no usable next page", where=where, hint=NOT_USED)
        return page

    async def pages(self, read: ReadPage, where: str) -> AsyncGenerator[Page, None]:
        """Yield the pages of a list in their order, each asked for before the one before it is used up.

        Where each page names the next, that is asked for as soon as it is known. Where pages go by offset and the
        platform says how many jobs there are, as many are asked for at once as there are places for requests. What it
        says is only believed for that: a page that begins elsewhere than the one before it ended is requested again.

        Args:
            read: reads the page that begins there, the first one when None.
            where: how messages name the list.
        """
        ahead: deque[tuple[str | int, asyncio.Task[Page]]] = deque()

        async def named(start: str | int) -> Page:
            """Read a page, and ask for the one that it names at once."""
            found = await read(start)
            if isinstance(found.following, str) and len(ahead) < _NAMED_AHEAD:
                ask(found.following)
            return found

        def ask(start: str | int) -> None:
            ahead.append((start, asyncio.create_task(named(start))))

        page = await self.page(read(None), where)
        step = len(page.items)
        try:
            while page.following is not None:
                if ahead and ahead[0][0] != page.following:
                    await _give_up(ahead)
                following = _next_offset(ahead[-1][0], step, page.total) if ahead else page.following
                while following is not None and len(ahead) < max(1, self.client.slots):
                    ask(following)
                    following = _next_offset(following, step, page.total)
                await asyncio.wait({ahead[0][1]}, timeout=_HEAD_START)
                yield page
                page = await self.page(ahead.popleft()[1], where)
            yield page
        finally:
            await _give_up(ahead)


def is_overrun(page: Page, pages: int) -> bool:
    """Whether a list goes on far beyond the end that it states; a number that is somewhat wrong costs no job."""
    return page.total is not None and pages > page.total // max(len(page.items), 1) + _BEYOND


def _next_offset(start: str | int, step: int, total: int | None) -> str | int | None:
    """Where the page after the one at `start` begins, as far as that can be known before reading it."""
    if isinstance(start, str) or not step or total is None or start + step >= total:
        return None
    return start + step


async def _give_up(ahead: deque[tuple[str | int, asyncio.Task[Page]]]) -> None:
    """Nobody wants these pages any more."""
    tasks = [task for _start, task in ahead]
    ahead.clear()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def count(value: Any) -> int | None:
    """A number of jobs that a platform may or may not state."""
    return value if type(value) is int and value >= 0 else None
