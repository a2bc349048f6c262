"""What is told of an audit and of a plan, in each format."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from migrator.canonical import JobRef
from migrator.cron import parse
from migrator.plan.changes import Change, FieldChange, WriteBack
from migrator.report.text import text_parts
from migrator.report.views.audits import audit_view
from migrator.report.views.plans import plan_view
from tests.report.bench import audited, samples
from tests.report.plans import SOURCE, WINDOW, change, field, plan

TARGET = JobRef(provider="devin", scope="org-1", id="d1")


def test_an_audit_counts_what_it_lists() -> None:
    """Outcomes, verdicts and losses are those of the rows."""
    shown = audit_view(audited(samples("omni")))

    assert sum(tally.jobs for tally in shown.outcomes) == len(shown.jobs) == 13
    for tally in shown.outcomes:
        assert tally.jobs == sum(row.category.key == tally.key for row in shown.jobs)
    for tally in shown.verdicts:
        assert tally.jobs == sum(row.schedule is not None and row.schedule.verdict == tally.key for row in shown.jobs)
    for loss in shown.losses:
        assert loss.jobs == sum(
            loss.path == one.path and loss.reason == one.reason for r in shown.jobs for one in r.losses
        )
    assert shown.lead[0] == "12 of 13 jobs can migrate to Devin Schedules: 12 with data loss, once the sync allows it."


def test_each_job_says_what_settles_it() -> None:
    """The lines that a job waits for, permission for what it loses among them; what cannot go has none."""
    shown = audit_view(audited(samples("devin"), source="devin", target="omni"))
    settles = {row.name: row.settles for row in shown.jobs}

    assert settles["Incident summary"] == (
        '"action.model" = "…"',
        'allow_loss = ["action.agent", "delivery.notify", "delivery.slack"]',
    )
    assert settles["Quarter hour guard"] == settles["Certificate renewal"] == ()


def test_a_schedule_that_is_kept_is_shown() -> None:
    """A file takes every dialect: the schedule stands there as it was, and fires on both sides."""
    shown = audit_view(audited(samples("omni"), target="json"))
    (note,) = [row for row in shown.jobs if row.name == "Weekly revenue note"]

    assert note.schedule
    assert (note.schedule.before, note.schedule.timezone, note.schedule.faithful) == (
        "0 9 ? * MON * (America/New_York)",
        "America/New_York",
        "unchanged",
    )
    assert note.forecast
    assert note.forecast.coming.before == note.forecast.coming.after != ()


def test_jobs_that_do_not_run_fire_on_neither_side() -> None:
    """The week counts what runs: a paused job has a forecast of its own, and no part in the sum."""
    shown = audit_view(audited(samples("omni")))
    paused = [row for row in shown.jobs if row.paused and row.forecast]

    assert paused
    fires = sum(len(row.forecast.coming.before) for row in shown.jobs if row.forecast and not row.paused)
    assert sum(shown.week.before) == fires


def test_a_job_that_stays_has_fires_on_one_side_only() -> None:
    """It is in neither map, and counted beside them."""
    shown = audit_view(audited(samples("devin"), source="devin", target="omni"))
    (guard,) = [row for row in shown.jobs if row.name == "Quarter hour guard"]

    assert guard.forecast
    assert (guard.category.key, guard.forecast.migrates, guard.forecast.coming.after) == ("refused", False, ())
    assert shown.left_out == sum(
        row.category.key == "refused" and bool(row.schedule and row.schedule.before) and not row.paused
        for row in shown.jobs
    )


def test_pieces_of_one_job_are_one_row() -> None:
    """Several target jobs for one source job stand together, and are counted."""
    pieces = [change("create", piece=n, pieces=3, schedule=WINDOW) for n in (1, 2, 3)]
    shown = plan_view(plan(*pieces, Change(action="none", name="Beta", source=None, target=TARGET)))

    assert [(row.category.key, len(row.parts)) for row in shown.jobs] == [("create", 3), ("none", 1)]
    assert [(tally.key, tally.jobs) for tally in shown.outcomes] == [("create", 1), ("none", 1)]
    assert shown.lead[0] == "1 to create (3 target jobs), 1 unchanged."


def test_a_job_without_a_schedule_has_no_verdict() -> None:
    """Only schedules that were judged are counted under "not time-based" and the other verdicts."""
    shown = plan_view(plan(change("create", schedule=WINDOW), *(change("delete") for _ in range(3))))

    assert [(tally.key, tally.jobs) for tally in shown.verdicts] == [(WINDOW.verdict, 1)]


def test_a_job_that_is_not_migrated_rings_no_hour() -> None:
    """A frequent job that is blocked differs in all 168 hours, and would hide every other difference."""
    often = {"text": "*/10 * * * *", "dialect": "vixie", "timezone": "UTC"}
    schedule = evolve(WINDOW, verdict="impossible", pieces=(), evidence={"source": often})
    shown = plan_view(plan(change("create", schedule=WINDOW), change("blocked", "Often", schedule=schedule)))

    assert shown.left_out == 1
    assert 0 < sum(shown.week.before) < 168


def test_what_is_blocked_comes_first() -> None:
    """The order of the rows is that of attention."""
    shown = plan_view(plan(change("none"), change("create"), change("blocked", reason="so it is")))

    assert [row.category.key for row in shown.jobs] == ["blocked", "create", "none"]


@pytest.mark.parametrize(
    ("made", "moves"),
    [
        ({"action": "create"}, True),
        ({"action": "none", "target": TARGET}, True),
        ({"action": "delete", "target": TARGET}, False),
        ({"action": "blocked"}, False),
        ({"action": "blocked", "target": TARGET}, True),
        ({"action": "blocked", "target": TARGET, "fields": (field("trigger.cron", None, None),)}, False),
    ],
)
def test_fires_at_the_target_are_those_once_the_plan_is_carried_out(made: dict[str, Any], moves: bool) -> None:
    """What is deleted or refused does not fire there; what stands there already does."""
    (row,) = plan_view(plan(Change(source=SOURCE, name="Alpha", schedule=WINDOW, **made))).jobs

    assert row.forecast
    assert row.forecast.migrates is moves


def test_an_edit_at_the_target_is_told_beside_the_change() -> None:
    """What stands there, what will stand there, and what we wrote last."""
    drifted = FieldChange(path="action.text", old="Ours.", new="New.", remote="Theirs.", reason="the target was edited")
    (row,) = plan_view(plan(change("update", fields=(drifted,)))).jobs

    assert [(edit.path, *edit.words()) for edit in row.edits] == [("action.text", '"Theirs."', '"New."')]
    assert row.edits[0].note == 'the target was edited; last applied: "Ours."'


def test_what_goes_back_to_the_source_is_told_as_such() -> None:
    """A field that was edited at the target and that the source takes over."""
    back = WriteBack(paths=("action.text",), fields=(field("action.text", "Ours.", "Theirs.", reason="it was edited"),))
    (row,) = plan_view(plan(change("update", back=back))).jobs

    assert [(*edit.words(), edit.where) for edit in row.edits] == [('"Ours."', '"Theirs."', "at the source")]


WORDS = st.lists(st.sampled_from(["one", "two", "\n", " ", "three", "four ", "  "])).map("".join)


@given(WORDS, WORDS)
def test_a_changed_text_is_told_word_by_word(old: str, new: str) -> None:
    """What stays with what goes is the old text, and what stays with what comes the new one."""
    parts = text_parts(old, new)

    def joined(left_out: str) -> str:
        return "".join(text for kind, text in parts if kind != left_out)

    shown = [text.replace("\n", "⏎") for text in (old, new)]
    assert [joined("new"), joined("old")] == shown


def test_a_long_stretch_that_stays_is_cut() -> None:
    """Around one changed word of a long prompt, its ends are enough."""
    parts = text_parts("word " * 500 + "then stop", "word " * 500 + "then go on")

    assert [kind for kind, _ in parts] == ["", "old", "new"]
    assert len(parts[0][1]) < 300
    assert (parts[1][1], parts[2][1]) == ("stop", "go on")
    assert text_parts("a" * 10_000, "b") == text_parts(None, "b") == ()


def test_a_new_job_is_shown_whole_but_for_what_its_row_says() -> None:
    """Name and schedule stand in the row; the rest are its fields."""
    fields = (
        FieldChange(path="name", new="Alpha", reason="new"),
        FieldChange(path="action.text", new="Do it. " * 30, reason="new"),
        FieldChange(path="trigger.cron", new=parse("0 14 * * 1", "vixie"), reason="new"),
    )
    (row,) = plan_view(plan(change("create", fields=fields, schedule=WINDOW))).jobs

    assert [(edit.path, edit.words(400)[0], len(edit.words(400)[1]) > 200) for edit in row.edits] == [
        ("action.text", "", True)
    ]


@pytest.mark.parametrize(
    ("action", "enabled", "live", "paused"),
    [
        ("create", False, True, True),
        ("none", None, False, True),
        ("none", None, True, False),
        ("resume", True, False, False),
        ("pause", False, True, True),
    ],
)
def test_a_job_counts_as_paused_when_it_will_be(action: Any, enabled: bool | None, live: bool, paused: bool) -> None:
    """What the plan does about it counts, and else whether it runs now."""
    fields = (
        ()
        if enabled is None
        else (FieldChange(path="enabled", old=not enabled, new=enabled, remote=not enabled, reason=""),)
    )
    (row,) = plan_view(plan(change(action, fields=fields, live=live))).jobs

    assert row.paused is paused
