"""Installs the software that platforms are proved on, each into an environment of its own in build/platforms.

    python -m tests.platforms.installer [NAME ...]     # install these, or all; a line for each
    python -m tests.platforms.installer --lock NAME    # write its constraints.txt or package-lock.json again

An environment is kept until the pins, the lock or the interpreter change.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from tests.platforms.software import Software, all_software, software

BUILD: Final = Path(__file__).parents[2] / "build" / "platforms"
SECONDS: Final = 600.0
"""How long one installation may take."""

_PROGRAMS: Final = {"pip": (), "npm": ("node", "npm"), "deb": ("apt-get", "dpkg-deb")}
_PACKAGES: Final = {"node": "nodejs", "unshare": "util-linux", "dpkg-deb": "dpkg", "apt-get": "apt"}
"""Debian's packages of programs that have another name than theirs."""


class MissingError(Exception):
    """A software cannot run here; the message says what is missing, in one line."""


@frozen(kw_only=True)
class Installed:
    """An environment.

    Attributes:
        software: what is in it.
        folder: where it is. Scratch files do not belong there.
    """

    software: Software
    folder: Path

    @property
    def python(self) -> Path:
        """The interpreter of a `pip` environment."""
        return self.folder / "venv" / "bin" / "python"

    def program(self, name: str) -> Path:
        """Path of a program that its packages bring."""
        places = {"pip": "venv/bin", "npm": "node_modules/.bin", "deb": "root/usr/sbin"}
        found = self.folder / places[self.software.installer] / name
        return found if found.exists() else found.parent.parent / "bin" / name


def install(name: str) -> Installed:
    """Return the environment of a software, installed first where it is not there as pinned.

    Processes that install the same software at once wait for each other.

    Raises:
        MissingError: a program is missing, or the packages could not be fetched.
    """
    of = software(name)
    for program in (*_PROGRAMS[of.installer], *of.needs):
        if shutil.which(program) is None:
            package = _PACKAGES.get(program, program)
            raise MissingError(f"{of.title}: {program} is not installed (apt-get install {package})")
    BUILD.mkdir(parents=True, exist_ok=True)
    folder = BUILD / name
    with (BUILD / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp, wanted = folder / "stamp.json", _stamp(of)
        if not stamp.exists() or stamp.read_text("utf-8") != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            _INSTALL[of.installer](of, folder)
            stamp.write_text(wanted, "utf-8")
    return Installed(software=of, folder=folder)


def _stamp(of: Software) -> str:
    """What an environment depends on."""
    lock = of.lock.read_text("utf-8") if of.lock.exists() else ""
    return json.dumps({"pins": of.pins, "lock": lock, "python": sys.version, "machine": platform.machine()})


def _pip(of: Software, folder: Path) -> None:
    _run(of, [sys.executable, "-m", "venv", str(folder / "venv")], folder)
    locked = ["-c", str(of.lock)] if of.lock.exists() else []
    _run(of, [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet", *locked, *of.pins], folder)


def _npm(of: Software, folder: Path) -> None:
    pins = {name: version for name, _at, version in (pin.rpartition("@") for pin in of.pins)}
    package = {"name": of.name, "version": "0.0.0", "private": True, "dependencies": pins}
    (folder / "package.json").write_text(json.dumps(package), "utf-8")
    if of.lock.exists():
        shutil.copy(of.lock, folder)
    _run(of, ["npm", "ci" if of.lock.exists() else "install", "--no-audit", "--no-fund"], folder)


def _deb(of: Software, folder: Path) -> None:
    """Unpack packages of Debian without installing them: nothing of the machine changes.

    Lists of packages are fetched into the folder, because those of the machine may be old or removed.
    """
    lists = folder / "lists"
    (lists / "partial").mkdir(parents=True)
    own = ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={folder}", "-o", "APT::Update::Error-Mode=any"]
    _run(of, ["apt-get", "-qq", *own, "update"], folder)
    _run(of, ["apt-get", "-qq", *own, "download", *of.pins], folder)
    shutil.rmtree(lists)
    for package in folder.glob("*.deb"):
        _run(of, ["dpkg-deb", "-x", str(package), str(folder / "root")], folder)


_INSTALL: Final = {"pip": _pip, "npm": _npm, "deb": _deb}


def _run(of: Software, command: Sequence[str], folder: Path) -> None:
    """Run one step of an installation.

    Raises:
        MissingError: it failed; with the first line that it wrote about an error.
    """
    try:
        ran = subprocess.run(
            command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise MissingError(f"{of.title}: {' '.join(command[:4])} took more than {SECONDS:g} s") from None
    if ran.returncode:
        said = [line for line in ran.stderr.splitlines() if line.strip()] or ["it wrote nothing"]
        errors = [line for line in said if "error" in line.lower()] or said
        raise MissingError(f"{of.title} could not be installed: {errors[0].strip()}")


def environment(**more: str) -> Mapping[str, str]:
    """Environment variables for a program of another environment: ours, without what leads Python back here."""
    ours = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}
    return {name: value for name, value in os.environ.items() if name not in ours} | more


def _lock(name: str) -> None:
    """Write the releases that the pins lead to today."""
    of = software(name)
    of.lock.unlink(missing_ok=True)
    folder = install(name).folder
    if of.installer == "pip":
        frozen_ = subprocess.run(
            [str(folder / "venv" / "bin" / "python"), "-m", "pip", "freeze"], capture_output=True, text=True, check=True
        )
        of.lock.write_text(frozen_.stdout, "utf-8")
    elif of.installer == "npm":
        run = ["npm", "install", "--package-lock-only", "--omit-lockfile-registry-resolved"]
        subprocess.run(run, cwd=folder, check=True, capture_output=True)
        shutil.copy(folder / "package-lock.json", of.lock)


def main(arguments: Sequence[str]) -> int:
    """Install what is asked for; return how many could not be installed if they were named, else 0."""
    parser = argparse.ArgumentParser(prog="tests.platforms.installer")
    parser.add_argument("--lock", action="store_true", help="write the lock again first")
    parser.add_argument("names", nargs="*", metavar="NAME")
    given = parser.parse_args(arguments)
    missing = 0
    for name in given.names or [of.name for of in all_software()]:
        started = time.monotonic()
        try:
            if given.lock:
                _lock(name)
            told = f"{' '.join(install(name).software.pins)}  {time.monotonic() - started:.0f} s"
        except MissingError as error:
            told, missing = f"NOT INSTALLED: {error}", missing + 1
        sys.stdout.write(f"{name:<14}{told}\n")
        sys.stdout.flush()
    return missing if given.names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
