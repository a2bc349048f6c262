"""A report as Markdown, for a pull request or a ticket: compact, with the long parts folded away.

What a platform sent is hostile: texts stand in code spans, or have every character escaped that Markdown or the code
host would act on, mentions and references among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from migrator.report.text import count, stamp
from migrator.report.views import Edit, JobRow, JobsView, Remark
from migrator.report.views.sync_runs import Entry, Section, SyncRunView, SyncView

LISTED: Final = 200
"""Rows of a table; comments on code hosts have a limit."""

_ENTRIES: Final = 100
"""Entries of one section that are listed; the other reports have all of them."""

_SHORT: Final = 60
"""Characters of an old and a new value that a cell has room for."""

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#+!|~$^&=-])")
_ACTED_ON: Final = re.compile(r"([@#]|:(?=//)|\bwww(?=\.)|\b(?:mailto|xmpp):|\bGH-(?=\d))", re.IGNORECASE)
_NOTHING: Final = "\u200b"
"""A character of no width: with it behind its sign, a mention or a reference is text."""


def jobs_markdown(view: JobsView) -> str:
    """Return an audit or a plan as Markdown."""
    return "\n".join(_blocks(view)) + "\n"


def escaped(text: str) -> str:
    """Return a text that is nothing but text."""
    return _ACTED_ON.sub(rf"\1{_NOTHING}", _SPECIAL.sub(r"\\\1", text))


def code(text: str) -> str:
    """Return a text in a code span, where nothing is obeyed; within a table, too."""
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}".replace("|", r"\|") if text else ""


def remark(one: Remark) -> str:
    """Return a remark as a paragraph."""
    label = f"**{escaped(one.label.strip())}** " if one.label else ""
    return f"{label}{escaped(one.text)}{code(one.code)}"


def _blocks(view: JobsView) -> Iterator[str]:
    title = f"{view.source} → {view.target}"
    yield f"## {view.kind.capitalize()}: {escaped(title if view.kind == 'audit' else f'{view.name}, {title}')}"
    yield ""
    yield escaped(" ".join(view.lead))
    yield ""
    for one in view.remarks:
        yield remark(one)
        yield ""
    yield from _table(["", "jobs", ""], [[one.sign, f"{one.jobs:,}", one.words] for one in view.outcomes if one.jobs])
    if view.decisions:
        yield from _decisions(view)
    if view.losses:
        yield from _section("Data loss")
        rows = [[code(one.path), f"{one.jobs:,}", escaped(one.reason)] for one in view.losses]
        yield from _table(["what", "jobs", "why"], rows)
    pressing = [row for row in view.jobs if row.category.pressing]
    rest = [row for row in view.jobs if not row.category.pressing]
    if pressing:
        yield from _section("Changes" if view.kind == "plan" else "Needs attention")
        yield from _jobs(pressing, view)
    if rest:
        others = "other job" if pressing else "job"
        yield f"<details><summary>{count(len(rest), others)}</summary>"
        yield ""
        yield from _jobs(rest, view)
        yield "</details>"
        yield ""
    yield f"Created {stamp(view.at)}. " + ", ".join(f"{label}: {escaped(fact)}" for label, fact in view.facts.items())


def _decisions(view: JobsView) -> Iterator[str]:
    yield from _section("Set in migrator.toml")
    yield from (f"- **{count(one.jobs, 'job')}**: {escaped(one.what)}" for one in view.decisions)
    yield ""
    yield "```toml"
    for table, lines in view.settings.items():
        yield table
        yield from lines
    yield "```"
    yield ""


def _jobs(rows: Sequence[JobRow], view: JobsView) -> Iterator[str]:
    cells = [
        [
            row.category.sign,
            _name(row),
            _schedule(row),
            *([_changes(row)] if view.kind == "plan" else []),
            ", ".join(code(path) for path in dict.fromkeys(loss.path for loss in row.losses)),
            escaped("; ".join(filter(None, [row.reason, *row.needs]))),
        ]
        for row in rows[:LISTED]
    ]
    changes = ["changes"] if view.kind == "plan" else []
    yield from _table(["", "job", "schedule", *changes, "data loss", ""], cells)
    if len(rows) > LISTED:
        yield f"and {len(rows) - LISTED:,} more, which the HTML and JSON reports list."
        yield ""


def _name(row: JobRow) -> str:
    more = [f"{len(row.parts)} jobs"] * (len(row.parts) > 1) + ["paused"] * row.paused
    return code(row.name) + (f" ({', '.join(more)})" if more else "")


def _schedule(row: JobRow) -> str:
    """Return before, after, what was at the target, and how faithful that is."""
    if (one := row.schedule) is None:
        return ""
    words = " → ".join(filter(None, [code(one.before), " + ".join(map(code, one.after))]))
    return "<br>".join(filter(None, [words, f"was {code(one.was)}" if one.was else "", escaped(one.faithful)]))


def _changes(row: JobRow) -> str:
    """Return the fields that change, and of short values from what to what; those of a new job are all new."""
    return "<br>".join(_change(edit) for edit in row.edits if edit.kind != "new")


def _change(edit: Edit) -> str:
    old, new = edit.words()
    values = f" {code(old)} → {code(new)}" if edit.kind == "changed" and len(old + new) <= _SHORT else ""
    return f"{code(edit.path)}{f' {edit.where}' if edit.where else ''}{values}"


def _section(title: str) -> Iterator[str]:
    yield f"### {title}"
    yield ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    rules = ["---:" if cell == "jobs" else "---" for cell in head]
    yield from (f"| {' | '.join(cells)} |" for cells in [head, rules, *rows])
    yield ""


def sync_run_markdown(view: SyncRunView) -> str:
    """Return a sync run as Markdown."""
    return "\n".join(_run_blocks(view)) + "\n"


def _run_blocks(view: SyncRunView) -> Iterator[str]:
    yield "## Sync"
    yield ""
    yield escaped(" ".join(view.lead))
    yield ""
    yield "| | sync | | |"
    yield "| --- | --- | --- | --- |"
    for one in view.syncs:
        yield f"| {one.status.sign} | {code(one.name)} | {escaped(one.status.words)} | {escaped(one.result)} |"
    yield ""
    for one in view.syncs:
        yield from _sync(one)
    facts = ", ".join(f"{label}: {escaped(fact)}" for label, fact in view.facts.items())
    yield f"Ended {stamp(view.at)}. {facts}"


def _sync(one: SyncView) -> Iterator[str]:
    if not (one.error or one.sections):
        return
    yield f"### {escaped(one.name)}: {escaped(one.source)} → {escaped(one.target)}"
    yield ""
    if one.error:
        yield "<br>".join(f"{label}: {escaped(text)}" if label else escaped(text) for label, text in one.error)
        yield ""
    for section in one.sections:
        yield from _entries(section) if section.pressing else _folded(section)


def _entries(section: Section) -> Iterator[str]:
    yield f"**{section.title}**"
    yield ""
    yield from map(_entry, section.entries[:_ENTRIES])
    if len(section.entries) > _ENTRIES:
        yield f"- and {len(section.entries) - _ENTRIES:,} more"
    yield ""


def _folded(section: Section) -> Iterator[str]:
    yield f"<details><summary>{section.title}: {count(len(section.entries), 'job')}</summary>"
    yield ""
    yield from _entries(section)
    yield "</details>"
    yield ""


def _entry(entry: Entry) -> str:
    text = f": {escaped(entry.text)}" if entry.text else ""
    return f"- {code(entry.name)}{text}" + (f" ({escaped(entry.note)})" if entry.note else "")
