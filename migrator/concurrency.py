"""Doing things side by side without burying their errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

from migrator.errors import MigratorError


async def side_by_side(work: Iterable[Awaitable[Any]]) -> list[Any]:
    """Await everything at once; when one fails, the others are cancelled and its error is raised as itself.

    Raises:
        MigratorError: the first of our own errors; any other error where there is none.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_run(one)) for one in work]
    except BaseExceptionGroup as several:
        raise _first(several) from several
    return [task.result() for task in tasks]


async def _run(work: Awaitable[Any]) -> Any:
    return await work


def _first(several: BaseExceptionGroup[BaseException]) -> BaseException:
    flat = list(_leaves(several))
    return next((error for error in flat if isinstance(error, MigratorError)), flat[0])


def _leaves(error: BaseException) -> Iterable[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
