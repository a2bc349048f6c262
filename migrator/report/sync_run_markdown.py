"""The report of a sync run as Markdown, for the summary of a pipeline or a ticket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrator.report.markdown import code, escaped
from migrator.report.sync_run_view import Entry, SyncPart, SyncRunView, SyncView
from migrator.report.text import count, stamp

_LISTED: Final = 100
"""Entries of one part that are listed; the other reports have all of them."""


def sync_run_markdown(shown: SyncRunView) -> str:
    """Return a sync run as Markdown."""
    return "\n".join(_blocks(shown)) + "\n"


def _blocks(shown: SyncRunView) -> Iterator[str]:
    yield "## Sync"
    yield ""
    yield escaped(" ".join(shown.lead))
    yield ""
    yield "| | sync | | |"
    yield "| --- | --- | --- | --- |"
    for one in shown.syncs:
        yield f"| {one.sign} | {code(one.name)} | {escaped(one.means)} | {escaped(one.result)} |"
    yield ""
    for one in shown.syncs:
        yield from _sync(one)
    facts = ", ".join(f"{label}: {escaped(fact)}" for label, fact in shown.facts.items())
    yield f"Ended {stamp(shown.at)}. {facts}"


def _sync(one: SyncView) -> Iterator[str]:
    if not (one.error or one.parts):
        return
    yield f"### {escaped(one.name)}: {escaped(one.source)} → {escaped(one.target)}"
    yield ""
    if one.error:
        yield "<br>".join(f"{label}: {escaped(text)}" if label else escaped(text) for label, text in one.error)
        yield ""
    for part in one.parts:
        yield from _part(part) if part.pressing else _folded(part)


def _part(part: SyncPart) -> Iterator[str]:
    yield f"**{part.title}**"
    yield ""
    yield from map(_entry, part.entries[:_LISTED])
    if len(part.entries) > _LISTED:
        yield f"- and {len(part.entries) - _LISTED:,} more"
    yield ""


def _folded(part: SyncPart) -> Iterator[str]:
    yield f"<details><summary>{part.title}: {count(len(part.entries), 'job')}</summary>"
    yield ""
    yield from _part(part)
    yield "</details>"
    yield ""


def _entry(entry: Entry) -> str:
    said = f": {escaped(entry.said)}" if entry.said else ""
    return f"- {code(entry.name)}{said}" + (f" ({escaped(entry.note)})" if entry.note else "")
