"""The workflows of a checkout that run an agent on a schedule: `.github/workflows/*.yml`.

    path = "../repo"

A job is a file, and its name is the job's id. Files are changed in the working tree, each of them at once or not at
all; what becomes of the changes (a branch, a pull request, nothing) is up to whoever looks after the repository.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import evolve

from migrator.agents.patterns import Agents
from migrator.providers.base import Connection, LoadAdapter
from migrator.providers.declaration import IDENTITY, Capabilities, Finding, Local, Opening, Provider, Setting, Starter
from migrator.providers.github.adapter import GitHub
from migrator.providers.github.new_workflows import refusal


def scopes(connection: Connection) -> tuple[str, ...]:
    """Return the scope of a connection: its identity, or its folder's path, absolute and without symbolic links."""
    return (connection.identity or str(Path(connection.text("path")).resolve()),)


def _open(connection: Connection, opening: Opening) -> GitHub:
    return GitHub(
        root=Path(connection.text("path")),
        identity=scopes(connection)[0],
        template=connection.text("template"),
        agents=opening.agents,
        must_exist=opening.must_exist,
        fence=opening.fence,
    )


def _refuses(_connection: Connection, agents: Agents, payload: Mapping[str, Any]) -> str:
    return refusal(payload, agents)


async def _examine(_connection: Connection, adapter: LoadAdapter) -> tuple[Finding, ...]:
    """Return what git says of the checkout, and whether the template can be used."""
    assert isinstance(adapter, GitHub)
    return tuple(adapter.findings())


def _afterwards(connection: Connection) -> str:
    path = shlex.quote(os.path.relpath(connection.text("path")))
    changes = f"git -C {path} add -N .github && git -C {path} diff"
    said = "Nothing was committed or pushed, and GitHub runs what its default branch holds"
    return f"{said}. To see the changes: {changes}"


PROVIDER: Final = Provider(
    name="github",
    title="GitHub Actions",
    kit=1,
    access=Local(open=_open),
    scopes=scopes,
    documented=GitHub.documented,
    refuses=_refuses,
    settings=(
        Setting(
            name="path",
            kind="path",
            says="The root of a checkout, relative to this file.",
            required=True,
            question="the root of a checkout",
            example="../repo",
        ),
        Setting(
            name="template", kind="path", says="The workflow that new ones are made from; by default one of migrator's."
        ),
        evolve(
            IDENTITY,
            says="What the state calls the checkout, where its path differs from machine to machine; by default its "
            "absolute path.",
        ),
    ),
    permissions="write access to .github/workflows in the checkout",
    capabilities=Capabilities(create_paused=True, versions=True, takes_effect_at_once=False),
    docs="providers/github.md",
    starter=Starter(
        rank=40,
        comments="""\
# template = "agent.yml" # the workflow that new ones are made from
# identity = "acme/reports" # what the state calls it, where its path changes from machine to machine
""",
    ),
    afterwards=_afterwards,
    examine=_examine,
)
