"""What people are told of an audit, a plan or a sync run: one view, which terminal, Markdown and HTML lay out.

    schedules   a job's schedule before and after, in words and as a forecast
    plans       of a plan: PlanView
    audits      of an audit: AuditView
    sync_runs   of a sync run: SyncRunView

A view says what is shown, in which order and words; a renderer reads nothing else. Rows are made one by one, and what
is expensive when it is asked for. Every text is on one line and moves no cursor (`report.text.clean`); a renderer must
still escape it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Literal

from attrs import frozen

from migrator.canonical import Loss
from migrator.cron import Cron
from migrator.document import value_to_json
from migrator.forecast import Forecast, Week, week
from migrator.plan.policy import Policy
from migrator.report.schedules import VERDICTS
from migrator.report.text import SHOWN, Tone, clean, shorten_both, text_parts, value_words
from migrator.report.views.schedules import ScheduleView


@frozen
class Category:
    """What jobs have in common, and how many there are.

    Attributes:
        key: what filters find them by.
        words: what it is, in a sentence that goes on from the number.
        sign: one character, so that colour is not alone in saying it.
        tone: how it is coloured.
        style: how a terminal colours it.
        short: what it is, in a word or two.
        pressing: whether a person should look at these jobs first.
        is_written: whether the target gets these jobs, with what they lose on the way.
        jobs: how many.
    """

    key: str
    words: str
    sign: str = "·"
    tone: Tone = "quiet"
    style: str = "dim"
    short: str = ""
    pressing: bool = False
    is_written: bool = False
    jobs: int = 0

    @property
    def symbol(self) -> str:
        """The sign on a terminal, where what does not change has none."""
        return " " if self.tone == "quiet" else self.sign


@frozen(kw_only=True)
class Remark:
    """A sentence about the whole: a label, the text, and at its end what is to be typed."""

    label: str = ""
    text: str
    code: str = ""
    tone: Tone = "quiet"


@frozen(kw_only=True)
class LossRow:
    """Data that a job, or several, lose: the path, what is left of it, and why."""

    path: str
    reason: str
    had: str = ""
    becomes: str = ""
    jobs: int = 1


def loss_row(loss: Loss) -> LossRow:
    """Return the loss of one job in words."""
    had, becomes = (value_words(value_to_json(value, "")) for value in (loss.had, loss.becomes))
    return LossRow(path=loss.path, reason=clean(loss.reason), had=had, becomes="" if loss.becomes is None else becomes)


@frozen(kw_only=True)
class Edit:
    """One field of a job that changes.

    Attributes:
        path: canonical path.
        old: the value that the job has.
        new: the value that it gets.
        kind: "new" of a new job; "conflict" where source (new) and target (old) were both changed, else "changed".
        where: "at the source" of what is written back; "" at the target.
        note: who else changed it, and the value last applied.
        dialect: the cron dialect of its values.
    """

    path: str
    old: Any = None
    new: Any
    kind: Literal["new", "changed", "conflict"] = "changed"
    where: str = ""
    note: str = ""
    dialect: str = ""

    def words(self, width: int = SHOWN) -> tuple[str, str]:
        """Return the old and the new value in words; of two texts that change, from where they differ."""
        if self.kind == "changed" and isinstance(self.old, str) and isinstance(self.new, str):
            return shorten_both(self.old, self.new, width)
        old = "" if self.kind == "new" else edit_words(self.old, self.dialect, width)
        return old, edit_words(self.new, self.dialect, width)

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """What goes ("old"), comes ("new") and stays ("") in a text, word by word; () for other values."""
        return () if self.kind == "conflict" else text_parts(self.old, self.new)


def edit_words(value: Any, dialect: str, width: int = SHOWN) -> str:
    """Return the value of a field in words."""
    return clean(str(value)) if isinstance(value, Cron) else value_words(value_to_json(value, dialect), width)


@frozen(kw_only=True)
class Part:
    """One target job of a source job: how it is called, why it changes or not, and its fields that change."""

    label: str
    reason: str = ""
    target: str = ""
    edits: tuple[Edit, ...] = ()


@frozen(kw_only=True)
class JobRow:
    """One source job, or a target job without one.

    Attributes:
        category: what becomes of it.
        name: visible name.
        source: where it lives.
        parts: its target jobs that have this category.
        paused: whether it does not run.
        needs: what must be decided before it can migrate.
        settles: the lines of the config file that decide it.
        schedule: its schedule; None where none was judged.
        losses: the data that it loses.
        trouble: what its platform says of failing runs, or of why it stopped the job.
    """

    category: Category
    name: str
    source: str
    parts: tuple[Part, ...]
    paused: bool = False
    needs: tuple[str, ...] = ()
    settles: tuple[str, ...] = ()
    schedule: ScheduleView | None = None
    losses: tuple[LossRow, ...] = ()
    trouble: str = ""

    @property
    def reason(self) -> str:
        """All that is said of it in a sentence, each reason once."""
        return "; ".join(filter(None, dict.fromkeys([*(part.reason for part in self.parts), self.trouble])))

    @property
    def targets(self) -> tuple[str, ...]:
        """The target jobs that exist."""
        return tuple(part.target for part in self.parts if part.target)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The fields that change, of all parts."""
        return tuple(edit for part in self.parts for edit in part.edits)

    @property
    def forecast(self) -> Forecast | None:
        """When it fires; None where no calendar can say."""
        return self.schedule.forecast if self.schedule else None


@frozen(kw_only=True, slots=False)
class JobsView(ABC):
    """What an audit and a plan have in common.

    Attributes:
        name: of the connection or the sync.
        source: where jobs come from.
        target: where they go.
        at: when it was made.
        facts: what else there is to know about the report itself, by label.
        lead: the result, a sentence each.
        remarks: what must be known of the whole.
        outcomes: how many jobs of each category, in order.
        verdicts: how many schedules of each verdict, the most frequent first.
        decisions: what a person must decide.
        losses: the data that jobs lose, the most frequent first.
    """

    kind: ClassVar[Literal["audit", "plan"]]
    name: str
    source: str
    target: str
    at: datetime
    facts: Mapping[str, str]
    lead: tuple[str, ...]
    remarks: tuple[Remark, ...] = ()
    outcomes: tuple[Category, ...]
    verdicts: tuple[Category, ...]
    decisions: tuple[Policy, ...]
    losses: tuple[LossRow, ...]

    @abstractmethod
    def rows(self) -> Iterator[JobRow]:
        """Yield the jobs one by one."""

    @cached_property
    def jobs(self) -> tuple[JobRow, ...]:
        """All jobs, in the order of attention."""
        order = [one.key for one in self.outcomes]
        return tuple(
            sorted(self.rows(), key=lambda row: (row.category.key != "blocked", order.index(row.category.key)))
        )

    @property
    def settings(self) -> Mapping[str, tuple[str, ...]]:
        """The decisions as text for the config file: each table with its lines."""
        tables = dict.fromkeys(one.table for one in self.decisions)
        return {table: tuple(one.line for one in self.decisions if one.table == table) for table in tables}

    @property
    def week(self) -> Week:
        """The fires of the active jobs that migrate: any other job would differ in every hour in which it fires."""
        return week(one for row in self.jobs if (one := row.forecast) and one.migrates and not row.paused)

    @property
    def left_out(self) -> int:
        """How many active jobs have fires and do not migrate."""
        active = (row.forecast for row in self.jobs if not row.paused and row.category.key != "delete")
        return sum(bool(one and not one.migrates and one.coming.before) for one in active)


def verdict_counts(verdicts: Iterable[str]) -> tuple[Category, ...]:
    """Return how many there are of each verdict, the most frequent first."""
    return tuple(
        Category(verdict, VERDICTS[verdict].many or VERDICTS[verdict].one, tone=VERDICTS[verdict].tone, jobs=jobs)
        for verdict, jobs in Counter(verdicts).most_common()
    )
