"""A move of bindings told, and the jobs that no sync of the config owns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from migrator.plan.identity import scope_address
from migrator.report.text import Line, clean, count, line
from migrator.state_move.result import StateMove
from migrator.store.records import Bound
from migrator.sync.orphaned import Orphans

_SHOWN: Final = 20


def orphans_lines(found: Sequence[Orphans]) -> Iterator[Line]:
    """Yield the same as text."""
    for one in found[:_SHOWN]:
        jobs = count(len(one.bound), "job")
        names = ", ".join(clean(bound.name) for bound in one.bound[:_SHOWN])
        more = f" … and {len(one.bound) - _SHOWN:,} more" if len(one.bound) > _SHOWN else ""
        source, target = (clean(scope_address(*place)) for place in (one.home.source, one.home.target))
        command = clean(one.command) or "migrator state move FROM TO"
        yield line(("orphans ", "bold yellow"), f"{jobs} that no sync owns: {clean(one.reason)}")
        yield line(f"{names}{more}", indent=2)
        yield line(f"sync.{clean(one.home.sync)}, {source} → {target}", indent=2)
        yield line("to assign them to a sync: ", (command, "bold"), indent=2)
    if len(found) > _SHOWN:
        yield line(f"… and the jobs of {len(found) - _SHOWN:,} more syncs; migrator status --json has them all")


def state_move_lines(found: StateMove) -> Iterator[Line]:
    """Yield the same as text."""
    number = count(len(found.before), "binding")
    if found.failed:
        yield line(("Nothing was moved: ", "bold red"), "ownership tags could not be rewritten; run the command again")
        yield from (line(f"{clean(name)}: {clean(error)}", indent=2) for name, error in found.failed.items())
        return
    verb = {"move": ("Moved", "To move"), "forget": ("Forgotten", "To forget")}[found.kind][0 if found.runs else 1]
    to = f" → {clean(found.new)}" if found.new else ""
    yield line((f"{verb}: ", "bold"), f"{number}, {clean(found.old)}{to}")
    for before, after in [*zip(found.before, found.after, strict=True)][:_SHOWN]:
        yield line(f"{clean(before.name)}: {_change(before, after)}", indent=2)
    if len(found.before) > _SHOWN:
        yield line(f"… and {len(found.before) - _SHOWN:,} more", indent=2)
    if found.tags:
        told = "rewritten at the target" if found.runs else "to rewrite at the target"
        yield line(f"{count(found.tags, 'ownership tag')} {told}.")
    for place in found.unreached:
        yield line(f"The ownership tags in {clean(place)} stay as they are: no connection of the config reaches them.")
    if found.kind == "forget":
        yield line("The target jobs stay as they are.")
    yield line("To revert: ", (clean(found.undo), "bold"))


def _change(before: Bound, after: Bound) -> str:
    """Return the parts of a binding that change, in a few words."""
    pairs = (
        ("sync", before.sync, after.sync),
        ("source", before.source.scope, after.source.scope),
        ("source job", before.source.id, after.source.id),
        ("target", before.target.scope, after.target.scope),
    )
    told = [f"{what} {clean(old)} → {clean(new)}" for what, old, new in pairs if old != new]
    return ", ".join(told) or f"{before.source} → {before.target}"
