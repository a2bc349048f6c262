"""Guards of a cutover that no other test would miss: each keeps a job from being stopped, revived or named wrongly."""

from __future__ import annotations

from migrator.cutover.circuit_breaker import CircuitBreaker, proves_no_effect
from migrator.errors import AuthError, NotFoundError, RejectedError, TransientError, UncertainError
from tests.cutover.conftest import MakeLab
from tests.cutover.retiring import DAY, retired, timed_lab
from tests.cutover.simulated_time import cut, statuses
from tests.cutover.staging import live, paused, staged


def test_failures_that_are_not_in_a_row_do_not_end_a_run() -> None:
    """Two, a success, and two more: the run goes on; a third in a row ends it, and so does one of the connection."""
    brake = CircuitBreaker()
    for error in (RejectedError("no"), NotFoundError("gone")):
        brake.failed(error)
    brake.succeeded()
    for error in (RejectedError("no"), RejectedError("no")):
        brake.failed(error)
    assert ("", False) == (brake.reason, brake.tripped.is_set())
    brake.failed(RejectedError("no"))
    assert (True, True) == ("3 jobs in a row" in brake.reason, brake.tripped.is_set())

    connection = CircuitBreaker()
    connection.failed(AuthError("the token is not accepted", where="PATCH devin /x"))
    assert "(the token is not accepted)" in connection.reason


def test_only_a_refusal_proves_that_nothing_happened() -> None:
    """A lost answer does not."""
    assert [True, True, True, False] == [
        proves_no_effect(error)
        for error in (AuthError("401"), RejectedError("409"), TransientError("unsent"), UncertainError("503"))
    ]


async def test_a_source_that_its_platform_has_stopped_is_not_switched_back_to(make_lab: MakeLab) -> None:
    """The target goes on firing, and the reason is told."""
    lab = make_lab("omni", "devin")
    lab.source.wish(1)
    await lab.run()
    (key,) = lab.source.records()
    lab.source.edit(key, systemDisabled=True, systemDisabledReason="Too many failures")

    found = await cut(lab, goal="source")

    assert ([("refused", "target")], True) == (statuses(found), "stopped it at the source" in found.switches[0].reason)
    assert ["target"] == await live(lab)


async def test_a_job_that_its_owner_paused_is_not_reported_as_active_nowhere(make_lab: MakeLab) -> None:
    """It was paused when it was cut over: active nowhere, as it shall be."""
    lab = make_lab("scrip", "devin")
    lab.source.wish(1, enabled=False)
    await cut(lab)

    (night,) = (await lab.night()).results

    assert (0, (), {}) == (night.exit_code, night.applied.inactive, lab.state.inactive_jobs())


async def test_a_job_that_is_gone_from_both_sides_is_not_reported_as_active_nowhere(make_lab: MakeLab) -> None:
    """Somebody ended it: a sync says that the target's job was deleted, and does not ask for a repair."""
    lab, simulated = timed_lab(make_lab)
    lab.source.wish(1)
    with simulated.counted():
        await cut(lab)
        await simulated.sleep(DAY)
        await retired(lab, delete=True)
        lab.target.remove(lab.key_of("Job 001"))
        (night,) = (await lab.night()).results

    assert (3, ()) == (night.exit_code, night.applied.inactive)
    assert "deleted" in night.plan.blocked[0].reason


async def test_definitions_are_used_only_while_the_target_alone_is_active(make_lab: MakeLab) -> None:
    """Switched back, and then deleted at the source: the job has left the source, whatever was kept of it."""
    lab = make_lab("scrip", "devin", on_missing="delete")
    for number in (1, 2, 3):
        lab.source.wish(number)
    await cut(lab)
    await cut(lab, goal="source", jobs=("Job 001",))
    lab.source.remove(*(key for key, raw in lab.source.records().items() if raw["name"] != "Job 003"))
    planned = await lab.plan()

    assert [("delete", "Job 001")] == [(change.action, change.name) for change in planned.pending]


async def test_a_job_that_was_begun_is_not_finished_at_a_target_that_is_stopped(make_lab: MakeLab) -> None:
    """The run died after it stopped the source, and the platform stopped the target: back is what repairs it."""
    lab = make_lab("scrip", "omni")
    await staged(lab, 1)
    lab.world.fault("status", status=401, provider="omni", method="WRITE", nth=2, times=0)
    lab.world.fault("status", status=401, provider="scrip", method="WRITE", nth=2, times=0)
    await cut(lab)
    lab.world.faults.clear()
    lab.target.edit(lab.key_of("Job 001"), systemDisabled=True, systemDisabledReason="Too many failures")

    found = await cut(lab)

    assert ([("refused", "neither")], 1) == (statuses(found), paused(lab))
    assert ["migrator cutover it --back --job 'Job 001'"] == [one.repair for one in found.inactive]
    assert "cutover it --back" in found.switches[0].reason
    assert [("moved", "source")] == statuses(await cut(lab, goal="source"))


async def test_a_switch_back_after_which_nothing_can_be_read_is_repaired_in_its_direction(make_lab: MakeLab) -> None:
    """The source refuses, the target is stopped, and both refuse to be listed: by what was written, it is named."""
    lab = make_lab("scrip", "devin")
    await staged(lab, 1)
    await cut(lab)
    lab.world.fault("status", status=401, provider="devin", method="WRITE", nth=2, times=0)
    lab.world.fault("status", status=401, provider="scrip", method="WRITE", nth=2, times=0)
    lab.world.fault("status", status=401, provider="devin", method="GET", path="*/schedules", nth=3, times=0)

    found = await cut(lab, goal="source")

    assert ["migrator cutover it --back --job 'Job 001'"] == [one.repair for one in found.inactive]
    lab.world.faults.clear()
    assert [("moved", "source")] == statuses(await cut(lab, goal="source"))
