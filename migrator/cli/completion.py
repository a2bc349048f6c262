"""Completion of names in the shell: what each argument's `autocompletion` proposes.

It reads the config and the state as plain files and opens no connection, to be fast. On an error it proposes nothing.
By hand is what Typer lacks: silence on an error, no files in place of a job, and a script printed by a command of ours.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final

import typer

SCHEMAS: Final = (
    "apply",
    "audit",
    "completion",
    "config",
    "cutover",
    "dedupe",
    "demo",
    "doctor",
    "error",
    "explain",
    "history",
    "import",
    "init",
    "jobs",
    "list",
    "move",
    "plan",
    "providers",
    "prune",
    "retire",
    "run",
    "sandbox",
    "settle",
    "state",
    "status",
    "unlock",
    "upgrade",
    "verify",
)
"""Names of the JSON Schemas, which are slow to load; a test compares them."""

VARIABLE: Final = "_MIGRATOR_COMPLETE"
"""Environment variable that the script of a shell sets."""
SHELLS: Final = ("bash", "zsh", "fish")
MODES: Final = ("window", "year", "single", "exact")


def answer(parser: Any) -> int:
    """Print the completions for the script of the shell, and return the exit code; never print an error.

    Args:
        parser: the parser of the command line.
    """
    from typer.completion import completion_init  # type: ignore[attr-defined]  # typer re-exports it

    completion_init()
    code, proposed = 0, io.StringIO()
    with redirect_stdout(proposed), redirect_stderr(io.StringIO()):
        try:
            parser.main([], prog_name="migrator", complete_var=VARIABLE)
        except SystemExit as ended:
            code = int(ended.code or 0)
        except Exception:  # noqa: BLE001 (an error has no place on the line that somebody types)
            code = 1
    is_job = "--job" in os.environ.get("_TYPER_COMPLETE_ARGS", "").split()[-2:]
    if not (is_job and proposed.getvalue().strip() == "_files"):  # zsh is told to propose files where nothing fits
        sys.stdout.write(proposed.getvalue())
    return code


Proposer = Callable[[typer.Context, str], list[str]]

_SQLITE: Final = "sqlite:///"
_LATEST: Final = "SELECT id FROM runs ORDER BY started_at DESC LIMIT 30"
_NAMES: Final = (
    "SELECT name FROM active_sides WHERE :sync IS NULL OR sync = :sync"
    " UNION SELECT name FROM writes WHERE (:sync IS NULL OR sync = :sync) AND source_id IS NOT NULL"
)


def out_of(find: Callable[[typer.Context], Iterable[str]]) -> Proposer:
    """Return a proposer of the names that begin with what was typed; on an error it proposes nothing."""

    def propose(context: typer.Context, incomplete: str) -> list[str]:
        try:
            return [name for name in find(context) if name.startswith(incomplete)]
        except Exception:  # noqa: BLE001 (an error has no place on the line that somebody types)
            return []

    return propose


def _shared_option(context: typer.Context, option: str) -> Any:
    """Return the value of a shared option, given before or after the command."""
    place: typer.Context | None = context
    while place:
        if value := place.params.get(option):
            return value
        place = place.parent  # type: ignore[assignment]  # typer declares the parser's class, of which its own is one
    return None


def _config(context: typer.Context) -> Path:
    return Path(_shared_option(context, "config") or "migrator.toml")


def _section(name: str) -> Callable[[typer.Context], Iterable[str]]:
    """Return the finder of the names in a section of the config file, which may have errors elsewhere."""

    def find(context: typer.Context) -> Iterable[str]:
        return list(tomllib.loads(_config(context).read_text("utf-8-sig")).get(name, ()))

    return find


def _found(context: typer.Context, query: str, **values: str | None) -> Iterator[str]:
    """Yield the rows of a query of the state, if it is a file; no database server is asked."""
    import sqlite3

    url = str(_shared_option(context, "state") or f"{_SQLITE}{_config(context).parent / 'migrator.db'}")
    if url.startswith(_SQLITE):
        file = Path(url.removeprefix(_SQLITE)).resolve().as_uri()
        with closing(sqlite3.connect(f"{file}?mode=ro", uri=True, timeout=0.2)) as connection:
            yield from (row[0] for row in connection.execute(query, values))


def _runs(context: typer.Context) -> Iterator[str]:
    """Yield the latest runs."""
    return _found(context, _LATEST)


def _jobs(context: typer.Context) -> Iterator[str]:
    """Yield the names of the source jobs that the state knows, of the sync that is named, as the shell takes them."""
    typed = os.environ.get("COMP_WORDS", os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()
    sync = next((name for name in syncs(context, "") if name in typed), None)
    names = _found(context, _NAMES, sync=sync)
    is_bash = os.environ.get(VARIABLE, "").endswith("bash")  # the other shells quote by themselves
    return (re.sub(r"([^\w@%+=:,./-])", r"\\\1", name) if is_bash else name for name in names)


def _providers(_context: typer.Context) -> Iterable[str]:
    from migrator.providers.registry import PROVIDERS

    return PROVIDERS


def _dialects(_context: typer.Context) -> Iterable[str]:
    from migrator.cron import DIALECTS
    from migrator.providers.registry import PROVIDERS

    return dict.fromkeys([*PROVIDERS, *DIALECTS])


def one_of(names: Iterable[str]) -> Proposer:
    """Return a proposer of fixed names."""
    return out_of(lambda _context: names)


syncs: Final = out_of(_section("syncs"))
connections: Final = out_of(_section("connections"))
runs: Final = out_of(_runs)
jobs: Final = out_of(_jobs)
providers: Final = out_of(_providers)
dialects: Final = out_of(_dialects)
