"""The sandbox in the background: `migrator sandbox --detach` and `--stop`.

The folder `sandbox/` beside migrator.toml holds what the server printed when it was ready, its log and the tokens.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from migrator.cli.files import write_file
from migrator.errors import MigratorError, UsageError
from migrator.report.documents.local import SandboxDocument
from migrator.report.screen import Screen
from migrator.report.text import line
from migrator.sandbox.settings import MADE_BY, token_file, with_token_files

_FOLDER: Final = "sandbox"
_STOP: Final = "migrator sandbox --stop"
_READY: Final = "server.json"
_LOG: Final = "log"
_START_TIMEOUT: Final = 60.0
"""Seconds that a server may take to start; it takes one, on a machine with nothing else to do."""
_POLL_INTERVAL: Final = 0.05
_HTTP_TIMEOUT: Final = 5.0


def detach(screen: Screen, path: Path, options: Sequence[str]) -> None:
    """Start a sandbox in the background, and return when it is ready.

    Args:
        screen: the output of the command.
        path: the config file, which is written.
        options: arguments of `migrator sandbox`.

    Raises:
        UsageError: the config file was not written by a sandbox.
        MigratorError: the server does not start.
    """
    folder = path.parent / _FOLDER
    if path.exists() and not path.read_text("utf-8", errors="replace").startswith(f"# {MADE_BY}"):
        hint = "work in an empty folder, or name another file with --config"
        raise UsageError("a config file is there that the sandbox did not write", where=str(path), hint=hint)
    document = _running(folder)
    state = "is already running" if document else "runs in the background"
    if not document:
        document = _started(folder, options)
    _write(path, document)
    first = next(iter(document["connections"]))
    text = [
        line(f"The sandbox {state}, on 127.0.0.1:{document['port']}. {path} connects to it."),
        line("To see its jobs: ", (f"migrator list {first}", "bold"), ". To stop it: ", (_STOP, "bold")),
    ]
    screen.result(_answer(document, path.read_text("utf-8")), text)


def stop(screen: Screen, path: Path) -> None:
    """Stop the sandbox that was started in the background, and remove its folder; the config file stays.

    Raises:
        UsageError: none runs beside this config file.
    """
    folder = path.parent / _FOLDER
    document = _running(folder)
    if not document:
        hint = "a sandbox in the foreground is stopped with Ctrl+C"
        raise UsageError("no sandbox runs in the background here", where=str(folder), hint=hint)
    _control(document, "stop", post=True)
    deadline = time.monotonic() + _START_TIMEOUT
    while _running(folder) and time.monotonic() < deadline:
        time.sleep(_POLL_INTERVAL)
    shutil.rmtree(folder)
    screen.result(_answer(document, ""), [line(f"The sandbox on 127.0.0.1:{document['port']} is stopped.")])


def _answer(document: Mapping[str, Any], config: str) -> SandboxDocument:
    return SandboxDocument(port=document["port"], connections=document["connections"], config=config)


def _started(folder: Path, options: Sequence[str]) -> dict[str, Any]:
    """Start a server, and return what it prints when it is ready."""
    folder.mkdir(mode=0o700, exist_ok=True)
    ready, log = folder / _READY, folder / _LOG
    with ready.open("w", encoding="utf-8") as out, log.open("w", encoding="utf-8") as errors:
        server = subprocess.Popen(  # noqa: S603 (our own command)
            [sys.executable, "-m", "migrator", "sandbox", "--json", *options],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline and server.poll() is None:
        if document := _read(ready):
            return document
        time.sleep(_POLL_INTERVAL)
    server.kill()
    text = log.read_text("utf-8").strip() or "nothing"
    shutil.rmtree(folder)
    raise MigratorError("the sandbox did not start", actual=text, hint="start it in the foreground: migrator sandbox")


def _write(path: Path, document: dict[str, Any]) -> None:
    """Write the config, and the tokens that it names."""
    for provider, connection in document["connections"].items():
        if "token" in connection:
            file = path.parent / token_file(_FOLDER, provider)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
                handle.write(connection["token"])
    write_file(path, with_token_files(document["config"], _FOLDER))


def _running(folder: Path) -> dict[str, Any] | None:
    """Return how the folder's sandbox is reached, if it answers."""
    document = _read(folder / _READY)
    if document:
        with suppress(OSError, ValueError):
            _control(document, "clock")
            return document
    return None


def _read(ready: Path) -> dict[str, Any] | None:
    """Return what a server printed, once that is whole."""
    with suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads(ready.read_text("utf-8"))
        return found if found.get("schema") == SandboxDocument.schema_name() else None  # an error is a document, too
    return None


def _control(document: dict[str, Any], what: str, *, post: bool = False) -> None:
    """Ask the server's own endpoints for something; no proxy stands between."""
    url = f"{document['connections']['control']['base_url']}/{what}"
    request = urllib.request.Request(url, data=b"{}" if post else None)  # noqa: S310 (an address on this machine)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=_HTTP_TIMEOUT) as answer:
        answer.read()
