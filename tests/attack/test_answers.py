"""Answers that would hang, bloat or end a run: each is an error of its request, within bounds of time and memory."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import re
import subprocess
import time
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from tests.attack.bench import COMMAND, Attack
from tests.attack.hostile import Asked, Script, head, hostile, whole

pytestmark = pytest.mark.slow

MOST_SECONDS: Final = 120.0
"""What a command may take: its deadlines of seconds end each answer, of which the slowest would go on for five minutes.
It takes a fraction of that, so that a slow machine does not matter."""
MOST_MEMORY: Final = 400
"""What a command may take, in MiB: without an attack it takes a third of it."""

CONFIG: Final = """
[connections.source]
provider = "json"
path = "jobs.json"
[connections.target]
provider = "devin"
org_id = "org-1"
token = "env:TOKEN"
base_url = "http://127.0.0.1:{port}"
rate = "1000/s"
timeout = 2
listing_timeout = 5
[syncs.it]
source = "source"
target = "target"
"""


def job(name: str) -> dict[str, Any]:
    """A job of the source."""
    cron = {"kind": "recurring", "cron": "0 9 * * *", "dialect": "vixie", "timezone": "UTC"}
    return {"id": name, "name": name, "enabled": True, "trigger": cron, "action": {"kind": "prompt", "text": "Do it."}}


ITEM: Final = {
    "scheduled_session_id": "sched-1",
    "enabled": True,
    "name": "Theirs",
    "prompt": "x",
    "frequency": "0 1 * * *",
}


def page(*items: Mapping[str, Any], **more: Any) -> bytes:
    """A page of a list of jobs."""
    return json.dumps({"items": items, "has_next_page": False, "total": len(items), **more}).encode()


def chunked(parts: Iterator[bytes]) -> Iterator[bytes]:
    """A body without a stated length."""
    yield head("200 OK", "Transfer-Encoding: chunked")
    for part in parts:
        yield b"%x\r\n%s\r\n" % (len(part), part)


def trickle(_asked: Asked) -> Iterator[bytes | float]:
    """A body at ten bytes a second."""
    yield head("200 OK", "Content-Length: 100000")
    for _ in range(3000):
        yield b" "
        yield 0.1


def slow_headers(_asked: Asked) -> Iterator[bytes | float]:
    """Headers at ten bytes a second."""
    yield b"HTTP/1.1 200 OK\r\nX-Slow: "
    for _ in range(3000):
        yield b"a"
        yield 0.1


def only_informational(_asked: Asked) -> Iterator[bytes | float]:
    """An answer that is about to come."""
    for _ in range(100_000):
        yield b"HTTP/1.1 103 Early Hints\r\n\r\n"


def many_headers(_asked: Asked) -> Iterator[bytes | float]:
    """A megabyte of headers."""
    yield head("200 OK", *(f"X-{number}: {'a' * 1000}" for number in range(1000)))


def gigabyte(_asked: Asked) -> Iterator[bytes | float]:
    """A body that does not end."""
    yield from chunked(itertools.repeat(b'{"items": ["' + b"a" * 65536, 16_384))


@cache
def _packed(mebibytes: int) -> bytes:
    packer = zlib.compressobj(6, wbits=31)
    block = b" " * (1024 * 1024)
    return b"".join([*(packer.compress(block) for _ in range(mebibytes)), packer.flush()])


def bomb(_asked: Asked) -> Iterator[bytes | float]:
    """Half a megabyte that becomes half a gigabyte."""
    yield whole(_packed(512), "200 OK", "Content-Encoding: gzip")


def nested_bombs(_asked: Asked) -> Iterator[bytes | float]:
    """Gzip within gzip."""
    packed = gzip.compress(_packed(64))
    yield whole(packed, "200 OK", "Content-Encoding: gzip, gzip")


def titles(_asked: Asked) -> Iterator[bytes | float]:
    """An HTML page of beginnings."""
    yield whole(b"<html>" + b"<title>" * 40_000, "400 Bad Request", "Content-Type: text/html")


def blanks(_asked: Asked) -> Iterator[bytes | float]:
    """A text that a careless search goes through again and again."""
    yield whole(b"authorization" + b" " * 1_000_000 + b"bearer" * 100_000, "400 Bad Request")


def complaints(_asked: Asked) -> Iterator[bytes | float]:
    """A refusal for a hundred thousand reasons."""
    yield whole(json.dumps({"detail": [{"loc": ["a"] * 50, "msg": "no" * 20}] * 100_000}).encode(), "422 No")


def deep(_asked: Asked) -> Iterator[bytes | float]:
    """Lists within lists."""
    yield whole(b'{"items":' + b"[" * 200_000 + b"]" * 200_000 + b"}")


def deep_enough(_asked: Asked) -> Iterator[bytes | float]:
    """Lists within lists, as deep as a parser still goes."""
    yield whole(b'{"items":[], "a":' + b"[" * 700 + b"]" * 700 + b"}")


def digits(_asked: Asked) -> Iterator[bytes | float]:
    """A number that takes a library too long to read."""
    yield whole(b'{"items": [], "total": ' + b"9" * 100_000 + b"}", "200 OK", f"X-RateLimit-Remaining: {'9' * 5000}")


def strange_charset(_asked: Asked) -> Iterator[bytes | float]:
    """A label that names a cipher."""
    yield whole(b"\xff\xfe{}", "200 OK", "Content-Type: application/json; charset=rot13")


def not_utf8(_asked: Asked) -> Iterator[bytes | float]:
    """Latin-1."""
    yield whole(page(ITEM).replace(b"Theirs", b"Caf\xe9"))


def twice(_asked: Asked) -> Iterator[bytes | float]:
    """One key, two values."""
    yield whole(b'{"items": [], "items": [1]}')


def unknown_coding(_asked: Asked) -> Iterator[bytes | float]:
    """A coding that nobody asked for."""
    yield whole(page(), "200 OK", "Content-Encoding: br")


def broken_coding(_asked: Asked) -> Iterator[bytes | float]:
    """A compressed body with an error in its middle."""
    yield whole(gzip.compress(page(ITEM))[:-20] + b"x" * 20, "200 OK", "Content-Encoding: gzip")


def wait_for_ever(_asked: Asked) -> Iterator[bytes | float]:
    """A wait of thirty years."""
    yield whole(b"{}", "429 Too Many", "Retry-After: 999999999")


def wait_until(_asked: Asked) -> Iterator[bytes | float]:
    """A wait until a year that no calendar has."""
    yield whole(b"{}", "429 Too Many", "Retry-After: Fri, 31 Dec 99999 23:59:59 GMT", "X-RateLimit-Reset: 1e300")


def endless(asked: Asked) -> Iterator[bytes | float]:
    """Page after page of a list that says it holds five jobs."""
    item = {**ITEM, "scheduled_session_id": f"sched-{asked.number}"}
    yield whole(page(item, has_next_page=True, total=5))


def endless_uncounted(asked: Asked) -> Iterator[bytes | float]:
    """Page after page of a list that does not count."""
    item = {**ITEM, "scheduled_session_id": f"sched-{asked.number}"}
    yield 0.01
    yield whole(page(item, has_next_page=True, total=None))


def nonsense(_asked: Asked) -> Iterator[bytes | float]:
    """No HTTP at all."""
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 100


def odd_status(_asked: Asked) -> Iterator[bytes | float]:
    """A status that no list has."""
    yield whole(b"{}", "799 Strange")


ATTACKS: Final = [
    trickle,
    slow_headers,
    only_informational,
    many_headers,
    gigabyte,
    bomb,
    nested_bombs,
    titles,
    blanks,
    complaints,
    deep,
    deep_enough,
    digits,
    strange_charset,
    not_utf8,
    twice,
    unknown_coding,
    broken_coding,
    nonsense,
    odd_status,
]
"""What can come for any request."""
OF_LISTS: Final = [endless, endless_uncounted, trickle, gigabyte, bomb, deep, not_utf8, wait_for_ever, wait_until]
"""What can come for a list: its own kinds, and some of those above."""


def run(folder: Path, script: Script, *names: str) -> tuple[int, str, list[Asked]]:
    """Apply jobs to a hostile target: how that ended, what was said and what was asked; it kept within bounds."""
    jobs = {"schema": "migrator/jobs@1", "jobs": [job(name) for name in names]}
    (folder / "jobs.json").write_text(json.dumps(jobs), "utf-8")
    with hostile(script) as server:
        (folder / "migrator.toml").write_text(CONFIG.format(port=server.port), "utf-8")
        environ = {**os.environ, "TOKEN": "secret-token", "PYTHONPATH": str(Path(__file__).parents[2])}
        began = time.monotonic()
        with (folder / "said").open("wb") as said:
            command = [*COMMAND, "apply", "it", "--yes"]
            process = subprocess.Popen(command, cwd=folder, env=environ, stdout=said, stderr=said)
            memory = _most_memory(process)
        took = time.monotonic() - began
        text = (folder / "said").read_text("utf-8")
        assert ("Traceback" in text, "unexpected" in text, "secret-token" in text) == (False, False, False), text
        assert memory < MOST_MEMORY, f"{memory:.0f} MiB"
        assert took < MOST_SECONDS, f"{took:.0f} s"
        return process.returncode, text, list(server.asked)


def _most_memory(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process; return the most memory that it had, in MiB, by looks ten times a second.

    What the system counts for a process when it has ended begins with the memory of the process that started it.
    """
    most = 0.0
    while process.poll() is None:
        with suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
            most = max([most, *(int(kilobytes) / 1024 for kilobytes in re.findall(r"VmHWM:\s+(\d+)", status))])
        time.sleep(0.1)
    assert most > 0
    return most


def test_lists(tmp_path: Path, attack: Attack) -> None:
    """The listing fails as a whole, with the request named, and nothing is written."""

    def attacked(script: Script) -> tuple[int, str, list[Asked]]:
        folder = tmp_path / script.__name__
        folder.mkdir()
        return run(folder, script, "Alpha")

    with ThreadPoolExecutor(4) as pool:
        ended = {script.__name__: pool.submit(attacked, script) for script in OF_LISTS}
    for name, future in ended.items():
        with attack():
            code, said, asked = future.result()
            assert (name, code) == (name, 1), said
            assert "GET devin /v3/organizations/org-1/schedules" in said
            assert {"GET"} == {one.method for one in asked}


def test_creates(tmp_path: Path, attack: Attack) -> None:
    """Each job whose answer is an attack fails alone, and is sent again after a look only; the healthy one is made."""
    scripts = {script.__name__: script for script in ATTACKS}
    made: list[dict[str, Any]] = []

    def answer(asked: Asked) -> Iterator[bytes | float]:
        name = json.loads(asked.body)["name"] if asked.method == "POST" else ""
        if name in scripts:
            yield from scripts[name](asked)
        elif asked.method == "POST":
            made.append({**ITEM, **json.loads(asked.body)})
            yield whole(json.dumps(made[-1]).encode(), "201 Created")
        elif "/sched-1" in asked.path:
            yield whole(json.dumps(made[-1]).encode())
        else:
            yield whole(page(*made))

    code, said, asked = run(tmp_path, answer, "healthy", *scripts)
    assert code == 4, said
    assert "done    + healthy" in said
    for name in scripts:
        with attack():
            assert f"failed  + {name}" in said, said
            sent = [one.number for one in asked if one.method == "POST" and json.loads(one.body)["name"] == name]
            looks = [one.number for one in asked if one.method == "GET"]
            assert all(any(sooner < snapshot < later for snapshot in looks) for sooner, later in pairwise(sent)), name


@pytest.mark.parametrize("script", [wait_for_ever, wait_until], ids=lambda script: script.__name__)
def test_waits(tmp_path: Path, attack: Attack, script: Script) -> None:
    """A wait that nobody waits for holds up no other request for ever either."""

    def answer(asked: Asked) -> Iterator[bytes | float]:
        yield from script(asked) if asked.method == "POST" else iter([whole(page())])

    with attack():
        code, said, _asked = run(tmp_path, answer, "Alpha", "Beta", "Gamma")
        assert code == 4, said


@pytest.mark.parametrize("wrong", [".", "..", "", "a\u0000b", "\ud800", "x" * 300])
def test_ids(tmp_path: Path, attack: Attack, wrong: str) -> None:
    """An id that leads elsewhere, or cannot be kept, reaches no address, as read or as the answer to a create."""

    def answer(asked: Asked) -> Iterator[bytes | float]:
        is_list = asked.method == "GET" and asked.path.partition("?")[0].endswith("/schedules")
        item = {**ITEM, "scheduled_session_id": wrong, "name": "Alpha"}
        yield whole(page(item) if is_list and wrong else page() if is_list else json.dumps(item).encode())

    with attack():
        _code, _said, asked = run(tmp_path, answer, "Alpha", "Beta")
        assert {"/v3/organizations/org-1/schedules"} == {one.path.partition("?")[0] for one in asked}
