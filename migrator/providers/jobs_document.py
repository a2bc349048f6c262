"""The text of a file of canonical jobs: read, written, and put in place of the old one."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any, Final

from attrs import Factory, frozen

from migrator.errors import ProtocolError
from migrator.files import is_stream, replacing
from migrator.providers.base import Raw
from migrator.soundness import json_text

SCHEMA: Final = "migrator/jobs@1"
_CORRECT: Final = "correct the file there"


@frozen
class JobsContent:
    """What a document of jobs holds: its jobs by id, in their order, and what else stands in it."""

    jobs: dict[str, Raw] = Factory(dict)
    rest: dict[str, Any] = Factory(dict)


def parse_jobs(text: str, where: str) -> JobsContent:
    """Read a jobs document.

    Raises:
        ProtocolError: it is none; names the line and column, or the entry.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}:{error.colno}"
        raise ProtocolError(f"the file is not JSON: {error.msg}", where=place, hint=_CORRECT) from error
    except (RecursionError, ValueError) as error:  # nested thousands deep, or a number of thousands of digits
        allowed = "JSON with at most some hundred nested levels"
        raise ProtocolError("the file is not JSON that can be read", where=where, allowed=allowed) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or not isinstance(document.get("jobs"), list):
        allowed = f'{{"schema": "{SCHEMA}", "jobs": [...]}}'
        raise ProtocolError("the file holds no jobs document", where=where, allowed=allowed)
    jobs: dict[str, Raw] = {}
    for number, raw in enumerate(document["jobs"], start=1):
        job_id = raw.get("id") if isinstance(raw, dict) else None
        if not isinstance(job_id, str) or not job_id:
            raise ProtocolError(f"job number {number} has no id", where=where, hint='give each job a distinct "id"')
        if job_id in jobs:
            raise ProtocolError(f"job number {number} repeats the id {job_id!r}", where=where, hint="ids are distinct")
        jobs[job_id] = raw
    return JobsContent(jobs, {key: value for key, value in document.items() if key not in {"schema", "jobs"}})


def render_jobs(content: JobsContent) -> bytes:
    """Return the file's text; half of a surrogate pair, which UTF-8 cannot hold, becomes JSON's own escape."""
    document = {"schema": SCHEMA, **content.rest, "jobs": list(content.jobs.values())}
    return (json_text(document) + "\n").encode()


def file_signature(path: Path) -> tuple[int, ...]:
    """Return what another file, or another version of it, would not share."""
    stat = path.stat()
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in place of the file, durably and at once.

    Raises:
        OSError: nothing was changed.
    """
    if is_stream(path):
        raise OSError(errno.EINVAL, "not a regular file")
    with replacing(path, keep_mode=True) as file:
        file.write(content)
