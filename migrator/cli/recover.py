"""Commands that repair what a run left: settle, unlock, dedupe and rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.app import app
from migrator.cli.exit_codes import Exit
from migrator.cli.options import DryRunOption, RunId, Settings, SyncName, YesOption, takes_settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from migrator.config import Config
    from migrator.extract import Extracted
    from migrator.plan.changes import Plan
    from migrator.plan.duplicates import Duplicate
    from migrator.providers.base import Connection
    from migrator.report.screen import Screen
    from migrator.store import State
    from migrator.store.records import Lease
    from migrator.sync.endpoints import Runtime

SourceJob = Annotated[str, typer.Argument(metavar="JOB", help="Id or name of the source job.")]
CreatedOption = Annotated[
    str | None, typer.Option(metavar="ID", help="The job was created: this is its id at the target.")
]
NotCreatedOption = Annotated[
    bool, typer.Option("--not-created", help="The job was not created; the next run creates it.")
]
LockName = Annotated[
    str | None,
    typer.Argument(metavar="TARGET", help="The lock, its connection or its sync; needed where several are held."),
]
RemoveOption = Annotated[
    list[str] | None, typer.Option("--remove", metavar="ID", help="The target job to remove; may be repeated.")
]


@app.command()
@takes_settings
def settle(
    settings: Settings,
    run: RunId,
    job: SourceJob,
    *,
    created: CreatedOption = None,
    not_created: NotCreatedOption = False,
) -> int:
    """Resolve a write whose result is unknown.

    `migrator status` lists unresolved writes. The job stays blocked until then, so that it is never created twice.
    """
    import asyncio

    from migrator.cli.environment import open_runtime, open_screen, opened_state
    from migrator.errors import UsageError
    from migrator.report.documents.journal import settle_document
    from migrator.report.journal import settle_lines
    from migrator.sync import undo

    screen, runtime = open_screen(settings), open_runtime(settings)
    if (created is None) != not_created:
        raise UsageError("say whether the target job exists", allowed="--created ID, or --not-created")
    with opened_state(settings, runtime) as state:
        write = asyncio.run(undo.settle(runtime, state, run, job, created=created))
    screen.result(settle_document(write, created), settle_lines(write, created))
    return Exit.DONE


@app.command()
@takes_settings
def unlock(settings: Settings, target: LockName = None, *, yes: YesOption = False) -> int:
    """Free the lock of a target whose run has ended, after asking.

    This is seldom needed: the next run takes a lock over at once when its process ended on this machine, and otherwise
    a minute after its last renewal. The owner of the lock is printed first. Do not free the lock of a running process.
    """
    import asyncio

    from migrator.cli.environment import open_screen, opened_state, read_config
    from migrator.cli.prompts import ask, require_terminal
    from migrator.report.documents.state import unlock_document
    from migrator.report.state import lease_lines, unlock_lines

    screen, config = open_screen(settings), read_config(settings)
    with opened_state(settings) as state:
        lease = _lease(state, config, target)
        if lease:
            screen.say(lease_lines(lease))
            if not yes:
                instead = "free the lock without asking; nothing was freed"
                require_terminal(screen, hint="if its process has ended, add --yes", instead=instead)
                if not asyncio.run(ask(screen, "Free this lock?")):
                    return Exit.DECLINED
            state.unlock(lease.scope, lease.owner)
        freed = [lease] if lease else []
        screen.result(unlock_document(freed, state.shown), unlock_lines(freed))
    return Exit.DONE


def _lease(state: State, config: Config, target: str | None) -> Lease | None:
    """Return the lease that is named; None when no lock is held.

    Raises:
        UsageError: several are held and none is named, or the named one is not held.
    """
    from migrator.errors import UsageError

    found = state.leases()
    if target is None:
        if len(found) > 1:
            hint = "name one: migrator unlock TARGET"
            raise UsageError("several locks are held", allowed=", ".join(found), hint=hint)
        return next(iter(found.values()), None)
    named = [lease for lease in found.values() if target in _names(lease, state, config.connections)]
    if len(named) != 1:
        what = "several locks have that name" if named else "unknown lock"
        raise UsageError(what, where="TARGET", actual=target, allowed=", ".join(found) or "no active lock")
    return named[0]


def _names(lease: Lease, state: State, connections: Mapping[str, Connection]) -> set[str]:
    """Return the names of a lock: itself, its scope, its connections, and the sync whose run holds it."""
    from migrator.providers import scopes_of

    provider, _, scope = lease.scope.partition(":")
    run = state.run(lease.owner.run)
    reaching = {name for name, one in connections.items() if one.provider == provider and scope in scopes_of(one)}
    return {lease.scope, scope, *reaching, *({run.sync} if run else ())}


@app.command()
@takes_settings
def dedupe(settings: Settings, sync: SyncName, *, remove: RemoveOption = None, yes: YesOption = False) -> int:
    """Remove duplicates: several target jobs of one source job.

    It lists the target jobs that have the same ownership tag, or are bound to the same source job, and asks which to
    remove; without a terminal, name them with --remove. Ends with 3 when there are duplicates and none was removed.
    """
    import asyncio
    from functools import partial

    from migrator import dedupe as deduping
    from migrator.cli.approval import plan_operator
    from migrator.cli.environment import open_runtime, open_screen, opened_state, show_progress
    from migrator.report.documents.apply import dedupe_document
    from migrator.report.duplicates import dedupe_lines

    screen, runtime = open_screen(settings), open_runtime(settings)
    duplicates: list[Duplicate] = []

    async def choose(found: Sequence[Duplicate], target: Extracted) -> Collection[str]:
        duplicates.extend(found)
        activity.end()
        return remove or await _ask_which(screen, found, target)

    with (
        opened_state(settings, runtime) as state,
        show_progress(screen, runtime, "reading source and target") as activity,
    ):
        operator = plan_operator(settings, screen, activity, yes=yes)
        _plan, applied = asyncio.run(operator.run(partial(deduping.dedupe, runtime, state, sync, choose=choose)))
    again = settings.command("dedupe", sync)
    screen.result(dedupe_document(sync, duplicates, applied), dedupe_lines(sync, duplicates, applied, command=again))
    if operator.declined:
        return Exit.DECLINED
    if any(outcome.status != "done" for outcome in applied.outcomes):
        return Exit.PARTLY_FAILED
    return Exit.REFUSED if duplicates and not applied.outcomes else Exit.DONE


async def _ask_which(screen: Screen, found: Sequence[Duplicate], target: Extracted) -> list[str]:
    """Return the ids of the target jobs to remove, which a person types; none without a terminal."""
    from migrator.cli.prompts import ask_for
    from migrator.report.duplicates import choice_lines

    chosen: list[str] = []
    for one in found if screen.can_ask else ():
        screen.say(choice_lines(one, target))
        chosen += (await ask_for(screen, "Id of the job to remove (Enter: none):")).split()
    return chosen


@app.command()
@takes_settings
def rollback(settings: Settings, run: RunId, *, dry_run: DryRunOption = False, yes: YesOption = False) -> int:
    """Put the target back as it was before a run, after asking.

    Changed jobs are changed back, created jobs are deleted, deleted jobs are recreated under a new id. A job that was
    changed since is not touched. A rollback is a run of its own, and can be rolled back like any other.
    """
    from functools import partial

    from migrator.cli.approval import apply_changes
    from migrator.cli.environment import open_runtime
    from migrator.sync import undo

    runtime = open_runtime(settings)
    if dry_run:
        return _show_rollback(settings, runtime, run)
    again = ["rollback", run]
    return apply_changes(
        settings, runtime, lambda state: partial(undo.rollback, runtime, state, run), yes=yes, again=again
    )


def _show_rollback(settings: Settings, runtime: Runtime, run: str) -> int:
    """Print what a rollback would change."""
    import asyncio
    import time

    from migrator.cli.environment import open_screen, opened_state
    from migrator.plan.document import plan_document
    from migrator.report.outcomes import cost_lines
    from migrator.report.plans import plan_lines
    from migrator.report.views.plans import plan_view
    from migrator.sync import undo

    async def decline(_plan: Plan) -> bool:
        return False

    screen, began = open_screen(settings), time.monotonic()
    with opened_state(settings, runtime) as state, screen.activity("reading the target", waited=runtime.delay):
        back, applied = asyncio.run(undo.rollback(runtime, state, run, agree=decline, stop=asyncio.Event()))
    command = settings.command("rollback", run)
    screen.result(plan_document(back), plan_lines(plan_view(back), command=command, verbose=settings.verbose))
    screen.say(cost_lines(applied.requests, time.monotonic() - began))
    return Exit.DONE
