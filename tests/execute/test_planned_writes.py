"""What a run claims before it writes: plans in, writes out."""

from __future__ import annotations

from datetime import timedelta

import attrs

from migrator.canonical import JobRef
from migrator.execute.planned_writes import planned_writes, write_key
from tests.plan.builder import NOW, Given, job, ref


def test_every_change_of_a_plan_is_claimed() -> None:
    """By number, and where it is sent: a job may be in another scope than new ones are made in."""
    plan = Given(source=(job("Alpha"), job("Beta"))).plan()
    elsewhere = JobRef(provider="devin", scope="other", id="x")
    second = attrs.evolve(plan.changes[1], action="update", target=elsewhere, piece=2, pieces=3)
    at = NOW + timedelta(hours=1)
    one, two = planned_writes([plan.changes[0], second], run="r", sync="it", scope="here", now=at)

    assert (one.seq, one.action, one.source, one.target_scope, one.target_id) == (
        1,
        "create",
        ref("Alpha"),
        "here",
        None,
    )
    assert (two.seq, two.action, two.target_scope, two.target_id) == (2, "update", "other", "x")
    assert (two.piece, two.pieces, two.name) == (2, 3, second.label)
    assert {(write.state, write.run, write.sync, write.at) for write in (one, two)} == {("claimed", "r", "it", at)}


def test_what_a_change_is_about() -> None:
    """The source job, the part, and the target job where there is one."""
    assert write_key(ref("Alpha"), 2, None) == (ref("Alpha"), 2, None)
    assert write_key(None, 1, ref("Alpha", "devin")) == (None, 1, ref("Alpha", "devin").id)
