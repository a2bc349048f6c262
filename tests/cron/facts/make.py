"""Ask the real engines when expressions fire, and write down what they say: see README.md beside this file.

python tests/cron/facts/make.py croniter
python tests/cron/facts/make.py croner FOLDER      (one in which `npm install croner@10.0.1` was run)
python tests/cron/facts/make.py github FOLDER      (`npm install @actions/workflow-parser@0.3.61`)
python tests/cron/facts/make.py debian COMMAND     (debian.c, built as it says)
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

Question = tuple[str, str, str]
"""An expression, a zone, and the instant after which its fires are asked for."""

COUNT = 6
CHANGES = {
    "UTC": ["2024-02-28", "2024-12-31"],
    "America/New_York": ["2025-03-08", "2025-11-01"],
    "Europe/Berlin": ["2025-03-29", "2025-10-25"],
    "Africa/Cairo": ["2025-04-24", "2025-10-30"],
    "America/Santiago": ["2025-04-05", "2025-09-06"],
    "Pacific/Chatham": ["2025-04-05", "2025-09-27"],
    "Australia/Lord_Howe": ["2025-04-05", "2025-10-04"],
}
"""Zones and days before a change of clocks, in the past: no government can change them any more."""

PROBES = Path(__file__).with_name("probes.txt")


def questions(seed: int, number: int) -> list[Question]:
    """The probes, each near one change of clocks or more, and expressions by chance."""
    chance = random.Random(seed)  # noqa: S311 (the same texts each time)
    probes = PROBES.read_text(encoding="utf-8").splitlines()
    near = 12
    asked = []
    for i, text in enumerate(probes):
        for zone in list(CHANGES) if i < near else [list(CHANGES)[i % len(CHANGES)]]:
            asked += [(text, zone, f"{day}T12:00:00+00:00") for day in CHANGES[zone]]
    for _ in range(number):
        zone = chance.choice(list(CHANGES))
        at = datetime.fromisoformat(chance.choice(CHANGES[zone])).replace(tzinfo=UTC)
        asked.append((by_chance(chance), zone, (at + timedelta(minutes=chance.randrange(2880))).isoformat()))
    return asked


def by_chance(chance: random.Random) -> str:
    """Five fields of lists, ranges and steps."""

    def item(low: int, high: int) -> str:
        first, last = sorted((chance.randint(low, high), chance.randint(low, high)))
        step = chance.choice([2, 3, 5, 7, 10, 15, 20, 30])
        return chance.choice([str(first), str(first), f"{first}-{last}", f"*/{step}", f"{first}-{last}/{step}"])

    def field(low: int, high: int, star: float) -> str:
        if chance.random() < star:
            return "*"
        return ",".join(item(low, high) for _ in range(chance.choice([1, 1, 2])))

    bounds = [(0, 59, 0.1), (0, 23, 0.3), (1, 31, 0.6), (1, 12, 0.7), (0, 6, 0.6)]
    return " ".join(field(*bound) for bound in bounds)


def croniter(asked: list[Question]) -> Iterator[list[datetime] | None]:
    """What croniter says, asked again and again as LangGraph does."""
    from croniter import CroniterBadDateError, croniter  # noqa: PLC0415 (for this engine only)

    for text, zone, after in asked:
        try:
            start = datetime.fromisoformat(after).astimezone(ZoneInfo(zone))
            walk = croniter(text, start, max_years_between_matches=8)
        except ValueError:
            yield None
            continue
        found: list[datetime] = []
        with suppress(CroniterBadDateError):
            found += islice(iter(lambda w=walk: w.get_next(datetime).astimezone(UTC), None), COUNT)
        yield found


CRONER = """
import { Cron } from "croner";
const asked = JSON.parse(process.argv[1]);
console.log(JSON.stringify(asked.map(([text, zone, after, count]) => {
  try {
    const cron = new Cron(text, { timezone: zone, paused: true }), found = [];
    for (let at = new Date(after); found.length < count && (at = cron.nextRun(at)); ) found.push(at.toISOString());
    return found;
  } catch { return null; }
})));
"""

GITHUB = """
import { isValidCron } from "./node_modules/@actions/workflow-parser/dist/model/converter/cron.js";
console.log(JSON.stringify(JSON.parse(process.argv[1]).map(([text]) => isValidCron(text) ? [] : null)));
"""


def node(script: str, asked: list[Question], folder: str) -> Iterator[list[datetime] | None]:
    """What a JavaScript library says, each fire asked for after the one before it, as Mastra does."""
    told = json.dumps([(*question, COUNT) for question in asked])
    command = ["node", "--input-type=module", "-e", script, told]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    for found in json.loads(answer):
        yield None if found is None else [datetime.fromisoformat(at) for at in found]


def debian(asked: list[Question], command: str) -> Iterator[list[datetime] | None]:
    """What Debian's parser and daemon do on a virtual clock, in the following ten days."""
    for text, zone, after in asked:
        start = int(datetime.fromisoformat(after).timestamp())
        arguments = [command, text, str(start), str(start + 10 * 86400)]
        ran = subprocess.run(arguments, env={**os.environ, "TZ": zone}, capture_output=True, text=True, check=False)
        minutes = sorted({int(line) for line in ran.stdout.split() if line.isdigit()})
        yield None if ran.returncode else [datetime.fromtimestamp(at, UTC) for at in minutes if at > start][:COUNT]


def main() -> None:
    """Write the facts of one engine, one a line."""
    name, *rest = sys.argv[1:]
    asked = questions(7, 120)
    match name:
        case "croniter":
            answers = croniter(asked)
        case "croner":
            answers = node(CRONER, asked, rest[0])
        case "github":
            asked = list({question[0]: question for question in asked}.values())
            answers = node(GITHUB, asked, rest[0])
        case _:
            asked = [question for question in asked if not question[0].startswith((" ", "#")) and question[0]]
            answers = debian(asked, rest[0])
    with (Path(__file__).parent / f"{name}.jsonl").open("w", encoding="utf-8") as file:
        for (text, zone, after), found in zip(asked, answers, strict=True):
            fires = None if found is None else [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in found]
            fact = {"text": text, "read": found is not None}
            if fires is not None and name != "github":
                fact |= {"zone": zone, "after": after, "fires": fires}
            file.write(json.dumps(fact) + "\n")


if __name__ == "__main__":
    main()
