"""How errors are told, and what is never told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from migrator.errors import ConfigError, MappingError, MigratorError, UsageError
from migrator.report.documents.error import error_document
from migrator.report.failures import failure_lines, failure_of
from migrator.sandbox import World
from migrator.sync import commands
from tests.cli.bench import Run

ESCAPES = re.compile(r"\x1b\[")


def told(error: BaseException) -> list[str]:
    """The lines of an error."""
    return [" " * line.indent + line.text.plain for line in failure_lines(failure_of(error))]


def test_an_error_has_one_shape() -> None:
    """What; then where, got, allowed and next, each on its own line and only where there is something to say."""
    assert told(MigratorError("it broke", where="here", actual="this", allowed="that", hint="do so")) == [
        "error: it broke",
        "  where: here",
        "  got: this",
        "  allowed: that",
        "  next: do so",
    ]
    assert told(MigratorError("it broke")) == ["error: it broke"]


def test_problems_of_a_config_begin_with_their_place() -> None:
    """File, line and column come first, so that an editor can jump there."""
    error = ConfigError("x.toml has 1 problem", (UsageError("a is wrong", where="x.toml:2:5", allowed="b"),))

    assert told(error) == ["error: x.toml has 1 problem", "  x.toml:2:5: a is wrong", "    allowed: b"]


def test_problems_of_a_mapping_are_listed() -> None:
    """Each on its own line, and in the document."""
    failure = failure_of(MappingError("is not complete", ("no name", "no id"), where="omni.toml"))

    assert [problem["error"] for problem in error_document(failure).to_json()["problems"]] == ["no name", "no id"]
    assert failure.exit_code == 2


def test_errors_that_come_together_are_told_together() -> None:
    """One of a group stands for itself; several become problems of one error."""
    one, other = MigratorError("one"), MigratorError("other")

    assert told(ExceptionGroup("g", [ExceptionGroup("h", [one])])) == ["error: one"]
    assert told(ExceptionGroup("g", [one, other])) == [
        "error: 2 things went wrong at the same time",
        "  one",
        "  other",
    ]


def test_an_unexpected_error_is_one_line_and_a_next_step(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """No trace unless it is asked for; exit code 1."""

    async def broken(*_args: object, **_options: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(commands, "plan", broken)
    ended, traced = run("plan", "strict"), run("plan", "strict", "--debug")

    expected = (
        "error: unexpected: ZeroDivisionError: by zero\n"
        "  where: migrator plan\n"
        "  next: run again with --debug to see where, and report it\n"
    )
    assert (ended.code, ended.out, ended.err) == (1, "", expected)
    assert "test_errors.py" in traced.err
    assert "ZeroDivisionError: by zero\nerror: " in traced.err
    assert traced.err.endswith(expected)


def test_a_trace_is_no_part_of_the_document(here: Path, run: Run) -> None:
    """--debug and --json go together: the trace is talk."""
    ended = run("plan", "nope", "--debug", "--json")

    assert ended.document["error"] == "unknown sync"
    assert "migrator/config/" in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "omni-to-devin", "-v"],
        ["apply", "omni-to-devin", "--yes", "--json"],
        ["export", "omni"],
        ["plan", "omni-to-devin", "--state", "postgresql://me:SECRET@127.0.0.1:1/none"],
        ["plan", "omni-to-devin", "--state", "mysql://me:SECRET@127.0.0.1:1/none"],
    ],
)
@pytest.mark.parametrize("fault", ["", "status", "html"])
def test_secrets_are_never_told(
    here: Path, run: Run, world: World, monkeypatch: pytest.MonkeyPatch, arguments: list[str], fault: str
) -> None:
    """Neither in results nor in talk nor in traces, whether the platform answers, fails or talks nonsense."""
    monkeypatch.setenv("DEVIN_API_KEY", "cog_SECRET_token")
    if fault:
        world.fault(fault, status=403, times=0)
    ended = run(*arguments, "--debug")

    assert "Authorization" not in ended.out + ended.err
    assert [secret for secret in ("SECRET", "omni_org_sandbox") if secret in ended.out + ended.err] == []


def test_a_command_that_keeps_a_secret_is_not_quoted(here: Path, run: Run) -> None:
    """Neither what it printed nor its arguments, even in a trace."""
    text = (here / "migrator.toml").read_text("utf-8")
    keeper = here / "keeper.py"
    keeper.write_text("import sys\nprint('SECRET-1')\nsys.exit(3)\n", encoding="utf-8")
    (here / "migrator.toml").write_text(text.replace("env:OMNI_API_KEY", "command:python3 keeper.py SECRET-2"), "utf-8")
    ended = run("export", "omni", "--debug")

    assert (ended.code, "SECRET-1" in ended.out + ended.err) == (2, False)
    assert "SECRET-2" not in ended.err


@pytest.mark.parametrize("colours", [{}, {"NO_COLOR": "1"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_no_colours_without_a_terminal_or_against_the_users_wish(
    here: Path, run: Run, monkeypatch: pytest.MonkeyPatch, colours: dict[str, str]
) -> None:
    """A pipe gets plain text, and NO_COLOR wins over everything."""
    for name, value in colours.items():
        monkeypatch.setenv(name, value)
    ended = run("plan", "omni-to-devin")

    assert ESCAPES.findall(ended.out + ended.err) == []


def test_colours_where_they_are_wanted(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """FORCE_COLOR colours the text of a pipe, and never a document."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")

    assert ESCAPES.findall(run("plan", "omni-to-devin").out) != []
    assert ESCAPES.findall(run("plan", "omni-to-devin", "--json").out) == []


def test_documents_do_not_depend_on_the_width(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the columns of the terminal nor colours change a document."""
    wide = run("providers", "--json").out
    monkeypatch.setenv("COLUMNS", "20")

    assert run("providers", "--json").out == wide
