"""Whether a platform's own log shows the fires that were due; compares what it logged with the schedule. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import field, frozen

from migrator.canonical import JobRef

SPAN: Final = timedelta(days=7)
"""How far back a log is asked for."""
SLACK: Final = timedelta(minutes=1)
"""How far the clocks of a platform's scheduler and of its log may be apart."""


@frozen(kw_only=True)
class LoggedFires:
    """What a platform's log says of a target job.

    Attributes:
        target: the target job.
        since: from when on: since it was last written to, or switched.
        until: before when: what is due later may still be late.
        due: how many fires its schedule has in that time.
        fired: how many of them are in the log.
        missing: those that are not, in order.
        extra: starts in the log at which nothing was due, in order; those near both ends are left out, as unknown.
    """

    target: JobRef
    since: datetime
    until: datetime
    due: int
    fired: int
    missing: tuple[datetime, ...] = field(repr=False)
    extra: tuple[datetime, ...] = field(repr=False)


def logged_fires(
    target: JobRef,
    due: Sequence[datetime],
    starts: Iterable[datetime],
    *,
    since: datetime,
    until: datetime,
    lateness: timedelta,
) -> LoggedFires:
    """Return which of the fires that were due are in a log, each start counted once.

    Args:
        target: the job.
        due: the instants of its schedule after `since` and before `until`, in order.
        starts: when the platform started it.
        since: when the time in question begins.
        until: when it ends.
        lateness: how late the platform may start a job.
    """
    waiting = deque(sorted(starts))
    missing, others = [], []
    for at in due:
        while waiting and waiting[0] < at - SLACK:
            others.append(waiting.popleft())
        if waiting and waiting[0] <= at + lateness + SLACK:
            waiting.popleft()
        else:
            missing.append(at)
    extra = [at for at in (*others, *waiting) if since + SLACK < at < until - SLACK]
    return LoggedFires(
        target=target,
        since=since,
        until=until,
        due=len(due),
        fired=len(due) - len(missing),
        missing=tuple(missing),
        extra=tuple(extra),
    )
