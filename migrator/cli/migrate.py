"""Commands that plan, apply and verify a sync: plan, show, apply, sync and verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli import completion
from migrator.cli.app import app
from migrator.cli.exit_codes import Exit
from migrator.cli.options import (
    DryRunOption,
    JobsOption,
    OutFile,
    ReportFiles,
    Settings,
    SyncName,
    YesOption,
    job_options,
    takes_settings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.cli.approval import Operation
    from migrator.config import Config
    from migrator.plan.changes import Plan
    from migrator.store import State

StagedOption = Annotated[
    bool, typer.Option("--staged", "--held", help="Create jobs inactive until cutover; --held is the same.")
]
DetailedExitCode = Annotated[
    bool, typer.Option("--detailed-exitcode", help="End with 10 when changes are pending and none is blocked.")
]
SavedPlan = Annotated[Path, typer.Argument(metavar="PLAN.json", help="A plan saved with plan -o.")]
SyncOrPlan = Annotated[
    str | None,
    typer.Argument(
        metavar="SYNC|PLAN.json", help="A sync, or a plan saved with plan -o.", autocompletion=completion.syncs
    ),
]
ResumeOption = Annotated[
    str | None,
    typer.Option(metavar="RUN", help="Instead: finish the plan of an interrupted run.", autocompletion=completion.runs),
]
MaxDeletes = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Refuse the plan when it deletes more than N jobs.")
]
SyncNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="SYNC", help="Syncs of the config file.", autocompletion=completion.syncs),
]
AllOption = Annotated[bool, typer.Option("--all", help="Every sync of the config file.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing unless something needs attention.")]
ComparedDays = Annotated[
    int | None,
    typer.Option(
        min=1, max=366, metavar="N", help="How many days of fires to compare. [default: the window less a day]"
    ),
]


@app.command()
@takes_settings
def plan(
    settings: Settings,
    sync: SyncName,
    *,
    out: OutFile = None,
    detailed_exitcode: DetailedExitCode = False,
    report: ReportFiles = None,
    staged: StagedOption = False,
    job: JobsOption = None,
) -> int:
    """Show what a sync would change.

    Nothing is written to any provider. A plan saved with -o is applied exactly as shown.
    """
    import asyncio
    import time
    from functools import partial

    from migrator.cli import files
    from migrator.cli.approval import is_refused
    from migrator.cli.environment import open_runtime, open_screen, opened_state, show_progress
    from migrator.plan.document import plan_document
    from migrator.report.outcomes import cost_lines
    from migrator.report.plans import plan_lines
    from migrator.report.views.plans import plan_view
    from migrator.sync import commands

    files.check_reports(report or ())
    screen, runtime, began = open_screen(settings), open_runtime(settings), time.monotonic()
    with opened_state(settings, runtime) as state, show_progress(screen, runtime, "reading source and target"):
        found, requests = asyncio.run(commands.plan(runtime, state, sync, hold=staged, jobs=job or ()))
        document = partial(plan_document, found, key=state.seal())
    if out is not None:
        files.write_file(out, document().text_parts(), screen)
    view = plan_view(found)
    files.write_reports(report or (), document, view, screen)
    command = settings.command("apply", *([str(out)] if out else [sync, *_narrowed(staged=staged, jobs=job)]))
    screen.result(document, plan_lines(view, command=command, verbose=settings.verbose))
    screen.say(cost_lines(requests, time.monotonic() - began))
    if is_refused(found, runtime.config):
        return Exit.REFUSED
    return Exit.PENDING if detailed_exitcode and found.pending else Exit.DONE


def _narrowed(*, staged: bool, jobs: Sequence[str] | None) -> list[str]:
    """Return the options of an apply that does the same, as they are typed."""
    return [*(["--staged"] if staged else []), *job_options(jobs)]


@app.command()
@takes_settings
def show(settings: Settings, file: SavedPlan) -> int:
    """Show a saved plan.

    It is printed as by `migrator plan`. No provider is read; `migrator apply` checks whether the plan is stale.
    """
    import json

    import attrs

    from migrator.cli.environment import open_screen, opened_state, state_url
    from migrator.cli.files import read_file
    from migrator.plan.document import PlanDocument, plan_document, plan_from_json
    from migrator.report.plans import plan_lines
    from migrator.report.text import line
    from migrator.report.views.plans import plan_view
    from migrator.store.database import inspect

    screen, text, where = open_screen(settings), read_file(file), str(file)
    found = plan_from_json(text, where=where, key=None)
    if inspect(state_url(settings)).schema_version is not None:
        with opened_state(settings) as state:
            is_ours, key = state.lineage_of(found.sync) == found.lineage, state.seal()
    else:
        is_ours, key = False, b""
    if is_ours:
        found = plan_from_json(text, where=where, key=key)
    else:
        screen.say([line("Not verified: another state made this plan, so edits to it cannot be detected here.")])

    def document() -> PlanDocument:
        return attrs.evolve(plan_document(found), digest=json.loads(text).get("digest"))

    command = settings.command("apply", where)
    screen.result(document, plan_lines(plan_view(found), command=command, verbose=settings.verbose))
    return Exit.DONE


@app.command()
@takes_settings
def apply(
    settings: Settings,
    what: SyncOrPlan = None,
    *,
    yes: YesOption = False,
    resume: ResumeOption = None,
    max_deletes: MaxDeletes = None,
    staged: StagedOption = False,
    job: JobsOption = None,
) -> int:
    """Apply a sync or a saved plan, after asking.

    Without --staged, new jobs fire at once, also while their source jobs are active. With it they fire only after
    `migrator cutover`.
    """
    from functools import partial

    from migrator.cli.approval import apply_changes
    from migrator.cli.environment import open_runtime
    from migrator.sync import commands, runs

    runtime = open_runtime(settings)
    as_planned = resume is not None or what not in runtime.config.syncs
    _check_apply(what, resume, narrowed=bool(job and as_planned))

    def operation(state: State) -> Operation:
        sync, saved = (runs.run_of(state, resume).sync, None) if resume else _chosen(what, runtime.config, state)
        apply_sync = partial(commands.apply, runtime, state, sync, saved=saved, resume=resume)
        return partial(apply_sync, max_deletes=max_deletes, hold=staged, jobs=job or ())

    more = _narrowed(staged=staged, jobs=job)
    again = ["apply", "--resume"] if as_planned else ["apply", what or "", *more] if more else []
    return apply_changes(settings, runtime, operation, yes=yes, again=again)


def _check_apply(what: str | None, resume: str | None, *, narrowed: bool) -> None:
    """Check the arguments of `apply`.

    Raises:
        UsageError: nothing is named, or two things are, or a saved plan is narrowed.
    """
    from migrator.errors import UsageError

    if (what is None) == (resume is None):
        raise UsageError("say what to apply", allowed="a sync, a saved plan, or --resume RUN")
    if narrowed:
        hint = "save a narrower plan: migrator plan SYNC --job NAME -o plan.json"
        raise UsageError("a saved plan cannot be narrowed", where="--job", allowed="--job with a sync", hint=hint)


def _chosen(what: str | None, config: Config, state: State) -> tuple[str, Plan | None]:
    """Return the sync, and the saved plan when a file is named."""
    from migrator.cli.files import read_file
    from migrator.plan.document import plan_from_json

    what = what or ""
    if what in config.syncs or not (what.endswith(".json") or Path(what).is_file()):
        return config.sync(what).name, None
    saved = plan_from_json(read_file(Path(what)), where=what, key=state.seal(), lineage_of=state.lineage_of)
    return config.sync(saved.sync).name, saved


@app.command()
@takes_settings
def sync(
    settings: Settings,
    syncs: SyncNames = None,
    *,
    everything: AllOption = False,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    job: JobsOption = None,
    report: ReportFiles = None,
) -> int:
    """Plan and apply within the limits, without asking.

    Independent syncs run at the same time; one that fails does not stop the others. The exit code is the worst of
    theirs; 3 also means that a schedule will not stay exact until the next run.
    """
    from functools import cache

    from migrator.cli.environment import open_runtime, open_screen, opened_state, reminders
    from migrator.cli.files import check_reports, write_sync_run_reports
    from migrator.cli.sync_run import notify, run_syncs, sync_names
    from migrator.report.documents.sync_run import run_document
    from migrator.report.sync_runs import sync_run_lines
    from migrator.report.views.sync_runs import sync_run_view

    check_reports(report or ())
    screen, runtime = open_screen(settings, quiet=quiet), open_runtime(settings, quiet=quiet)
    names = sync_names(syncs or (), runtime.config, everything=everything, narrowed=bool(job))
    with opened_state(settings, runtime) as state:
        found = run_syncs(names, runtime, state, screen, jobs=job or (), dry_run=dry_run, debug=settings.debug)
    document, view = cache(lambda: run_document(found)), sync_run_view(found)
    if not quiet or any(result.needs_a_look for result in found.results):
        screen.result(document, sync_run_lines(view))
    if not dry_run:
        screen.say(reminders(runtime, *(result.name for result in found.results if result.applied.outcomes)))
        notify(screen, runtime, found)
    write_sync_run_reports(report or (), document, view, screen)
    return found.exit_code


@app.command()
@takes_settings
def verify(settings: Settings, sync: SyncName, *, days: ComparedDays = None) -> int:
    """Prove, job by job, that the target fires as the source does.

    Source and target are read again, and their fires compared. Ends with 1 when a job differs, is absent, or cannot be
    proved.
    """
    import asyncio
    import time

    from migrator.cli.environment import open_runtime, open_screen, opened_state, show_progress
    from migrator.report.documents.verify import verify_document
    from migrator.report.outcomes import cost_lines
    from migrator.report.proofs import verify_lines
    from migrator.sync import commands

    screen, runtime, began = open_screen(settings), open_runtime(settings), time.monotonic()
    with opened_state(settings, runtime) as state, show_progress(screen, runtime, "reading source and target"):
        found = asyncio.run(commands.verify(runtime, state, sync, days=days))
    command = settings.command("apply", sync)
    screen.result(verify_document(found), verify_lines(found, command=command, verbose=settings.verbose))
    screen.say(cost_lines(found.requests, time.monotonic() - began))
    return Exit.DONE if found.is_well else Exit.DIFFERENT
