"""The two streams: stdout has the result, stderr has messages.

Colours and progress are for terminals; `NO_COLOR` turns the colours off. A JSON document never depends on either.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Final, TextIO

from attrs import define, evolve, field
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.text import Text

from migrator.json_document import Document
from migrator.report.commands import completed_text
from migrator.report.text import Line, line

_NARROWEST: Final = 30
"""Columns that a text should have beside its label."""
_LABEL: Final = 8
"""Columns of a hang that are a label's, which can stand on a line of its own."""
_TIGHT: Final = 2
"""Columns that a text is moved to the right below its label."""
_SLOW: Final = 1.0
"""Jobs a second below which their number in a minute says more."""
_LONG: Final = 1.0
"""Seconds from which a wait for a platform's limit is worth a word."""


def _console(stream: TextIO, *, plain: bool) -> Console:
    colours = None if plain or os.environ.get("NO_COLOR") else "auto"
    return Console(file=stream, color_system=colours, highlight=False, markup=False, emoji=False)  # type: ignore[arg-type]  # rich names the literal only within a method


@define(kw_only=True)
class Screen:
    """The output of a command: its result and its messages.

    Attributes:
        as_json: the result is one JSON document.
        verbose: more messages.
        plain: no colours, also on a terminal that has them.
        quiet: no messages.
        every: seconds between two lines about what goes on, where there is no terminal.
        waited: seconds that questions have waited for an answer.
        options: what each printed command gets, so that it works on the same files: "-c FILE".
        hide: takes secrets out of all that is written.
    """

    as_json: bool = False
    verbose: bool = False
    plain: bool = False
    quiet: bool = False
    every: float = 30.0
    options: str = ""
    hide: Callable[[str], str] = str
    waited: float = field(default=0.0, init=False)
    _out: Console = field(init=False)
    _err: Console = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._out = _console(sys.stdout, plain=self.plain)
        self._err = _console(sys.stderr, plain=self.plain)

    def result(self, document: Document | Callable[[], Document], lines: Iterable[Line]) -> None:
        """Print the result: as a document, which may be made only now, or as lines."""
        if self.as_json:
            self.document(document if isinstance(document, Document) else document())
        else:
            self._put(self._out, lines)

    def document(self, document: Document) -> None:
        """Print the result, a JSON document in any case."""
        sys.stdout.writelines(map(self.hide, document.text_parts(ascii_only=not takes_unicode(sys.stdout))))
        sys.stdout.flush()

    def text(self, text: str) -> None:
        """Print the result as it is, and flush it."""
        sys.stdout.write(self.hide(text))
        sys.stdout.flush()

    def say(self, lines: Iterable[Line]) -> None:
        """Print messages."""
        if not self.quiet:
            self._put(self._err, lines)

    def _put(self, console: Console, lines: Iterable[Line]) -> None:
        _put(console, map(self._hidden, lines))

    def _hidden(self, line: Line) -> Line:
        text = completed_text(line.text, self.options)
        shown = self.hide(text.plain)
        return evolve(line, text=text if shown == text.plain else Text(shown))

    @property
    def width(self) -> int | None:
        """Return columns of the terminal that the result is printed on; None where it is none."""
        return self._out.width if self._out.is_terminal else None

    @property
    def can_ask(self) -> bool:
        """Return whether a question can be asked: stdin and stderr are a terminal."""
        return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()

    def question(self, text: str) -> None:
        """Print a question; the answer is typed behind it."""
        self._err.print(self.hide(text), end=" ")

    @contextmanager
    def activity(self, what: str, *, waited: Callable[[], float] = lambda: 0.0) -> Iterator[Activity]:
        """Show the progress of the block: a bar on a terminal, a line now and then elsewhere.

        Args:
            what: in words.
            waited: seconds for which a platform's limit holds everything up; shown when it is long.
        """
        is_quiet = self.as_json or self.verbose or self.quiet  # with -v, every request is told instead
        shown = sys.stderr.isatty() and not self._err.is_dumb_terminal and not is_quiet
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), Pace(waited))
        bar = Progress(*columns, console=self._err, transient=True, disable=not shown)
        activity = Activity(bar=bar)
        activity.begin(what)
        is_announced = not (is_quiet or shown)
        try:
            with self._telling(activity) if is_announced else nullcontext():
                yield activity
        finally:
            activity.end()

    @contextmanager
    def _telling(self, activity: Activity) -> Iterator[None]:
        """Print the activity every half minute, by a thread of its own, because planning blocks the loop."""
        over, began = threading.Event(), time.monotonic()

        def tell() -> None:
            while not over.wait(self.every):
                self.say([line(f"{activity.words} ({_duration(time.monotonic() - began)} so far)")])

        thread = threading.Thread(target=tell, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


class Pace(ProgressColumn):
    """The progress, the rate, the time left, and the wait for a platform's limit."""

    def __init__(self, waited: Callable[[], float]) -> None:
        super().__init__()
        self._waited = waited

    def render(self, task: Task) -> Text:
        """Return the words beside the bar."""
        parts = []
        if task.total is not None:
            parts.append(f"{task.completed:,.0f}/{task.total:,.0f}")
            if task.speed:
                parts.append(f"{task.speed:.1f}/s" if task.speed >= _SLOW else f"{task.speed * 60:.1f}/min")
            if task.time_remaining:
                parts.append(f"{_duration(task.time_remaining)} left")
        if (seconds := self._waited()) >= _LONG:
            parts.append(f"waiting {_duration(seconds)} for the platform's limit")
        return Text("  ".join(parts))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"


@define(kw_only=True)
class Activity:
    """The current activity and its progress."""

    bar: Progress
    _task: TaskID | None = None
    _total: int | None = None
    _done: int = 0
    _what: str = ""

    @property
    def words(self) -> str:
        """Return the activity and its progress, in a few words."""
        return f"{self._what}, {self._done:,} of {self._total:,}" if self._total else self._what

    def begin(self, what: str, *, total: int | None = None) -> None:
        """Show something else than before, from its start."""
        self.end()
        self._what, self._total, self._done = what, total, 0
        self._task = self.bar.add_task(what, total=total)
        self.bar.start()

    def tell(self, what: str) -> None:
        """Say that something else goes on now, or how far it is; what was counted stays."""
        self._what = what
        if self._task is not None:
            self.bar.update(self._task, description=what)

    def expect(self, more: int) -> None:
        """So many more are to be done, beside what others have begun."""
        self._total = (self._total or 0) + more
        if self._task is not None:
            self.bar.update(self._task, total=self._total)

    def advance(self) -> None:
        """One more is done."""
        self._done += 1
        if self._task is not None:
            self.bar.update(self._task, advance=1)

    def end(self) -> None:
        """Show nothing."""
        if self._task is not None:
            self.bar.stop()
            self.bar.remove_task(self._task)
            self._task = None


def takes_unicode(stream: TextIO) -> bool:
    """Return whether any text can be written to it."""
    return "utf" in stream.encoding.lower()


def _put(console: Console, lines: Iterable[Line]) -> None:
    """Write lines; a terminal's are folded under their own beginning, others stay whole, for grep."""
    if not console.is_terminal:  # nothing to fold and no colours: printing each line as a terminal's takes 0.1 ms
        console.file.writelines(f"{' ' * line.indent}{line.text.plain.rstrip()}\n" for line in lines)
        console.file.flush()
        return
    for one in lines:
        for part in _folded(one, console) if console.file.isatty() else [_indented(one.text, one.indent)]:
            console.print(part, soft_wrap=True)


def _folded(line: Line, console: Console) -> Iterator[Text]:
    """Yield a line as a terminal can show it: what does not fit goes on below, to the right of the hanging indent.

    Where that would leave too little room, a label stands on a line of its own.
    """
    indent, hang = line.indent, line.hang
    begun = _characters(line.text.plain, hang)
    label, body = line.text[:begun], line.text[begun:]
    is_named, is_narrow = bool(label.plain.strip()), console.width - indent - hang < _NARROWEST
    if cell_len(line.text.plain) <= console.width - indent and (is_named or not is_narrow):
        yield _indented(line.text, indent)
        return
    if hang > _LABEL and is_narrow:
        if is_named:
            yield _indented(label, indent)
        label, indent, hang = Text(), indent + _TIGHT, 0
    for part in body.wrap(console, max(console.width - indent - hang, 1)):
        yield _indented(label + part, indent)
        label = Text(" " * hang)


def _characters(text: str, columns: int) -> int:
    """Return how many characters of a text fit into so many columns."""
    return next((n for n in range(len(text)) if cell_len(text[: n + 1]) > columns), len(text))


def _indented(text: Text, columns: int) -> Text:
    indented = text.copy()
    indented.rstrip()
    indented.pad_left(columns)
    return indented
