"""Errors: what, where, got, allowed, next; the same on every command, as lines or as a document."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import frozen

from migrator.errors import ConfigError, MappingError, MigratorError, UsageError
from migrator.report.text import Line, clean, line

_LABELS: Final = (("where", "where"), ("got", "actual"), ("allowed", "allowed"), ("next", "hint"))


@frozen(kw_only=True)
class Failure:
    """An error as it is shown.

    Attributes:
        code: its kind in one word that does not change.
        what: one sentence.
        where: the file and line, request, job or field it concerns.
        actual: the value found.
        allowed: what is allowed.
        choices: the allowed values one by one; empty where they are only described.
        hint: the next step.
        excerpt: a line of a file, and below it a caret under the place.
        problems: the single errors that it consists of.
        exit_code: what the command ends with.
    """

    what: str
    code: str = "failed"
    where: str = ""
    actual: str = ""
    allowed: str = ""
    choices: tuple[str, ...] = ()
    hint: str = ""
    excerpt: str = ""
    problems: tuple[Failure, ...] = ()
    exit_code: int = 1

    @property
    def details(self) -> Mapping[str, str]:
        """Where, got, allowed and next, as far as there is something to say, on one line each."""
        return {label: clean(text) for label, key in _LABELS if (text := getattr(self, key))}


def failure_of(error: BaseException) -> Failure:
    """Return an error as it is shown; several that came together become one with problems."""
    found = list(leaves(error))
    if len(found) > 1 and all(isinstance(leaf, MigratorError) for leaf in found):
        problems = tuple(_known_failure(leaf) for leaf in found if isinstance(leaf, MigratorError))
        codes = {problem.exit_code for problem in problems}
        what = f"{len(problems)} things went wrong at the same time"
        return Failure(what=what, problems=problems, exit_code=codes.pop() if len(codes) == 1 else 1)
    known = [leaf for leaf in found if isinstance(leaf, MigratorError)]
    return _known_failure(known[0]) if len(known) == len(found) == 1 else _unexpected(found[0])


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors in a group of errors, however deep; an error that is none, itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


def _known_failure(error: MigratorError) -> Failure:
    problems: tuple[Failure, ...] = ()
    if isinstance(error, ConfigError):
        problems = tuple(map(_known_failure, error.problems))
    elif isinstance(error, MappingError):
        problems = tuple(
            Failure(what=problem, code=error.code, exit_code=error.exit_code) for problem in error.problems
        )
    return Failure(
        what=error.what,
        code=error.code,
        where=error.where,
        actual=error.actual,
        allowed=error.allowed,
        choices=error.choices,
        hint=error.hint,
        excerpt=error.excerpt if isinstance(error, UsageError) else "",
        problems=problems,
        exit_code=error.exit_code,
    )


def _unexpected(error: BaseException) -> Failure:
    words = str(error)
    what = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return Failure(
        what=f"unexpected: {what}", code="unexpected", hint="run again with --debug to see where, and report it"
    )


def failure_lines(failure: Failure) -> Iterator[Line]:
    """Yield an error for people; a problem begins with its file, line and column, so that editors can jump there."""
    yield line(("error: ", "bold red"), clean(failure.what))
    yield from _details(failure, indent=2)
    for problem in failure.problems:
        where = f"{clean(problem.where)}: " if problem.where else ""
        yield line((where, "bold"), clean(problem.what), indent=2)
        yield from _details(problem, indent=4, skip="where")


def _details(failure: Failure, *, indent: int, skip: str = "") -> Iterator[Line]:
    for part in failure.excerpt.splitlines():
        yield line((clean(part, edges=True), "dim"), indent=indent)
    yield from (
        line((f"{label}: ", "dim"), text, indent=indent) for label, text in failure.details.items() if label != skip
    )


def trace(error: BaseException) -> str:
    """Return the way to an error, frame by frame, and to those that caused it.

    No values of variables, and no words of other libraries' errors behind one of ours: they may quote a secret.
    """
    chain = [error]
    while cause := chain[-1].__cause__ or (None if chain[-1].__suppress_context__ else chain[-1].__context__):
        chain.append(cause)
    own = next((n for n, part in enumerate(chain) if isinstance(part, MigratorError)), len(chain))
    return "\nwhich led to\n\n".join(
        "".join(traceback.format_list(traceback.extract_tb(part.__traceback__)))
        + (f"{_kind(part)}: {part}\n" if number <= own or isinstance(part, MigratorError) else f"{_kind(part)}\n")
        for number, part in reversed(list(enumerate(chain)))
    )


def _kind(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
