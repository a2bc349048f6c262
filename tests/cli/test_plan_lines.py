"""How a plan is told to people."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from rich.cells import cell_len

from migrator.canonical import Email, JobRef, Loss
from migrator.convert.schedule import ConvertedSchedule
from migrator.cron import parse
from migrator.plan.changes import ACTIONS, Plan
from migrator.prompt_envelope import wrap
from migrator.report.plans import plan_lines
from migrator.report.text import columns, shorten
from migrator.report.views.plans import CATEGORIES, plan_view
from tests.report.plans import NEW_YORK, SOURCE, WINDOW, change, field, plan

FILES = JobRef(provider="github", scope="repo", id="a.yml")


def told(made: Plan, **options: Any) -> list[str]:
    """The lines, without what every plan begins with."""
    lines = [
        " " * line.indent + line.text.plain
        for line in plan_lines(plan_view(made), command="migrator apply nightly", **options)
    ]
    assert lines[:2] == ["nightly: omni → devin", ""]
    return lines[2:]


@pytest.mark.parametrize("action", [action for action in ACTIONS if action != "none"])
def test_every_action_has_its_sign(action: Any) -> None:
    """A sign of one column before the job's name."""
    assert cell_len(CATEGORIES[action].sign) == 1
    assert told(plan(change(action)))[0] == f"{CATEGORIES[action].sign} Alpha"


def test_a_changed_field_goes_from_old_to_new() -> None:
    """On one line, long texts by their beginning and length."""
    long = "Compare last week with the four weeks before it.\nName the accounts that moved most."
    lines = told(
        plan(
            change(
                "update",
                fields=(
                    field("enabled", old=True, new=False),
                    field("action.text", long, "No."),
                    field("labels", ("a", "b"), ("a",)),
                    field("action.playbook", "p1", None),
                ),
            )
        )
    )

    assert lines[1:5] == [
        "    enabled          yes → no",
        '    action.text      "Compare last week with the four weeks before it.⏎Name the ac…" (83 characters) → "No."',
        "    labels           a, b → a",
        '    action.playbook  "p1" → nothing',
    ]


def test_a_schedule_that_changes_says_what_it_was() -> None:
    """The target's own schedule before the change, below what it becomes."""
    cron = field("trigger.cron", parse("0 13 * * 1", "vixie"), parse("0 14 * * 1", "vixie"))
    lines = told(plan(change("update", fields=(cron,), schedule=WINDOW)))

    assert lines[1:3] == [
        "    schedule         0 9 ? * MON * (America/New_York) → 0 14 * * 1 (UTC)",
        "                     was 0 13 * * 1",
    ]


def test_a_time_zone_that_changes_is_said_too() -> None:
    """The same expression in another zone fires at other instants."""
    zone = field("trigger.timezone", "Europe/Berlin", "UTC")
    lines = told(plan(change("update", fields=(zone,), schedule=WINDOW)))

    assert lines[2] == "                     was (Europe/Berlin)"


def test_an_expression_that_changes_alone_is_shown() -> None:
    """Where the target takes every dialect, an update has the new expression without its zone, which stays."""
    cron = field("trigger.cron", parse("0 13 * * 1", "vixie"), parse("0 14 * * 1", "vixie"))
    lines = told(plan(change("update", fields=(cron,), schedule=ConvertedSchedule(verdict="carried"))))

    assert lines[1:4] == [
        "    schedule         0 14 * * 1",
        "                     was 0 13 * * 1",
        "                     unchanged",
    ]


def test_texts_that_begin_alike_are_shown_from_where_they_part() -> None:
    """Two long prompts whose beginnings are the same would look the same."""
    common = "Compare last week's revenue with the four weeks before it. "
    lines = told(plan(change("update", fields=(field("action.text", common + "Name three.", common + "Name five."),))))

    assert lines[1] == (
        '    action.text      "…before it. Name three." (70 characters) → "…before it. Name five." (69 characters)'
    )
    added = told(plan(change("update", fields=(field("action.text", common + "Then", common + "Then stop."),))))
    assert added[1].endswith('"…before it. Then" (63 characters) → "…before it. Then stop." (69 characters)')


def test_an_edit_at_the_target_is_told_beside_the_change() -> None:
    """What is overwritten, and what it was when we last wrote it."""
    drifted = field("action.text", "Ours.", "New.", remote="Theirs.", reason="the target was edited")

    assert told(plan(change("update", fields=(drifted,))))[1:3] == [
        '    action.text      "Theirs." → "New."',
        '                     the target was edited; last applied: "Ours."',
    ]


def test_a_new_schedule_comes_with_verdict_and_fires_by_the_jobs_own_clock() -> None:
    """From the source's expression to the target's, how long that holds, and three fires in local time."""
    cron = field("trigger.cron", None, parse("0 14 * * 1", "vixie"), reason="new")

    assert told(plan(change("create", fields=(cron,), schedule=WINDOW)))[1:4] == [
        "    schedule         0 9 ? * MON * (America/New_York) → 0 14 * * 1 (UTC)",
        "                     exact until 2027-03-14 07:00 UTC, renewed by each sync",
        "                     next Mon 2026-11-23 09:00, Mon 2026-11-30 09:00, Mon 2026-12-07 09:00 (America/New_York)",
    ]


def test_an_approximate_schedule_shows_when_the_target_would_fire() -> None:
    """Its fires are those of the pieces, for the source's are not kept."""
    evidence = {"source": NEW_YORK, "source_fires": 52, "missing": 18, "extra": 19}
    schedule = evolve(WINDOW, verdict="approximate", until=None, evidence=evidence, flags=())
    switched = evolve(schedule, pieces=({"text": "30 14 * * 1", "dialect": "vixie", "timezone": "UTC"},))
    cron = field("trigger.cron", None, parse("30 14 * * 1", "vixie"), reason="new")
    lines = told(plan(change("create", fields=(cron,), schedule=switched)))

    assert lines[2] == "                     approximate: 18 of 52 fires a year missed, 19 added"
    assert lines[3].startswith("                     next Mon 2026-11-23 09:30, ")


def test_an_update_that_leaves_the_schedule_alone_does_not_speak_of_it() -> None:
    """Unless everything is asked for."""
    made = plan(change("update", fields=(field("action.text", "a", "b"),), schedule=WINDOW))

    assert [line for line in told(made) if "schedule" in line] == []
    assert [line.split()[0] for line in told(made, verbose=True) if "schedule" in line] == ["schedule"]


def test_losses_stand_under_the_job_and_their_reasons_once_below() -> None:
    """What a job gives up, with its value; why, counted over all jobs."""
    email = Loss(path="delivery.email", had=Email(recipients=("b@x.org", "a@x.org")), reason="Devin sends no e-mail")
    cut = Loss(path="name", had="A long name", becomes="A long…", reason="Devin takes 7 characters")
    other = evolve(change("create", "Beta", losses=(email,)), source=evolve(SOURCE, id="b2"))
    lines = told(plan(change("create", losses=(email, cut)), other))

    assert lines[1:3] == [
        "    data loss        delivery.email recipients a@x.org, b@x.org",
        '                     name "A long name" → "A long…"',
    ]
    assert lines[lines.index("Data loss:") + 1 :][:2] == [
        "  2 x delivery.email: Devin sends no e-mail",
        "  1 x name: Devin takes 7 characters",
    ]


def test_several_jobs_for_one_are_told_once() -> None:
    """Each has its line; schedule and losses stand under the first."""
    pieces = tuple({"text": f"0 {hour} * * *", "dialect": "vixie", "timezone": "UTC"} for hour in (5, 6))
    split = evolve(WINDOW, verdict="exact_split", until=None, pieces=pieces)
    changes = [
        change(
            "create",
            piece=number,
            pieces=2,
            schedule=split,
            losses=(Loss(path="description", had="x", reason="none there"),),
            fields=(field("trigger.cron", None, parse(piece["text"], "vixie")),),
        )
        for number, piece in enumerate(pieces, 1)
    ]
    lines = told(plan(*changes))

    assert [line for line in lines if line.startswith("+")] == ["+ Alpha (1/2)", "+ Alpha (2/2)"]
    assert "    schedule         0 9 ? * MON * (America/New_York) → 0 5 * * * (UTC) + 0 6 * * * (UTC)" in lines
    assert [line for line in lines if "exact, in 2 jobs" in line or "data loss" in line] == lines[2:5:2]


@pytest.mark.parametrize(
    ("source", "target", "how"),
    [
        (SOURCE, "github", "To end it later: merge the changes, then migrator cutover nightly --in-effect"),
        (
            FILES,
            "devin",
            (
                "To avoid that: migrator apply nightly --staged. "
                "To end it later: pause the jobs at omni, merge that, then migrator cutover nightly --in-effect"
            ),
        ),
    ],
)
def test_files_that_somebody_merges_are_merged_before_the_cutover(source: JobRef, target: str, how: str) -> None:
    """Where a side follows its files only once they are merged, the plan says what comes before the cutover."""
    made = evolve(plan(evolve(change("create"), source=source)), target_provider=target)
    assert f"ACTIVE ON BOTH SIDES afterwards (runs twice): 1 job. {how}" in told(made)


def test_the_summary_counts_and_says_what_to_do_next() -> None:
    """Counts by action, refusals by reason, and the command."""
    lines = told(
        plan(
            change("create"),
            change("none"),
            change("blocked", "B", reason="its schedule is impossible: no"),
            change("blocked", "C", reason="its schedule is impossible: no"),
        )
    )

    both = "ACTIVE ON BOTH SIDES afterwards (runs twice): 1 job."
    how = "To avoid that: migrator apply nightly --staged. To end it later: migrator cutover nightly"
    assert lines[-5:] == [
        "Plan: 1 to create, 1 unchanged, 2 blocked.",
        "Blocked:",
        "  2 x its schedule is impossible: no",
        f"{both} {how}",
        "To apply: migrator apply nightly",
    ]


def test_what_travels_in_an_event_is_shown() -> None:
    """The prompt and its settings, which an event carries in its payload, are shown like fields of their own."""
    fields = wrap({"action.text": "Tell me.", "action.agent": "devin", "name": "Alpha"}, "agent.prompt")
    made = change("create", fields=tuple(field(path, None, value) for path, value in fields.items()))

    assert told(plan(made))[:4] == [
        "+ Alpha",
        '    action.event     "agent.prompt"',
        '    action.text      "Tell me."',
        '    action.agent     "devin"',
    ]


def test_a_plan_that_is_refused_says_why_in_place_of_a_next_step() -> None:
    """It cannot be carried out, so no command is shown."""
    lines = told(plan(change("delete"), refusal="the plan has 9 deletes"))

    assert lines[-1] == "Plan refused: the plan has 9 deletes"
    assert [line for line in lines if "migrator apply" in line] == []


def test_nothing_to_do_is_said_so() -> None:
    """Unchanged jobs are counted, not listed."""
    assert told(plan(change("none"))) == ["Plan: 1 unchanged.", "No changes. The target is up to date."]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Alpha\nBeta", "Alpha⏎Beta"),
        ("\x1b[31mred\x07", "\\u001b[31mred\\u0007"),
        ("abc\u202edef", "abc\\u202edef"),
        ("[bold]x[/bold] :smile:", "[bold]x[/bold] :smile:"),
        ("家族 👩\u200d👧", "家族 👩\u200d👧"),
    ],
)
def test_names_cannot_play_with_the_terminal(name: str, shown: str) -> None:
    """Control characters are spelt out, and nothing in a name is taken for markup."""
    assert told(plan(change("create", name)))[0] == f"+ {shown}"


def test_columns_count_wide_characters_twice() -> None:
    """Names in any script leave the next column where it is."""
    rows = columns([("家族", "a"), ("née", "b"), ("plain", "c")])

    assert [cell_len(row[: row.index(last)]) for row, last in zip(rows, "abc", strict=True)] == [7, 7, 7]


def test_short_texts_are_shown_whole() -> None:
    """Up to the limit, in quotes; beyond it, with the number of characters of the whole."""
    assert shorten("x" * 60) == f'"{"x" * 60}"'
    assert shorten("x" * 1061) == f'"{"x" * 60}…" (1,061 characters)'
