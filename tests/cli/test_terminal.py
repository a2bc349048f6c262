"""A person at a terminal: questions, answers, interruptions. The command runs in a process of its own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from migrator.catalog import catalog
from migrator.sandbox import World
from tests.cli.bench import Run, names, routine
from tests.cli.terminal import COMMAND, environment, type_at_terminal

pytestmark = pytest.mark.slow

SYNC = "omni-to-devin"


def test_yes_carries_it_out(here: Path, world: World) -> None:
    """The plan is shown, the question asked, and the outcome told."""
    typed = type_at_terminal(["apply", SYNC], b"y\n")

    assert (typed.code, names(world, "devin")) == (0, ["Alpha", "Beta", "Gamma"])
    assert typed.shown.index("Plan:") < typed.shown.index("Apply these changes? [y/N]") < typed.shown.index("done    ")
    assert "3/3" in typed.shown


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"\x04"])
def test_anything_else_changes_nothing(here: Path, world: World, answer: bytes) -> None:
    """No, nothing and the end of input are all no; the exit code says that it was not done."""
    typed = type_at_terminal(["apply", SYNC], answer)

    assert (typed.code, names(world, "devin")) == (1, [])
    assert "Nothing was written." in typed.shown


def test_an_interrupted_question_changes_nothing(here: Path, world: World) -> None:
    """Ctrl+C at the question ends it at once."""
    typed = type_at_terminal(["apply", SYNC], b"\x03")

    assert (typed.code, names(world, "devin")) == (130, [])
    assert lines_of(typed.shown)[-3:-1] == [
        "error: interrupted at the prompt; nothing was changed",
        "  where: migrator apply",
    ]


def test_yes_beforehand_asks_nothing(here: Path, world: World) -> None:
    """--yes works at a terminal, too."""
    typed = type_at_terminal(["apply", SYNC, "--yes"], b"")

    assert (typed.code, "[y/N]" in typed.shown) == (0, False)


def lines_of(shown: str) -> list[str]:
    """What stood on the screen in the end: escapes done, and lines that were written over gone."""
    bare = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    return [line.rstrip("\r").rpartition("\r")[2] for line in bare.split("\n")]


NAMES = ["週次売上レポート 🎉", "e\u0301tude cafe\u0301", "تقرير أسبوعي", "👩\u200d💻 builds ⚠\ufe0f 🇫🇷", "long " * 30]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(here: Path, world: World, columns: int) -> None:
    """From a phone to a wide screen, whatever script a name is written in; nothing is left out for it."""
    world.load("omni", [routine(name, schedule="30 2 * * ? *", timezone="Europe/Berlin") for name in NAMES])
    wide = lines_of(type_at_terminal(["plan", SYNC], b"", columns=1_000).shown)
    plain = lines_of(type_at_terminal(["plan", SYNC], b"", columns=columns).shown)

    assert max(map(cell_len, plain)) <= columns

    def told(lines: list[str]) -> str:
        """The plan without blanks, from its title to its last line."""
        return "".join("".join(lines).split()).partition("omni→devin")[2].partition("2requests")[0]

    assert told(plain) == told(wide) != ""


def test_long_lines_are_folded_under_their_beginning(here: Path) -> None:
    """On a narrow terminal a line goes on below where its text begins, and its first part is as long as the others."""
    plain = lines_of(type_at_terminal(["plan", SYNC], b"", columns=60).shown)
    fires = next(number for number, line in enumerate(plain) if " next " in line)

    assert plain[fires].startswith(" " * 21 + "next Mon ")
    assert len(plain[fires]) > 45
    assert re.match(r" {21}\S", plain[fires + 1])


def test_where_labels_leave_no_room_they_stand_above(here: Path) -> None:
    """At forty columns, text goes on two columns to the right of its label."""
    plain = lines_of(type_at_terminal(["plan", SYNC], b"", columns=40).shown)
    number = plain.index("    schedule")

    assert plain[number + 1].startswith("      0 9 ? * MON * (UTC)")
    assert "      exact" in plain


def test_a_document_knows_nothing_of_the_terminal(here: Path, run: Run) -> None:
    """--json on a narrow, coloured terminal is the same text as in a pipe, but for when it was made."""
    typed = type_at_terminal(["providers", "--json"], b"", columns=40)

    assert typed.shown.replace("\r\n", "\n") == run("providers", "--json").out


@pytest.mark.parametrize(
    ("option", "more", "coloured"), [([], {}, True), ([], {"NO_COLOR": "1"}, False), (["--no-color"], {}, False)]
)
def test_colours_are_for_terminals_that_want_them(
    here: Path, option: list[str], more: dict[str, str], coloured: bool
) -> None:
    """NO_COLOR and --no-color turn them off; everything else stays."""
    typed = type_at_terminal(["plan", SYNC, *option], b"", **more)

    assert ("\x1b[32m" in typed.shown) is coloured
    assert re.search(r"\x1b\[[0-9;]*3[0-7]m", typed.shown) is None or coloured
    assert "Plan:" in typed.shown


def test_requests_that_are_named_are_not_written_into_a_bar(here: Path) -> None:
    """With -v each request has a line of its own, and no progress bar is drawn between them."""
    plain = lines_of(type_at_terminal(["plan", SYNC, "-v"], b"").shown)

    assert len([line for line in plain if re.match(r"GET \S+ -> 200 in \d+ ms, try 1$", line)]) == 2
    assert not any("━" in line for line in plain)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_finishes_what_is_under_way_and_can_go_on(
    here: Path, run: Run, world: World, number: int
) -> None:
    """No change is begun after a signal, none is cut off, and the next run does the rest: nothing twice."""
    jobs = [f"Job {n:02}" for n in range(30)]
    world.load("omni", map(routine, jobs))
    world.fault("slow", provider="devin", method="POST", seconds=0.3, times=0)
    process = subprocess.Popen(
        [*COMMAND, "apply", SYNC, "--yes"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: any(request["method"] == "POST" for request in world.requests))
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    world.faults.clear()

    assert "Stopping after the writes in progress" in err
    assert (process.returncode, "failed " in out) == (4, False)
    assert out.count("interrupted before it was started") == len(jobs) + 3 - len(names(world, "devin")) > 0
    assert out.splitlines()[-1] == "Interrupted. To finish: migrator apply omni-to-devin"
    assert run("apply", SYNC, "--yes").code == 0
    assert names(world, "devin") == ["Alpha", "Beta", "Gamma", *jobs]


def test_an_interrupted_cutover_says_which_side_is_active(here: Path, run: Run, world: World) -> None:
    """Switches in progress end, none is begun after the signal; what is printed, stored and shown is what is so."""
    later = datetime.now(UTC) + timedelta(hours=12)  # no gap to wait for, at whatever time this runs
    names = [f"Job {n:02}" for n in range(12)]
    world.stores["omni"].clear()
    world.load("omni", [routine(name, schedule=f"0 {later.hour} * * ? *") for name in names])
    assert run("apply", SYNC, "--staged", "--yes").code == 0
    begun = len(world.requests)
    world.fault("slow", provider="devin", method="PATCH", seconds=0.3, times=0)
    command = [*COMMAND, "cutover", SYNC, "--yes", "--json"]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: sum(one["method"] == "PATCH" for one in world.requests[begun:]) > 2, within=60)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    world.faults.clear()

    active = sorted(row["record"]["name"] for row in world.records("devin") if row["record"]["enabled"])
    found = json.loads(out)
    by_status = {status: [j["name"] for j in found["jobs"] if j["status"] == status] for status in ("moved", "skipped")}
    assert "Stopping after the jobs in progress" in err
    assert (process.returncode, 0 < len(active) < len(names)) == (4, True)
    assert (sorted(by_status["moved"]), sorted(by_status["skipped"])) == (active, sorted({*names} - {*active}))
    live = {job["name"]: job["live"] for job in run("status", SYNC, "--json").document["jobs"]}
    assert live == {name: "target" if name in active else "source" for name in names}
    (kept,) = [one for one in run("history", "--json").document["runs"] if one["kind"] == "cutover"]
    assert kept["summary"] == {"moved": len(active), "skipped": len(names) - len(active)}
    assert run("cutover", SYNC, "--yes").code == 0
    assert all(row["record"]["enabled"] for row in world.records("devin"))


def wait_until(true: Callable[[], bool], *, within: float = 10) -> None:
    """Look every few milliseconds, for so many seconds."""
    until = time.monotonic() + within
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_reader_that_has_seen_enough_is_no_failure_to_tell(here: Path) -> None:
    """`| head` closes the pipe: the command ends without a trace."""
    process = subprocess.Popen(
        [*COMMAND, "schema", "plan"], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()

    assert (process.wait(timeout=10), process.stderr.read()) == (1, b"")
    process.stderr.close()


def test_a_stream_without_our_signs_gets_their_numbers(here: Path) -> None:
    """Where stdout takes ASCII only, nothing fails, and a document says the same."""
    env = environment(PYTHONIOENCODING="ascii")
    told = subprocess.run([*COMMAND, "plan", SYNC], env=env, capture_output=True, check=True).stdout
    document = subprocess.run([*COMMAND, "plan", SYNC, "--json"], env=env, capture_output=True, check=True).stdout

    assert b"omni \\u2192 devin" in told
    assert document.isascii()


def test_a_question_does_not_count_as_time_of_requests(here: Path) -> None:
    """What the requests took is said without the seconds that a person needed for the answer."""
    typed = type_at_terminal(["apply", SYNC], b"n\n", pause=3.0)
    (seconds,) = re.findall(r"requests .* in ([0-9.]+) s", typed.shown)

    assert float(seconds) < 3


@pytest.mark.parametrize("columns", [60, 80])
def test_providers_fit_a_narrow_terminal(here: Path, columns: int) -> None:
    """Where the table is too wide it becomes several, each with the names of the fields, and each platform in one."""
    plain = lines_of(type_at_terminal(["providers"], b"", columns=columns).shown)
    heads = [plain[number - 1] for number, line in enumerate(plain) if line.startswith("actions ")]

    assert max(map(cell_len, plain)) <= columns
    assert len(heads) == len([line for line in plain if line.startswith("trigger.cron ")]) >= 2
    for entry in catalog().entries.values():
        assert len([head for head in heads if entry.mapping.rules.title in head]) == 1, entry.mapping.rules.title
