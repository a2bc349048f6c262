"""Debian's daemon starts the jobs that migrator wrote, across clock changes, and hands over their prompts."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from migrator.cron import next_fires, parse
from migrator.providers.crontab.text import blocks
from tests.platforms.crontab.cron import SPEED, Machine, instant, make_machine, write_jobs
from tests.platforms.installer import Installed

CHANGES: Final = {
    "America/New_York": ("2027-03-14T01:10", "2027-11-07T00:10"),
    "Europe/Berlin": ("2027-03-28T01:10", "2027-10-31T01:10"),
    "Australia/Lord_Howe": ("2027-10-03T01:10", "2027-04-04T00:40"),
}
"""For each zone, local times about an hour before its clocks go forward, and before they go back."""

LASTING: Final = timedelta(hours=3)
LATE: Final = timedelta(minutes=20)
"""How long, by the daemon's clock, a machine that does other work may take to start a job: twelve seconds of ours."""

MINUTE: Final = timedelta(minutes=1)
SECOND: Final = timedelta(seconds=1)

SCHEDULES: Final = (
    "30 2 * * *",
    "0 2 * * *",
    "15 2 * * *",
    "30 1 * * *",
    "45 1 * * *",
    "0 3 * * *",
    "30 * * * *",
    "*/30 * * * *",
    "0,30 1-3 * * *",
    "*/30 1-3 * * *",
    "10 1,2,3 * * SUN",
    "10 1,2,3 1-31 * SUN",
    "5 2 7,14,28,31,3,4 * *",
    "@hourly",
)

PROMPTS: Final = (
    "Say what's new.",
    'He said "100% of $HOME", `date` \\ and $(date); then * ? [a] {b,c} ~ ! # & | < >',
    "Several lines:\n- 50% off\n- a \\ in the middle\n\n- and 'quotes' \"of\" both kinds",
    "\u65e5\u672c\u8a9e \u2014 \u00dcbersicht \U0001f680 \u2028 end",
    "- begins with a dash",
    "A backslash before a line end \\\nneeds a file",
    "Long: " + "x" * 1500,
    "Trailing blanks  \t ",
)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory, installed: Installed) -> dict[tuple[str, str], Machine]:
    """A machine for every clock change."""
    return {
        (zone, start): make_machine(tmp_path_factory.mktemp("machine"), installed)
        for zone, starts in CHANGES.items()
        for start in starts
    }


def prompt_of(number: int) -> str:
    """Return the prompt of a job, which begins with its number."""
    return f"{PROMPTS[number % len(PROMPTS)]} ({number})"


def prepare(machine: Machine, zone: str) -> None:
    """Let migrator write the jobs into the crontab of a machine that has lines of its own."""
    foreign = f"# mine\nPATH={machine.bin}:/usr/bin:/bin\n0 4 1 1 * /bin/true 100\\%\n"
    subprocess.run([machine.bin / "crontab", "-"], input=foreign, text=True, check=True, capture_output=True)
    (machine.folder / "prompts").mkdir()
    jobs: list[dict[str, object]] = [
        {
            "id": f"job-{number}",
            "name": f"Job {number}",
            "enabled": True,
            "trigger": {"kind": "recurring", "cron": text, "dialect": "debian", "timezone": zone},
            "action": {"kind": "prompt", "text": prompt_of(number), "agent": ("claude", "codex", "gemini")[number % 3]},
        }
        for number, text in enumerate(SCHEDULES)
    ]
    jobs.append({**jobs[7], "id": "paused", "name": "Paused", "enabled": False})
    write_jobs(machine.folder / "jobs.json", jobs)
    (machine.folder / "migrator.toml").write_text(
        "\n".join(
            [
                '[connections.file]\nprovider = "json"\npath = "jobs.json"',
                '[connections.cron]\nprovider = "crontab"\ndaemon = "debian"\nprompts = "prompts"',
                f'timezone = "{zone}"',
                '[syncs.it]\nsource = "file"\ntarget = "cron"',
            ]
        )
    )
    machine.migrator("apply", "it", "--yes")
    shown = subprocess.run([machine.bin / "crontab", "-l"], text=True, check=True, capture_output=True).stdout
    assert shown.startswith(foreign)
    assert 0 == json.loads(machine.migrator("plan", "it", "--json"))["summary"]["create"]


@pytest.fixture(scope="module")
def fires(machines: dict[tuple[str, str], Machine]) -> dict[tuple[str, str], dict[int, list[Any]]]:
    """Every start of every job on every machine, all of which run at once; by the job's number."""
    for (zone, _start), machine in machines.items():
        prepare(machine, zone)
    with ExitStack() as stack:
        started = {key: stack.enter_context(machine.daemon(*key)) for key, machine in machines.items()}
        time.sleep((LASTING + LATE).total_seconds() / SPEED)
        found = {key: machine.runs(*key, started[key]) for key, machine in machines.items()}
    numbered: dict[tuple[str, str], dict[int, list[Any]]] = {}
    for key, runs in found.items():
        by_job = defaultdict(list)
        for run in runs:
            said = next((word for word in run.words if word.endswith(")")), run.stdin)
            by_job[int(said.rstrip("\n").rpartition("(")[2].rstrip(")"))].append(run)
        numbered[key] = by_job
    return numbered


@pytest.mark.parametrize(("zone", "change"), [(zone, at) for zone in CHANGES for at in (0, 1)])
def test_fires_across_a_clock_change(
    fires: dict[tuple[str, str], dict[int, list[Any]]], figures: Counter[str], zone: str, change: int
) -> None:
    """Each job starts once at each of the instants that we tell, and at no other; its paused twin not at all."""
    start = CHANGES[zone][change]
    begin = instant(start, zone)
    for number, text in enumerate(SCHEDULES):
        told = starts(text, zone, begin)
        late = next(iter(next_fires(parse(text, "debian"), zone, begin + LASTING - SECOND, 1, dialect="debian")), None)
        seen = [run.at for run in fires[zone, start][number] if late is None or run.at < late]
        assert len(told) == len(seen), (text, told, seen)
        assert all(at <= run <= at + LATE for at, run in zip(told, seen, strict=True)), (text, told, seen)
        figures["fires compared"] += len(set(told))
        figures["repeated starts at the end of a gap"] += len(told) - len(set(told))


def starts(text: str, zone: str, begin: datetime) -> list[datetime]:
    """Return when the daemon starts a job: at the instants that we tell.

    At the end of a gap, a job that does not follow the clock is started once for each of its times that were skipped,
    and once more where it is due then: several starts at one instant.
    """
    cron = parse(text, "debian")
    told = [at for at in next_fires(cron, zone, begin, 20, dialect="debian") if at < begin + LASTING]
    jump, before, after = gap(zone, begin)
    follows = text == "@hourly" or any(part.startswith("*") for part in text.split()[:2])
    if jump is None or jump not in told or follows:
        return told
    walls = next_fires(cron, "UTC", before - SECOND, 20, dialect="debian")
    due = [wall for wall in walls if before <= wall <= after]
    return sorted([*(at for at in told if at != jump), *([jump] * len(due))])


def gap(zone: str, begin: datetime) -> tuple[datetime | None, datetime, datetime]:
    """Return when clocks go forward after `begin`, and the wall clock before and after, as if it were UTC."""

    def wall(at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)

    for minute in range(int(LASTING.total_seconds()) // 60):
        at = begin + timedelta(minutes=minute)
        if wall(at) - wall(at - SECOND) > MINUTE:
            return at, wall(at - SECOND) + SECOND, wall(at)
    return None, begin, begin


def test_what_the_agents_got(fires: dict[tuple[str, str], dict[int, list[Any]]], figures: Counter[str]) -> None:
    """Every start had the job's prompt, to the byte; cron adds a line end to what it hands over as standard input."""
    for by_job in fires.values():
        for number, runs in by_job.items():
            for run in runs:
                prompt = prompt_of(number)
                assert any(word == prompt for word in run.words) or run.stdin in {prompt, prompt + "\n"}, run
                figures["prompts compared"] += 1


SETTINGS: Final = (
    "PLAIN=one two  ",
    "SPACED = 'in single quotes '",
    'DOUBLE="in double quotes"  ',
    "'QUOTED NAME'=x",
    'NONE=""',
    "HASH=a # b",
    "EQUAL=a=b",
    "DOLLAR=$HOME",
    "PLAIN=twice",
)


def test_what_variables_say(tmp_path: Path, installed: Installed, figures: Counter[str]) -> None:
    """A variable holds what we read, and a later line takes the place of an earlier one."""
    machine = make_machine(tmp_path / "machine", installed)
    text = "\n".join([*SETTINGS, f"* * * * * /usr/bin/env -0 > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/env", ""])
    subprocess.run([machine.bin / "crontab", "-"], input=text, text=True, check=True, capture_output=True)
    (block,) = blocks(text.split("\n"))

    with machine.daemon("UTC", "2027-01-01T00:00"):
        for _wait in range(300):
            if (tmp_path / "env").exists():
                break
            time.sleep(0.1)

    said = dict(one.partition("=")[::2] for one in (tmp_path / "env").read_text().split("\0") if one)
    known = {name: value for name, value in block.settings.items() if name.isidentifier()}  # a shell drops the others
    assert known == {name: said[name] for name in known}
    figures["variables compared"] += len(known)
