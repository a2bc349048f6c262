"""The jobs of a crontab as records."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import PurePosixPath
from typing import Final

from migrator.agents.patterns import AgentRun, Agents, NoRunError
from migrator.agents.reading import recognise
from migrator.providers.base import Raw
from migrator.providers.crontab.terms import Terms
from migrator.providers.crontab.text import (
    Block,
    blocks,
    job_ids,
    spoken,
)

SHELLS: Final = frozenset({"sh", "ash", "bash", "dash", "ksh", "mksh", "zsh"})
"""Shells that read a POSIX command as POSIX says."""


_USUAL: Final = frozenset({"CRON_TZ", "HOME", "LANG", "LOGNAME", "MAILTO", "PATH", "SHELL", "TZ", "USER"})
"""Variables that say where a job runs, and nothing of what it does."""


_LONGEST_NAME: Final = 60


def found_jobs(text: str, terms: Terms) -> Mapping[str, Block]:
    """Return every job by its id, in the order of the lines."""
    return parsed(text, terms.user, terms.agents)[0]


@lru_cache(maxsize=4)  # an edit begins with the text that the one before it ended with
def parsed(text: str, user: str, agents: Agents) -> tuple[Mapping[str, Block], Mapping[str, str]]:
    """Every job of a user by its id, and the variables in force at the end."""
    end = "* * * * * " + ("- " if user else "") + "end"
    *found, last = blocks([*text.split("\n"), end], users=bool(user), clear=partial(is_run, agents=agents))
    found = [block for block in found if not user or block.line.user == user]
    return dict(zip(job_ids(found), found, strict=True)), last.settings


def is_run(command: str, agents: Agents) -> bool:
    """Whether a job line runs an agent."""
    try:
        recognise(*spoken(command), agents)
    except NoRunError:
        return False
    return True


def record_of(job_id: str, block: Block, terms: Terms) -> Raw:
    """Return a job as the record that its mapping reads."""
    command, stdin = spoken(block.line.command)
    raw: Raw = {
        "id": job_id,
        "name": block.name,
        "enabled": "#" not in block.line.off,
        "schedule": block.line.schedule,
        "timezone": terms.timezone,
    }
    raw |= {"kind": "agent", **_run_of(command, stdin, block, terms)}
    raw["name"] = raw["name"] or _shortened(raw["prompt"])
    if block.description is not None:
        raw["description"] = block.description
    if recipients := _recipients(block.settings):
        raw["mailto"] = recipients
    if "tag" in block.note:
        raw["tag"] = block.note["tag"]
    if terms.user:
        raw["user"] = terms.user
    if more := sorted(name for name in block.settings if name not in _USUAL and not name.startswith("LC_")):
        raw["variables"] = more
    return raw | _zone_of(block, terms)


def _run_of(command: str, stdin: str | None, block: Block, terms: Terms) -> Raw:
    """What the command runs: an agent on a prompt, or something that is left alone, and why."""
    try:
        run = recognise(command, stdin, terms.agents)
        shell = PurePosixPath(block.settings.get("SHELL", "/bin/sh")).name
        if shell not in SHELLS:
            raise NoRunError(f"its shell is {shell}, of which it is not known how it reads a command")
        prompt = _file_prompt(run, terms) if run.carrier == "file" else run.prompt
    except NoRunError as error:
        program = PurePosixPath(command.split(maxsplit=1)[0]).name
        return {"kind": "command", "prompt": f"(runs {program})", "reason": str(error)}
    raw: Raw = {"agent": run.agent, "prompt": prompt}
    raw |= {key: value for key, value in (("model", run.model), ("thread", run.thread)) if value is not None}
    return raw | ({"extras": list(run.extras)} if run.extras else {})


def _file_prompt(run: AgentRun, terms: Terms) -> str:
    """The prompt in a file; only those of the declared folder are read."""
    path = PurePosixPath(run.prompt)
    if not terms.prompts or path.parent != PurePosixPath(terms.prompts):
        raise NoRunError(f"its prompt is in the file {run.prompt}, outside of the folder that `prompts` names")
    prompt = terms.prompt_of(run.prompt)
    if not prompt:
        raise NoRunError(f"its prompt is in the file {run.prompt}, which cannot be read or is empty")
    return prompt


def _zone_of(block: Block, terms: Terms) -> Raw:
    """The zone of a line under CRON_TZ; where it cannot be told when it fires, why not."""
    zone = block.settings.get("CRON_TZ", "") if terms.limits.zones else ""
    if not zone or zone == terms.timezone or terms.any_zone:
        return {"timezone": zone} if zone else {}
    reason = f"CRON_TZ is {zone}, and the clock of the machine changes as well: cronie then skips or repeats runs"
    return {"kind": "zone", "reason": reason}


def _recipients(settings: Mapping[str, str]) -> list[str]:
    return [part for part in (one.strip() for one in settings.get("MAILTO", "").split(",")) if part]


def _shortened(prompt: str) -> str:
    first = prompt.strip().split("\n")[0] or "job"
    return first if len(first) <= _LONGEST_NAME else first[: _LONGEST_NAME - 1] + "…"
