"""init: write a config file to start from, with the answers of an interview."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from migrator import doctor
from migrator.cli.options import Settings
from migrator.cli.work import DismissedError, config_file, open_screen
from migrator.config import EXAMPLES, Config, Draft, check_key, starter
from migrator.config.model import Token
from migrator.config.shapes import choose
from migrator.doctor.check import Check
from migrator.errors import MigratorError, UsageError
from migrator.providers import PROVIDERS
from migrator.providers.base import Connection
from migrator.report.doctor import check_lines
from migrator.report.documents.local import InitDocument
from migrator.report.failures import failure_lines, failure_of
from migrator.report.screen import Screen
from migrator.report.text import line
from migrator.sync.endpoints import Runtime

_PLATFORMS: Final = ("omni", "devin", "scrip")
_EXAMPLES: Final = {draft.provider: draft.values for draft in EXAMPLES}
_ASKED: Final = {
    "base_url": "the address of your instance, with /api",
    "org_id": "the organisation whose schedules it has",
    "program_id": "the program whose automations it has",
    "token": "where the key is kept: env:NAME, file:PATH, keyring:SERVICE/NAME or command:PROGRAM ARGUMENTS",
}
_THERE: Final = "a config file exists already; it was not changed"


def init(settings: Settings) -> int:
    """Write a commented config file."""
    screen, path = open_screen(settings), config_file(settings)
    if path.exists():
        raise UsageError(_THERE, where=str(path), hint="name another file with --config")
    source, target, text = "omni", "devin", starter()
    if screen.can_ask and not settings.json:
        drafts = _interview(screen, path)
        source, target = _sides(screen, [draft.name for draft in drafts])
        text = starter([*drafts, EXAMPLES[-1]], source=source, target=target)
    write_new(path, text)
    config = ["-c", str(settings.config)] if settings.config else []
    steps = (["doctor"], ["audit", source, "--to", "json" if target == "archive" else target], ["plan", "nightly"])
    told = [line((shlex.join(["migrator", *step, *config]), "bold"), indent=2) for step in steps]
    head = line(f"{path} is written. Fill in what is missing, then run, in this order:")
    screen.result(InitDocument(path=str(path)), [head, *told])
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


def _interview(screen: Screen, path: Path) -> list[Draft]:
    """Ask for the connections, and check each by reading."""
    screen.say([line("Secrets are not asked for, only where they are kept. Enter accepts the value in [brackets].")])
    told = _ask(screen, "Which platforms do you have?", ", ".join(_PLATFORMS), _platforms)
    return [_connection(screen, path, name) for name in _platforms(told)]


def _platforms(answer: str) -> list[str]:
    words = answer.replace(",", " ").casefold().split()
    return list(dict.fromkeys(choose(word, _PLATFORMS, "unknown platform") for word in words))


def _connection(screen: Screen, path: Path, provider: str) -> Draft:
    """Ask for the settings of a connection until it works, or the person keeps it."""
    examples = _EXAMPLES[provider]
    values = {"token": examples["token"]}  # a name for the variable is as good as any; the rest is the person's own
    while True:
        screen.say([line(""), line((provider, "bold"))])
        for key in PROVIDERS[provider].required:
            question, known = f"{key}, {_ASKED[key]}", values.get(key, "")
            values[key] = _ask(screen, question, known, partial(check_key, key), example=examples[key])
        draft = Draft(provider=provider, values=dict(values))
        checks = _looked_at(path, draft)
        screen.say(check_lines(checks))
        is_well = all(check.status != "fault" or check.what == "secret" for check in checks)
        if is_well or _yes(screen, "Keep these values?"):
            return draft


def _looked_at(path: Path, draft: Draft) -> Sequence[Check]:
    """Return the checks of a connection, by reading only."""
    values = dict(draft.values)
    token = Token(reference=values.pop("token"), where="")
    connection = Connection(provider=draft.provider, **values)  # type: ignore[arg-type]  # the required keys are texts
    config = Config(path=path, connections={draft.name: connection}, syncs={}, tokens={draft.name: token})
    found = asyncio.run(doctor.check_connection(Runtime(config=config, environ=os.environ), draft.name))
    return [check for check in found if check.what in {"secret", "reading", "clock"}]


def _sides(screen: Screen, names: Sequence[str]) -> tuple[str, str]:
    """Ask for the source and the target."""
    screen.say([line("")])
    source = names[0]
    if len(names) > 1:
        source = _ask(
            screen, "Where do jobs come from?", source, lambda value: choose(value, names, "unknown connection")
        )
    others = [*(name for name in names if name != source), "archive"]
    return source, _ask(screen, "Where do they go?", others[0], partial(_one_of, others))


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
