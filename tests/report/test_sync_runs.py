"""The report of a sync run: what needs a person comes first, in HTML and in Markdown, and is inert."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from markdown_it import MarkdownIt

from migrator.execute.outcomes import Applied, Outcome
from migrator.plan.changes import Change
from migrator.report.html.pages import sync_run_page
from migrator.report.markdown import sync_run_markdown
from migrator.report.sync_runs import sync_run_lines
from migrator.report.views.sync_runs import SyncRunView, sync_run_view
from tests.report.bench import HOSTILE
from tests.report.conftest import Open
from tests.report.sync_results import MADE, SOURCE, bad_night, outcome, plan, sync_run_of, synced


def test_it_says_first_what_needs_a_person() -> None:
    """Promises that lapse, failures, conflicts and refusals stand before hand edits, and what was done stands last."""
    shown = sync_run_view(bad_night())
    busy, down, quiet = shown.syncs

    assert [section.title for section in busy.sections] == [
        "Schedules that expire before the next run",
        "Failed",
        "Changed on both sides",
        "Blocked",
        "Edited at the target",
        "Not started",
        "Done",
    ]
    assert [section.pressing for section in busy.sections] == [True] * 6 + [False]
    assert (busy.status.words, down.status.key, down.error[0]) == ("partly failed", "1", ("", "the token is refused"))
    assert (quiet.status.sign, quiet.sections, quiet.error) == ("✓", (), ())
    assert shown.lead == (
        "2 of 3 syncs failed or need a decision.",
        "Schedules are exact until 2026-11-21 11:17 UTC: the next sync must run before.",
    )
    assert shown.facts["requests"] == "2 to omni, 7 to devin"


def test_a_job_is_in_one_section() -> None:
    """A conflict is not listed among the blocked once more; what is still open says since when."""
    by_title = {section.title: section.entries for section in sync_run_view(bad_night()).syncs[0].sections}

    assert [entry.note for entry in by_title["Changed on both sides"]] == ["new"]
    assert [entry.text for entry in by_title["Blocked"]] == ["it would lose action.branch"]
    assert [entry.note for entry in by_title["Edited at the target"]] == ["open since 2026-11-19 02:17 UTC"]


def test_a_refused_plan_makes_no_job_active_on_both_sides() -> None:
    """Its new jobs were not made; those of a plan that was applied are counted, in each format."""
    made = Change(action="create", source=SOURCE, name="Alpha")
    done = (Outcome(action="create", source=SOURCE, target=MADE, name="Alpha", status="done"),)
    refused, applied = (
        sync_run_view(sync_run_of(found))
        for found in (
            synced(plan=plan(made, refusal="too many"), applied=Applied()),
            synced(plan=plan(made), applied=Applied(run="r1", outcomes=done)),
        )
    )

    for text in (_terminal(applied), sync_run_markdown(applied), sync_run_page(applied)):
        assert "ACTIVE ON BOTH SIDES" in text
    for text in (_terminal(refused), sync_run_markdown(refused), sync_run_page(refused)):
        assert "ACTIVE ON BOTH SIDES" not in text


def _terminal(view: SyncRunView) -> str:
    return "\n".join(line.text.plain for line in sync_run_lines(view))


def test_a_quiet_night_is_short() -> None:
    """Where all is in order, Markdown is the table alone."""
    text = sync_run_markdown(sync_run_view(sync_run_of(synced(), synced(name="other"))))

    assert "2 syncs, all in order." in text
    assert "| ✓ | `nightly` | in order | 0 unchanged |" in text
    assert "###" not in text


def test_no_prompt_stands_in_a_report() -> None:
    """A report names the fields that were edited, and not what stands in them."""
    shown = sync_run_view(bad_night())

    assert "action.text" in sync_run_page(shown)
    assert [text for text in (sync_run_page(shown), sync_run_markdown(shown)) if "prompt." in text] == []


@pytest.mark.parametrize("text", [HOSTILE, "[click](http://evil.example) | `x", "<b>@everyone #1 | --- |"])
def test_what_a_platform_sent_is_text_in_markdown(text: str) -> None:
    """No element, link or column comes of a name or an error."""
    render = MarkdownIt("gfm-like", {"linkify": False, "html": True})
    html, ours = (render.render(sync_run_markdown(sync_run_view(bad_night(name, name)))) for name in (text, "Plain"))

    assert [html.count(tag) for tag in ("<td", "<li", "<p>")] == [ours.count(tag) for tag in ("<td", "<li", "<p>")]
    assert [tag for tag in ("<a ", "<img", "<script", "<b>", "<svg") if tag in html] == []


@pytest.mark.slow
def test_it_renders_without_a_complaint_and_asks_for_nothing(open_report: Open) -> None:
    """In a browser: no console message, no request, nothing of a hostile name comes alive, and axe finds no fault."""
    opened = open_report(sync_run_page(sync_run_view(bad_night(HOSTILE, HOSTILE))))

    assert (opened.complaints, opened.requests, opened.page.locator("img").count()) == ([], [], 0)
    assert "owned" not in opened.page.title()
    assert opened.page.get_by_role("rowheader", name="Changed on both sides").count() == 1
    for scheme in ("light", "dark"):
        page = open_report(sync_run_page(sync_run_view(bad_night())), color_scheme=scheme).page
        assert Axe().run(page).response["violations"] == []


def test_a_long_list_is_cut_in_markdown_alone() -> None:
    """A hundred entries of a section are enough for a ticket."""
    many = tuple(outcome(f"Job {number}") for number in range(150))
    found = sync_run_of(synced(applied=synced().applied.__class__(run="r1", outcomes=many)))

    assert "and 50 more" in sync_run_markdown(sync_run_view(found))
    assert "Job 149" in sync_run_page(sync_run_view(found))
