"""The adapter of a crontab: what it writes, what it refuses, and what it leaves as it is."""

# ruff: noqa: ASYNC240 (a test may wait for its disk)
from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from migrator.config import load
from migrator.errors import ConfigError, NotFoundError, RejectedError, TransientError, UsageError
from migrator.providers import open_adapter, scopes_of
from migrator.providers.base import Connection, Raw
from migrator.providers.crontab.adapter import Crontab
from migrator.providers.crontab.places import CommandPlace
from migrator.providers.registry import PROVIDERS
from tests.providers.crontabs import AGENTS, DEBIAN, record


def connection(path: Path | None = None, **given: Any) -> Connection:
    """Return a connection to a crontab of Debian's cron in UTC."""
    settings = {"daemon": "debian", "timezone": "UTC", **({"path": str(path)} if path else {}), **given}
    return Connection(provider="crontab", settings=settings)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a crontab, on a machine that has no command `crontab`."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "agents.crontab"


@pytest.fixture
def command(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command `crontab` whose crontab is in a file, and which refuses what holds the word bogus."""
    program = path.parent / "bin" / "crontab"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    program.write_text(
        f"""#!/bin/sh
new=$(mktemp)
case $1 in
-l) cat {path} 2>/dev/null || {{ echo "no crontab for alice" >&2; exit 1; }} ;;
-n) cat > "$new"; ! grep -q bogus "$new" || {{ echo '"-":1: bad minute' >&2; exit 1; }} ;;
-) cat > "$new"; mv "$new" {path} ;;
esac
"""
    )
    program.chmod(0o755)
    return path


async def listed(crontab: Any) -> list[Raw]:
    """Return the records of a crontab."""
    return [found.raw async for found in crontab.list_jobs()]


async def test_many_changes_share_one_write(path: Path) -> None:
    """Fifty jobs that are made at once are all there, in one write that keeps what was there."""
    path.write_text(DEBIAN)
    async with open_adapter(connection(path), target=True, agents=AGENTS) as crontab:
        assert isinstance(crontab, Crontab)
        await listed(crontab)
        installs: list[int] = []

        class Counting:
            def __getattr__(self, name: str) -> Any:
                return getattr(place, name)

            async def install(self, content: bytes) -> None:
                installs.append(len(content))
                await place.install(content)

        place = crontab.place
        crontab.place = Counting()  # type: ignore[assignment]
        made = await asyncio.gather(
            *(crontab.create_job(crontab.scope, record(name=f"Job {number}")) for number in range(50))
        )

        assert (1, 50) == (len(installs), len({one.id for one in made}))
        assert path.read_text().startswith(DEBIAN)
        await asyncio.gather(*(crontab.delete_job(crontab.scope, one.id) for one in made))
        assert DEBIAN == path.read_text()


async def test_one_bad_change_harms_no_other(path: Path) -> None:
    """A job that no line can hold is refused alone."""
    async with open_adapter(connection(path), target=True, agents=AGENTS) as crontab:
        good = crontab.create_job(crontab.scopes[0], record())
        bad = crontab.create_job(crontab.scopes[0], record(prompt="x" * 2000))
        made, refused = await asyncio.gather(good, bad, return_exceptions=True)

    assert isinstance(refused, RejectedError)
    assert "set prompts to a folder" in str(refused)
    assert isinstance(made, object)
    assert 1 == path.read_text().count("claude -p")


async def test_a_change_of_somebody_else_is_never_overwritten(path: Path) -> None:
    """A crontab that was edited since it was listed is not written, until it is listed again."""
    path.write_text("# mine\n")
    async with open_adapter(connection(path), target=True, agents=AGENTS) as crontab:
        await listed(crontab)
        path.write_text("# mine, edited\n")
        with pytest.raises(RejectedError, match="the crontab was changed since it was listed"):
            await crontab.create_job(crontab.scopes[0], record())
        assert "# mine, edited\n" == path.read_text()

        await listed(crontab)
        await crontab.create_job(crontab.scopes[0], record())
        assert path.read_text().startswith("# mine, edited\n")


async def test_permissions_and_links_stay(path: Path, tmp_path: Path) -> None:
    """The file keeps its permissions and its owner, and a symbolic link leads to it as before."""
    real = tmp_path / "real"
    real.write_text("# mine\n")
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(real, 12, 34)
    path.symlink_to(real)
    before = real.stat()
    async with open_adapter(connection(path), target=True, agents=AGENTS) as crontab:
        await crontab.create_job(crontab.scopes[0], record())

    after = real.stat()
    assert path.is_symlink()
    assert (before.st_mode, before.st_uid, before.st_gid) == (after.st_mode, after.st_uid, after.st_gid)
    assert (str(real),) == scopes_of(connection(path))


async def test_prompt_files(path: Path, tmp_path: Path) -> None:
    """A prompt that fits into no line stands in a file of its own, which goes when no line names it any more."""
    folder = tmp_path / "prompts"
    first, second = "x" * 2000, "y" * 2000
    async with open_adapter(connection(path, prompts=str(folder)), target=True, agents=AGENTS) as crontab:
        with pytest.raises(RejectedError, match="create the folder"):
            await crontab.create_job(crontab.scopes[0], record(prompt=first))
        assert not path.exists()
        folder.mkdir()
        (folder / "of-somebody-else.md").write_text("mine")

        made = await crontab.create_job(crontab.scopes[0], record(prompt=first))
        same = await crontab.create_job(crontab.scopes[0], record(prompt=first))
        await crontab.update_job(crontab.scopes[0], made.id, {"prompt": second})
        assert made.record
        assert (first, 3) == (made.record.raw["prompt"], len(list(folder.iterdir())))
        await crontab.delete_job(crontab.scopes[0], same.id)
        (prompt,) = [file for file in folder.iterdir() if file.name != "of-somebody-else.md"]
        assert (second, 0o600) == (prompt.read_text(), prompt.stat().st_mode & 0o777)

        prompt.write_text("edited by hand")
        (raw,) = await listed(crontab)
        assert "edited by hand" == raw["prompt"]
        prompt.unlink()
        (raw,) = await listed(crontab)
        assert "which cannot be read or is empty" in raw["reason"]


async def test_the_command(command: Path) -> None:
    """Without a path, the crontab is what the command shows, and a new one is given to it."""
    async with open_adapter(connection(), agents=AGENTS) as crontab:
        assert [] == await listed(crontab)
        made = await crontab.create_job(crontab.scopes[0], record())
        assert "claude -p 'Say hi.'" in command.read_text()
        await crontab.delete_job(crontab.scopes[0], made.id)
    assert "" == command.read_text()


async def test_a_checker_that_refuses(command: Path) -> None:
    """What the checker refuses is not installed; one that refuses everything judges nothing."""
    async with open_adapter(connection(), agents=AGENTS) as crontab:
        with pytest.raises(RejectedError, match='cron\'s checker refuses the crontab: "-":1: bad minute'):
            await crontab.create_job(crontab.scopes[0], record(prompt="bogus"))
        assert not command.exists()
    program = command.parent / "bin" / "crontab"
    program.write_text(program.read_text().replace("-n) ", "-n) exit 2; "))
    async with open_adapter(connection(), agents=AGENTS) as crontab:
        await crontab.create_job(crontab.scopes[0], record(prompt="bogus"))
    assert "bogus" in command.read_text()


async def test_a_crontab_that_installs_something_else(command: Path) -> None:
    """What was installed is read back."""
    program = command.parent / "bin" / "crontab"
    program.write_text(program.read_text().replace('-) cat > "$new"', '-) echo "# header" > "$new"; cat >> "$new"'))

    with pytest.raises(Exception, match="crontab -l shows something else than was installed"):
        await CommandPlace().install(b"0 9 * * * true\n")


async def test_places_that_cannot_be_read_or_written(path: Path, tmp_path: Path) -> None:
    """A missing source, a folder, a pipe and a crontab of nobody are told apart."""
    async with open_adapter(connection(path), agents=AGENTS) as crontab:
        with pytest.raises(NotFoundError, match="the file does not exist"):
            await listed(crontab)
    async with open_adapter(connection(tmp_path), agents=AGENTS) as crontab:
        with pytest.raises(Exception, match="cannot be read"):
            await listed(crontab)
    async with open_adapter(connection(tmp_path / "no" / "folder"), target=True, agents=AGENTS) as crontab:
        with pytest.raises((TransientError, FileNotFoundError)):
            await crontab.create_job(crontab.scopes[0], record())
    async with open_adapter(connection(), agents=AGENTS) as crontab:
        with pytest.raises(Exception, match="the command crontab is not installed; install a cron daemon, or set path"):
            await listed(crontab)
        with pytest.raises(UsageError):
            await crontab.get_job("elsewhere", "x")


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('timezone = "UTC"', "lacks the key daemon"),
        ('daemon = "debian"', "lacks the key timezone"),
        ('daemon = "fcron"\ntimezone = "UTC"', "debian, cronie"),
    ],
)
def test_what_a_connection_must_say(tmp_path: Path, lines: str, complaint: str) -> None:
    """The daemon and the zone of its machine are never guessed."""
    file = tmp_path / "migrator.toml"
    file.write_text(f'[connections.cron]\nprovider = "crontab"\n{lines}\n')

    with pytest.raises(ConfigError) as caught:
        load(file, providers=PROVIDERS)

    assert complaint in " ".join(str(problem) for problem in caught.value.problems)


def test_what_a_connection_decides() -> None:
    """The dialect is the daemon's; each job may have a zone where cronie's machine is in UTC, and nowhere else."""
    binds = PROVIDERS["crontab"].binds
    assert {"dialect": "debian", "timezone": "UTC"} == binds(connection())
    assert {"dialect": "cronie", "timezone": "Asia/Tokyo"} == binds(connection(daemon="cronie", timezone="Asia/Tokyo"))
    assert {"dialect": "cronie_zones", "timezone": ""} == binds(connection(daemon="cronie"))
