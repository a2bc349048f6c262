"""References to secrets: where a token is kept, never the token itself.

A reference is read with the file and resolved only when its connection is opened, so that a plan of one sync does
not ask for the tokens of another. No message shows a secret, its length, or what a command printed.
"""

from __future__ import annotations

import importlib
import os
import re
import shlex
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from migrator.errors import ConfigError, UsageError

COMMAND_SECONDS: Final = 30
"""How long a command may take to print a secret."""

_LONGEST: Final = 65_536
"""Bytes of a file that are read for a secret."""
_OTHERS: Final = stat.S_IRWXO | stat.S_IWGRP

_REFERENCES: Final = {
    "env": re.compile(r"[A-Za-z_][A-Za-z0-9_]*"),
    "file": re.compile(r".*\S.*"),
    "keyring": re.compile(r"[^/]+/.+"),
    "command": re.compile(r".*\S.*"),
}
_BY_HAND: Final = "run it by hand to see why"
_ALLOWED: Final = "env:NAME, file:PATH, keyring:SERVICE/NAME or command:PROGRAM ARGUMENTS"


def check_reference(value: Any) -> str:
    """`value` when it says where a secret is kept.

    Raises:
        UsageError: it does not. The value is not shown, because it may be the secret itself.
    """
    kind, _, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
    if kind not in _REFERENCES:
        hint = (
            "put the secret into an environment variable and name that here; if it was shared with this file, revoke it"
        )
        raise UsageError("does not say where the secret is kept", allowed=_ALLOWED, hint=hint)
    if not _REFERENCES[kind].fullmatch(rest):
        raise UsageError(f"is not a reference of the kind {kind}:", allowed=_ALLOWED)
    if kind == "command":
        try:
            shlex.split(rest)
        except ValueError as error:
            raise UsageError("is a command with a quote that does not end", allowed=_ALLOWED) from error
    return str(value)


def resolve(reference: str, *, environ: Mapping[str, str], base_dir: Path, where: str = "") -> str:
    """The secret that a checked reference leads to.

    Args:
        reference: "env:NAME", "file:PATH", "keyring:SERVICE/NAME" or "command:PROGRAM ARGUMENTS".
        environ: the environment, for `env:` and for the program of `command:`.
        base_dir: what relative paths start from, and where the program runs: the folder of the config file.
        where: the connection and the line that hold the reference, for messages.

    Raises:
        ConfigError: it leads to nothing, or to something that cannot be sent as a token.
    """
    kind, _, rest = reference.partition(":")
    readers: dict[str, Callable[[], str]] = {
        "env": lambda: _from_environment(rest, environ),
        "file": lambda: _from_file(_place(rest, base_dir)),
        "keyring": lambda: _from_keyring(rest),
        "command": lambda: _from_command(shlex.split(rest), environ, base_dir),
    }
    try:
        check_reference(reference)
        secret = readers[kind]().strip()
        if not secret:
            raise UsageError(f"{kept_in(reference)} holds an empty secret", hint="put the token there")
        if not (secret.isascii() and secret.isprintable()) or " " in secret:
            what = f"{kept_in(reference)} does not hold a token: it has blanks, line ends or odd signs"
            raise UsageError(what, hint="copy the whole token, and nothing else")
    except UsageError as error:
        raise ConfigError(error.what, where=where, hint=error.hint) from error
    return secret


def kept_in(reference: str) -> str:
    """Return a reference without the arguments of a command, which may be private."""
    kind, _, rest = reference.partition(":")
    return f"{kind}:{shlex.split(rest)[0]}" if kind == "command" else reference


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise UsageError(f"the environment variable {name} is not set", hint=f"set it: export {name}=…")
    return environ[name]


def exposed(reference: str, *, base_dir: Path) -> str:
    """Return what is wrong with the permissions of a secret's file that is used all the same; "" when nothing is."""
    kind, _, rest = reference.partition(":")
    if kind != "file":
        return ""
    path = _place(rest, base_dir)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return ""
    return f"{path} can be read or written by others (mode {mode:04o})" if mode & _OTHERS else ""


def _place(rest: str, base_dir: Path) -> Path:
    return base_dir / Path(rest).expanduser()


def _from_file(path: Path) -> str:
    """Read a secret from a regular file that only its owner may change.

    Who can write it can have another token sent; a pipe gives what is in it to whoever is first.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                what, hint = f"the secret's file {path} is not a regular file", "put the token into a file of its own"
                raise UsageError(what, hint=hint)
            if mode & stat.S_IWOTH and os.name == "posix":
                what = f"the secret's file {path} can be changed by anybody (mode {stat.S_IMODE(mode):04o})"
                raise UsageError(what, hint=f"chmod 600 {shlex.quote(str(path))}, and revoke the token")
            return file.read(_LONGEST).decode("utf-8-sig")
    except OSError as error:
        hint = "make it a file that you can read"
        raise UsageError(f"the secret's file {path} cannot be read: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError:
        what = f"the secret's file {path} is not text"
        raise UsageError(
            what, hint="put the token there, and nothing else"
        ) from None  # the error holds what the file holds


def _from_keyring(rest: str) -> str:
    service, _, name = rest.partition("/")
    try:
        keyring = importlib.import_module("keyring")
    except ImportError as error:
        raise UsageError("the package keyring is not installed", hint="pip install keyring") from error
    secret = keyring.get_password(service, name)
    if secret is None:
        raise UsageError(
            f"the keyring has no secret {name} of the service {service}", hint=f"keyring set {service} {name}"
        )
    return str(secret)


def _from_command(words: list[str], environ: Mapping[str, str], base_dir: Path) -> str:
    program = words[0]
    try:
        done = subprocess.run(  # noqa: S603 (the owner of the file says what runs; no shell is involved)
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=dict(environ),
            cwd=base_dir,
            timeout=COMMAND_SECONDS,
            check=True,
        )
        return done.stdout.decode()
    except subprocess.TimeoutExpired as error:
        what = f"the command {program} gave no secret within {COMMAND_SECONDS} seconds"
        raise UsageError(what, hint=_BY_HAND) from error
    except subprocess.CalledProcessError as error:
        raise UsageError(f"the command {program} ended with exit code {error.returncode}", hint=_BY_HAND) from error
    except OSError as error:
        raise UsageError(f"the command {program} cannot be run: {error.strerror}", hint=_BY_HAND) from error
    except UnicodeDecodeError:  # the error holds what was printed
        raise UsageError(f"the command {program} printed no text", hint=_BY_HAND) from None
