"""Files read as workflows, and what a new one is made from: a template, a job, a name that is free."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from migrator.agents.patterns import Agents
from migrator.errors import UsageError

if TYPE_CHECKING:
    from migrator.providers.github.reading import Workflow

_LARGEST: Final = 1_000_000
"""Bytes of a file that is read: far more than any workflow has."""
_LONGEST: Final = 60
"""Characters of the name of a new file."""
_USUAL: Final = "claude"
"""The agent of a job that names none."""


def read_file(name: str, content: bytes, agents: Agents) -> Workflow | None:
    """Return the workflow that a file holds; None where it has no place in a list of jobs."""
    from migrator.providers.github.reading import TAG, read_workflow, unreadable  # noqa: PLC0415 (most commands read no workflow)

    if len(content) > _LARGEST:
        return unreadable(name, f"it has more than {_LARGEST:,} bytes")
    try:
        return read_workflow(name, content.decode("utf-8-sig"), agents)
    except UnicodeDecodeError as error:
        tag = TAG.match(content.decode("utf-8", "replace"))
        return unreadable(name, f"it is not UTF-8: {error.reason} at byte {error.start}", tag and tag[2])


def template_of(agent: str, agents: Agents, *, path: str = "") -> Workflow:
    """Return the workflow that new ones are made from.

    Args:
        agent: what it runs, where it is one of those that are built in.
        agents: what runs an agent on a prompt.
        path: a file to take in place of those that are built in; "" for none.

    Raises:
        UsageError: the file cannot be read, or holds no job.
    """
    hint = "see docs/providers/github.md for what a template is"
    built_in = resources.files(__package__ or "") / "templates" / f"{agent}.yml"
    try:
        content = Path(path).read_bytes() if path else built_in.read_bytes()
    except FileNotFoundError as error:
        what = "the template does not exist" if path else f"no template is built in for the agent {agent}"
        raise UsageError(what, where=path, hint=hint) from error
    except OSError as error:
        raise UsageError(f"the template cannot be read: {error.strerror}", where=path, hint=hint) from error
    found = read_file(path or built_in.name, content, agents)
    reason = found.raw.get("reason") if found else "it has no schedule"
    if not found or reason or not found.raw["enabled"]:
        raise UsageError(f"the template holds no job: {reason or 'it is paused'}", where=path, hint=hint)
    return found


_built_in = lru_cache(maxsize=8)(template_of)


def new_job(payload: Mapping[str, Any], agent: str) -> Mapping[str, Any]:
    """Return what a new workflow is to hold: nothing of the template's own job stays in it."""
    return {"model": None, **payload, "agent": agent}


def refusal(payload: Mapping[str, Any], agents: Agents) -> str:
    """Return why no workflow can hold a job, of whichever template it is made; "" where one can."""
    from migrator.providers.github.changing import WorkflowError, unread_change  # noqa: PLC0415 (as above)

    agent = str(payload.get("agent") or _USUAL)
    try:
        unread_change(_built_in(agent, agents), new_job(payload, agent), agents)
    except (UsageError, WorkflowError) as error:
        return str(error)
    return ""


def free_name(name: str, folder: Path) -> str:
    """Return the name of a file that a folder does not hold yet, made from a job's name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST].strip("-") or "job"
    taken = {path.stem.casefold() for path in folder.iterdir()} if folder.is_dir() else set()
    number = next(n for n in range(1, len(taken) + 2) if (f"{stem}-{n}" if n > 1 else stem) not in taken)
    return f"{stem}-{number}.yml" if number > 1 else f"{stem}.yml"
