"""Writes that a person approves: the question, the progress, the interruption, the result and the exit code."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

from attrs import define, field

from migrator.cli.environment import open_screen, opened_state, reminders, show_progress
from migrator.cli.exit_codes import Exit
from migrator.cli.options import Settings
from migrator.cli.prompts import Interruption, ask, require_terminal
from migrator.config import Config
from migrator.execute.outcomes import Applied
from migrator.plan.changes import Plan
from migrator.report.documents.apply import apply_document
from migrator.report.outcomes import apply_lines, cost_lines
from migrator.report.plans import plan_lines
from migrator.report.screen import Activity, Screen
from migrator.report.text import Line, line
from migrator.report.views.plans import plan_view
from migrator.store import State
from migrator.sync.endpoints import Runtime

T = TypeVar("T")

Operation = Callable[..., Awaitable[tuple[Plan, Applied]]]
"""Something that asks `agree`, writes until `stop` is set, and reports to `progress`."""


@define(kw_only=True)
class Operator:
    """The person at the terminal, who approves the writes, sees their progress and may interrupt them.

    Attributes:
        screen: the output of the command.
        activity: the progress of the command.
        yes: approve without asking.
        preview: returns the lines that are approved; gets what `agree` gets.
        total: returns the number of changes, None where it is unknown; gets what `agree` gets.
        writing: the progress while changes are written.
        changes: the changes in progress, in words.
        hint: the next step where no question can be asked.
        declined: whether the answer was no.
    """

    screen: Screen
    activity: Activity
    yes: bool
    preview: Callable[..., Iterable[Line]]
    total: Callable[..., int | None]
    writing: str = "applying"
    changes: str = "writes"
    hint: str = "if the plan above is right, add --yes"
    declined: bool = field(default=False, init=False)
    _interruption: Interruption = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._interruption = Interruption(warn=self._stopping)

    async def run(self, operation: Callable[..., Awaitable[T]]) -> T:
        """Return the result of an operation that gets `agree`, `stop` and `progress`."""
        with self._interruption.listening():
            return await operation(agree=self._agree, stop=self._interruption.stop, progress=self._progress)

    async def _agree(self, *planned: Any) -> bool:
        self.declined = not (self.yes or await self._ask(*planned))
        if not self.declined:
            self._interruption.writing = True
            self.activity.begin(self.writing, total=self.total(*planned))
        return not self.declined

    async def _ask(self, *planned: Any) -> bool:
        self.activity.end()
        self.screen.say(self.preview(*planned))
        require_terminal(self.screen, hint=self.hint)
        return await ask(self.screen, "Apply these changes?")

    def _progress(self, _result: object) -> None:
        self.activity.advance()

    def _stopping(self) -> None:
        self.screen.say([line(f"Stopping after the {self.changes} in progress; interrupt again to stop at once.")])


def plan_operator(settings: Settings, screen: Screen, activity: Activity, *, yes: bool) -> Operator:
    """Return an operator who approves a plan."""
    return Operator(
        screen=screen,
        activity=activity,
        yes=yes,
        preview=lambda plan: plan_lines(plan_view(plan), verbose=settings.verbose),
        total=lambda plan: len(plan.pending),
    )


def apply_changes(
    settings: Settings,
    runtime: Runtime,
    operation: Callable[[State], Operation],
    *,
    yes: bool,
    again: Sequence[str] = (),
) -> int:
    """Ask, write, print the result, and return the exit code.

    Args:
        settings: the options of the command.
        runtime: what connections are opened with.
        operation: returns what writes, given the open state.
        yes: do not ask.
        again: the command that continues where this one stopped; `--resume` gets the run. By default, to apply the
            sync.
    """
    screen, began = open_screen(settings), time.monotonic()
    with (
        opened_state(settings, runtime) as state,
        show_progress(screen, runtime, "reading source and target") as activity,
    ):
        operator = plan_operator(settings, screen, activity, yes=yes)
        plan, applied = asyncio.run(operator.run(operation(state)))
    typed = [*again, applied.run or ""] if again[-1:] == ["--resume"] else again
    command = settings.command(*(typed or ["apply", plan.sync]))
    screen.result(apply_document(plan, applied), apply_lines(plan, applied, command=command))
    screen.say(cost_lines(applied.requests, time.monotonic() - began - screen.waited))
    if any(outcome.status == "done" for outcome in applied.outcomes):
        screen.say(reminders(runtime, plan.sync))
    if operator.declined:
        return Exit.DECLINED
    if applied.inactive or any(outcome.status != "done" for outcome in applied.outcomes):
        return Exit.PARTLY_FAILED
    return Exit.REFUSED if is_refused(plan, runtime.config) else Exit.DONE


def is_refused(plan: Plan, config: Config) -> bool:
    """Return whether the plan is refused, or has blocked jobs where the sync does not allow them."""
    return bool(plan.refusal) or bool(plan.blocked and config.sync(plan.sync).on_refused == "fail")
