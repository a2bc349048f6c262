"""Edits of a crontab that create, change and remove one job."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Any, Final

from attrs import evolve, field, frozen

from migrator.agents.patterns import AgentRun, Carrier, NoRunError
from migrator.agents.reading import recognise
from migrator.agents.writing import compose, edit
from migrator.errors import NotFoundError, RejectedError
from migrator.providers.base import Raw
from migrator.providers.crontab.records import SHELLS, found_jobs, is_run, parsed, record_of
from migrator.providers.crontab.terms import Terms
from migrator.providers.crontab.text import (
    ENCODING,
    Block,
    blocks,
    header,
    spoken,
    with_line,
    written,
)

_DIGITS: Final = 16


_RUN: Final = frozenset({"prompt", "agent", "model", "thread"})


@frozen(kw_only=True)
class Edited:
    """A crontab after an edit.

    Attributes:
        text: the whole of it.
        files: prompt files that must be there first, by path.
    """

    text: str
    files: Mapping[str, str] = field(factory=dict)


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
    settings = _settings(parsed(text, terms.user, terms.agents)[1], wanted, terms)
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
    if PurePosixPath(in_force.get("SHELL", "/bin/sh")).name not in SHELLS:
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
    clear = partial(is_run, agents=terms.agents)
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
    if (size := len(f"MAILTO={','.join(wanted.get('mailto', []))}".encode(*ENCODING))) > terms.limits.longest:
        raise _refused(f"MAILTO: {_too_long(size, terms)}", job_id, terms)  # the daemon would cut it off
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
