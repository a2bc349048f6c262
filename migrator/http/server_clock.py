"""How far a platform's clock is from ours, as the Date of its answers tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from attrs import define, field

from migrator.errors import ClockError

REPORTED: Final = timedelta(minutes=5)
"""From here on a person is told."""
_WHOLE_SECONDS: Final = timedelta(seconds=1)
UNSAFE: Final = timedelta(days=1)
"""From here on nothing is written: schedules, windows and gaps would be worked out for another day."""


@define(kw_only=True, eq=False)
class ServerClock:
    """The clock of one platform, as far as its answers show it.

    Attributes:
        provider: the platform.
        now: our clock.
        warn: told once when the two are far apart.
        ahead: how far it was ahead of ours where they were furthest apart; None before an answer.
    """

    provider: str
    now: Callable[[], datetime]
    warn: Callable[[str], None]
    ahead: timedelta | None = field(default=None, init=False)

    def note(self, headers: Mapping[str, str], *, sent: datetime) -> None:
        """Compare the two by the headers of an answer, which was written between `sent` and now."""
        if (there := server_time(headers)) is None:
            return
        found, known = max(there - self.now(), timedelta()), self.ahead or timedelta()
        if there + _WHOLE_SECONDS < sent:
            found = there - sent
        if self.ahead is None or abs(found) > abs(known):
            self.ahead = found
        if abs(known) <= REPORTED < abs(found):
            self.warn(f"{apart(found, self.provider)}; set both by NTP")

    def check(self, where: str) -> None:
        """Make sure that the two are close enough to write.

        Raises:
            ClockError: they are not.
        """
        if self.ahead and abs(self.ahead) > UNSAFE:
            raise clock_error(self.ahead, self.provider, where=where)


def clock_error(ahead: timedelta, provider: str, *, where: str = "") -> ClockError:
    """Return the error for clocks that are too far apart to write anything."""
    what = f"{apart(ahead, provider)}, so nothing is written"
    hint = "set the clock of this machine by NTP, or report the platform's clock; then run the command again"
    return ClockError(what, where=where, allowed="a day at most", hint=hint)


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """Return the time at the platform when it sent an answer; None when the answer does not tell.

    Args:
        headers: the answer's, names in lower case. Age is how long a cache has kept it.
    """
    try:
        date = parsedate_to_datetime(headers.get("date", ""))
        date = date if date.tzinfo else date.replace(tzinfo=UTC)  # "-0000", which RFC 5322 reads as UTC
        age = headers.get("age", "").strip()
        late = timedelta(seconds=int(age)) if age.isdecimal() and age.isascii() else timedelta()
        return (date + late).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):  # no date, or one of no year that there is
        return None


def apart(skew: timedelta, provider: str) -> str:
    """Return the words for a skew: "the clock of omni is 12 minutes ahead of this machine's"."""
    way = "ahead of" if skew > timedelta() else "behind"
    return f"the clock of {provider} is {lasting(abs(skew).total_seconds())} {way} this machine's"


def lasting(seconds: float) -> str:
    """Return a length of time in its two largest units: "2 hours 5 minutes"."""
    left, parts = round(seconds), list[str]()
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        number, left = divmod(left, size)
        if number or (unit == "second" and not parts):
            parts.append(f"{number:,} {unit}{'' if number == 1 else 's'}")
    return " ".join(parts[:2])
