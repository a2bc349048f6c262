"""A report as Markdown, for a pull request or a ticket: compact, with the long parts folded away.

What a platform sent is hostile: texts stand in code spans, or have every character escaped that Markdown or the code
host would act on, mentions and references among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from migrator.report.overview import Overview, OverviewRow
from migrator.report.text import count, stamp

LISTED: Final = 200
"""Rows of a table; comments on code hosts have a limit."""

_SHORT: Final = 60
"""Characters of an old and a new value that a cell has room for."""

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#+!|~$^&=-])")
_ACTED_ON: Final = re.compile(r"([@#]|:(?=//)|\bwww(?=\.)|\b(?:mailto|xmpp):|\bGH-(?=\d))", re.IGNORECASE)
_NOTHING: Final = "\u200b"
"""A character of no width: with it behind its sign, a mention or a reference is text."""


def markdown_text(shown: Overview) -> str:
    """Return an audit or a plan as Markdown."""
    return "\n".join(_blocks(shown)) + "\n"


def escaped(text: str) -> str:
    """Return a text that stands for itself and nothing else."""
    return _ACTED_ON.sub(rf"\1{_NOTHING}", _SPECIAL.sub(r"\\\1", text))


def code(text: str) -> str:
    """Return a text in a code span, where nothing is obeyed; within a table, too."""
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}".replace("|", r"\|") if text else ""


def _blocks(shown: Overview) -> Iterator[str]:
    title = f"{shown.source} → {shown.target}"
    yield f"## {shown.kind.capitalize()}: {escaped(title if shown.kind == 'audit' else f'{shown.name}, {title}')}"
    yield ""
    yield escaped(" ".join(shown.lead))
    yield ""
    if shown.refusal:
        yield f"**Plan refused:** {escaped(shown.refusal)}"
        yield ""
    yield from _table(["", "jobs", ""], [[one.sign, f"{one.jobs:,}", one.words] for one in shown.outcomes if one.jobs])
    if shown.decisions:
        yield from _decisions(shown)
    if shown.losses:
        yield from _section("Data loss")
        rows = [[code(one.path), f"{one.jobs:,}", escaped(one.reason)] for one in shown.losses]
        yield from _table(["what", "jobs", "why"], rows)
    pressing = [row for row in shown.rows if shown.tally(row.outcome).pressing]
    rest = [row for row in shown.rows if not shown.tally(row.outcome).pressing]
    if pressing:
        yield from _section("Changes" if shown.kind == "plan" else "Needs attention")
        yield from _jobs(pressing, shown)
    if rest:
        others = "other job" if pressing else "job"
        yield f"<details><summary>{count(len(rest), others)}</summary>"
        yield ""
        yield from _jobs(rest, shown)
        yield "</details>"
        yield ""
    yield f"Created {stamp(shown.at)}. " + ", ".join(f"{label}: {escaped(fact)}" for label, fact in shown.facts.items())


def _decisions(shown: Overview) -> Iterator[str]:
    yield from _section("Set in migrator.toml")
    yield from (f"- **{count(one.jobs, 'job')}**: {escaped(one.what)}" for one in shown.decisions)
    yield ""
    yield "```toml"
    for table, lines in shown.settings:
        yield table
        yield from lines
    yield "```"
    yield ""


def _jobs(rows: Sequence[OverviewRow], shown: Overview) -> Iterator[str]:
    cells = [
        [
            shown.tally(row.outcome).sign,
            _name(row),
            _schedule(row),
            *([_changes(row)] if shown.kind == "plan" else []),
            ", ".join(code(path) for path in dict.fromkeys(loss.path for loss in row.losses)),
            escaped("; ".join(filter(None, [row.reason, *row.needs]))),
        ]
        for row in rows[:LISTED]
    ]
    changes = ["changes"] if shown.kind == "plan" else []
    yield from _table(["", "job", "schedule", *changes, "data loss", ""], cells)
    if len(rows) > LISTED:
        yield f"and {len(rows) - LISTED:,} more, which the HTML and JSON reports list."
        yield ""


def _name(row: OverviewRow) -> str:
    more = [f"{row.pieces} jobs"] * (row.pieces > 1) + ["paused"] * row.paused
    return code(row.name) + (f" ({', '.join(more)})" if more else "")


def _schedule(row: OverviewRow) -> str:
    """Return the schedule before and after, and how faithful that is."""
    said = " → ".join(filter(None, [code(row.before), " + ".join(map(code, row.after))]))
    return "<br>".join(filter(None, [said, escaped(row.faithful)]))


def _changes(row: OverviewRow) -> str:
    """Return the fields that change: from old to new where that is short; those of a new job are all new."""
    said = [
        code(edit.path) + (f" {code(edit.old)} → {code(edit.new)}" if len(edit.old + edit.new) <= _SHORT else "")
        for edit in row.edits
        if edit.old
    ]
    return "<br>".join(said)


def _section(title: str) -> Iterator[str]:
    yield f"### {title}"
    yield ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    rules = ["---:" if cell == "jobs" else "---" for cell in head]
    yield from (f"| {' | '.join(cells)} |" for cells in [head, rules, *rows])
    yield ""
