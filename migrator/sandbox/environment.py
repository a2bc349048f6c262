"""What simulators share: one virtual clock, request limits, and the log of fires."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import define, field

from migrator.sandbox import wire
from migrator.sandbox.limits import RequestLimit
from migrator.sandbox.store import Json, Row

START: Final = datetime(2026, 11, 21, tzinfo=UTC)
"""Where a fixed clock starts."""


def _now() -> datetime:
    return datetime.now(UTC)


@define(kw_only=True, eq=False)
class Environment:
    """What a simulator knows of the world that it stands in.

    Attributes:
        clock: where the clock stands; None for the time of day, which goes on by itself.
        limits: request limits by provider; none unless set. `documented_limits` has the published ones.
        ticks: seconds, for request limits.
        time_of_day: the clock behind `clock=None`.
        fires: every fire: provider, id, name, at (UTC), cause ("schedule", "trigger", "immediate").
    """

    clock: datetime | None = START
    limits: dict[str, RequestLimit] = field(factory=dict)
    ticks: Callable[[], float] = time.monotonic
    time_of_day: Callable[[], datetime] = _now
    fires: list[Json] = field(factory=list)
    _offset: timedelta = field(init=False, default=timedelta(0))

    def now(self) -> datetime:
        """What the clock says, in UTC."""
        return (self.clock or self.time_of_day()) + self._offset

    def fire(self, provider: str, row: Row, at: datetime, *, cause: str) -> str:
        """Log a fire; returns the id of the run."""
        self.fires.append(
            {"provider": provider, "id": row.id, "name": row.data["name"], "at": wire.stamp(at), "cause": cause}
        )
        return str(wire.counted_id("run", len(self.fires)))

    def throttle(self, provider: str, key: str) -> float:
        """Count a request against the limit: the seconds to wait, 0 when it is admitted."""
        limit = self.limits.get(provider)
        return limit.admit(key, self.ticks()) if limit else 0.0

    def remaining(self, provider: str, key: str, default: int) -> int:
        """How many requests the limit still admits; the default where no limit is set."""
        limit = self.limits.get(provider)
        return limit.remaining(key, self.ticks()) if limit else default
