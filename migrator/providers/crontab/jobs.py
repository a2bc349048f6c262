"""The jobs of a crontab as records, and the edits that create, change and remove one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import PurePosixPath
from typing import Any, Final

from attrs import evolve, field, frozen

from migrator.agents import AgentRun, Agents, Carrier, NoRunError, compose, edit, recognise
from migrator.errors import NotFoundError, RejectedError
from migrator.providers.base import Raw
from migrator.providers.crontab.text import (
    ENCODING,
    Block,
    blocks,
    header,
    job_ids,
    spoken,
    with_line,
    written,
)

_SHELLS: Final = frozenset({"sh", "ash", "bash", "dash", "ksh", "mksh", "zsh"})
"""Shells that read a POSIX command as POSIX says."""

_USUAL: Final = frozenset({"CRON_TZ", "HOME", "LANG", "LOGNAME", "MAILTO", "PATH", "SHELL", "TZ", "USER"})
"""Variables that say where a job runs, and nothing of what it does."""

_DIGITS: Final = 16
_LONGEST_NAME: Final = 60
_RUN: Final = frozenset({"prompt", "agent", "model", "thread"})
_UTC: Final = frozenset({"UTC", "Etc/UTC"})


@frozen(kw_only=True)
class Daemon:
    """What is particular to one cron daemon.

    Attributes:
        longest: bytes of the longest command that a line may hold.
        check: the option of its `crontab` command that checks a file and installs nothing.
        zones: whether CRON_TZ sets the time zone of the lines after it.
    """

    longest: int
    check: str
    zones: bool = False


DAEMONS: Final[Mapping[str, Daemon]] = {
    "debian": Daemon(longest=998, check="-n"),  # measured: "command too long" from 999 on
    "cronie": Daemon(longest=131_071, check="-T", zones=True),  # MAX_COMMAND, with room for the terminator
}


@frozen(kw_only=True)
class Terms:
    """What decides how a crontab is read and written.

    Attributes:
        where: what errors call the crontab.
        daemon: a key of `DAEMONS`.
        timezone: the zone of the machine.
        user: the user whose lines count, where lines name one; "" where they do not.
        agents: the commands that run an agent.
        prompts: the folder of prompt files, "" for none.
        prompt_of: reads a prompt file; None where there is none.
    """

    where: str
    daemon: str
    timezone: str
    user: str = ""
    agents: Agents = field(factory=Agents)
    prompts: str = ""
    prompt_of: Callable[[str], str | None] = field(default=lambda _path: None, repr=False)

    @property
    def limits(self) -> Daemon:
        """What is particular to the daemon."""
        return DAEMONS[self.daemon]

    @property
    def any_zone(self) -> bool:
        """Whether each job may have a zone of its own: where the clock of the machine never changes."""
        return self.limits.zones and self.timezone in _UTC


@frozen(kw_only=True)
class Edited:
    """A crontab after an edit.

    Attributes:
        text: the whole of it.
        files: prompt files that must be there first, by path.
    """

    text: str
    files: Mapping[str, str] = field(factory=dict)


def found_jobs(text: str, terms: Terms) -> Mapping[str, Block]:
    """Return every job by its id, in the order of the lines."""
    return _parsed(text, terms.user, terms.agents)[0]


@lru_cache(maxsize=4)  # an edit begins with the text that the one before it ended with
def _parsed(text: str, user: str, agents: Agents) -> tuple[Mapping[str, Block], Mapping[str, str]]:
    """Every job of a user by its id, and the variables in force at the end."""
    end = "* * * * * " + ("- " if user else "") + "end"
    *found, last = blocks([*text.split("\n"), end], users=bool(user), clear=partial(_is_run, agents=agents))
    found = [block for block in found if not user or block.line.user == user]
    return dict(zip(job_ids(found), found, strict=True)), last.settings


def _is_run(command: str, agents: Agents) -> bool:
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
        if shell not in _SHELLS:
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


def added(text: str, job_id: str, payload: Raw, terms: Terms) -> Edited:
    """Return the crontab with one more job, at its end, where no other line depends on it.

    Raises:
        RejectedError: the id is taken, or no line can say what is wanted.
    """
    if job_id in found_jobs(text, terms):
        raise _refused("the crontab already holds a job with this id", job_id, terms)
    wanted = {"timezone": terms.timezone, "enabled": True, **payload}
    command, files = _command(job_id, wanted, None, terms)
    note = {"id": job_id} | ({"tag": wanted["tag"]} if wanted.get("tag") else {})
    comments = header(note, wanted["name"], wanted.get("description"), users=bool(terms.user))
    user = f"{terms.user} " if terms.user else ""
    line = f"{'' if wanted['enabled'] else '# '}{wanted['schedule']} {user}{command}"
    return _sound(Edited(text=_appended(text, comments, line, wanted, terms), files=files), job_id, wanted, terms)


def _appended(text: str, comments: Sequence[str], line: str, wanted: Raw, terms: Terms) -> str:
    text = text if not text or text.endswith("\n") else text + "\n"
    settings = _settings(_parsed(text, terms.user, terms.agents)[1], wanted, terms)
    return "\n".join([*([text] if text else []), *comments, *settings, line, ""])


def _settings(in_force: Mapping[str, str], wanted: Raw, terms: Terms) -> Iterator[str]:
    """The lines that a job needs before it, so that what is in force is what it wants.

    Once a crontab says MAILTO, each job says its own, so that it does not change when somebody deletes the one above.
    """
    if recipients := wanted.get("mailto"):
        yield f"MAILTO={','.join(recipients)}"
    elif "MAILTO" in in_force:
        yield 'MAILTO=""'
    zone = in_force.get("CRON_TZ", "") if terms.limits.zones else ""
    if (zone or terms.timezone) != wanted["timezone"]:
        yield f"CRON_TZ={wanted['timezone']}"
    if PurePosixPath(in_force.get("SHELL", "/bin/sh")).name not in _SHELLS:
        yield "SHELL=/bin/sh"


def changed(text: str, job_id: str, payload: Raw, terms: Terms) -> Edited:
    """Return the crontab with some fields of a job changed; its other lines stay to the byte.

    Raises:
        NotFoundError: the job does not exist.
        RejectedError: no line can say what is wanted.
    """
    block = _block(text, job_id, terms)
    had = record_of(job_id, block, terms)
    payload = {key: value for key, value in payload.items() if _comparable(had.get(key)) != _comparable(value)}
    if "prompt" in payload and not block.name:  # it was named after its prompt
        payload.setdefault("name", had["name"])
    wanted = {key: value for key, value in {**had, **payload}.items() if value is not None}
    changes: dict[str, str] = {}
    files: Mapping[str, str] = {}
    if _RUN & payload.keys():
        changes["command"], files = _command(job_id, wanted, block, terms)
    if "schedule" in payload:
        changes["schedule"] = wanted["schedule"]
    if "enabled" in payload:
        changes["off"] = "" if wanted["enabled"] else "# "
    lines = _with_comments(with_line(text.split("\n"), block, **changes), block, job_id, payload, wanted, terms)
    result = "\n".join(lines)
    if {"mailto", "timezone"} & payload.keys():
        result = _moved(result, job_id, wanted, terms)
    return _sound(Edited(text=result, files=files), job_id, wanted, terms)


def _comparable(value: Any) -> Any:
    """A field's value so that nothing equals an empty one, and a list one in another order."""
    return sorted(value) or None if isinstance(value, list) else value


def _with_comments(lines: list[str], block: Block, job_id: str, payload: Raw, wanted: Raw, terms: Terms) -> list[str]:
    """Return the lines with the comments of a job: its ownership line, name and description. The id never changes."""
    note = {**block.note, "id": job_id} | ({"tag": wanted["tag"]} if "tag" in wanted else {})
    if "tag" not in wanted:
        note.pop("tag", None)
    if block.note and not {"name", "description"} & payload.keys():
        if note != block.note:
            lines[block.first] = f"# migrator: {json.dumps(note)}"
        return lines
    same = found_jobs("\n".join(lines), terms).get(job_id)
    if not block.note and not {"name", "description", "tag"} & payload.keys() and same and same.at == block.at:
        return lines
    name = wanted["name"] if block.name or "name" in payload else ""
    comments = header(note, name, wanted.get("description"), users=bool(terms.user))
    between = [line for line in lines[block.first : block.at] if not line.lstrip().startswith("#")]
    return [*lines[: block.first], *comments, *between, *lines[block.at :]]


def _moved(text: str, job_id: str, wanted: Raw, terms: Terms) -> str:
    """The crontab with a managed job at its end, where other settings can be in force."""
    block = _block(text, job_id, terms)
    comments = [line for line in text.split("\n")[block.first : block.at] if line.lstrip().startswith("#")]
    if not block.note:
        comments = header({"id": job_id}, block.name, None, users=bool(terms.user))
    return _appended(removed(text, job_id, terms), comments, block.line.text(), wanted, terms)


def removed(text: str, job_id: str, terms: Terms) -> str:
    """Return the crontab without a job; settings stay where lines after it depend on them.

    Raises:
        NotFoundError: the job does not exist.
    """
    block = _block(text, job_id, terms)
    lines = text.split("\n")
    before, after = lines[: block.first], lines[block.at + 1 :]
    if block.note and before[-1:] == [""] and after[0] == "":
        before.pop()
    between = [line for line in lines[block.first : block.at] if not line.lstrip().startswith("#")]
    rest = "\n".join([*before, *after])
    if between and _in_force_after(rest, len(before), terms) != _in_force_after(text, block.at + 1, terms):
        return "\n".join([*before, *between, *after])
    return rest


def _in_force_after(text: str, start: int, terms: Terms) -> list[Mapping[str, str]]:
    clear = partial(_is_run, agents=terms.agents)
    found = blocks(text.split("\n"), users=bool(terms.user), clear=clear)
    return [block.settings for block in found if block.at >= start]


def _command(job_id: str, wanted: Raw, block: Block | None, terms: Terms) -> tuple[str, Mapping[str, str]]:
    """What the job line is to hold, and the prompt file that goes with it."""
    said = spoken(block.line.command) if block else None
    reasons: list[str] = []
    misfits = False
    for carrier in _carriers(said, terms):
        prompt = wanted["prompt"]
        path = f"{terms.prompts}/{hashlib.sha256(prompt.encode(*ENCODING)).hexdigest()[:_DIGITS]}.md"
        run = AgentRun(
            agent=wanted.get("agent", ""),
            prompt=path if carrier == "file" else prompt,
            carrier=carrier,
            model=wanted.get("model"),
            thread=wanted.get("thread"),
        )
        try:
            command = edit(*said, run, terms.agents) if said else compose(run, terms.agents)
        except NoRunError as error:
            reasons.append(str(error))
            continue
        text = written(command, prompt if carrier == "stdin" else None)
        size = 0 if text is None else len(text.encode(*ENCODING))
        if text is not None and size <= terms.limits.longest:
            return text, {path: prompt} if carrier == "file" else {}
        reasons.append(_too_long(size, terms) if size else "no line can hold its prompt")
        misfits = True
    if misfits and not terms.prompts:
        reasons.append("set prompts to a folder for prompt files")
    raise _refused("; ".join(dict.fromkeys(reasons)), job_id, terms)


def _too_long(size: int, terms: Terms) -> str:
    return f"its line takes {size:,} bytes, and {terms.daemon} cron reads {terms.limits.longest:,}"


def _carriers(said: tuple[str, str | None] | None, terms: Terms) -> tuple[Carrier, ...]:
    """Where a prompt may stand, what is there now first."""
    ways: tuple[Carrier, ...] = ("argument", "stdin", *(("file",) if terms.prompts else ()))
    if said is None:
        return ways
    try:
        now = recognise(*said, terms.agents).carrier
    except NoRunError:
        return ways
    return (now, *(way for way in ways if way != now))


def _sound(edited: Edited, job_id: str, wanted: Raw, terms: Terms) -> Edited:
    """The edit, if the job reads back as it was wanted.

    Raises:
        RejectedError: it does not.
    """
    found = found_jobs(edited.text, terms).get(job_id)
    said = {} if found is None else record_of(job_id, found, _with_files(terms, edited.files))
    for key in ("name", "description", "enabled", "schedule", "timezone", "tag", *sorted(_RUN)):
        if said.get(key) != wanted.get(key):
            raise _refused(f"no line of a crontab says its {key} as it is", job_id, terms)
    if sorted(said.get("mailto", [])) != sorted(wanted.get("mailto", [])):
        raise _refused("MAILTO cannot say whom its result is mailed to", job_id, terms)
    return edited


def _with_files(terms: Terms, files: Mapping[str, str]) -> Terms:
    return evolve(terms, prompt_of=lambda path: files.get(path) or terms.prompt_of(path))


def _block(text: str, job_id: str, terms: Terms) -> Block:
    found = found_jobs(text, terms)
    if job_id not in found:
        raise NotFoundError("unknown job in the crontab", where=f"{terms.where}, job {job_id}", hint="plan again")
    return found[job_id]


def _refused(what: str, job_id: str, terms: Terms) -> RejectedError:
    return RejectedError(what, where=f"{terms.where}, job {job_id}", hint="nothing was changed")
