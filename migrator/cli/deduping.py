"""dedupe: remove duplicates, several target jobs for the same source job and part."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import partial
from typing import Final

from attrs import define, field

from migrator import dedupe as deduping
from migrator.cli.moving import Part, command_of
from migrator.cli.options import Settings
from migrator.cli.work import ask_for, open_runtime, open_screen, opened_state, showing
from migrator.extract import Extracted
from migrator.plan.duplicates import Duplicate
from migrator.report.documents.apply import dedupe_document
from migrator.report.duplicates import choice_lines, dedupe_lines
from migrator.report.screen import Activity, Screen

_DONE: Final = 0
_DECLINED: Final = 1
_REFUSED: Final = 3
_SOME_FAILED: Final = 4


def dedupe(settings: Settings, sync: str, *, remove: Sequence[str], yes: bool) -> int:
    """List duplicates, ask which to remove, and remove those."""
    screen, runtime = open_screen(settings), open_runtime(settings)
    with opened_state(settings, runtime) as state, showing(screen, runtime, "reading source and target") as activity:
        chooser = _Chooser(screen=screen, activity=activity, chosen=remove)
        part = Part(screen=screen, settings=settings, activity=activity, yes=yes)

        _plan, applied = asyncio.run(part.run(partial(deduping.dedupe, runtime, state, sync, choose=chooser.choose)))
    command = command_of(settings, "dedupe", sync)
    screen.result(
        dedupe_document(sync, chooser.found, applied), dedupe_lines(sync, chooser.found, applied, command=command)
    )
    if part.declined:
        return _DECLINED
    if any(outcome.status != "done" for outcome in applied.outcomes):
        return _SOME_FAILED
    return _REFUSED if chooser.found and not applied.outcomes else _DONE


@define(kw_only=True)
class _Chooser:
    """Says which copies are to be removed: those of --remove, or what a person types."""

    screen: Screen
    activity: Activity
    chosen: Sequence[str]
    found: Sequence[Duplicate] = field(default=(), init=False)

    async def choose(self, found: Sequence[Duplicate], target: Extracted) -> Collection[str]:
        self.found = found
        self.activity.end()
        if self.chosen or not self.screen.can_ask:
            return self.chosen
        chosen: list[str] = []
        for one in found:
            self.screen.say(choice_lines(one, target))
            typed = await ask_for(self.screen, "Id of the job to remove (Enter: none):")
            chosen += typed.split()
        return chosen
