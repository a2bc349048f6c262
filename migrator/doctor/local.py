"""Whether this machine is in order: the time zone database, the state, and the packages that are optional."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.util import find_spec
from typing import Final

from attrs import frozen

from migrator.catalog import Catalog
from migrator.config import Config
from migrator.cron.zones import tzdata_source, tzdata_version
from migrator.doctor.check import Check, of_error
from migrator.errors import StateError
from migrator.notify import wrong_with
from migrator.store import open_state
from migrator.store.database import inspect
from migrator.telemetry import is_wanted

_UPGRADE: Final = "pip install --upgrade tzdata, so that clock changes which were decided since are known"
_WRITABLE: Final = "make it writable for the user that runs migrator, or name another state with --state"


@frozen
class _Extra:
    """Packages that are optional.

    Attributes:
        name: what brings them.
        packages: what must be importable.
        install: the command that installs them.
    """

    name: str
    packages: tuple[str, ...]
    install: str


_EXTRAS: Final = (
    _Extra("sandbox", ("starlette", "uvicorn"), 'pip install "migrator[sandbox]"'),
    _Extra("postgres", ("psycopg",), 'pip install "migrator[postgres]"'),
    _Extra("otel", ("opentelemetry",), 'pip install "migrator[otel]"'),
    _Extra("notify", ("apprise",), 'pip install "migrator[notify]"'),
    _Extra("keyring", ("keyring",), "pip install keyring"),
)


def check_time_zones(now: datetime) -> Check:
    """Return which time zone database is in use, and how old it is; it has several releases a year."""
    release, text = tzdata_version(), f"tzdata {tzdata_version()} from {tzdata_source()}"
    year = release[:4]
    if not year.isdecimal():
        text = f"a time zone database from {tzdata_source()} that does not say its release"
        return Check(about="time zones", what="tzdata", status="advice", found=text, todo=_UPGRADE)
    if now.year - int(year) > 1:
        return Check(about="time zones", what="tzdata", status="advice", found=f"{text}, years old", todo=_UPGRADE)
    return Check(about="time zones", what="tzdata", status="ok", found=text)


def check_state(url: str, *, now: Callable[[], datetime]) -> tuple[Check, ...]:
    """Return whether the state can be read, and what it holds that is not finished; nothing is made or upgraded."""
    try:
        found = inspect(url)
        if found.unwritable:
            text, todo = f"{found.shown}: {found.unwritable}", _WRITABLE
            return (Check(about="state", what="file", status="fault", found=text, todo=todo),)
        if found.schema_version is None:
            return (Check(about="state", what="file", status="ok", found=f"{found.shown}: none yet; a run makes it"),)
        size = f", {found.size:,} bytes" if found.size is not None else ""
        whole = f"{found.shown}: whole, schema version {found.schema_version}{size}"
        return (Check(about="state", what="file", status="ok", found=whole), *_unfinished(url, now))
    except StateError as error:
        return (of_error("state", "file", error, otherwise="name another one with --state"),)


def _unfinished(url: str, now: Callable[[], datetime]) -> tuple[Check, Check]:
    state = open_state(url, now=now)
    try:
        state.check()
        owners = state.owners()
        writing = {owner.run for owner in owners.values()}
        left = [write for write in state.all_unresolved_writes() if write.run not in writing]
    finally:
        state.close()
    locks = "; ".join(f"{scope} is held by {owner}" for scope, owner in owners.items()) or "no active lock"
    lock = Check(about="state", what="locks", status="ok", found=locks)
    if not left:
        return lock, Check(about="state", what="writes", status="ok", found="no unresolved writes")
    text = f"{len(left):,} unresolved, of {', '.join(sorted({write.sync for write in left}))}"
    todo = "see how to settle them: migrator status"
    return lock, Check(about="state", what="writes", status="advice", found=text, todo=todo)


def check_extras(config: Config | None, state: str) -> tuple[Check, ...]:
    """Return which optional packages are there; one is a fault only where the config or the state needs it."""
    needed = {"postgres"} if state.startswith("postgresql") else set()
    tokens = [*config.tokens.values(), *(config.notify.to if config.notify else ())] if config else []
    if any(token.reference.startswith("keyring:") for token in tokens):
        needed.add("keyring")
    if is_wanted(os.environ, config.collector if config else None):
        needed.add("otel")
    if config and config.notify:
        needed.add("notify")
    return tuple(_extra(extra, is_needed=extra.name in needed) for extra in _EXTRAS)


def check_notify(config: Config, environ: Mapping[str, str]) -> tuple[Check, ...]:
    """Return whether notifications can be sent, as far as that shows without sending one."""
    if config.notify is None or find_spec("apprise") is None:  # which is listed among the packages
        return ()
    found = [wrong_with(token, environ=environ, base_dir=config.path.parent) for token in config.notify.to]
    todo = "test it: apprise --body test URL"
    return tuple(
        Check(about="notify", what=f"urls[{number}]", status="fault", found=wrong, todo=todo)
        if wrong
        else Check(about="notify", what=f"urls[{number}]", status="ok", found="a URL that Apprise knows; not tried")
        for number, wrong in enumerate(found)
    )


def check_packages(found: Catalog) -> tuple[Check, ...]:
    """Return whether the providers of other packages can be used; nothing where there are none."""
    used = [
        Check(about="providers", what=name, status="ok", found=f"of the package {entry.package}")
        for name, entry in found.entries.items()
        if entry.package
    ]
    otherwise = "install another version of the package, or uninstall it"
    broken = [of_error("providers", name, error, otherwise=otherwise) for name, error in found.problems.items()]
    return (*used, *broken)


def _extra(extra: _Extra, *, is_needed: bool) -> Check:
    lacking = [package for package in extra.packages if find_spec(package) is None]
    if not lacking:
        return Check(about="packages", what=extra.name, status="ok", found="installed")
    if is_needed:
        found = f"{', '.join(lacking)} is not installed, and is needed"
        return Check(about="packages", what=extra.name, status="fault", found=found, todo=extra.install)
    return Check(about="packages", what=extra.name, status="ok", found=f"not installed, not needed ({extra.install})")
