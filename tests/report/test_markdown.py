"""The Markdown report: compact, and inert whatever a platform sent."""

from __future__ import annotations

import re
from typing import Any

import attrs
import pytest
from markdown_it import MarkdownIt

from migrator.report.html.pages import jobs_page
from migrator.report.markdown import code, escaped, jobs_markdown
from migrator.report.views import Remark
from migrator.report.views.audits import audit_view
from migrator.report.views.plans import plan_view
from tests.cli.bench import routine
from tests.report.bench import HOSTILE, audited, many, samples
from tests.report.plans import change, field, plan

RENDER = MarkdownIt("gfm-like", {"linkify": False, "html": True})


def test_it_says_what_it_comes_to_what_to_decide_and_every_job() -> None:
    """Counts, decisions with their lines, losses with their reasons, and a row for each job."""
    text = jobs_markdown(audit_view(audited(samples("omni"))))

    assert text.startswith("## Audit: omni → Devin Schedules\n")
    assert '```toml\n[syncs.omni-to-devin]\nallow_loss = ["action.branch", "action.model"' in text
    assert "| `action.model` | 12 | Devin has no data models |" in text
    assert "| `Weekly revenue note` | `0 9 ? * MON * (America/New_York)` → `0 14 * * 1 (UTC)`<br>exact until" in text
    assert text.count("\n| ~ | `") == 12


def test_a_plan_says_what_changes() -> None:
    """Fields with their old and new values where these are short; what is unchanged is folded away."""
    fields = (field("enabled", old=True, new=False), field("action.text", "Long. " * 30, "Longer. " * 30))
    text = jobs_markdown(plan_view(plan(change("update", fields=fields), change("none", "Beta"))))

    assert "### Changes" in text
    assert "| `enabled` `yes` → `no`<br>`action.text` |" in text
    assert text.index("`Alpha`") < text.index("<details><summary>1 other job</summary>") < text.index("`Beta`")


def test_a_plan_has_the_terminals_remarks() -> None:
    """What must be known of the whole is said in each format: jobs that run twice, or a refusal."""
    doubled, refused = plan_view(plan(change("create"))), plan_view(plan(change("create"), refusal="too many"))

    for render in (jobs_markdown, jobs_page):
        assert "ACTIVE ON BOTH SIDES afterwards" in render(doubled)
        assert "Plan refused:" in render(refused)
        assert "ACTIVE ON BOTH SIDES" not in render(refused)


def test_a_long_report_stays_short_enough_for_a_comment() -> None:
    """Two thousand jobs fit into what a code host takes as one comment, and the rest is counted."""
    text = jobs_markdown(audit_view(audited(many(2_000))))

    assert len(text) < 65_536
    assert "and 1,800 more" in text


@pytest.mark.parametrize(
    "name",
    [
        HOSTILE,
        "a | b ` c `` d",
        "[click](http://evil.example) ![x](http://evil.example/x.png)",
        "@everyone #12 GH-12 http://evil.example <b>",
        "# **bold** ~~gone~~ | --- |",
        "`",
        "||",
    ],
)
def test_what_a_platform_sent_is_text(name: str) -> None:
    """No element, link or column comes of a name, in a table or outside."""
    hostile: dict[str, Any] = routine(name, topicName=name, description=name)
    html = RENDER.render(jobs_markdown(audit_view(audited([hostile]))))
    ours = RENDER.render(jobs_markdown(audit_view(audited([routine("Plain", topicName="t", description="d")]))))

    assert [html.count(tag) for tag in ("<td", "<tr", "<table")] == [
        ours.count(tag) for tag in ("<td", "<tr", "<table")
    ]
    for tag in ("<a ", "<img", "<script", "<b>", "<svg", "<strong>bold", "<s>"):
        assert tag not in html


LINKS = [
    "www.evil.example",
    "see (www.evil.example/a?b) there",
    "WWW.evil.example",
    "HTTPS://evil.example",
    "ftp://evil.example",
    "mailto:me@evil.example",
    "xmpp:me@evil.example/a",
    "me@evil.example",
]
"""What code hosts make a link of, although it stands in no brackets."""
_AUTOLINK = re.compile(r"(?i)\bwww\.|https?://|ftp://|mailto:[^\u200b]|xmpp:[^\u200b]|[\w.+-]@[\w-]")
"""How GitHub Flavored Markdown finds them."""


@pytest.mark.parametrize("text", LINKS)
def test_no_link_comes_of_a_text(text: str) -> None:
    """Neither of an address in an error of a platform nor of an e-mail address."""
    assert _AUTOLINK.search(text)
    assert not _AUTOLINK.search(RENDER.renderInline(escaped(text)))
    hostile = attrs.evolve(audit_view(audited([routine("Plain")])), lead=(text,), remarks=(Remark(text=text),))
    assert not re.search(r"(?i)\bwww\.|://|me@evil", jobs_markdown(hostile))


@pytest.mark.parametrize("text", ["@someone", "#12", "org/repo#3", "see GH-7", "http://evil.example", *LINKS])
def test_nobody_is_called_and_nothing_is_referred_to(text: str) -> None:
    """A sentence with a mention or a reference keeps its letters, and is no mention any more."""
    said = escaped(text)

    assert said != text
    assert RENDER.renderInline(said).replace("\u200b", "") == text


@pytest.mark.parametrize("text", ["a", "`", "``", "a`b", "`a", "a`", "| `|"])
def test_a_code_span_holds_any_text(text: str) -> None:
    """Whatever the number of backticks in it; bars are escaped for tables."""
    (row,) = [token for token in RENDER.parse(f"| x |\n| --- |\n| {code(text)} |") if token.type == "inline"][1:]

    assert [(child.type, child.content) for child in row.children or ()] == [("code_inline", text)]
