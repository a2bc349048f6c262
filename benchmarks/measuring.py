"""Running a command against the simulators, and what it took: seconds, memory, requests."""

from __future__ import annotations

import compileall
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

from attrs import frozen

HERE: Final = Path(__file__).parent
MIGRATOR: Final = (sys.executable, "-m", "migrator")


@frozen(kw_only=True)
class Ran:
    """One command, ended.

    Attributes:
        code: its exit code.
        wall: seconds from its start to its end.
        cpu: seconds of processor time.
        rss: the most memory that it held, in MB.
        out: what it printed.
        err: what it said.
    """

    code: int
    wall: float
    cpu: float
    rss: float
    out: str
    err: str


def compiled() -> None:
    """Compile the package, as an installation does; or else every command of a checkout would do it anew."""
    compileall.compile_dir(str(HERE.parent / "migrator"), quiet=1)


def run(command: Sequence[str], *, folder: Path, env: Mapping[str, str] | None = None) -> Ran:
    """Run a command to its end."""
    out, err = folder / "out.txt", folder / "err.txt"
    with out.open("w") as stdout, err.open("w") as stderr:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdout=stdout, stderr=stderr, env={**os.environ, **(env or {})})
        _pid, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    return Ran(
        code=process.returncode,
        wall=wall,
        cpu=used.ru_utime + used.ru_stime,
        rss=used.ru_maxrss / 1024,
        out=out.read_text("utf-8"),
        err=err.read_text("utf-8"),
    )


@frozen(kw_only=True)
class Served:
    """Simulators that are being served.

    Attributes:
        reach: how to reach each of them.
        spec: what they were started with.
    """

    reach: Mapping[str, Mapping[str, str]]
    spec: Mapping[str, Any]

    @property
    def environ(self) -> dict[str, str]:
        """The tokens."""
        return {reach["env"]: reach["token"] for reach in self.reach.values() if "env" in reach}

    def counts(self) -> dict[str, Any]:
        """What has arrived since the last time, and how."""
        return self._ask("GET", "/bench")

    def edit(self, share: float) -> None:
        """Edit a share of the source's jobs."""
        self._ask("POST", f"/bench?share={share}")

    def _ask(self, method: str, path: str) -> dict[str, Any]:
        root = self.reach["control"]["base_url"].removesuffix("/control")
        with urlopen(Request(root + path, method=method)) as answer:  # noqa: S310 (a loopback address of our own)
            found: dict[str, Any] = json.load(answer)
        return found

    def config(self, folder: Path, *, concurrency: int, rate: str) -> None:
        """Write the migrator.toml for moving everything from source to target."""
        lines = []
        for name in (self.spec["source"], self.spec["target"]):
            given = {key: value for key, value in self.reach[name].items() if key not in {"token", "env"}}
            given |= {"provider": name, "token": f"env:{self.reach[name]['env']}", "rate": rate}
            lines += [f"[connections.{name}]", *(f'{key} = "{value}"' for key, value in given.items())]
            lines += [f"concurrency = {concurrency}", *QUOTAS.get(name, [])]
        lines += ["[syncs.it]", f'source = "{self.spec["source"]}"', f'target = "{self.spec["target"]}"']
        lines += ['allow_loss = ["description", "action", "delivery", "run_as", "labels"]']
        lines += WISHES[self.spec["target"]]
        (folder / "migrator.toml").write_text("\n".join(lines) + "\n", "utf-8")


QUOTAS: Final = {"omni": ["room = 1000000"]}
"""What the simulators take more of than the platforms document."""

WISHES: Final = {
    "omni": [
        'template = { prompt = "${payload}" }',
        "[syncs.it.set]",
        '"action.model" = "5d3a9f60-7c21-4e0b-8f6e-2b1d4c000001"',
        '"delivery.email" = { recipients = ["ops@example.com"] }',
    ],
    "devin": ['template = { prompt = "${payload}" }', "[syncs.it.set]", '"action.agent" = "devin"'],
    "scrip": [],
}
"""What a target needs to be told."""


@contextmanager
def serving(**spec: Any) -> Iterator[Served]:
    """Serve simulators for as long as the block lasts; the spec is that of `serving.py`."""
    compiled()
    command = [sys.executable, str(HERE / "serving.py"), json.dumps(spec)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Served(reach=json.loads(process.stdout.readline()), spec=spec)
        finally:
            process.terminate()
