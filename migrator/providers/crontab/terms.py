"""What decides how a crontab is read and written: its daemon, zone, user and agents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from attrs import field, frozen

from migrator.agents.patterns import Agents

_UTC: Final = frozenset({"UTC", "Etc/UTC"})


@frozen(kw_only=True)
class Daemon:
    """What is particular to one cron daemon.

    Attributes:
        longest: bytes of the longest command that a line may hold, and of the longest line that sets a variable.
        check: the option of its `crontab` command that checks a file and installs nothing.
        zones: whether CRON_TZ sets the time zone of the lines after it.
    """

    longest: int
    check: str
    zones: bool = False


DAEMONS: Final[Mapping[str, Daemon]] = {
    "debian": Daemon(longest=998, check="-n"),  # measured: "command too long" from 999 on; MAX_ENVSTR is 1,000
    "cronie": Daemon(longest=131_071, check="-T", zones=True),  # MAX_COMMAND, with room for the terminator
}


@frozen(kw_only=True)
class Terms:
    """What decides how a crontab is read and written.

    Attributes:
        where: what errors call the crontab.
        daemon: a key of `DAEMONS`.
        timezone: the zone of the machine.
        user: the user whose lines count, where lines name one; "" where they do not.
        agents: the commands that run an agent.
        prompts: the folder of prompt files, "" for none.
        prompt_of: reads a prompt file; None where there is none.
    """

    where: str
    daemon: str
    timezone: str
    user: str = ""
    agents: Agents = field(factory=Agents)
    prompts: str = ""
    prompt_of: Callable[[str], str | None] = field(default=lambda _path: None, repr=False)

    @property
    def limits(self) -> Daemon:
        """What is particular to the daemon."""
        return DAEMONS[self.daemon]

    @property
    def any_zone(self) -> bool:
        """Whether each job may have a zone of its own: where the clock of the machine never changes."""
        return self.limits.zones and self.timezone in _UTC
