"""The HTML report in a real browser: it needs nothing else, and works by mouse, keyboard and ear."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from migrator.report.html.pages import jobs_page
from migrator.report.views.audits import audit_view
from migrator.report.views.plans import plan_view
from tests.cli.bench import routine
from tests.report.bench import HOSTILE, audited, many, samples
from tests.report.conftest import Open
from tests.report.plans import WINDOW, change, field, plan

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report() -> str:
    """The audit of the sample jobs."""
    return jobs_page(audit_view(audited(samples("devin"), source="devin", target="omni")))


def shown(page: Page) -> list[str]:
    """The names of the jobs that can be seen, from top to bottom."""
    return page.locator("#table > tbody:visible .one button").all_inner_texts()


@pytest.mark.parametrize("number", [0, 1, 13])
def test_it_renders_without_a_complaint_and_asks_for_nothing(open_report: Open, number: int) -> None:
    """No console message, no request, and every job is there."""
    opened = open_report(jobs_page(audit_view(audited(many(number)))))

    assert (opened.complaints, opened.requests) == ([], [])
    assert len(shown(opened.page)) == number


def test_many_jobs_are_laid_out_when_they_are_asked_for(open_report: Open) -> None:
    """The first 250 at once, the others by search, by order, or all together; a job takes less than four kilobytes."""
    text = jobs_page(audit_view(audited(many(300))))
    page = open_report(text).page

    assert len(text) < 4_000 * 300 + 60_000
    expect(page.locator("#count")).to_have_text("300 jobs")
    assert page.locator("#table > tbody:visible").count() == 250
    page.locator("#find").fill("job 0299")
    assert shown(page) == ["Job 0299"]
    page.locator("#find").fill("")
    page.locator("#whole").click()
    assert page.locator("#table > tbody:visible").count() == 300
    assert page.locator("#whole:visible").count() == 0


def test_a_plan_renders_too(open_report: Open) -> None:
    """The same page for a plan: actions in place of outcomes, changes from old to new, a refusal at the top."""
    renamed = field("action.text", "Do this.", "Do that.")
    made = plan(change("update", fields=(renamed,), schedule=WINDOW), change("blocked", "Beta"), refusal="too much")
    opened = open_report(jobs_page(plan_view(made)))
    page = opened.page
    page.locator("#open").click()

    assert (opened.complaints, opened.requests) == ([], [])
    assert shown(page) == ["Beta", "Alpha"]
    assert page.locator(".alert").inner_text() == "Plan refused: too much"
    assert [page.locator(tag).inner_text() for tag in ("del", "ins")] == ["this.", "that."]
    assert not Axe().run(page).response["violations"]


def test_what_a_platform_sent_is_text(open_report: Open) -> None:
    """Markup, script and templates in names, prompts and reasons do nothing but stand there."""
    hostile = routine(HOSTILE, prompt=HOSTILE, description=HOSTILE, topicName="</pre></code><b>")
    opened = open_report(jobs_page(audit_view(audited([hostile]))))
    opened.page.locator("#open").click()

    assert shown(opened.page) == [HOSTILE]
    assert (opened.page.locator("img").count(), opened.complaints, opened.requests) == (0, [], [])
    assert "owned" not in opened.page.title()


def test_its_own_policy_stops_what_would_slip_through(open_report: Open, report: str) -> None:
    """Even markup that got into the file runs and loads nothing: only our script and our style have a digest."""
    image = "<img src='http://localhost:9/x.png' onerror='document.title=\"owned\"'>"
    slipped = f"{image}<script>document.title='owned'</script><p style='color: red'>"
    opened = open_report(report.replace("<h2", f"{slipped}<h2", 1))

    assert "owned" not in opened.page.title()
    for rule in ("img-src", "script-src", "style-src"):
        assert any("Content Security Policy" in text and rule in text for text in opened.complaints)


def test_search_filters_and_order(open_report: Open, report: str) -> None:
    """Search looks at everything that is said of a job; filters add up; the count tells; reset brings all back."""
    page = open_report(report).page
    everything = shown(page)
    assert len(everything) == 12

    page.locator("#find").fill("PAYDAY")
    assert shown(page) == ["Payday audit"]
    expect(page.locator("#count")).to_have_text("1 of 12 jobs")
    page.locator("#find").fill("")

    page.locator("#verdict").select_option("exact")
    kept = shown(page)
    assert 0 < len(kept) < 12
    page.locator("input[name=outcome]").first.uncheck()
    assert set(shown(page)) <= set(kept)

    page.locator("#tools button[type=reset]").click()
    assert shown(page) == everything

    page.locator("#sort").select_option("name")
    assert shown(page) == sorted(everything, key=str.casefold)
    page.locator("#sort").select_option("n")
    assert shown(page) == everything


def test_nothing_found_says_so_and_leads_back(open_report: Open, report: str) -> None:
    """A search without a result is told, with the way back."""
    page = open_report(report).page
    page.locator("#find").fill("no such job anywhere")

    assert shown(page) == []
    page.locator("#again").click()
    assert len(shown(page)) == 12
    expect(page.locator("#find")).to_be_focused()


def test_a_number_at_the_top_filters(open_report: Open, report: str) -> None:
    """The counts are buttons: pressed once they show those jobs alone, twice all of them."""
    page = open_report(report).page
    tile = page.locator("[data-only=refused]")
    number = int(tile.locator("b").inner_text())

    tile.click()
    assert (len(shown(page)), tile.get_attribute("aria-pressed")) == (number, "true")
    tile.click()
    assert (len(shown(page)), tile.get_attribute("aria-pressed")) == (12, "false")


def test_the_keyboard_is_enough(open_report: Open, report: str) -> None:
    """Skip link first, / to search, Escape to clear, Enter to open a job; the focus can be seen."""
    page = open_report(report).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    page.keyboard.press("/")
    page.keyboard.type("payday")
    assert shown(page) == ["Payday audit"]
    page.keyboard.press("Escape")
    assert len(shown(page)) == 12

    job = page.locator("#table .one button").first
    job.focus()
    assert job.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert job.get_attribute("aria-expanded") == "true"
    expect(page.locator(f"#{job.get_attribute('aria-controls')}")).to_be_visible()


def test_the_theme_follows_the_system_until_it_is_chosen(open_report: Open, report: str) -> None:
    """Dark where the system is dark; the button goes through system, light and dark."""
    page = open_report(report, color_scheme="dark").page

    def paper() -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    assert paper() < 150
    page.locator("#theme").click()
    assert (page.locator("#theme span").inner_text(), paper() > 600) == ("light", True)
    page.locator("#theme").click()
    assert (page.locator("#theme span").inner_text(), paper() < 150) == ("dark", True)


def test_a_line_for_the_config_is_copied(open_report: Open, report: str) -> None:
    """The copy button gives the table and the line, ready to paste."""
    page = open_report(report).page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("button.copy").first.click()

    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator(".code code").first.inner_text().strip()
    assert copied.startswith("[syncs.")
    expect(page.locator("#said")).to_have_text("Copied")


def test_without_script_everything_is_there(open_report: Open, report: str) -> None:
    """Where no script runs, every job is open, and no control stands there that does nothing."""
    page = open_report(report, script=False).page

    assert page.locator(".more:visible").count() == 12
    assert page.locator("#tools:visible, .copy:visible, #theme:visible").count() == 0


@pytest.mark.parametrize(("width", "media"), [(390, "screen"), (768, "screen"), (1280, "screen"), (690, "print")])
def test_nothing_reaches_over_the_edge(
    open_report: Open, report: str, width: int, media: Literal["screen", "print"]
) -> None:
    """From a phone to a desk and on paper, the page is never wider than its window, and no part lies over another."""
    page = open_report(report, width=width).page
    page.locator("#open").click()
    page.emulate_media(media=media)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for parts in (".tiles > li", ".cols > div"):
        wide = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
        assert page.locator(parts).evaluate_all(wide) == []


def test_on_paper_every_job_is_open_and_no_control_is_left(open_report: Open, report: str) -> None:
    """What is printed is complete, and has no buttons."""
    page = open_report(report, color_scheme="dark").page
    page.emulate_media(media="print")

    assert page.locator(".more:visible").count() == 12
    assert page.locator("#tools:visible, .copy:visible, #theme:visible").count() == 0
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_rule_of_accessibility_is_broken(open_report: Open, report: str, scheme: str, width: int) -> None:
    """Axe finds nothing: landmarks, headings, names of controls, tables, contrast, in both themes, all jobs open."""
    page = open_report(report, color_scheme=scheme, width=width, reduced_motion="reduce").page
    page.locator("#open").click()
    found = Axe().run(page)

    assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]] == []
