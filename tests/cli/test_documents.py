"""Every document that a command prints is what its JSON Schema says, and its schema says enough to be useful."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator

from migrator.cli.app import app
from migrator.report.schemas import SCHEMAS
from migrator.sandbox import World, load_samples
from migrator.soundness import json_text
from tests.cli.bench import Run, routine
from tests.cli.documents import faults

SYNCS = [
    f"{one}-to-{other}" for one in ("omni", "devin", "scrip") for other in ("omni", "devin", "scrip") if one != other
]


@pytest.fixture
def samples(world: World) -> World:
    """Every oddity of the sandbox's samples, on all three sides."""
    world.clear()
    load_samples(world)
    return world


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_printed(run: Run, name: str) -> None:
    """`schema NAME` prints a JSON Schema of draft 2020-12, and help names it."""
    ended = run("schema", name)

    assert (ended.code, ended.document) == (0, SCHEMAS[name]())
    Draft202012Validator.check_schema(ended.document)
    assert ended.document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert name in run("schema", "--help").out


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name != "config"])
def test_schemas_refuse_what_is_no_such_document(name: str) -> None:
    """An empty object, another document, and a document with an unknown key are refused."""
    validator = Draft202012Validator(SCHEMAS[name]())

    assert not validator.is_valid({})
    assert not validator.is_valid({"schema": "migrator/other@1"})
    assert any("'surplus' was unexpected" in error.message for error in validator.iter_errors({"surplus": 1}))


def test_the_starter_is_what_the_config_schema_says(run: Run, tmp_path: Path) -> None:
    """What `init` writes passes what `schema config` prints."""
    made = tmp_path / "migrator.toml"

    assert faults(run("init", "-c", str(made), "--json").document, "init") == []
    assert Draft202012Validator(run("schema", "config").document).is_valid(tomllib.loads(made.read_text("utf-8")))


@pytest.mark.parametrize("connection", ["omni", "devin", "scrip"])
def test_exports(here: Path, run: Run, samples: World, connection: str) -> None:
    """`export` prints jobs@1, for every kind of job; and what was exported is exported alike from its file."""
    ended = run("export", connection, "-o", "jobs.json", "--json")
    exported = ended.document

    assert faults(exported, "jobs") == []
    assert json_text(exported) + "\n" == ended.out == (here / "jobs.json").read_text("utf-8")
    again = run("export", "archive").document
    assert (faults(again, "jobs"), len(again["jobs"])) == ([], len(exported["jobs"]))


def test_exports_with_problems(here: Path, run: Run, world: World) -> None:
    """A record that cannot be read stands in the document as the schema says."""
    world.load("omni", [routine("Broken") | {"prompt": None}])

    assert faults(run("export", "omni").document, "jobs") == []


@pytest.mark.parametrize("sync", [*SYNCS, "backup"])
def test_plans_and_their_application(here: Path, run: Run, samples: World, sync: str) -> None:
    """`plan` prints and saves plan@1, `apply` prints apply@1, for every kind of change and refusal."""
    planned = run("plan", sync, "--json", "-o", "plan.json")
    applied = run("apply", "plan.json", "--yes", "--json")

    assert faults(planned.document, "plan") == []
    assert planned.document == json.loads((here / "plan.json").read_text("utf-8"))
    assert faults(applied.document, "apply") == []
    assert faults(run("plan", sync, "--json").document, "plan") == []


def test_changes_of_existing_jobs(here: Path, run: Run, world: World) -> None:
    """Updates, pauses and deletes are plan@1 and apply@1, too."""
    run("apply", "omni-to-devin", "--yes")
    world.load("omni", [routine("Alpha", prompt="Otherwise."), routine("Beta", disabled=True)])
    planned = run("plan", "omni-to-devin", "--json").document

    assert (planned["summary"]["update"], planned["summary"]["pause"]) == (1, 1)
    assert faults(planned, "plan") == []
    assert faults(run("apply", "omni-to-devin", "--yes", "--json").document, "apply") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["0 9 ? * MON-FRI *", "--from", "omni"],
        ["0 9 ? * MON-FRI *", "--from", "omni", "--timezone", "America/New_York", "--to", "devin"],
        ["0 9 L * ? *", "--from", "eventbridge", "--to", "robfig"],
        ["0 9 1 1 ? 2019", "--from", "eventbridge", "--to", "vixie"],
        ["0 9 1 1 ? 2199", "--from", "eventbridge", "--to", "devin"],
        ["0 0 * * 1", "--from", "vixie", "--to", "omni"],
        ["*/7 * 1-7 * 1", "--from", "vixie", "--timezone", "Asia/Kolkata", "--to", "omni"],
    ],
)
def test_explanations(run: Run, arguments: list[str]) -> None:
    """`explain` prints explain@1, whatever the verdict."""
    assert faults(run("explain", *arguments, "--json").document, "explain") == []


def test_providers(run: Run) -> None:
    """`providers` prints providers@1."""
    assert faults(run("providers", "--json").document, "providers") == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["plan", "nope"], 2),
        (["plan", "nope", "-c", "nope.toml"], 2),
        (["export", "devin", "--nope"], 2),
        (["plan", "omni-to-devin", "--state", "mysql://me:secret@host/db"], 2),
        (["plan", "omni-to-devin", "--state", "sqlite:////nope/nope.db"], 1),
        (["plan", "omni-to-devin", "--mappings", "nope"], 2),
        (["apply", "omni-to-devin"], 2),
        (["explain", "0 9 61 * *", "--from", "vixie"], 2),
    ],
)
def test_errors(here: Path, run: Run, arguments: list[str], code: int) -> None:
    """Every failure prints error@1, and nothing else, on stdout; its exit code is the command's."""
    ended = run(*arguments, "--json")

    assert (ended.code, ended.document["exit_code"], faults(ended.document, "error")) == (code, code, [])


def test_all_problems_of_a_config_at_once(here: Path, run: Run) -> None:
    """A wrong config is one document with every problem, each with its place."""
    (here / "bad.toml").write_text('[connections.a]\nprovider = "omny"\n[syncs.s]\nsource = "a"\n', encoding="utf-8")
    ended = run("plan", "s", "-c", "bad.toml", "--json")

    assert (ended.code, faults(ended.document, "error")) == (2, [])
    assert [problem["where"] for problem in ended.document["problems"]] == ["bad.toml:2:1", "bad.toml:3:8"]


EVERY: Mapping[str, tuple[list[str], str]] = {
    "demo": ([], "demo"),
    "init": (["-c", "new.toml"], "init"),
    "doctor": ([], "doctor"),
    "list": (["omni"], "list"),
    "export": (["omni"], "jobs"),
    "audit": (["omni", "--to", "devin"], "audit"),
    "plan": (["omni-to-devin"], "plan"),
    "show": (["plan.json"], "plan"),
    "apply": (["omni-to-devin", "--yes"], "apply"),
    "sync": (["omni-to-devin"], "run"),
    "verify": (["omni-to-devin"], "verify"),
    "cutover": (["omni-to-devin", "--yes"], "cutover"),
    "retire": (["omni-to-devin", "--yes"], "retire"),
    "status": ([], "status"),
    "history": (["RUN"], "history"),
    "settle": (["RUN", "Beta", "--not-created"], "settle"),
    "rollback": (["RUN", "--yes"], "apply"),
    "dedupe": (["omni-to-devin"], "dedupe"),
    "explain": (["0 9 * * *", "--from", "vixie"], "explain"),
    "providers": ([], "providers"),
    "unlock": (["--yes"], "unlock"),
    "completion": (["bash"], "completion"),
    "state upgrade": ([], "upgrade"),
    "state export": ([], "state"),
    "state prune": (["--older-than", "90"], "prune"),
    "state import": (["state.json", "--state", "sqlite:///other.db"], "import"),
}
"""Every command, what it is given, and the document that it prints; RUN stands for a run that lost an answer."""

OTHERWISE = {"sandbox", "schema", "state move", "state forget"}
"""sandbox serves until it is stopped, and is tried where that is; schema prints schemas; the two last are refused while
an answer is lost, and are tried in tests/identity."""


def commands(group: Any, before: str = "") -> Iterator[str]:
    """The names of all commands."""
    for name, command in group.commands.items():
        deeper = hasattr(command, "commands")
        yield from commands(command, f"{before}{name} ") if deeper else [f"{before}{name}"]


def test_every_command_is_tried() -> None:
    """None can be added without a document."""
    assert set(commands(typer.main.get_command(app))) == {*EVERY, *OTHERWISE}


@pytest.mark.parametrize("command", EVERY)
def test_every_command_prints_its_document(here: Path, run: Run, world: World, command: str) -> None:
    """With --json, stdout is one document that its schema lets through."""
    arguments, name = EVERY[command]
    if "RUN" in arguments or command.startswith("state"):
        world.fault("reset", method="POST", after=True)
        world.fault("status", status=403, provider="devin", method="GET", nth=2, times=0)
        run("apply", "omni-to-devin", "--yes")
        world.faults.clear()
        lost = run("history", "--json").document["runs"][0]["run"]
        arguments = [lost if word == "RUN" else word for word in arguments]
        if command == "settle":
            (write,) = run("status", "--json").document["uncertain"]
            arguments[1] = write["name"]
    if command == "show":
        run("plan", "omni-to-devin", "-o", "plan.json")
    if command == "state import":
        run("state", "export", "-o", "state.json")

    ended = run(*command.split(), *arguments, "--json")

    assert ended.code in {0, 1, 3}, ended.err
    assert faults(ended.document, name) == []
