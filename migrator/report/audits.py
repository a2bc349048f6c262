"""The audit of a connection: what a migration to another provider would do to each job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from migrator.audit import Audit, JobAudit, Outcome
from migrator.convert.fields import Need
from migrator.report.duplicates import duplicate_lines
from migrator.report.schedules import piece_words, verdict_name, verdict_words
from migrator.report.text import Line, clean, columns, count, line

SCHEMA: Final = "migrator/audit@1"

SIGNS: Final[Mapping[Outcome, tuple[str, str]]] = {
    "unreadable": ("!", "bold red"),
    "refused": ("!", "bold red"),
    "undecided": ("?", "yellow"),
    "lossy": ("~", "yellow"),
    "over": (" ", "dim"),
    "whole": ("+", "green"),
}
OUTCOME_WORDS: Final[Mapping[str, str]] = {
    "unreadable": "cannot be read",
    "refused": "cannot migrate",
    "undecided": "ready after you set required values",
    "lossy": "migrate with data loss",
    "over": "expired: not migrated",
    "whole": "migrate unchanged",
}


def audit_lines(found: Audit, *, verbose: bool = False) -> Iterator[Line]:
    """Yield the audit as text: the jobs that need a decision, the worst first, then counts and decisions.

    With `verbose`, every job. What several jobs in a row wait for is said once.
    """
    yield line((f"{found.connection} → {found.title}", "bold"), f": {count(len(found.findings), 'job')}")
    yield line("")
    shown = [finding for finding in found.findings if verbose or finding.outcome not in {"lossy", "over", "whole"}]
    previous: tuple[Need, ...] = ()
    for finding in shown:
        needs = finding.lowered.needs if finding.lowered and (finding.outcome == "undecided" or verbose) else ()
        said = [clean(need.what) for need in needs]
        yield from _finding_lines(finding, ["as above"] if said and needs == previous else said, verbose=verbose)
        previous = needs
    if shown:
        yield line("")
    failing = [(clean(finding.name), clean(finding.trouble)) for finding in found.findings if finding.trouble]
    yield from _table("Failing or disabled by the platform", failing)
    yield from _table(
        "Jobs", [(f"{number:,}", OUTCOME_WORDS[name]) for name, number in found.summary.items() if number]
    )
    verdicts = [(f"{number:,}", verdict_name(verdict)) for verdict, number in found.verdicts.items()]
    yield from _table("Schedules", verdicts)
    losses = [(f"{number:,}", path, clean(reason)) for (path, reason), number in found.losses.items()]
    yield from _table("Data loss", losses)
    yield from duplicate_lines(found.duplicates, command="")
    if found.decisions:
        yield line(("Set in migrator.toml:", "bold"))
        yield from (line(f"{count(one.jobs, 'job')}: {clean(one.what)}", indent=2) for one in found.decisions)
        tables = dict.fromkeys(decision.table for decision in found.decisions)
        for table in tables:
            yield line((table, "cyan"), indent=4)
            yield from (line((one.line, "cyan"), indent=4) for one in found.decisions if one.table == table)


def _table(title: str, rows: Sequence[tuple[str, ...]]) -> Iterator[Line]:
    if rows:
        yield line((f"{title}:", "bold"))
        width = max(len(row[0]) for row in rows)
        aligned = [(row[0].rjust(width), *row[1:]) for row in rows]
        yield from (line(text, indent=2, hang=width + 2) for text in columns(aligned))


def _finding_lines(finding: JobAudit, needs: Iterable[str], *, verbose: bool) -> Iterator[Line]:
    sign, style = SIGNS[finding.outcome]
    yield line((f"{sign} ", style), (clean(finding.name), style), "" if finding.enabled else " (paused)")
    if finding.reason:
        yield line(clean(finding.reason), indent=4)
    converted = finding.lowered
    if converted is None:
        return
    yield from (line(need, indent=4) for need in needs)
    schedule = converted.schedule
    if source := schedule.evidence.get("source"):
        said = " + ".join(piece_words(piece) for piece in schedule.pieces)
        verdict = verdict_words(
            schedule.verdict,
            pieces=len(schedule.pieces),
            until=schedule.until,
            flags=schedule.flags,
            evidence=schedule.evidence,
        )
        yield line(" → ".join(filter(None, [piece_words(source), said])), f": {verdict}", indent=4)
    if verbose:
        yield from (line(f"loses {loss.path}: {clean(loss.reason)}", indent=4) for loss in converted.losses)
