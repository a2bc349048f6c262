"""Debian's `crontab -n` accepts every crontab that is written, and `crontab` installs what is given to it."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from migrator.errors import RejectedError
from migrator.providers.base import Connection
from migrator.providers.crontab import PROVIDER
from migrator.providers.crontab.adapter import Crontab
from migrator.providers.crontab.edits import added, changed, removed
from migrator.providers.crontab.places import CommandPlace
from migrator.providers.declaration import Local, Opening
from tests.platforms.crontab.cron import Machine, make_machine
from tests.platforms.installer import Installed
from tests.providers.crontabs import AGENTS, DEBIAN, names, prompts, record, terms, texts

_ONCE = settings(
    max_examples=60, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.fixture
def machine(tmp_path: Path, installed: Installed, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine whose `crontab` is the one that migrator finds."""
    found = make_machine(tmp_path / "machine", installed)
    monkeypatch.setenv("PATH", found.environment["PATH"])
    return found


def judged(machine: Machine, text: str) -> str:
    """Return the checker's complaint about a crontab, "" where it accepts it."""
    content = text.encode("utf-8", "surrogateescape")
    ran = subprocess.run([machine.bin / "crontab", "-n", "-"], input=content, capture_output=True, check=False)
    return "" if ran.returncode == 0 else ran.stderr.decode()


def test_every_file_that_is_written(machine: Machine, figures: Counter[str]) -> None:
    """A job with any text is added beside other lines, changed, paused and removed: each file is accepted."""

    @_ONCE
    @given(prompts, names, texts, st.sampled_from(sorted(AGENTS.known)))
    def law(prompt: str, name: str, description: str, agent: str) -> None:
        known = terms(prompts="/p", prompt_of=lambda _path: prompt)
        body = record(prompt=prompt, name=name, description=description or None, agent=agent, mailto=["a@example.com"])
        text = added(DEBIAN, "new", body, known).text
        steps = [text]
        for payload in ({"enabled": False}, {"prompt": prompt + "!"}, {"enabled": True, "schedule": "@daily"}):
            known = terms(prompts="/p", prompt_of=lambda _path: prompt + "!")
            steps.append(changed(steps[-1], "new", payload, known).text)
        steps.append(removed(steps[-1], "new", known))
        for step in steps:
            assert not judged(machine, step), step
            figures["files judged"] += 1

    law()


def adapter(**given: Any) -> Crontab:
    """Return the adapter of the machine's crontab, opened as migrator opens it."""
    connection = Connection(provider="crontab", settings={"daemon": "debian", "timezone": "UTC", **given})
    assert isinstance(PROVIDER.access, Local)
    found = PROVIDER.access.open(connection, Opening(must_exist=False, agents=AGENTS))
    assert isinstance(found, Crontab)
    return found


async def test_the_command(machine: Machine, figures: Counter[str]) -> None:
    """Jobs are made, changed and removed through the command; the crontab is what it was in the end."""
    await CommandPlace().install(DEBIAN.encode())
    crontab = adapter()
    before = [record.raw async for record in crontab.list_jobs()]

    made = await crontab.create_job(crontab.scope, record(name="One"))
    await crontab.update_job(crontab.scope, made.id, {"enabled": False, "prompt": "a\nb"})
    assert not (await crontab.get_job(crontab.scope, made.id)).raw["enabled"]
    await crontab.delete_job(crontab.scope, made.id)

    shown = (machine.folder / "spool/cron/crontabs/root").read_bytes()
    assert shown.endswith(DEBIAN.encode())
    assert (DEBIAN.encode(), before) == (
        await CommandPlace().read(),
        [record.raw async for record in adapter().list_jobs()],
    )
    figures["installs"] += 3


async def test_what_the_checker_refuses(machine: Machine, tmp_path: Path) -> None:
    """A schedule that cron cannot read is refused and not written, and so is a change of a crontab that is broken."""
    path = tmp_path / "agents"
    path.write_text("# mine\n")
    crontab = adapter(path=str(path))
    with pytest.raises(RejectedError, match=r"cron's checker refuses the crontab: .*bad minute"):
        await crontab.create_job(crontab.scope, record(schedule="61 9 * * *"))
    assert "# mine\n" == path.read_text()

    path.write_text("61 9 * * * true\n")
    with pytest.raises(RejectedError, match="it was refused before as well, so that no line of it runs"):
        await crontab.create_job(crontab.scope, record())
    assert "61 9 * * * true\n" == path.read_text()


async def test_what_doctor_tells(machine: Machine, tmp_path: Path) -> None:
    """The checker is named, with what it says of the crontab."""
    path = tmp_path / "agents"
    path.write_text("0 9 * * * true\n")
    good = adapter(path=str(path))
    (ok, *_) = await PROVIDER.examine(Connection(provider="crontab", settings={"timezone": "UTC"}), good)
    path.write_text("bogus\n")
    (fault, *_) = await PROVIDER.examine(Connection(provider="crontab", settings={"timezone": "UTC"}), good)

    assert ("ok", "fault") == (ok.status, fault.status), machine
    assert "crontab -n refuses the crontab as it is, so that no line of it runs" in fault.found
