"""Syncs that wait for each other, and the connections between which they run."""

from __future__ import annotations

from typing import Any

from migrator.config import Sync
from migrator.providers.base import Connection
from migrator.sync.order import in_order


def syncs(*pairs: str) -> list[Sync]:
    """Return syncs of pairs like "A>B", or "A=B" for both ways, each with its pair as its name."""
    return [Sync(name=pair, source=pair[0], target=pair[2], two_way=pair[1] == "=") for pair in pairs]


def waits(*pairs: str) -> dict[str, set[str]]:
    """Return what each sync waits for, in the order in which they run; places are alike when their letters are."""
    return {name: set(before) for name, before in in_order(syncs(*pairs), lambda a, b: a == b).items()}


def connection(provider: str, base_url: str | None = None, **settings: Any) -> Connection:
    """Return a connection with these keys."""
    return Connection(provider=provider, base_url=base_url, settings=settings)
