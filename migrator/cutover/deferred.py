"""Sides whose platform follows a change later than it is written, as GitHub runs what was merged.

A cutover stops one side and activates the other within a moment. Where one of them follows later, the jobs would run on
both sides until then, or on none. So it writes to the other side alone, and only when a person says that what the
deferred side holds is in effect.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from migrator.cutover.switches import Goal, Switch
from migrator.errors import RefusedError
from migrator.providers import PROVIDERS
from migrator.sync.session import Session


def deferred_sides(session: Session) -> Mapping[Goal, str]:
    """Return the sides on which a change takes effect later, each with the title of its platform."""
    sides: Mapping[Goal, str] = {
        "source": session.source.mapping.rules.provider,
        "target": session.target.mapping.rules.provider,
    }
    providers = {side: PROVIDERS[name] for side, name in sides.items()}
    return {side: one.title for side, one in providers.items() if not one.capabilities.takes_effect_at_once}


def check_in_effect(
    session: Session, command: str, *, is_in_effect: bool, counts: Collection[str], goal: Goal = "target"
) -> None:
    """Refuse a command that depends on a deferred side, unless what is there is said to be in effect.

    Args:
        session: both sides.
        command: the command.
        is_in_effect: whether that was said.
        counts: the sides that it depends on.
        goal: the side that is to be active.

    Raises:
        RefusedError: it was not said.
    """
    late = {side: title for side, title in deferred_sides(session).items() if side in counts}
    if is_in_effect or not late:
        return
    name = session.sync.name
    titles = " and ".join(dict.fromkeys(late.values()))
    what = f"{titles} follows a change only after it was merged, and the other side does at once: nothing was changed"
    if goal not in late:
        first = "pause its jobs there and merge that"
    elif goal == "target":
        first = f"apply the changes there (migrator apply {name}) and merge them"
    else:
        first = "make its jobs there active and merge that"
    hint = f"{first}, then run: migrator {command} {name} --in-effect"
    raise RefusedError(what, where=f"sync {name}", hint=hint)


def why_deferred(session: Session, switch: Switch) -> str:
    """Return why a switch would write to a deferred side; "" when it does not."""
    late = deferred_sides(session)
    for step in switch.steps:
        if title := late.get(step.side):
            state = "active" if step.side == switch.goal else "paused"
            return f"its job at {title} ({step.job.id}) is not {state}: make it so there, merge that, then run again"
    return ""
