"""Debian's cron in a mount namespace of its own: its `crontab` command, and its daemon on a clock that runs faster.

Nothing of the machine changes: the spool, /etc/pam.d, /etc/cron.d and /run are folders of the test's own in there.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from attrs import frozen

from tests.platforms.installer import Installed, MissingError, environment
from tests.platforms.servers import faketime

SPEED: Final = 100
"""Seconds of the daemon's clock in one of ours."""

_PAM: Final = "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n"
_AGENT: Final = """\
#!/bin/sh
run=$(mktemp -d {runs}/XXXXXXXX)
for word; do printf '%s\\0' "$word"; done > "$run/words"
cat > "$run/stdin"
date +%s.%N > "$run/at.new"
mv "$run/at.new" "$run/at"
"""
"""In place of each agent: notes when it was started, and with what."""


@frozen(kw_only=True)
class Run:
    """One start of an agent: when, by the daemon's clock, and what it was given."""

    at: datetime
    words: tuple[str, ...]
    stdin: str


@frozen(kw_only=True)
class Machine:
    """A machine with Debian's cron.

    Attributes:
        folder: what is its own.
        cron: the daemon.
        crontab: the command.
    """

    folder: Path
    cron: Path
    crontab: Path

    @property
    def bin(self) -> Path:
        """Programs: `crontab`, and what stands for the agents."""
        return self.folder / "bin"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that is to find them."""
        return {**environment(), "PATH": f"{self.bin}:{os.environ['PATH']}"}

    def command(self, *words: str) -> list[str]:
        """Return the command line that runs a command on this machine."""
        mounts = [
            f"mount --bind {shlex.quote(str(self.folder / name))} {place}"
            for name, place in (
                ("spool", "/var/spool"),
                ("pam.d", "/etc/pam.d"),
                ("run", "/run"),
                ("cron.d", "/etc/cron.d"),
            )
            if Path(place).exists()
        ]
        if Path("/etc/crontab").exists():
            mounts.append("mount --bind /dev/null /etc/crontab")
        return ["unshare", "-m", "sh", "-c", " && ".join([*mounts, f"exec {shlex.join(words)}"])]

    @contextmanager
    def daemon(self, zone: str, start: str) -> Iterator[float]:
        """Let the daemon run from `start`, a local time; yield when it was started, in seconds of our clock.

        It goes before other work of the machine: a minute of its clock is soon over, and one that it misses is lost.
        """
        library = faketime()
        faked = f"FAKETIME=@{datetime.fromisoformat(start):%Y-%m-%d %H:%M:%S} x{SPEED}"
        words = ["nice", "-n", "-10", "env", f"TZ={zone}", f"LD_PRELOAD={library}", faked, str(self.cron), "-f"]
        process = subprocess.Popen(self.command(*words), env=environment(), stderr=subprocess.DEVNULL)
        try:
            yield time.time()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)

    def runs(self, zone: str, start: str, started: float) -> list[Run]:
        """Return what the agents noted, in the order of time."""
        origin = instant(start, zone)
        found = [
            Run(
                at=origin + timedelta(seconds=(float((run / "at").read_text()) - started) * SPEED),
                words=tuple((run / "words").read_bytes().decode().split("\0")[:-1]),
                stdin=(run / "stdin").read_bytes().decode(),
            )
            for run in (self.folder / "runs").iterdir()
            if (run / "at").exists()
        ]
        return sorted(found, key=lambda run: run.at)

    def migrator(self, *words: str) -> str:
        """Run migrator on this machine and return what it printed."""
        ran = subprocess.run(
            [sys.executable, "-m", "migrator", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout


def instant(local: str, zone: str) -> datetime:
    """Return the instant of a local time."""
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def make_machine(folder: Path, installed: Installed) -> Machine:
    """Return a new machine below `folder`.

    Raises:
        MissingError: a process may not have mounts of its own here.
    """
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        raise MissingError("Debian's cron: only root with mount namespaces can give the daemon a spool of its own")
    machine = Machine(folder=folder, cron=installed.program("cron"), crontab=installed.program("crontab"))
    for name in ("spool/cron/crontabs", "pam.d", "run", "cron.d", "bin", "runs"):
        (folder / name).mkdir(parents=True)
    for name in ("cron", "other"):
        (folder / "pam.d" / name).write_text(_PAM)
    scripts = dict.fromkeys(("claude", "codex", "gemini", "copilot"), _AGENT.format(runs=shlex.quote(f"{folder}/runs")))
    inner = machine.command(str(machine.crontab))
    inner[-1] = inner[-1] + ' "$@"'
    scripts["crontab"] = f'#!/bin/sh\nexec {shlex.join(inner)} crontab "$@"\n'
    for name, text in scripts.items():
        program = machine.bin / name
        program.write_text(text)
        program.chmod(0o755)
    return machine


def write_jobs(path: Path, jobs: list[dict[str, object]]) -> None:
    """Write a file of jobs, as the provider `json` reads it."""
    path.write_text(json.dumps({"schema": "migrator/jobs@1", "jobs": jobs}), "utf-8")
