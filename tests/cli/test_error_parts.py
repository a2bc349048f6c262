"""Every error says what, where and what next, wherever in the tree it is raised."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import migrator
from migrator.errors import MappingError, MigratorError, RecordError, ScheduleError
from migrator.mapping import load_mapping
from migrator.report.failures import failure_of
from migrator.sandbox import World
from migrator.sandbox.devin import ORG
from tests.cli.bench import Run

ROOT = Path(migrator.__file__).parent

SAY_IT_THEMSELVES = {"ScheduleError", "RecordError", "ContractError"}
"""Errors of one job, whose next step the plan and the audit tell; and one that writes its own."""


def subclasses(cls: type[MigratorError]) -> Iterator[type[MigratorError]]:
    """A class and all below it."""
    yield cls
    for below in cls.__subclasses__():
        yield from subclasses(below)


def every_class() -> list[type[MigratorError]]:
    """Every error class of the package, wherever it is defined."""
    for module in pkgutil.walk_packages(migrator.__path__, "migrator."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return sorted(set(subclasses(MigratorError)), key=lambda cls: cls.__name__)


def made() -> Iterator[tuple[str, ast.Call]]:
    """Every place of the package that makes an error, with its place."""
    names = {cls.__name__ for cls in every_class()}
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                yield f"{path.relative_to(ROOT.parent)}:{node.lineno}", node


def test_every_place_that_makes_an_error_says_what_to_do() -> None:
    """Each gives the next step or what is allowed; an error that is made of others leaves that to them."""
    silent = []
    for place, call in made():
        assert isinstance(call.func, ast.Name)
        given = {keyword.arg for keyword in call.keywords}
        is_sum = call.func.id in {"ConfigError", "MappingError"} and len(call.args) > 1
        if not ({"hint", "allowed", None} & given or is_sum or call.func.id in SAY_IT_THEMSELVES):
            silent.append(f"{place} {call.func.id}")

    assert silent == []


@pytest.mark.parametrize("cls", every_class(), ids=lambda cls: cls.__name__)
def test_every_class_has_an_exit_code_and_a_meaning(cls: type[MigratorError]) -> None:
    """Its docstring is a sentence of its own, and its exit code one of those that help lists."""
    assert cls.__doc__
    assert cls.__doc__ != (cls.__base__ or object).__doc__
    assert cls.exit_code in {1, 2, 3, 5, 130}


PROVOKED = {
    "no config": (["plan", "x", "-c", "absent.toml"], 2),
    "no such sync": (["plan", "omni-to-devim"], 2),
    "no such connection": (["export", "omny"], 2),
    "no such provider": (["audit", "omni", "--to", "devim"], 2),
    "no such mode": (["audit", "omni", "--to", "devin", "--mode", "weak"], 2),
    "no such dialect": (["explain", "* * * * *", "--from", "vixi"], 2),
    "bad expression": (["explain", "0 25 * * *", "--from", "vixie"], 2),
    "bad zone": (["explain", "0 5 * * *", "--from", "vixie", "--timezone", "Europe/Pari"], 2),
    "no such schema": (["schema", "plam"], 2),
    "no such command": (["plam"], 2),
    "no such option": (["plan", "omni-to-devin", "--jsom"], 2),
    "no argument": (["plan"], 2),
    "no such run": (["rollback", "20260101T000000-abcdef", "--yes"], 2),
    "no run to settle": (["settle", "20260101T000000-abcdef", "Alpha", "--not-created"], 2),
    "nothing said to settle": (["settle", "20260101T000000-abcdef", "Alpha"], 2),
    "no state": (["status", "--state", "mysql://nobody/nothing"], 2),
    "no folder for the state": (["status", "--state", "sqlite:////absent/migrator.db"], 1),
    "no mapping files": (["providers", "--mappings", "absent"], 2),
    "nobody to ask": (["apply", "omni-to-devin"], 2),
    "no plan file": (["apply", "absent.json", "--yes"], 2),
    "plan file of another kind": (["apply", "other.json", "--yes"], 3),
    "place to write is absent": (["export", "omni", "-o", "absent/jobs.json"], 2),
    "config is there": (["init"], 2),
}


@pytest.mark.parametrize("name", PROVOKED)
def test_what_people_meet_has_all_parts(here: Path, run: Run, name: str) -> None:
    """What went wrong, where, and what would do; on stderr and in the document alike."""
    arguments, code = PROVOKED[name]
    (here / "other.json").write_text("{}", encoding="utf-8")
    ended = run(*arguments, "--json")
    told = ended.document

    assert (ended.code, told["exit_code"]) == (code, code)
    assert told["error"]
    assert told["where"]
    assert told["allowed"] or told["hint"]
    for key in ("error", "where", "actual", "allowed", "hint"):
        assert all(part in ended.err for part in (told[key] if key == "allowed" else [told[key]]))


@pytest.mark.parametrize(
    ("arguments", "proposed"),
    [
        (["plan", "omni-to-devim"], 'did you mean "omni-to-devin"?'),
        (["export", "Omny"], 'did you mean "omni"?'),
        (["audit", "omni", "--to", "DEVIM"], 'did you mean "devin"?'),
        (["schema", "plam"], 'did you mean "plan"?'),
        (["plam"], "Did you mean 'plan'?"),
        (["plan", "omni-to-devin", "--jsom"], "--json"),
        (["history", "--sync", "omni-to-devim"], 'did you mean "omni-to-devin"?'),
        (["settle", "RUN", "Alpa", "--not-created"], 'did you mean "Alpha"?'),
    ],
)
def test_a_slip_of_the_finger_gets_a_proposal(
    here: Path, run: Run, world: World, arguments: list[str], proposed: str
) -> None:
    """The nearest name is proposed: of syncs, connections, providers, documents, commands, options and jobs."""
    if "RUN" in arguments:
        world.fault("reset", method="POST", after=True)
        world.fault("status", status=403, provider="devin", method="GET", nth=2, times=0)
        run("apply", "omni-to-devin", "--yes")
        world.faults.clear()
        runs = run("history", "--json").document["runs"]
        arguments = [runs[0]["run"] if word == "RUN" else word for word in arguments]

    assert proposed in run(*arguments).err


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [(401, "token", 1), (403, "may not", 1), (404, "not found", 1), (422, "refused the request", 1)],
)
def test_a_refused_read_names_the_call_and_the_answer(
    here: Path, run: Run, world: World, status: int, kind: str, code: int
) -> None:
    """Which request, to whom, what came back, and what to do."""
    world.fault("status", status=status, provider="omni", times=0)
    ended = run("export", "omni", "--json")

    assert (ended.code, ended.document["where"]) == (code, "GET omni /v1/ai/routines")
    assert kind in ended.document["error"]
    assert ended.document["actual"].startswith(f"HTTP {status}")
    assert ended.document["hint"]


def test_a_refused_write_names_the_job(here: Path, run: Run, world: World) -> None:
    """Which request, for which job, and what the platform answered."""
    world.fault("status", status=422, provider="devin", method="POST")
    ended = run("apply", "omni-to-devin", "--yes", "--json")
    (failed,) = [outcome for outcome in ended.document["outcomes"] if outcome["status"] == "failed"]

    assert f"POST devin /v3/organizations/{ORG}/schedules (job {failed['name']})" in failed["error"]
    assert "HTTP 422" in failed["error"]


def test_a_config_error_shows_the_line(here: Path, run: Run) -> None:
    """File, line and column, and the line itself with a caret under the very place."""
    (here / "bad.toml").write_text('[connections.a]\nprovider = "omny" # one of ours\n', encoding="utf-8")

    assert run("plan", "s", "-c", "bad.toml").err.splitlines()[1:4] == [
        "  bad.toml:2:1: connections.a.provider is not a provider",
        '    provider = "omny"',
        "    ^^^^^^^^^^^^^^^^^",
    ]


def test_a_file_that_is_no_toml_shows_the_line(here: Path, run: Run) -> None:
    """The caret stands where reading ended, and what stands there may be a secret."""
    (here / "bad.toml").write_text("[connections.a]\ntoken = sk_live_1\n", encoding="utf-8")
    ended = run("plan", "s", "-c", "bad.toml")

    assert ended.err.splitlines()[1].startswith("  bad.toml:2:9: is not TOML: ")
    assert ended.err.splitlines()[2:4] == ["    token = …", "            ^"]
    assert "sk_live" not in ended.err


def test_parts_of_what_no_command_meets() -> None:
    """A job's own errors and an incomplete mapping have their parts, too."""
    schedule = ScheduleError("no", dialect="vixie", text="* *", field="hour", column=3, allowed="five fields")
    record = RecordError("no", job="j-1", path="name", actual="null", allowed="a text")
    with pytest.raises(MappingError) as mapping:
        load_mapping("omni", directory=Path("absent"))

    for error in (schedule, record, mapping.value):
        told = failure_of(error)
        assert told.what
        assert told.where
        assert told.allowed or told.hint
