"""`Migrator`: the methods of `AsyncMigrator` for programs without an event loop."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from migrator.api.awaited import AsyncMigrator
from migrator.config import Config

P = ParamSpec("P")
T = TypeVar("T")


def _blocking(
    method: Callable[Concatenate[AsyncMigrator, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Migrator, P], T]:
    """Return the method that runs a coroutine method to its end: same arguments, docstring and result."""

    @functools.wraps(method)
    def run(migrator: Migrator, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return asyncio.run(method(migrator._awaited, *args, **kwargs))  # noqa: SLF001 (a method of that class)

    return run


class Migrator:
    """`AsyncMigrator` for programs without an event loop; use it as a context manager.

    Each method returns when it is done. Within a running event loop, such as a notebook's, use `AsyncMigrator`.
    The arguments and errors of the constructor are those of `AsyncMigrator`.
    """

    def __init__(
        self,
        config: Config | str | Path = "migrator.toml",
        *,
        state: str | None = None,
        environ: Mapping[str, str] | None = None,
        mappings: str | Path | None = None,
    ) -> None:
        self._awaited = AsyncMigrator(config, state=state, environ=environ, mappings=mappings)

    @property
    def config(self) -> Config:
        """The config file."""
        return self._awaited.config

    def close(self) -> None:
        """Close the state."""
        self._awaited.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    doctor = _blocking(AsyncMigrator.doctor)
    export = _blocking(AsyncMigrator.export)
    audit = _blocking(AsyncMigrator.audit)
    plan = _blocking(AsyncMigrator.plan)
    apply = _blocking(AsyncMigrator.apply)
    sync = _blocking(AsyncMigrator.sync)
    cutover = _blocking(AsyncMigrator.cutover)
    retire = _blocking(AsyncMigrator.retire)
    verify = _blocking(AsyncMigrator.verify)
    rollback = _blocking(AsyncMigrator.rollback)
    settle = _blocking(AsyncMigrator.settle)
    history = _blocking(AsyncMigrator.history)
    unresolved_writes = _blocking(AsyncMigrator.unresolved_writes)
