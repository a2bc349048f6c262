"""The questions of `migrator init`, and the file that it writes."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from migrator import doctor
from migrator.cli.prompts import DismissedError
from migrator.config import Config, Draft, check_key
from migrator.config.config import Token
from migrator.config.connections import connection_class, connection_of
from migrator.config.converter import make_converter
from migrator.config.shapes import choose
from migrator.doctor.check import Check
from migrator.errors import MigratorError, UsageError
from migrator.providers.declaration import Provider
from migrator.report.doctor import check_lines
from migrator.report.failures import failure_lines, failure_of
from migrator.report.screen import Screen
from migrator.report.text import line
from migrator.sync.endpoints import Runtime

_EXISTS: Final = "a config file exists already; it was not changed"


def check_absent(path: Path) -> None:
    """Check that there is no config file yet.

    Raises:
        UsageError: there is one.
    """
    if path.exists():
        raise UsageError(_EXISTS, where=str(path), hint="name another file with --config")


def create(path: Path, text: str) -> None:
    """Write a file that does not exist yet, whole or not at all.

    Raises:
        UsageError: it exists, or cannot be written.
    """
    try:
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(draft).chmod(0o644)
            path.hardlink_to(draft)  # fails where the name is taken, even since we looked
        finally:
            with suppress(FileNotFoundError):
                Path(draft).unlink()
    except FileExistsError as error:
        raise UsageError(_EXISTS, where=str(path), hint="name another one with --config") from error
    except OSError as error:
        hint = "see that its folder is there and that you may write to it"
        raise UsageError(f"the file cannot be written: {error.strerror}", where=str(path), hint=hint) from error


def connections(screen: Screen, path: Path, known: Sequence[Draft]) -> tuple[Draft, ...]:
    """Return the connections that a person has, each checked by reading; files of jobs are always among them."""
    screen.say([line("Secrets are not asked for, only where they are kept. Enter accepts the value in [brackets].")])
    platforms = {draft.provider.name: draft for draft in known if draft.provider.capabilities.runs_jobs}
    read = partial(_platforms, platforms)
    chosen = read(_ask(screen, "Which platforms do you have?", ", ".join(platforms), read))
    archives = [draft for draft in known if draft.provider.name not in platforms]
    return (*(_connection(screen, path, platforms[name].provider) for name in chosen), *archives)


def _platforms(known: Iterable[str], answer: str) -> list[str]:
    words = answer.replace(",", " ").casefold().split()
    return list(dict.fromkeys(choose(word, known, "unknown platform") for word in words))


def _connection(screen: Screen, path: Path, provider: Provider) -> Draft:
    """Return a connection, asked for until it works or the person keeps it."""
    values: dict[str, str] = {}
    if "token" in provider.examples:
        values["token"] = provider.examples["token"]  # a name for the variable is as good as any
    while True:
        screen.say([line(""), line((provider.name, "bold"))])
        for setting in provider.settings:
            if setting.required:
                key, known = setting.name, values.get(setting.name, "")
                check = partial(check_key, provider, key)
                values[key] = _ask(screen, f"{key}, {setting.question}", known, check, example=setting.example)
        draft = Draft(provider=provider, values={key: values[key] for key in provider.required})
        checks = _read_checks(path, draft)
        screen.say(check_lines(checks))
        is_well = all(check.status != "fault" or check.what == "secret" for check in checks)
        if is_well or _yes(screen, "Keep these values?"):
            return draft


def _read_checks(path: Path, draft: Draft) -> Sequence[Check]:
    """Return the checks of a connection, by reading only."""
    table = {"provider": draft.provider.name, **draft.values}
    keys = make_converter().structure(table, connection_class(draft.provider))
    connection = connection_of(keys, draft.provider, path.parent)
    tokens = {draft.name: Token(reference=keys.token, where="")} if keys.token else {}
    config = Config(path=path, connections={draft.name: connection}, syncs={}, tokens=tokens)
    found = asyncio.run(doctor.check_connection(Runtime(config=config, environ=os.environ), draft.name))
    return [check for check in found if check.what in {"secret", "reading", "clock"}]


def endpoints(screen: Screen, drafts: Sequence[Draft]) -> tuple[Draft, Draft]:
    """Return the source and the target, which a person chooses."""
    screen.say([line("")])
    known = {draft.name: draft for draft in drafts}
    sources = [draft.name for draft in drafts if draft.provider.capabilities.runs_jobs]
    source = sources[0]
    if len(sources) > 1:
        source = _ask(screen, "Where do jobs come from?", source, partial(_one_of, sources))
    others = [name for name in known if name != source]
    return known[source], known[_ask(screen, "Where do they go?", others[0], partial(_one_of, others))]


def _one_of(names: Sequence[str], answer: str) -> str:
    return choose(answer, names, "unknown connection")


def _ask(screen: Screen, question: str, default: str, check: Callable[[str], object], *, example: str = "") -> str:
    """Return an answer that passes a check; without a default, an answer is required."""
    while True:
        screen.question(f"{question} [{default}]" if default else f"{question} (such as {example})")
        typed = _typed()
        answer = typed.strip() or default
        try:
            check(answer)
        except MigratorError as error:
            screen.say(failure_lines(failure_of(error)))
        else:
            return answer


def _yes(screen: Screen, question: str) -> bool:
    screen.question(f"{question} [y/N]")
    return _typed().strip().casefold() in {"y", "yes"}


def _typed() -> str:
    """Return the line that is typed.

    Raises:
        DismissedError: the question was interrupted.
    """
    try:
        if typed := sys.stdin.readline():
            return typed
    except KeyboardInterrupt:
        raise DismissedError from None
    raise DismissedError
