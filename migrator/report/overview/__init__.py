"""The contents of an HTML or Markdown report: counts, decisions, losses, and one row for each job.

Every text in it stands on one line and moves no cursor (`report.words.clean`); drawing it must still escape it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from attrs import frozen

from migrator.forecast import Forecast, Week
from migrator.plan.policy import Policy

Tone = Literal["good", "note", "warn", "bad", "move", "quiet"]
"""good: in order. note: needs a decision. warn: something changes or is lost. bad: refused or deleted.
move: resumed or adopted. quiet: no change."""


@frozen(kw_only=True)
class Tally:
    """The number of jobs that have something in common.

    Attributes:
        key: what filters find them by.
        sign: one character, so that colour is not alone in saying it.
        short: what it is, in a word or two.
        words: the same in a sentence that goes on from the number.
        tone: how it is coloured.
        jobs: how many.
        pressing: whether a person should look at these jobs first.
    """

    key: str
    sign: str = ""
    short: str = ""
    words: str
    tone: Tone = "quiet"
    jobs: int
    pressing: bool = False


@frozen(kw_only=True)
class LossRow:
    """Something that a job, or several, give up: what, what is left of it, and why."""

    path: str
    reason: str
    had: str = ""
    becomes: str = ""
    jobs: int = 1


@frozen(kw_only=True)
class Edit:
    """One field of a job.

    Attributes:
        path: canonical path.
        old: what it has.
        new: what it gets.
        note: what else must be known.
        parts: of a text that changes, what goes, comes and stays, in order: ("old" | "new" | "", text).
    """

    path: str
    old: str
    new: str
    note: str = ""
    parts: tuple[tuple[str, str], ...] = ()


@frozen(kw_only=True)
class OverviewRow:
    """One job.

    Attributes:
        outcome: key of its tally.
        name: visible name.
        pieces: how many target jobs the row stands for.
        source: where it lives.
        targets: what stands for it at the target.
        paused: whether it does not run at present.
        reason: what must be said about the whole of it.
        needs: what must be decided before it can go.
        settles: the lines of the config file that say it.
        before: its schedule at the source.
        meaning: that in a sentence.
        after: its schedules at the target.
        verdict: key of the verdict; "" where no schedule was judged.
        faithful: the verdict in a sentence.
        timezone: whose wall clock it follows.
        losses: what it gives up.
        edits: what changes at the target.
        forecast: when it fires; None when no calendar can say.
    """

    outcome: str
    name: str
    pieces: int = 1
    source: str
    targets: tuple[str, ...] = ()
    paused: bool = False
    reason: str = ""
    needs: tuple[str, ...] = ()
    settles: tuple[str, ...] = ()
    before: str = ""
    meaning: str = ""
    after: tuple[str, ...] = ()
    verdict: str
    faithful: str = ""
    timezone: str = "UTC"
    losses: tuple[LossRow, ...] = ()
    edits: tuple[Edit, ...] = ()
    forecast: Forecast | None = None


@frozen(kw_only=True)
class Overview:
    """A report.

    Attributes:
        kind: which.
        name: of the connection or the sync.
        source: where jobs come from.
        target: where they go.
        at: when it was made.
        facts: what else there is to know about the report itself, by label.
        lead: what it comes to, a sentence each.
        refusal: why the whole of it is refused; "" when it is not.
        outcomes: jobs by what happens to them, in the order of gravity.
        verdicts: jobs by the verdict on their schedule, the most frequent first.
        decisions: what a person must decide.
        losses: what is given up, the most frequent first.
        rows: the jobs.
        week: fires of the active jobs that are migrated, by hour of the week.
        left_out: how many active jobs have fires and are not migrated.
    """

    kind: Literal["audit", "plan"]
    name: str
    source: str
    target: str
    at: datetime
    facts: Mapping[str, str]
    lead: tuple[str, ...]
    refusal: str = ""
    outcomes: tuple[Tally, ...]
    verdicts: tuple[Tally, ...]
    decisions: tuple[Policy, ...]
    losses: tuple[LossRow, ...]
    rows: tuple[OverviewRow, ...]
    week: Week
    left_out: int = 0

    def tally(self, key: str) -> Tally:
        """Return the tally of a row's outcome."""
        return next(one for one in self.outcomes if one.key == key)

    @property
    def settings(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        """Yield the decisions as text for the config file: each table with its lines."""
        tables = dict.fromkeys(decision.table for decision in self.decisions)
        return [(table, tuple(d.line for d in self.decisions if d.table == table)) for table in tables]
