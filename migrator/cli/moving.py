"""plan and apply."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import define

from migrator.cli.filing import check_reports, write_reports
from migrator.cli.options import Settings
from migrator.cli.work import (
    Interruption,
    ask,
    open_runtime,
    open_screen,
    opened_state,
    read_file,
    showing,
    write_file,
)
from migrator.config import Config
from migrator.errors import UsageError
from migrator.execute.outcomes import Applied, Outcome
from migrator.plan.changes import Plan
from migrator.plan.document import plan_document, plan_from_json
from migrator.report.documents.apply import apply_document
from migrator.report.outcomes import apply_lines, cost_lines
from migrator.report.plans import plan_lines
from migrator.report.screen import Activity, Screen
from migrator.report.text import line
from migrator.store import State
from migrator.sync import commands, endpoints, execution

if TYPE_CHECKING:
    from migrator.report.overview import Overview

Operation = Callable[..., Awaitable[tuple[Plan, Applied]]]
"""Something that asks `agree`, writes until `stop` is set, and tells `progress`."""

_DONE: Final = 0
_DECLINED: Final = 1
_REFUSED: Final = 3
_SOME_FAILED: Final = 4
_PENDING: Final = 10


def plan(
    settings: Settings,
    sync: str,
    *,
    out: Path | None,
    detailed_exitcode: bool,
    held: bool,
    jobs: Sequence[str] = (),
    reports: Sequence[Path] = (),
) -> int:
    """Show what a sync would change."""
    check_reports(reports)
    screen, runtime = open_screen(settings), open_runtime(settings)
    began = time.monotonic()
    with opened_state(settings, runtime) as state, showing(screen, runtime, "reading source and target"):
        found, requests = asyncio.run(commands.plan(runtime, state, sync, hold=held, jobs=jobs))
        document = partial(plan_document, found, key=state.seal())
    if out is not None:
        write_file(out, document().text_parts(), screen)
    write_reports(reports, document, lambda: _overview(found), screen)
    more = [] if out else [*(["--staged"] if held else []), *job_options(jobs)]
    command = command_of(settings, "apply", str(out or sync), *more)
    screen.result(document, plan_lines(found, command=command, verbose=settings.verbose))
    screen.say(cost_lines(requests, time.monotonic() - began))
    if _is_refused(found, runtime.config):
        return _REFUSED
    return _PENDING if detailed_exitcode and found.pending else _DONE


def _overview(found: Plan) -> Overview:
    from migrator.report.overview.plans import plan_overview  # noqa: PLC0415 (only when a report is asked for)

    return plan_overview(found)


def apply(
    settings: Settings,
    what: str | None,
    *,
    yes: bool,
    resume: str | None,
    max_deletes: int | None,
    held: bool,
    jobs: Sequence[str] = (),
) -> int:
    """Apply a sync, a saved plan, or the rest of an earlier run's plan."""
    screen, runtime = open_screen(settings), open_runtime(settings)
    if (what is None) == (resume is None):
        raise UsageError("say what to apply", allowed="a sync, a saved plan, or --resume RUN")

    def operation(state: State) -> Operation:
        if resume:
            sync, saved = execution.run_of(state, resume).sync, None
        else:
            sync, saved = _sync_or_plan(what or "", runtime.config, state)
        return partial(
            commands.apply,
            runtime,
            state,
            sync,
            saved=saved,
            resume=resume,
            max_deletes=max_deletes,
            hold=held,
            jobs=jobs,
        )

    as_planned = resume is not None or what not in runtime.config.syncs
    if jobs and as_planned:
        raise UsageError(
            "a saved plan cannot be narrowed",
            where="--job",
            allowed="--job with a sync",
            hint="save a narrower plan: migrator plan SYNC --job NAME -o plan.json",
        )
    more = [*(["--staged"] if held else []), *job_options(jobs)]
    again = ["apply", "--resume"] if as_planned else ["apply", what or "", *more] if more else []
    return carry_out(settings, screen, runtime, operation, yes=yes, again=again)


def carry_out(
    settings: Settings,
    screen: Screen,
    runtime: endpoints.Runtime,
    operation: Callable[[State], Operation],
    *,
    yes: bool,
    again: Sequence[str] = (),
) -> int:
    """Ask, write, and print the result.

    Args:
        settings: the command's.
        screen: where it is told.
        runtime: what the pipeline needs.
        operation: what writes, given the open state.
        yes: do not ask.
        again: the command that goes on where it stopped; `--resume` gets the run. By default, to apply the sync.
    """
    began = time.monotonic()
    with opened_state(settings, runtime) as state, showing(screen, runtime, "reading source and target") as activity:
        session = Part(screen=screen, settings=settings, activity=activity, yes=yes)
        carried_out, applied = asyncio.run(session.run(operation(state)))
    typed = [*again, applied.run or ""] if again[-1:] == ["--resume"] else again
    command = command_of(settings, *(typed or ["apply", carried_out.sync]))
    screen.result(apply_document(carried_out, applied), apply_lines(carried_out, applied, command=command))
    screen.say(cost_lines(applied.requests, time.monotonic() - began - screen.waited))
    if session.declined:
        return _DECLINED
    if applied.dark or any(outcome.status != "done" for outcome in applied.outcomes):
        return _SOME_FAILED
    return _REFUSED if _is_refused(carried_out, runtime.config) else _DONE


@define(kw_only=True)
class Part:
    """The prompt, the progress and the interruption of a run."""

    screen: Screen
    settings: Settings
    activity: Activity
    yes: bool
    declined: bool = False

    async def run(self, operation: Operation) -> tuple[Plan, Applied]:
        """Return the plan and its result."""
        interruption = Interruption(warn=self._stopping)

        async def agree(found: Plan) -> bool:
            self.declined = not (self.yes or await self._ask(found))
            if not self.declined:
                interruption.writing = True
                self.activity.begin("applying", total=len(found.pending))
            return not self.declined

        with interruption.listening():
            return await operation(agree=agree, stop=interruption.stop, progress=self._progress)

    async def _ask(self, found: Plan) -> bool:
        self.activity.end()
        self.screen.say(plan_lines(found, verbose=self.settings.verbose))
        if not self.screen.can_ask:
            what = "not a terminal: pass --yes to apply without asking; nothing was changed"
            raise UsageError(what, allowed="--yes", hint="if the plan above is right, add --yes")
        return await ask(self.screen, "Apply these changes?")

    def _progress(self, _outcome: Outcome) -> None:
        self.activity.advance()

    def _stopping(self) -> None:
        self.screen.say([line("Stopping after the writes in progress; interrupt again to stop at once.")])


def _sync_or_plan(what: str, config: Config, state: State) -> tuple[str, Plan | None]:
    """The sync that is meant, and its saved plan when a file is named."""
    if what in config.syncs or not (what.endswith(".json") or Path(what).is_file()):
        return config.sync(what).name, None
    saved = plan_from_json(read_file(Path(what)), where=what, key=state.seal(), lineage_of=state.lineage_of)
    return config.sync(saved.sync).name, saved


def job_options(jobs: Sequence[str]) -> list[str]:
    """Return the options that name jobs, as they are typed."""
    return [word for job in jobs for word in ("--job", job)]


def command_of(settings: Settings, *what: str) -> str:
    """Return what to type: a command with the shared options and its arguments."""
    return shlex.join(["migrator", what[0], *settings.shared, *what[1:]])


def _is_refused(found: Plan, config: Config) -> bool:
    """Return whether the plan is refused, or has blocked jobs where the sync does not allow them."""
    return bool(found.refusal) or bool(found.blocked and config.sync(found.sync).on_refused == "fail")
