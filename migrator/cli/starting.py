"""init: write a config file to start from, with the answers of an interview."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from migrator import doctor
from migrator.cli.options import Settings
from migrator.cli.work import DismissedError, config_file, open_screen
from migrator.config import Config, Draft, check_key, examples, starter
from migrator.config.connections import connection_class, connection_of
from migrator.config.converter import make_converter
from migrator.config.model import Token
from migrator.config.shapes import choose
from migrator.doctor.check import Check
from migrator.errors import MigratorError, UsageError
from migrator.providers.declaration import Provider
from migrator.providers.registry import PROVIDERS
from migrator.report.doctor import check_lines
from migrator.report.failures import failure_lines, failure_of
from migrator.report.screen import Screen
from migrator.report.text import line
from migrator.sync.endpoints import Runtime

_INIT: Final = "migrator/init@1"
_THERE: Final = "a config file exists already; it was not changed"


def init(settings: Settings) -> int:
    """Write a commented config file."""
    screen, path = open_screen(settings), config_file(settings)
    if path.exists():
        raise UsageError(_THERE, where=str(path), hint="name another file with --config")
    drafts, advice = examples(PROVIDERS), "Delete those that you do not have. "
    source, target = drafts[:2]
    if screen.can_ask and not settings.json:
        drafts, advice = _interview(screen, path, drafts), ""
        source, target = _sides(screen, drafts)
    write_new(path, starter(drafts, source=source, target=target, advice=advice))
    config = ["-c", str(settings.config)] if settings.config else []
    steps = (["doctor"], ["audit", source.name, "--to", target.provider.name], ["plan", "nightly"])
    told = [line((shlex.join(["migrator", *step, *config]), "bold"), indent=2) for step in steps]
    head = line(f"{path} is written. Fill in what is missing, then run, in this order:")
    screen.result({"schema": _INIT, "path": str(path)}, [head, *told])
    return 0


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, whole or not at all.

    Raises:
        UsageError: it is there, or cannot be written.
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
        raise UsageError(_THERE, where=str(path), hint="name another one with --config") from error
    except OSError as error:
        hint = "see that its folder is there and that you may write to it"
        raise UsageError(f"the file cannot be written: {error.strerror}", where=str(path), hint=hint) from error


def _interview(screen: Screen, path: Path, known: Sequence[Draft]) -> tuple[Draft, ...]:
    """Ask for the connections, and check each by reading; archives of jobs are there for everybody."""
    screen.say([line("Secrets are not asked for, only where they are kept. Enter accepts the value in [brackets].")])
    platforms = {draft.provider.name: draft for draft in known if draft.provider.capabilities.runs_jobs}
    read = partial(_platforms, platforms)
    told = read(_ask(screen, "Which platforms do you have?", ", ".join(platforms), read))
    archives = [draft for draft in known if draft.provider.name not in platforms]
    return (*(_connection(screen, path, platforms[name].provider) for name in told), *archives)


def _platforms(known: Iterable[str], answer: str) -> list[str]:
    words = answer.replace(",", " ").casefold().split()
    return list(dict.fromkeys(choose(word, known, "unknown platform") for word in words))


def _connection(screen: Screen, path: Path, provider: Provider) -> Draft:
    """Ask for the settings of a connection until it works, or the person keeps it."""
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
        checks = _looked_at(path, draft)
        screen.say(check_lines(checks))
        is_well = all(check.status != "fault" or check.what == "secret" for check in checks)
        if is_well or _yes(screen, "Keep these values?"):
            return draft


def _looked_at(path: Path, draft: Draft) -> Sequence[Check]:
    """Return the checks of a connection, by reading only."""
    table = {"provider": draft.provider.name, **draft.values}
    keys = make_converter().structure(table, connection_class(draft.provider))
    connection = connection_of(keys, draft.provider, path.parent)
    tokens = {draft.name: Token(reference=keys.token, where="")} if keys.token else {}
    config = Config(path=path, connections={draft.name: connection}, syncs={}, tokens=tokens)
    found = asyncio.run(doctor.check_connection(Runtime(config=config, environ=os.environ), draft.name))
    return [check for check in found if check.what in {"secret", "reading", "clock"}]


def _sides(screen: Screen, drafts: Sequence[Draft]) -> tuple[Draft, Draft]:
    """Ask for the source and the target."""
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
    """Ask until the answer will do; without a default there must be one."""
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
    """Return what is typed."""
    try:
        if typed := sys.stdin.readline():
            return typed
    except KeyboardInterrupt:
        raise DismissedError from None
    raise DismissedError
