"""The ledger: which instants of a move are in order by what the journal knows, and what it says of the others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.cron import parse
from migrator.cutover.missed_runs import missed
from tests.cutover.ledger import EVERY_MINUTE, MOVE, SOURCE, TARGET, at, found, write


def test_a_switch_between_two_fires_leaves_nothing() -> None:
    """Stopped and activated within a minute: each instant had exactly one active side."""
    assert [] == found(
        write(SOURCE, "still", "09:00:12", "09:00:15"),
        write(TARGET, "live", "09:00:20", "09:00:25"),
    )


@pytest.mark.parametrize(
    ("sent", "ended", "expected"),
    [
        ("09:01:30", "09:01:40", [("09:01", "neither")]),
        ("09:00:50", "09:01:10", [("09:01", "unclear")]),
        ("09:02:50", "09:03:10", [("09:01", "neither"), ("09:02", "neither"), ("09:03", "unclear")]),
        ("09:04:50", None, [(f"09:0{n}", "neither") for n in range(1, 5)] + [("09:05", "unclear")]),
    ],
)
def test_a_late_activation_is_reported(sent: str, ended: str | None, expected: list[tuple[str, str]]) -> None:
    """Instants between the confirmed stop and the activation had no active side; during it, nobody knows."""
    assert expected == found(write(SOURCE, "still", "09:00:12", "09:00:15"), write(TARGET, "live", sent, ended))


def test_a_stop_that_never_arrived_changes_nothing() -> None:
    """What failed has no effect; what is open may have had one from the moment that it was sent."""
    failed = write(SOURCE, "still", "09:00:12", "09:03:00", state="failed")
    lost = write(SOURCE, "still", "09:00:12", None, state="uncertain")

    assert [] == found(failed)
    assert [(f"09:0{n}", "unclear") for n in range(1, 6)] == found(lost)


def test_both_sides_active_is_reported() -> None:
    """Where the target was live before the source was stopped, every instant between had two fires."""
    assert [("09:01", "both"), ("09:02", "both")] == found(
        write(TARGET, "live", "09:00:12", "09:00:15"),
        write(SOURCE, "still", "09:02:20", "09:02:25"),
    )


def test_a_parked_schedule_counts_as_a_stop() -> None:
    """Where nothing can be paused, a far-away schedule stops a job, and its own one starts it."""
    parked = {"trigger.cron": parse("0 0 18 11 *", "vixie")}
    back = {"trigger.cron": EVERY_MINUTE["trigger.cron"]}

    assert [("09:01", "neither")] == found(
        write(SOURCE, "still", "09:00:12", "09:00:15", fields=parked),
        write(SOURCE, "live", "09:01:12", "09:01:15", fields=back),
    )


def test_the_cause_names_what_was_in_progress() -> None:
    """A person reads which write was late, when it was sent and when it was confirmed."""
    (entry,) = missed(
        MOVE,
        [write(SOURCE, "still", "09:00:50", "09:01:10"), write(TARGET, "live", "09:01:12", "09:01:20")],
        until=at("09:01:30"),
        run="two",
    )

    assert (at("09:01:00"), "unclear", "two", "it", "Job") == (
        entry.at,
        entry.kind,
        entry.run,
        entry.sync,
        entry.name,
    )
    assert "a write to the source was sent at 09:00:50 UTC and confirmed only at 09:01:10" == entry.cause


SECONDS: Final = st.integers(0, 290)


@given(times=st.lists(SECONDS, min_size=4, max_size=4).map(sorted), effects=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_the_ledger_misses_nothing(times: list[int], effects: tuple[float, float]) -> None:
    """Whenever within a write its effect really came: each instant that did not fire exactly once is in the ledger."""
    stop, stopped, activation, activated = (at("09:00:01").timestamp() + second for second in times)
    stopped_at = stop + effects[0] * (stopped - stop)
    activated_at = activation + effects[1] * (activated - activation)
    sent = [datetime.fromtimestamp(one, UTC).strftime("%H:%M:%S") for one in (stop, stopped, activation, activated)]
    listed = {minute for minute, _kind in found(write(SOURCE, "still", *sent[:2]), write(TARGET, "live", *sent[2:]))}

    for minute in range(1, 6):
        instant = at(f"09:0{minute}:00").timestamp()
        live = (instant < stopped_at) + (instant >= activated_at)
        if live != 1:
            assert f"09:0{minute}" in listed
