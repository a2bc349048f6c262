"""state move and state forget: move bindings to another address, or remove them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

from migrator import state_move
from migrator.cli.options import Settings
from migrator.cli.work import ask, open_runtime, open_screen, opened_state
from migrator.errors import UsageError
from migrator.report.documents.state import move_document
from migrator.report.screen import Screen
from migrator.report.state_moves import rehoming_lines
from migrator.state_move.addresses import Choice
from migrator.state_move.result import Consent, StateMove
from migrator.store import State
from migrator.sync.endpoints import Runtime

_DECLINED: Final = 1
_SOME_FAILED: Final = 4

Operation = Callable[[Runtime, State, Consent], Coroutine[Any, Any, StateMove]]


def move(
    settings: Settings,
    old: str,
    new: str,
    *,
    sync: str,
    jobs: Sequence[str],
    dry: bool,
    yes: bool,
    to_sync: str = "",
) -> int:
    """Give bindings another name."""
    choice = Choice(sync=sync, jobs=tuple(jobs))

    async def operation(runtime: Runtime, state: State, agree: Consent) -> StateMove:
        return await state_move.move(runtime, state, old, new, choice, agree=agree, dry=dry, to_sync=to_sync)

    return _carry_out(settings, operation, dry=dry, yes=yes)


def forget(settings: Settings, old: str, *, sync: str, jobs: Sequence[str], dry: bool, yes: bool) -> int:
    """Let go of bindings."""
    choice = Choice(sync=sync, jobs=tuple(jobs))

    async def operation(runtime: Runtime, state: State, agree: Consent) -> StateMove:
        return await state_move.forget(runtime, state, old, choice, agree=agree, dry=dry)

    return _carry_out(settings, operation, dry=dry, yes=yes)


def _carry_out(settings: Settings, operation: Operation, *, dry: bool, yes: bool) -> int:
    screen, runtime = open_screen(settings), open_runtime(settings)
    agree = partial(_agree, screen, yes=yes)
    with opened_state(settings, runtime) as state:
        found = asyncio.run(operation(runtime, state, agree))
    screen.result(move_document(found), rehoming_lines(found))
    if found.failed:
        return _SOME_FAILED
    return 0 if dry or found.runs else _DECLINED


async def _agree(screen: Screen, found: StateMove, *, yes: bool) -> bool:
    if yes:
        return True
    screen.say(rehoming_lines(found))
    if not screen.can_ask:
        what = "not a terminal: pass --yes to apply without asking; nothing was changed"
        raise UsageError(what, allowed="--yes", hint="preview it with --dry-run")
    return await ask(screen, "Apply these changes?")
