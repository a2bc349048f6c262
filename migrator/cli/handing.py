"""cutover and retire: switch the active side, and stop or delete the source jobs."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import define

from migrator.cli.moving import command_of, job_options
from migrator.cli.options import Settings
from migrator.cli.work import Interruption, ask, open_runtime, open_screen, opened_state, reminders, showing
from migrator.cutover import commands as cutovers
from migrator.cutover import retire as retiring
from migrator.cutover.switches import Cutover, Order, SwitchResult
from migrator.errors import UsageError
from migrator.plan.changes import Plan
from migrator.report.cutovers import handover_document, handover_lines
from migrator.report.outcomes import cost_lines
from migrator.report.plans import plan_lines
from migrator.report.screen import Activity, Screen
from migrator.report.text import line
from migrator.store import State
from migrator.sync import endpoints

_DONE: Final = 0
_DECLINED: Final = 1
_REFUSED: Final = 3
_SOME_FAILED: Final = 4

_SPAN: Final = re.compile(r"(\d+)\s*(s|m|h)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours"}

Work = Callable[[endpoints.Runtime, State, "Hands"], Awaitable[Cutover]]
"""A cutover or a retirement, given the open state, the prompt and the progress."""


def cutover(
    settings: Settings,
    sync: str,
    *,
    jobs: Sequence[str],
    guard: str,
    at: str | None,
    dry_run: bool,
    back: bool,
    delete_source: bool,
    in_effect: bool,
    yes: bool,
) -> int:
    """Switch the active side of a sync's jobs to the target, or back."""
    order = Order(
        goal="source" if back else "target",
        jobs=tuple(jobs),
        guard=_span(guard),
        at=_instant(at) if at else None,
        is_dry=dry_run,
        may_delete=delete_source,
        in_effect=in_effect,
    )

    async def work(runtime: endpoints.Runtime, state: State, hands: Hands) -> Cutover:
        return await cutovers.cutover(
            runtime, state, sync, order, agree=hands.agree, stop=hands.stop, progress=hands.progress
        )

    typed = [*job_options(jobs), *_told(in_effect=in_effect)]
    more = [
        *(["--at", at] if at else []),
        *(["--guard", guard] if order.guard != Order().guard else []),
        *(["--back"] if back else []),
        *(["--delete-source"] if delete_source else []),
    ]
    again = command_of(settings, "cutover", sync, *typed, *more)
    undo = "" if back else command_of(settings, "cutover", sync, *typed, "--back")
    return _run(settings, work, name="cutover", yes=yes or dry_run, again=again, undo=undo)


def retire(
    settings: Settings,
    sync: str,
    *,
    jobs: Sequence[str],
    guard: str,
    dry_run: bool,
    delete: bool,
    max_deletes: int | None,
    in_effect: bool,
    yes: bool,
) -> int:
    """Stop or delete the source jobs whose target is verified."""
    order = Order(jobs=tuple(jobs), guard=_span(guard), is_dry=dry_run, in_effect=in_effect)

    async def work(runtime: endpoints.Runtime, state: State, hands: Hands) -> Cutover:
        return await retiring.retire(
            runtime,
            state,
            sync,
            order,
            delete=delete,
            at_most=max_deletes,
            agree=hands.agree,
            stop=hands.stop,
            progress=hands.progress,
        )

    more = [
        *(["--guard", guard] if order.guard != Order().guard else []),
        *(["--delete"] if delete else []),
        *(["--max-deletes", str(max_deletes)] if max_deletes is not None else []),
        *_told(in_effect=in_effect),
    ]
    again = command_of(settings, "retire", sync, *job_options(jobs), *more)
    return _run(settings, work, name="retire", yes=yes or dry_run, again=again, undo="")


def _told(*, in_effect: bool) -> list[str]:
    return ["--in-effect"] if in_effect else []


def _run(settings: Settings, work: Work, *, name: str, yes: bool, again: str, undo: str) -> int:
    screen, runtime = open_screen(settings), open_runtime(settings)
    if not yes and not screen.can_ask:
        what = "not a terminal: pass --yes to apply without asking; nothing was changed"
        raise UsageError(what, allowed="--yes", hint="preview it with --dry-run")
    began = time.monotonic()
    with opened_state(settings, runtime) as state, showing(screen, runtime, "reading source and target") as activity:
        hands = Hands(
            screen=screen, settings=settings, activity=activity, yes=yes, again=again, retires=name == "retire"
        )
        found = asyncio.run(hands.instrumentation(work, runtime, state))
    screen.result(
        handover_document(found, name), handover_lines(found, back=undo, again=again, retires=name == "retire")
    )
    screen.say(cost_lines(found.requests, time.monotonic() - began - screen.waited))
    if found.run:
        screen.say(reminders(runtime, found.sync))
    if hands.declined:
        return _DECLINED
    summary = found.summary
    if found.dark or summary["failed"] or summary["skipped"]:
        return _SOME_FAILED
    return _REFUSED if summary["refused"] else _DONE


@define(kw_only=True)
class Hands:
    """The prompt, the progress and the interruption of a cutover."""

    screen: Screen
    settings: Settings
    activity: Activity
    yes: bool
    again: str
    retires: bool
    declined: bool = False
    interruption: Interruption | None = None

    @property
    def stop(self) -> asyncio.Event:
        """Set when nothing new may be begun."""
        assert self.interruption
        return self.interruption.stop

    async def instrumentation(self, work: Work, runtime: endpoints.Runtime, state: State) -> Cutover:
        """Do it, and let a person interrupt."""
        stopping = "Stopping after the jobs in progress; interrupt again to stop at once."
        self.interruption = Interruption(warn=lambda: self.screen.say([line(stopping)]))
        with self.interruption.listening():
            return await work(runtime, state, self)

    async def agree(self, found: Cutover, first: Plan) -> bool:
        """Ask, unless that was answered beforehand."""
        self.declined = not (self.yes or await self._ask(found, first))
        if not self.declined and self.interruption:
            self.interruption.writing = True
            planned = found.summary["planned"]
            self.activity.begin("writing, each job in a gap between its fires", total=planned or None)
        return not self.declined

    async def _ask(self, found: Cutover, first: Plan) -> bool:
        self.activity.end()
        if first.pending:
            self.screen.say(plan_lines(first, verbose=self.settings.verbose))
        self.screen.say(handover_lines(found, back="", again=self.again, retires=self.retires))
        return await ask(self.screen, "Apply these changes?")

    def progress(self, _moved: SwitchResult) -> None:
        """One more is done."""
        self.activity.advance()


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise UsageError("not a duration", where="--guard", actual=text, allowed="90s, 5m or 1h")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _instant(text: str) -> datetime:
    allowed = "2026-12-01T02:30Z; without a zone it is UTC"
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError("not a time", where="--at", actual=text, allowed=allowed) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
