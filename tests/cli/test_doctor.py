"""doctor: every line is in order, or says what to do; and nothing is changed by looking."""

from __future__ import annotations

import os
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from migrator.config import load
from migrator.doctor.connections import check_connection
from migrator.doctor.local import check_extras, check_time_zones
from migrator.http.clock import Clock
from migrator.providers.registry import PROVIDERS
from migrator.sandbox import World
from migrator.sync.endpoints import Runtime
from tests.cli.bench import Run, edit_config, routine
from tests.cli.documents import faults, found


def test_everything_in_order(here: Path, run: Run, world: World) -> None:
    """One line for each check, exit code 0; no job, no state and no file is made by looking."""
    before = {name: world.records(name) for name in world.providers}
    ended, told = run("doctor", "--json"), run("doctor")

    assert (ended.code, told.code, faults(ended.document, "doctor")) == (0, 0, [])
    assert {check["status"] for check in ended.document["checks"]} == {"ok"}
    assert {check["about"] for check in ended.document["checks"]} == {
        "config", "omni", "devin", "scrip", "archive", "state", "time zones", "packages",
    }  # fmt: skip
    assert told.out.splitlines()[-1] == "0 errors, 0 warnings"
    assert {name: world.records(name) for name in world.providers} == before
    assert os.listdir(here) == ["migrator.toml"]  # noqa: PTH208 (names only)


def test_after_a_run_the_state_is_looked_at(here: Path, run: Run) -> None:
    """Its layout, its locks and its writes; and what the update contract was found to be."""
    run("apply", "omni-to-devin", "--yes")
    ended = run("doctor", "--json")

    assert "whole, schema version" in found(ended, "state", "file")["found"]
    assert found(ended, "state", "locks")["found"] == "no active lock"
    assert found(ended, "state", "writes")["status"] == "ok"
    assert found(ended, "omni", "update contract")["found"] == "updates by PATCH"


def test_a_secret_that_is_not_there(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Says which variable to set; the other connections are looked at all the same."""
    monkeypatch.delenv("DEVIN_API_KEY")
    ended = run("doctor", "--json")

    assert (ended.code, found(ended, "devin", "secret")["todo"]) == (2, "set it: export DEVIN_API_KEY=…")
    assert found(ended, "omni", "reading")["status"] == "ok"


def test_a_token_that_is_not_accepted(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names the call and the answer, never the token."""
    monkeypatch.setenv("DEVIN_API_KEY", "cog_SECRET_token")
    ended = run("doctor", "--json")
    told = found(ended, "devin", "reading")

    assert (ended.code, told["status"], told["todo"]) == (1, "fault", "check the token of this connection")
    assert "HTTP 401" in told["found"]
    assert "SECRET" not in ended.out + ended.err


def test_a_token_that_may_only_read(here: Path, run: Run, world: World) -> None:
    """A target is asked to change a job that is not there: 403 is no permission."""
    world.fault("status", status=403, provider="devin", method="PATCH", times=0)
    ended = run("doctor", "--json")

    assert (ended.code, found(ended, "devin", "writing")["status"]) == (1, "fault")
    assert "permission" in found(ended, "devin", "writing")["todo"]


def test_what_the_answer_does_not_tell(here: Path, run: Run, world: World) -> None:
    """Any other answer says nothing about permissions, and is no fault."""
    world.fault("status", status=422, provider="devin", method="PATCH", times=0)
    ended = run("doctor", "--json")

    assert (ended.code, found(ended, "devin", "writing")["status"]) == (0, "unknown")


def test_a_platform_that_does_not_answer(here: Path, run: Run) -> None:
    """A dead address is told after a few tries."""
    edit_config(here, r"http://127.0.0.1:\d+/devin", "http://127.0.0.1:9/devin")
    told = found(run("doctor", "--json"), "devin", "reading")

    assert (told["status"], told["todo"]) == ("fault", "check base_url and the network")
    assert "cannot be reached" in told["found"]


def test_a_config_with_errors(here: Path, run: Run) -> None:
    """Each problem is a line; what does not need the config is looked at all the same."""
    edit_config(here, 'provider = "devin"', 'provider = "devim"')
    ended = run("doctor", "--json")
    problems = [check for check in ended.document["checks"] if check["about"] == "config"]

    assert (ended.code, {check["status"] for check in problems}) == (2, {"fault"})
    assert any(re.search(r"migrator\.toml:\d+:1\b", check["found"]) for check in problems)
    assert found(ended, "time zones", "tzdata")["status"] == "ok"


def test_a_config_that_is_not_there(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Says how to make one."""
    monkeypatch.chdir(tmp_path)
    ended = run("doctor", "--json")

    assert (ended.code, found(ended, "config", "file")["todo"]) == (2, "create it: migrator init")


def test_a_config_without_syncs(here: Path, run: Run) -> None:
    """It works, and moves nothing: advice."""
    edit_config(here, r"(?s)\n\[syncs.*", "")

    assert found(run("doctor", "--json"), "config", "file")["status"] == "advice"


def test_a_damaged_state(here: Path, run: Run) -> None:
    """A fault with the way to build it anew."""
    run("apply", "omni-to-devin", "--yes")
    for file in here.glob("migrator.db-*"):
        file.unlink()
    data = bytearray((here / "migrator.db").read_bytes())
    data[4096:12288] = bytes(8192)
    (here / "migrator.db").write_bytes(data)
    told = found(run("doctor", "--json"), "state", "file")

    assert (told["status"], "adopt" in told["todo"]) == ("fault", True)


def test_a_state_of_another_version_is_a_fault(here: Path, run: Run) -> None:
    """It is named, and looking changes nothing."""
    run("apply", "omni-to-devin", "--yes")
    with sqlite3.connect(here / "migrator.db") as connection:
        connection.execute("UPDATE schema_version SET version_num = '2'")
    connection.close()
    ended = run("doctor", "--json")

    assert (ended.code, found(ended, "state", "file")["status"]) == (1, "fault")
    with sqlite3.connect(here / "migrator.db") as connection:
        assert connection.execute("SELECT version_num FROM schema_version").fetchone() == ("2",)
    connection.close()


def test_writes_without_an_outcome(here: Path, run: Run, world: World) -> None:
    """Advice to settle them."""
    world.fault("reset", method="POST", after=True)
    world.fault("status", status=403, provider="devin", method="GET", nth=2, times=0)
    run("apply", "omni-to-devin", "--yes")
    world.faults.clear()
    told = found(run("doctor", "--json"), "state", "writes")

    assert (told["status"], told["todo"]) == ("advice", "see how to settle them: migrator status")


def test_a_state_that_is_none(here: Path, run: Run) -> None:
    """A URL of another kind is wrong usage, as everywhere."""
    assert run("doctor", "--state", "mysql://me:SECRET@host/db").code == 2


async def test_clocks_that_are_apart(here: Path) -> None:
    """A platform whose date is minutes away from ours is told."""
    config = load(here / "migrator.toml", providers=PROVIDERS)
    late = Clock(now=lambda: datetime.now(UTC) - timedelta(minutes=5))
    checks = await check_connection(Runtime(config=config, environ=os.environ, clock=late), "omni")
    (clock,) = [check for check in checks if check.what == "clock"]

    assert (clock.status, clock.found.endswith("ahead of this machine")) == ("advice", True)


def test_a_limit_that_a_night_does_not_fit_in(here: Path, run: Run, world: World) -> None:
    """At sixty requests an hour, a hundred and fifty jobs that change take longer than a night is."""
    world.load("omni", [routine(f"Job {number}") for number in range(150)])
    edit_config(here, r'(?s)(provider = "omni".*?)6000/min', r"\g<1>60/h")
    told = found(run("doctor", "--json"), "omni", "rate")

    assert (told["status"], "ask the platform for a higher limit" in told["todo"]) == ("advice", True)
    assert "a night takes 14 requests" in told["found"]


def test_an_old_time_zone_database() -> None:
    """A release of years ago does not know what was decided since."""
    assert check_time_zones(datetime.now(UTC)).status == "ok"
    assert check_time_zones(datetime(2039, 1, 1, tzinfo=UTC)).status == "advice"


def test_a_package_that_is_needed(here: Path) -> None:
    """Keyring is a fault only where a connection keeps its secret there."""
    edit_config(here, "env:DEVIN_API_KEY", "keyring:devin/key")
    needed = check_extras(load(here / "migrator.toml", providers=PROVIDERS), "sqlite:///migrator.db")
    not_needed = check_extras(None, "sqlite:///migrator.db")

    assert [check.status for check in needed if check.what == "keyring"] == ["fault"]
    assert {check.status for check in not_needed} == {"ok"}


@pytest.mark.parametrize("status", [100, 199, 204, 226, 299, 302, 399, 418, 451, 499, 520, 599, 600, 799, 999])
def test_any_status_is_survived(here: Path, run: Run, world: World, status: int) -> None:
    """A number that no standard knows is what the platform says, to a read as well as to a write."""
    for method in ("GET", "PATCH"):
        world.fault("status", status=status, method=method, times=0)
        ended = run("doctor", "--json")
        world.faults.clear()
        assert (ended.code in {0, 1}, "unexpected" in ended.err + ended.out) == (True, False)
        assert faults(ended.document, "doctor") == []
