"""Commands that nobody watches: what they meet at night, what they say, and what they leave alone."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest
from attrs import evolve

from migrator.cli import environment
from migrator.cli.environment import StageProgress
from migrator.config import load
from migrator.instrumentation import Instrumentation
from migrator.providers.registry import PROVIDERS
from migrator.redaction import HIDDEN
from migrator.report.screen import Activity, Screen
from migrator.sandbox import World
from migrator.sandbox.devin import IDLE_USER, NO_IMPERSONATION_TOKEN, READONLY_TOKEN, UNPRIVILEGED_TOKEN, USER
from migrator.sandbox.omni import KEY_WITHOUT_AI
from migrator.sandbox.scrip import FOREIGN_KEY
from migrator.sync.endpoints import Runtime
from tests.cli.bench import Run, edit_config, names, routine
from tests.cli.documents import faults, found

SYNC = "omni-to-devin"
DAY = 86_400.0


def writes(world: World) -> list[str]:
    """The methods of the requests that may change something."""
    return [entry["method"] for entry in world.requests if entry["method"] not in {"GET", "OPTIONS"}]


# -- tokens -----------------------------------------------------------------------------------------------------------


class Vault(dict[str, str]):
    """The tokens that are in force, each of which is written to a file at the moment when it replaces another one."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file

    def __setitem__(self, provider: str, token: str) -> None:
        self.file.write_text(f"{token}\n", encoding="utf-8")
        super().__setitem__(provider, token)


@pytest.mark.parametrize("kept_in", ["file:token", "command:cat token"])
@pytest.mark.parametrize("nth", [1, 2, 5])
def test_a_token_that_is_replaced_in_mid_run(
    here: Path, run: Run, world: World, kept_in: str, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever rotates it and when, the run reads it again and goes on: everything is done, nothing twice."""
    monkeypatch.setattr(world, "rotated", Vault(here / "token"))
    (here / "token").write_text("cog_sandbox", encoding="utf-8")
    edit_config(here, '"env:DEVIN_API_KEY"', f'"{kept_in}"')
    world.load("omni", [routine(f"More {number}") for number in range(8)])
    world.fault("rotate token", provider="devin", token="cog_new", nth=nth)
    ended = run("sync", SYNC)

    assert (ended.code, len(names(world, "devin"))) == (0, 11)


def test_a_token_that_takes_the_place_of_another_is_hidden_too(here: Path) -> None:
    """What is said and stored after the change is free of both."""
    edit_config(here, '"env:DEVIN_API_KEY"', '"file:token"')
    (here / "token").write_text("cog_first", encoding="utf-8")
    runtime = Runtime(config=load(here / "migrator.toml", providers=PROVIDERS), environ={})
    connection = runtime.connection("devin")
    (here / "token").write_text("cog_second", encoding="utf-8")

    assert connection.renew
    assert connection.renew() == "cog_second"
    assert runtime.shared["hide"]("cog_second after cog_first") == f"{HIDDEN} after {HIDDEN}"


def test_a_token_of_the_environment_cannot_be_replaced_in_mid_run(here: Path, run: Run, world: World) -> None:
    """The run stops, and says what to do; the token is not shown."""
    world.fault("rotate_token", provider="devin", token="cog_new", nth=3)
    ended = run("sync", SYNC)

    assert ended.code == 4
    assert "a run cannot see env:DEVIN_API_KEY change: set the new token and run the command again" in ended.out
    assert "cog_" not in ended.out + ended.err


# -- clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["omni", "devin"])
@pytest.mark.parametrize("command", [("sync",), ("apply", "--yes")])
def test_a_clock_that_is_days_off(here: Path, run: Run, world: World, provider: str, command: tuple[str, ...]) -> None:
    """Nothing is written, whichever side it is; the message and the exit code say so. A plan can be looked at."""
    world.fault("clock", provider=provider, seconds=40 * DAY, times=0)
    ended = run(command[0], SYNC, *command[1:])

    assert (ended.code, writes(world)) == (3, [])
    assert f"the clock of {provider} is " in ended.out + ended.err
    assert "so nothing is written" in ended.out + ended.err
    assert run("plan", SYNC).code == 0


def test_a_clock_that_is_minutes_off_is_told(here: Path, run: Run, world: World) -> None:
    """Everything is done, and the warning stands in the terminal, in the document and in a quiet night's mail."""
    world.fault("clock", provider="devin", seconds=-600, times=0)
    warning = re.compile(r"warning: the clock of devin is (9|10) minutes.* behind this machine's")
    plan = run("plan", SYNC)
    assert (plan.code, bool(warning.search(plan.err))) == (0, True)
    ended = run("sync", SYNC)
    assert (ended.code, bool(warning.search(ended.out))) == (0, True)
    assert warning.search(run("sync", SYNC, "--quiet").out)
    document = run("sync", SYNC, "--json").document
    assert (faults(document, "run"), len(document["syncs"][0]["warnings"])) == ([], 1)


# -- what is said -----------------------------------------------------------------------------------------------------


def test_what_is_left_alone_is_named_with_the_reason(here: Path, run: Run, world: World) -> None:
    """Each reason once, the jobs below it by name; and nothing says that there is nothing to do."""
    ended = run("sync", "strict")

    assert ended.code == 3
    assert "No changes." not in ended.out
    assert "No changes" not in ended.out
    lines = ended.out.splitlines()
    at = next(number for number, line in enumerate(lines) if "3 x it would lose" in line)
    assert (lines[at - 1], lines[at + 1].strip()) == ("Blocked:", "Alpha, Beta, Gamma")


def test_reasons_that_differ_in_an_id_are_one(here: Path, run: Run, world: World) -> None:
    """Somebody deleted three jobs at the target: one line says so for all of them, and names them."""
    assert run("sync", SYNC).code == 0
    for row in world.records("devin"):
        world.stores["devin"].rows.pop(row["record"]["scheduled_session_id"])
    ended = run("sync", SYNC)

    assert ended.code == 3
    (line,) = [line for line in ended.out.splitlines() if "somebody deleted" in line]
    assert line.strip().startswith("3 x somebody deleted ID at the target")
    assert "Alpha, Beta, Gamma" in ended.out


def test_what_stays_without_being_blocked_is_named_too(here: Path, run: Run, world: World) -> None:
    """A job that has left the source and is kept is listed by name every night."""
    assert run("sync", SYNC).code == 0
    store = world.stores["omni"]
    store.put(evolve(store.rows[routine("Beta")["id"]], gone=True))
    ended = run("sync", SYNC)

    assert ended.code == 0
    lines = [line.strip() for line in ended.out.splitlines()]
    assert lines[lines.index("Unchanged, with a note:") + 1 :][:2] == ["1 x removed at source; kept", "Beta"]


def test_a_quiet_night_says_nothing(here: Path, run: Run, world: World) -> None:
    """--quiet prints nothing while all is in order, and the whole report when something is not."""
    first, second = run("sync", SYNC, "--quiet"), run("sync", SYNC, "-q")
    assert [(one.code, one.out, one.err) for one in (first, second)] == [(0, "", "")] * 2

    ended = run("sync", "strict", SYNC, "--quiet")
    assert (ended.code, ended.err) == (3, "")
    assert "Alpha, Beta, Gamma" in ended.out


def test_a_failing_night_is_told_quietly_too(here: Path, run: Run, world: World) -> None:
    """What failed is on stdout, where cron's mail takes it from."""
    world.fault("status", provider="devin", method="GET", status=403, times=0)
    ended = run("sync", SYNC, "--quiet")

    assert (ended.code, ended.err) == (1, "")
    assert "ManageOrgSchedules" in ended.out


def test_a_dry_run_writes_nothing(here: Path, run: Run, world: World) -> None:
    """It plans every sync, shows the changes, ends as the sync would on a refusal, and leaves everything as it is."""
    ended = run("sync", SYNC, "--dry-run")
    assert (ended.code, writes(world), names(world, "devin")) == (0, [], [])
    assert "+ Alpha" in ended.out
    assert "3 to create" in ended.out
    assert run("history", "--json").document["runs"] == []

    refused = run("sync", "strict", SYNC, "--dry-run", "--json")
    assert (refused.code, faults(refused.document, "run"), refused.document["dry_run"]) == (3, [], True)
    assert [one["plan"]["summary"]["create"] for one in refused.document["syncs"]] == [0, 3]


# -- progress ---------------------------------------------------------------------------------------------------------


def test_without_a_terminal_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """It says what goes on and how far it is, while this thread has no time for anything else."""
    screen = Screen(every=0.01)
    runtime = Runtime(config=None, environ={}, instrumentation=StageProgress(Instrumentation(), print))  # type: ignore[arg-type]  # no config is asked for
    with environment.show_progress(screen, runtime, "syncing"):
        assert isinstance(runtime.instrumentation, StageProgress)
        with runtime.instrumentation.stage("plan"):
            runtime.instrumentation.step(1_200, 5_000)
            deadline = 200
            while "planning" not in (told := capsys.readouterr().err) and (deadline := deadline - 1):
                asyncio.run(asyncio.sleep(0.01))
    assert re.match(r"(.*\n)*planning: 1,200 of 5,000 jobs \(\d+ s so far\)\n", told)


def test_the_stages_of_a_run_are_shown(here: Path, run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading, planning and applying, each with how many jobs it has done."""
    said: list[str] = []
    monkeypatch.setattr(environment, "_STEPS", 1)
    monkeypatch.setattr(Activity, "tell", lambda _self, what: said.append(what))
    assert run("sync", SYNC).code == 0

    assert {"reading source and target", "planning", "planning: 3 of 3 jobs", "applying"} <= set(said)
    assert "reading source and target: 3 jobs" in said


# -- permissions ------------------------------------------------------------------------------------------------------


def test_permission_errors_name_the_permission(
    here: Path, run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service user that may not write, or not even read, is told which permission it lacks; org_id is suspected."""
    monkeypatch.setenv("DEVIN_API_KEY", READONLY_TOKEN)
    ended = run("sync", SYNC)
    assert (ended.code, "give the service user the permission ManageOrgSchedules" in ended.out) == (4, True)
    assert "ManageOrgSchedules" in found(run("doctor", "--json"), "devin", "writing")["todo"]

    monkeypatch.setenv("DEVIN_API_KEY", UNPRIVILEGED_TOKEN)
    told = found(run("doctor", "--json"), "devin", "reading")
    assert "ManageOrgSchedules" in told["todo"]


def test_a_wrong_organisation_is_suspected(here: Path, run: Run, world: World) -> None:
    """An org_id that the service user does not belong to."""
    edit_config(here, r'org_id   = "[^"]*"', 'org_id   = "org-of-somebody-else"')
    told = found(run("doctor", "--json"), "devin", "reading")

    assert "check org_id: 'org-of-somebody-else' may be another organisation" in told["todo"]


@pytest.mark.parametrize(("token", "user"), [(NO_IMPERSONATION_TOKEN, USER), (None, IDLE_USER)])
def test_running_as_somebody_takes_permissions_of_its_own(
    here: Path, run: Run, world: World, token: str | None, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service user needs ImpersonateOrgSessions, and the person UseDevinSessions."""
    if token:
        monkeypatch.setenv("DEVIN_API_KEY", token)
    edit_config(
        here,
        r"\[syncs.lenient\]",
        f'[syncs.lenient.set]\n"run_as" = "{user}"\n[syncs.lenient]\nallow_loss = ["action", "delivery"]',
    )
    ended = run("sync", "lenient")

    assert ended.code == 4
    assert "needs ImpersonateOrgSessions" in ended.out
    assert "holds UseDevinSessions" in ended.out


def test_the_other_platforms_permissions(here: Path, run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Omni's USE_AI; a Scrip key of another organisation, and a program that is not there."""
    monkeypatch.setenv("OMNI_API_KEY", KEY_WITHOUT_AI)
    monkeypatch.setenv("SCRIP_API_KEY", FOREIGN_KEY)
    document = run("doctor", "--json")
    assert "USE_AI" in found(document, "omni", "reading")["todo"]
    assert "another organisation's than program_id" in found(document, "scrip", "reading")["todo"]

    monkeypatch.setenv("SCRIP_API_KEY", "sk_sandbox")
    edit_config(here, r'program_id = "[^"]*"', 'program_id = "00000000-0000-0000-0000-000000000000"')
    assert "check program_id" in found(run("doctor", "--json"), "scrip", "reading")["todo"]


# -- surroundings -----------------------------------------------------------------------------------------------------


def test_files_with_a_byte_order_mark(here: Path, run: Run, world: World) -> None:
    """The config, a file of jobs and a file with a token, as some editors save them."""
    config = here / "migrator.toml"
    (here / "token").write_bytes(b"\xef\xbb\xbfcog_sandbox\r\n")
    edit_config(here, '"env:DEVIN_API_KEY"', '"file:token"')
    config.write_bytes(b"\xef\xbb\xbf" + config.read_bytes().replace(b"\n", b"\r\n"))
    assert run("sync", SYNC, "backup").code == 0
    jobs = here / "jobs.json"
    jobs.write_bytes(b"\xef\xbb\xbf" + jobs.read_bytes())
    assert run("sync", "backup").code == 0


def test_an_error_in_a_file_with_a_mark_is_where_it_is_said_to_be(here: Path, run: Run) -> None:
    """The mark counts as no column."""
    config = here / "migrator.toml"
    config.write_bytes(b"\xef\xbb\xbf[connections.x]\nprovider = 1\n")
    assert "migrator.toml:2:1" in run("plan", SYNC).err


@pytest.mark.parametrize("folder", ["/proc", "missing"])
def test_a_state_folder_that_cannot_be_written(here: Path, run: Run, folder: str) -> None:
    """Doctor says so before the first night does."""
    ended = run("doctor", "--json", "--state", f"sqlite:///{here / folder}/migrator.db")
    told = found(ended, "state", "file")

    assert (ended.code, told["status"]) == (1, "fault")
    assert "cannot be written" in told["found"]


def test_doctor_tells_which_way_requests_go(
    here: Path, run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loopback goes straight whatever the environment says; everything else through the proxy; no password is shown."""
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret@127.0.0.1:9")
    edit_config(here, r"http://127.0.0.1:\d+/scrip", "https://api.scrip.dev")
    ended = run("doctor", "--json")

    assert found(ended, "devin", "network")["found"] == "straight to 127.0.0.1, through no proxy"
    assert found(ended, "devin", "reading")["status"] == "ok"
    assert "by way of the proxy http://127.0.0.1:9; certificates of" in found(ended, "scrip", "network")["found"]
    assert "by way of the proxy" in found(ended, "scrip", "reading")["found"]
    assert "secret" not in ended.out


def test_certificates_that_are_not_there(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Doctor and a plan name the variable; nobody is asked to report a bug."""
    from migrator.http import transport  # noqa: PLC0415 (its memory is to be emptied)

    transport._trusted.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull + ".pem")
    edit_config(here, r"http://127.0.0.1:\d+/devin", "https://api.devin.ai")
    told, plan = found(run("doctor", "--json"), "devin", "network"), run("plan", SYNC)

    assert (told["status"], "SSL_CERT_FILE" in told["found"]) == ("fault", True)
    assert (plan.code, "SSL_CERT_FILE" in plan.err, "unexpected" in plan.err) == (2, True, False)


def test_the_write_permission_is_probed_by_the_contract_in_force(
    here: Path, run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instance that takes PUT is asked by PUT: PATCH would say nothing about the token."""
    world.fault("status", provider="omni", method="PATCH", status=405, times=0)
    world.fault("status", provider="omni", method="OPTIONS", status=404, times=0)
    world.fault("status", provider="omni", method="PUT", status=403, times=0)

    assert found(run("doctor", "--json"), "omni", "writing")["status"] == "fault"
