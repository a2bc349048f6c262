"""What ends a cutover early: a failure that concerns the whole connection, or a few failures in a row."""

from __future__ import annotations

import asyncio
from typing import Final

from attrs import define, field

from migrator.errors import (
    AuthError,
    MigratorError,
    NotFoundError,
    ProviderError,
    QuotaError,
    RejectedError,
    TransientError,
)

_IN_A_ROW: Final = 3
_ONE_JOB: Final = (NotFoundError, RejectedError)
"""Refusals that concern one job; every other error of a platform concerns the connection."""
_NO_EFFECT: Final = (AuthError, NotFoundError, RejectedError, QuotaError, TransientError)


def proves_no_effect(error: MigratorError) -> bool:
    """Return whether an error proves that the write did not happen: a refusal (4xx), or nothing was sent."""
    return isinstance(error, _NO_EFFECT)


@define
class CircuitBreaker:
    """Stops a run from beginning further switches.

    Attributes:
        reason: why no further switch may begin; "" while it may.
        tripped: set when there is a reason.
    """

    reason: str = ""
    tripped: asyncio.Event = field(factory=asyncio.Event)
    _failures: int = 0

    def failed(self, error: MigratorError) -> None:
        """Count the failure of a switch."""
        self._failures += 1
        if isinstance(error, ProviderError) and not isinstance(error, _ONE_JOB):
            self._trip(f"the connection failed for another job ({error.what})")
        elif self._failures >= _IN_A_ROW:
            self._trip(f"{_IN_A_ROW} jobs in a row failed")

    def succeeded(self) -> None:
        """Record that a switch succeeded."""
        self._failures = 0

    def _trip(self, reason: str) -> None:
        self.reason = self.reason or reason
        self.tripped.set()
