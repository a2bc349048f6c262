"""Commands that switch the active side of jobs: cutover and retire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.app import app
from migrator.cli.exit_codes import Exit
from migrator.cli.options import (
    DryRunOption,
    JobsOption,
    Settings,
    SyncName,
    YesOption,
    job_options,
    takes_settings,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from datetime import datetime, timedelta

    from migrator.cli.approval import Operator
    from migrator.cutover.switches import Cutover
    from migrator.plan.changes import Plan
    from migrator.report.screen import Activity, Screen
    from migrator.report.text import Line

GuardOption = Annotated[
    str, typer.Option(metavar="TIME", help="Least time from a switch to the fires before and after it: 90s, 5m, 1h.")
]
StartOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="Start switching at this time: 2026-12-01T02:30Z. [default: now]")
]
BackOption = Annotated[bool, typer.Option("--back", help="Switch back to the source.")]
DeleteSource = Annotated[
    bool,
    typer.Option("--delete-source", help="Delete source jobs that their platform can neither pause nor re-time."),
]
InEffectOption = Annotated[
    bool,
    typer.Option(
        "--in-effect",
        help="What a checkout holds was merged: for platforms, such as GitHub Actions, that follow their files later.",
    ),
]
DeleteOption = Annotated[bool, typer.Option("--delete", help="Delete the source jobs that are inactive.")]
MaxDeletes = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Most source jobs to stop or delete. [default: limits.deletes]")
]


@app.command()
@takes_settings
def cutover(
    settings: Settings,
    sync: SyncName,
    *,
    job: JobsOption = None,
    guard: GuardOption = "5m",
    at: StartOption = None,
    dry_run: DryRunOption = False,
    back: BackOption = False,
    delete_source: DeleteSource = False,
    in_effect: InEffectOption = False,
    yes: YesOption = False,
) -> int:
    """Switch the active side from source to target, job by job.

    Each job is switched between two of its fires: the source is stopped and read back, then the target is activated and
    read back, so that the two sides are never active together. Jobs missing at the target are created first, staged.
    """
    from functools import partial

    from migrator.cutover import commands
    from migrator.cutover.switches import Order

    order = Order(
        goal="source" if back else "target",
        jobs=tuple(job or ()),
        guard=_duration(guard),
        at=_time(at) if at else None,
        is_dry=dry_run,
        may_delete=delete_source,
        in_effect=in_effect,
    )
    named = ["cutover", sync, *job_options(job), *(["--in-effect"] if in_effect else [])]
    more = [
        *(["--at", at] if at else []),
        *(["--guard", guard] if order.guard != Order().guard else []),
        *(["--back"] if back else []),
        *(["--delete-source"] if delete_source else []),
    ]
    undo = "" if back else settings.command(*named, "--back")
    work = partial(commands.cutover, sync=sync, order=order)
    return _switch(settings, work, name="cutover", yes=yes or dry_run, again=settings.command(*named, *more), undo=undo)


@app.command()
@takes_settings
def retire(
    settings: Settings,
    sync: SyncName,
    *,
    job: JobsOption = None,
    guard: GuardOption = "5m",
    dry_run: DryRunOption = False,
    delete: DeleteOption = False,
    max_deletes: MaxDeletes = None,
    in_effect: InEffectOption = False,
    yes: YesOption = False,
) -> int:
    """Stop or delete source jobs whose target is verified.

    Only those whose target is verified now, and was due at least once since it is the active side. Without --delete,
    source jobs that are active beside their target are stopped.
    """
    from functools import partial

    from migrator.cutover import retire as retiring
    from migrator.cutover.switches import Order

    order = Order(jobs=tuple(job or ()), guard=_duration(guard), is_dry=dry_run, in_effect=in_effect)
    more = [
        *(["--guard", guard] if order.guard != Order().guard else []),
        *(["--delete"] if delete else []),
        *(["--max-deletes", str(max_deletes)] if max_deletes is not None else []),
        *(["--in-effect"] if in_effect else []),
    ]
    again = settings.command("retire", sync, *job_options(job), *more)
    work = partial(retiring.retire, sync=sync, order=order, delete=delete, at_most=max_deletes)
    return _switch(settings, work, name="retire", yes=yes or dry_run, again=again, undo="")


def _switch(
    settings: Settings, work: Callable[..., Awaitable[Cutover]], *, name: str, yes: bool, again: str, undo: str
) -> int:
    """Ask, switch, print the result, and return the exit code.

    Args:
        settings: the options of the command.
        work: a cutover or a retirement, which gets the runtime, the state, `agree`, `stop` and `progress`.
        name: the command, and its document.
        yes: do not ask.
        again: the command that continues where this one stopped.
        undo: the command that switches back.
    """
    import asyncio
    import time
    from functools import partial

    from migrator.cli.environment import open_runtime, open_screen, opened_state, reminders, show_progress
    from migrator.cli.prompts import PREVIEW, require_terminal
    from migrator.report.cutovers import cutover_lines
    from migrator.report.documents.cutover import cutover_document
    from migrator.report.outcomes import cost_lines

    screen, runtime = open_screen(settings), open_runtime(settings)
    if not yes:
        require_terminal(screen, hint=PREVIEW)
    began, retires = time.monotonic(), name == "retire"
    with (
        opened_state(settings, runtime) as state,
        show_progress(screen, runtime, "reading source and target") as activity,
    ):
        operator = _operator(settings, screen, activity, yes=yes, again=again, retires=retires)
        found = asyncio.run(operator.run(partial(work, runtime=runtime, state=state)))
    screen.result(cutover_document(found, name), cutover_lines(found, back=undo, again=again, retires=retires))
    screen.say(cost_lines(found.requests, time.monotonic() - began - screen.waited))
    if found.run:
        screen.say(reminders(runtime, found.sync, at_source=retires))
    return Exit.DECLINED if operator.declined else _exit_code(found)


def _operator(
    settings: Settings, screen: Screen, activity: Activity, *, yes: bool, again: str, retires: bool
) -> Operator:
    """Return an operator who approves a cutover or a retirement."""
    from functools import partial

    from migrator.cli.approval import Operator

    return Operator(
        screen=screen,
        activity=activity,
        yes=yes,
        preview=partial(_preview, again=again, retires=retires, verbose=settings.verbose),
        total=lambda found, _first: found.summary["planned"] or None,
        writing="writing, each job in a gap between its fires",
        changes="jobs",
    )


def _exit_code(found: Cutover) -> int:
    """Return the exit code of a cutover or a retirement."""
    summary = found.summary
    if found.inactive or summary["failed"] or summary["skipped"]:
        return Exit.PARTLY_FAILED
    return Exit.REFUSED if summary["refused"] else Exit.DONE


def _preview(found: Cutover, first: Plan, *, again: str, retires: bool, verbose: bool) -> Iterator[Line]:
    """Yield the lines that are approved: the jobs that are created first, and the switches."""
    from migrator.report.cutovers import cutover_lines
    from migrator.report.plans import plan_lines
    from migrator.report.views.plans import plan_view

    if first.pending:
        yield from plan_lines(plan_view(first), verbose=verbose)
    yield from cutover_lines(found, back="", again=again, retires=retires)


def _duration(text: str) -> timedelta:
    """Return a duration such as 90s, 5m or 1h.

    Raises:
        UsageError: it is not one.
    """
    import re
    from datetime import timedelta

    from migrator.errors import UsageError

    units = {"s": "seconds", "m": "minutes", "h": "hours"}
    found = re.fullmatch(r"(\d+)\s*(s|m|h)", text.strip())
    if not found:
        raise UsageError("not a duration", where="--guard", actual=text, allowed="90s, 5m or 1h")
    return timedelta(**{units[found[2]]: int(found[1])})


def _time(text: str) -> datetime:
    """Return a time in ISO 8601, in UTC where it has no zone.

    Raises:
        UsageError: it is not one.
    """
    from datetime import UTC, datetime

    from migrator.errors import UsageError

    allowed = "2026-12-01T02:30Z; without a zone it is UTC"
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError("not a time", where="--at", actual=text, allowed=allowed) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
