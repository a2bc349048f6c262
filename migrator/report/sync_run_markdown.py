"""The report of a sync run as Markdown, for the summary of a pipeline or a ticket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrator.report.markdown import code, escaped
from migrator.report.text import count, stamp
from migrator.report.views.sync_runs import Entry, Section, SyncRunView, SyncView

_LISTED: Final = 100
"""Entries of one section that are listed; the other reports have all of them."""


def sync_run_markdown(view: SyncRunView) -> str:
    """Return a sync run as Markdown."""
    return "\n".join(_blocks(view)) + "\n"


def _blocks(view: SyncRunView) -> Iterator[str]:
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
        yield from _section(section) if section.pressing else _folded(section)


def _section(section: Section) -> Iterator[str]:
    yield f"**{section.title}**"
    yield ""
    yield from map(_entry, section.entries[:_LISTED])
    if len(section.entries) > _LISTED:
        yield f"- and {len(section.entries) - _LISTED:,} more"
    yield ""


def _folded(section: Section) -> Iterator[str]:
    yield f"<details><summary>{section.title}: {count(len(section.entries), 'job')}</summary>"
    yield ""
    yield from _section(section)
    yield "</details>"
    yield ""


def _entry(entry: Entry) -> str:
    text = f": {escaped(entry.text)}" if entry.text else ""
    return f"- {code(entry.name)}{text}" + (f" ({escaped(entry.note)})" if entry.note else "")
