"""GitHub's own parser judges every workflow that migrator writes, and every schedule that it reads or writes."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from migrator.config import load
from migrator.cron import Once, Recurring, parse, translate
from migrator.errors import ScheduleError
from migrator.http.clock import Clock
from migrator.providers.github.changing import change_workflow
from migrator.providers.github.reading import read_workflow
from migrator.providers.registry import PROVIDERS
from migrator.sandbox import BackgroundServer, World, load_samples, migrator_toml, settings
from migrator.store import open_state
from migrator.sync import commands
from migrator.sync.endpoints import Runtime
from tests.platforms.installer import Installed
from tests.providers.workflow_texts import AGENTS, HOSTILE, LAYOUTS
from tests.strategies import _TEXTS

Judge = Callable[[Sequence[dict[str, Any]]], list[dict[str, Any]]]

TEMPLATES: Final = Path(__file__).parents[3] / "migrator" / "providers" / "github" / "templates"
SYNC: Final = """
[connections.github]
provider = "github"
path = "repository"
[syncs.it]
source = "SOURCE"
target = "github"
on_refused = "report"
allow_loss = ["description", "action", "delivery", "run_as", "labels"]
template = { prompt = "Handle ${event}: ${payload}" }
[syncs.it.lookup."action.agent"]
devin = "claude"
data_analyst = "claude"
"""
NOW: Final = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture
def judge(installed: Installed) -> Judge:
    """What GitHub's parser says to each of some questions."""
    script = Path(__file__).with_name("judge.mjs")

    def ask(questions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        asked = "".join(json.dumps(question) + "\n" for question in questions)
        command = ["node", str(script), str(installed.folder)]
        run = subprocess.run(command, input=asked, capture_output=True, text=True, check=True, timeout=300)
        answers = [json.loads(line) for line in run.stdout.split("\n")[:-1]]
        assert len(questions) == len(answers), run.stderr
        return answers

    return ask


def templates() -> dict[str, str]:
    return {path.stem: path.read_text("utf-8") for path in sorted(TEMPLATES.glob("*.yml"))}


def test_every_prompt_reaches_the_agent(judge: Judge, figures: Counter[str]) -> None:
    """Whatever a prompt holds, GitHub gives it to the agent as it is, evaluates nothing of it, and finds no error."""
    asked, wanted = [], []
    for (_name, text), prompt in itertools.product([*LAYOUTS.items(), *templates().items()], HOSTILE):
        found = read_workflow("w.yml", text, AGENTS)
        assert found
        payload = {"prompt": prompt, "name": "Größe: ✓ #1", "schedule": {"cron": "*/15 9 * * 1-5", "timezone": "UTC"}}
        asked.append({"file": change_workflow(found, payload, AGENTS), "at": list(found.prompt)})
        wanted.append(prompt)
    for question, prompt, answer in zip(asked, wanted, judge(asked), strict=True):
        assert [] == answer["errors"], (answer, question["file"])
        assert prompt == answer["value"], question["file"]
        assert [{"cron": "*/15 9 * * 1-5", "timezone": "UTC"}] == answer["events"]["schedule"]
    figures["workflows judged"] += len(asked)


def test_a_paused_workflow_is_one_without_a_schedule(judge: Judge, figures: Counter[str]) -> None:
    """It is valid, has another trigger, and GitHub sees no schedule; resumed, it sees the old one."""
    texts = {name: text for name, text in {**LAYOUTS, **templates()}.items() if name != "braces"}
    paused, resumed = [], []
    for text in texts.values():
        found = read_workflow("w.yml", text, AGENTS)
        assert found
        off = change_workflow(found, {"enabled": False, "mark": "migrator:omni:1a2b3c4d:x:1/1"}, AGENTS)
        again = read_workflow("w.yml", off, AGENTS)
        assert again
        paused.append({"file": off})
        resumed.append({"file": change_workflow(again, {"enabled": True}, AGENTS)})
    answers = judge([*paused, *resumed])
    assert [[]] * len(answers) == [answer["errors"] for answer in answers]
    assert [["workflow_dispatch"]] * len(paused) == [list(answer["events"]) for answer in answers[: len(paused)]]
    assert all(answer["events"]["schedule"] for answer in answers[len(paused) :])
    figures["workflows judged"] += len(answers)


async def _agree(*_of: object) -> bool:
    return True


@pytest.mark.parametrize("source", ["omni", "devin", "scrip"])
@pytest.mark.parametrize("staged", [False, True], ids=["active", "staged"])
async def test_a_migration(judge: Judge, tmp_path: Path, source: str, staged: bool, figures: Counter[str]) -> None:
    """Every file of a migration is valid to GitHub and has the schedules that the plan says."""
    world = World()
    load_samples(world)
    repository = tmp_path / "repository"
    (repository / ".github" / "workflows").mkdir(parents=True)
    with BackgroundServer(world) as server:
        text = migrator_toml(world, server.port)
        tokens = {way["env"]: way["token"] for way in settings(world, server.port).values() if "env" in way}
        config = tmp_path / "migrator.toml"
        config.write_text(text + SYNC.replace("SOURCE", source), "utf-8")
        clock = Clock(now=world.now)
        runtime = Runtime(config=load(config, providers=PROVIDERS), environ=tokens, clock=clock)
        state = open_state(f"sqlite:///{tmp_path}/migrator.db", now=world.now)
        try:
            planned, applied = await commands.apply(
                runtime, state, "it", hold=staged, agree=_agree, stop=asyncio.Event()
            )
        finally:
            state.close()
    assert {"done"} == {outcome.status for outcome in applied.outcomes}
    files = {path.name: path.read_text("utf-8") for path in (repository / ".github" / "workflows").iterdir()}
    assert len(files) > 5
    answers = dict(zip(files, judge([{"file": text} for text in files.values()]), strict=True))
    assert {name: [] for name in files} == {name: answer["errors"] for name, answer in answers.items()}
    due = {entry["cron"] for answer in answers.values() for entry in answer["events"].get("schedule", ())}
    assert due <= {piece["text"] for change in planned.changes if change.schedule for piece in change.schedule.pieces}
    assert bool(due) == (not staged)
    figures["workflows judged"] += len(files)


FIELDS: Final = {
    "minute": ["*", "0", "59", "60", "*/5", "*/90", "5/15", "0-59/7", "1,2,3", "22-2", "07", "1.5", "0x5", "", "L"],
    "hour": ["*", "0", "23", "24", "*/6", "9-17", "22-2", "9-9", "09"],
    "day": ["*", "1", "31", "32", "0", "L", "?", "15W", "1-31/2"],
    "month": ["*", "1", "12", "13", "JAN", "jan-MAR", "JANUARY", "0"],
    "weekday": ["*", "0", "6", "7", "MON", "sun-SAT", "5-1", "1#2", "5L", "?", "1,3,5"],
}
MORE: Final = [
    "@daily", "@reboot", " 0 9 * * *", "0 9 * * * ", "0  9 * * 1", "0 9 * *", "0 0 9 * * 1", "0 9 31 2 *",
    "0\t9 * * 1", "1e1 9 * * *", "0 9 * * 1-5,0", "0 9 1,15 * 1", "0 9 ,1 * *", "-1 9 * * *", "+5 9 * * *", "٣ 9 * * *",
]  # fmt: skip


def corpus() -> list[str]:
    """Each value of each field among plain ones, every pair of two fields, and oddities of whole texts."""
    plain = ["0", "9", "*", "*", "*"]
    texts = list(MORE)
    for (i, one), (j, other) in itertools.combinations(enumerate(FIELDS.values()), 2):
        for a, b in itertools.product(one, other):
            words = [*plain]
            words[i], words[j] = a, b
            texts.append(" ".join(words))
    return list(dict.fromkeys(texts))


def test_schedules_are_valid_where_we_say_so(judge: Judge, figures: Counter[str]) -> None:
    """Every text that we read is valid to GitHub; what it accepts beyond that is what JavaScript takes for a number.

    Nothing is 0 there: a blank at the beginning counts as a field.
    """
    texts = corpus()
    answers = judge([{"cron": text} for text in texts])
    ours = {text: _is_read(text) for text in texts}
    wrong = [text for text, answer in zip(texts, answers, strict=True) if ours[text] and not answer["valid"]]
    assert [] == wrong
    laxer = {text for text, answer in zip(texts, answers, strict=True) if answer["valid"] and not ours[text]}
    numbers = ("1.5", "0x5", "1e1", "+5")
    assert laxer <= {text for text in texts if "" in text.split(" ") or any(number in text for number in numbers)}
    figures["cron texts compared"] += len(texts)


def _is_read(text: str) -> bool:
    try:
        parse(text, "github", reading={"day_rule": "or", "equal_range": "one"})
    except ScheduleError:
        return False
    return True


def test_schedules_that_we_write_are_valid_and_seldom_enough(judge: Judge, figures: Counter[str]) -> None:
    """Every schedule of other platforms, and every instant, is written in a text that GitHub takes."""
    written: dict[str, None] = {}
    for dialect, texts in _TEXTS.items():
        for text, zone in itertools.product(texts, ["UTC", "Europe/Berlin", "America/New_York"]):
            try:
                trigger = Recurring(cron=parse(text, dialect), timezone=zone)
            except ScheduleError:
                continue
            found = translate(trigger, source=dialect, target="github", now=NOW, horizon=timedelta(days=400))
            written |= dict.fromkeys(piece.text for piece in found.pieces)
    for hours in range(1, 9000, 97):
        at = NOW + timedelta(hours=hours, minutes=hours % 60)
        found = translate(Once(at=at), source="vixie", target="github", now=NOW, horizon=timedelta(days=400))
        written |= dict.fromkeys(piece.text for piece in found.pieces)
    answers = judge([{"cron": text} for text in written])
    assert {(True, False)} == {(answer["valid"], answer["frequent"]) for answer in answers}
    figures["cron texts compared"] += len(written)
