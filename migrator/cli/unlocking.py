"""unlock: free a lock whose run has ended, after asking."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from migrator.cli.options import Settings
from migrator.cli.work import ask, open_screen, opened_state, read_config
from migrator.config import Config
from migrator.errors import UsageError
from migrator.providers.base import Connection
from migrator.report.documents.state import unlock_document
from migrator.report.locks import lease_lines, unlock_lines
from migrator.store import State
from migrator.store.records import Lease

_DONE = 0
_DECLINED = 1


def unlock(settings: Settings, target: str | None, *, yes: bool) -> int:
    """Free a lock."""
    screen, config = open_screen(settings), read_config(settings)
    with opened_state(settings) as state:
        lease = _chosen(state, config, target)
        if lease:
            screen.say(lease_lines(lease))
            if not yes and not screen.can_ask:
                what = "not a terminal: pass --yes to free the lock without asking; nothing was freed"
                raise UsageError(what, allowed="--yes", hint="if its process has ended, add --yes")
            if not yes and not asyncio.run(ask(screen, "Free this lock?")):
                return _DECLINED
            state.unlock(lease.scope, lease.owner)
        freed = [lease] if lease else []
        screen.result(unlock_document(freed, state.shown), unlock_lines(freed))
    return _DONE


def _chosen(state: State, config: Config, target: str | None) -> Lease | None:
    """Return the one lease that is meant; None when no lock is held.

    Raises:
        UsageError: several are held and none is named, or the named one is not.
    """
    found = state.leases()
    if target is None:
        if len(found) > 1:
            raise UsageError(
                "several locks are held", allowed=", ".join(found), hint="name one: migrator unlock TARGET"
            )
        return next(iter(found.values()), None)
    meant = [lease for lease in found.values() if target in _names(lease, state, config.connections)]
    if len(meant) != 1:
        what = "several locks have that name" if meant else "unknown lock"
        raise UsageError(what, where="TARGET", actual=target, allowed=", ".join(found) or "no active lock")
    return meant[0]


def _names(lease: Lease, state: State, connections: Mapping[str, Connection]) -> set[str]:
    """Return what a person may call a lock: itself, its scope, its connection, or the sync whose run holds it."""
    provider, _, scope = lease.scope.partition(":")
    run = state.run(lease.owner.run)
    reaching = {
        name
        for name, one in connections.items()
        if one.provider == provider
        and (scope in {one.org_id, one.program_id, one.path} or bool(one.base_url and scope in one.base_url))
    }
    return {lease.scope, scope, *reaching, *({run.sync} if run else ())}
