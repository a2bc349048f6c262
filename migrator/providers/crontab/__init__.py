"""A crontab as a provider: a file, or what the `crontab` command shows and takes."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import evolve

from migrator.agents.patterns import Agents
from migrator.errors import RejectedError
from migrator.providers.base import Connection, LoadAdapter
from migrator.providers.crontab.adapter import Crontab
from migrator.providers.crontab.edits import added
from migrator.providers.crontab.places import CommandPlace, FilePlace, Prompts
from migrator.providers.crontab.terms import DAEMONS, Terms
from migrator.providers.declaration import (
    IDENTITY,
    Capabilities,
    Finding,
    Local,
    Opening,
    Provider,
    Setting,
    Starter,
)


def scopes(connection: Connection) -> tuple[str, ...]:
    """Return the scope of a connection: its identity, the file without symbolic links, or the user and the machine."""
    if connection.identity:
        return (connection.identity,)
    path, user = connection.text("path"), connection.text("user")
    if path:
        return (f"{Path(path).resolve()}{f'#{user}' if user else ''}",)
    return (f"{user or getpass.getuser()}@{socket.gethostname()}",)


def _terms(connection: Connection, agents: Agents) -> Terms:
    """What decides how the crontab of a connection is read and written."""
    path, user = connection.text("path"), connection.text("user")
    return Terms(
        where=path or f"crontab of {user or 'this user'}",
        daemon=connection.text("daemon"),
        timezone=connection.text("timezone"),
        user=user if path else "",
        agents=agents,
        prompts=connection.text("prompts"),
        prompt_of=Prompts().read,
    )


def _bound(connection: Connection) -> Mapping[str, str]:
    """What of the mapping a connection decides: the dialect, and the one time zone of its jobs."""
    terms = _terms(connection, Agents())
    if terms.any_zone:
        return {"dialect": "cronie_zones", "timezone": ""}
    return {"dialect": terms.daemon, "timezone": terms.timezone}


def _refuses(connection: Connection, agents: Agents, payload: Mapping[str, Any]) -> str:
    """Return why no line of a crontab can hold a job: one that is too long, above all."""
    if not payload.get("agent"):
        return ""  # that it needs one is told otherwise
    try:
        added("", "0" * 32, dict(payload), _terms(connection, agents))
    except RejectedError as error:
        return error.what
    return ""


def _open(connection: Connection, opening: Opening) -> Crontab:
    path, user = connection.text("path"), connection.text("user")
    return Crontab(
        terms=_terms(connection, opening.agents),
        place=FilePlace(path=Path(path), user=user, must_exist=opening.must_exist) if path else CommandPlace(user=user),
        prompts=Prompts(folder=connection.text("prompts")),
        scope=scopes(connection)[0],
        fence=opening.fence,
    )


async def _examine(connection: Connection, adapter: LoadAdapter) -> tuple[Finding, ...]:
    """Whether a checker judges what is written, and whether this machine has the zone that the connection names."""
    assert isinstance(adapter, Crontab)
    return (await _checked(adapter), *_zone(connection.text("timezone")))


async def _checked(adapter: Crontab) -> Finding:
    check = f"crontab {adapter.checker.option}"
    if not await adapter.checker.works():
        todo = "run migrator where the crontab is read, so that a wrong line is found before it is installed"
        return Finding(what="checker", status="advice", found=f"{check} judges nothing on this machine", todo=todo)
    if complaint := await adapter.checker.complaint(await adapter.place.read()):
        found = f"{check} refuses the crontab as it is, so that no line of it runs: {complaint}"
        return Finding(what="checker", status="fault", found=found, todo="correct that line")
    return Finding(what="checker", status="ok", found=f"{check} accepts the crontab as it is")


def _zone(told: str) -> tuple[Finding, ...]:
    """How the zone of this machine agrees with that of the connection; nothing where it cannot be told."""
    link = Path("/etc/localtime")
    folder, _, here = str(link.resolve()).rpartition("zoneinfo/") if link.is_symlink() else ("", "", "")
    same = Path(folder, "zoneinfo", told)
    if here in {"", told} or (same.is_file() and same.read_bytes() == link.read_bytes()):  # names of one zone
        return ()
    found = f"timezone is {told}, and /etc/localtime of this machine is {here}"
    todo = f'set timezone = "{here}", if the crontab is read on this machine and its daemon has no TZ of its own'
    return (Finding(what="time zone", status="advice", found=found, todo=todo),)


PROVIDER: Final = Provider(
    name="crontab",
    title="crontab",
    kit=1,
    access=Local(open=_open),
    scopes=scopes,
    documented=Crontab.documented,
    binds=_bound,
    refuses=_refuses,
    settings=(
        Setting(
            name="daemon",
            says="The cron daemon that reads the crontab.",
            choices=tuple(DAEMONS),
            required=True,
            question="the cron daemon: debian or cronie",
            example="debian",
        ),
        Setting(
            name="timezone",
            says="The time zone in which the daemon reads the crontab: that of its machine.",
            required=True,
            question="the time zone of the machine",
            example="UTC",
        ),
        Setting(
            name="path",
            kind="path",
            says="The crontab's file, relative to this one; without it, the command crontab reads and installs it.",
        ),
        Setting(
            name="user",
            says="Whose crontab the command reads; beside path: the lines name a user, and those of this one count.",
        ),
        Setting(
            name="prompts",
            kind="path",
            says="A folder for prompts that fit into no line, relative to this file; without it they are refused.",
        ),
        evolve(
            IDENTITY,
            says="What the state calls the crontab, where its path, or the name of its machine, may change.",
        ),
    ),
    permissions="write permission for the folder of the file, or for the user's crontab",
    capabilities=Capabilities(create_paused=True, versions=True),
    docs="providers/crontab.md",
    examine=_examine,
    starter=Starter(
        rank=60,
        sets='"action.agent" = "claude" # or codex, gemini, copilot',
        comments="""\
# path = "agents.crontab" # a file, in place of the command crontab
# user = "alice"          # whose crontab; beside path: the user that its lines name
# prompts = "prompts"     # a folder for prompts that fit into no line
""",
    ),
)
