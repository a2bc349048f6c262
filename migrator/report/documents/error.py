"""The document of an error."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from migrator.json_document import Document, filled
from migrator.report.failures import Failure


@frozen(kw_only=True)
class ReportedProblem:
    """One error.

    Attributes:
        code: the kind of error in one word that does not change.
        allowed: the allowed values, or one entry that describes them.
    """

    code: str
    error: str
    where: str
    actual: str
    allowed: tuple[str, ...]
    hint: str
    excerpt: str


@frozen(kw_only=True)
class ErrorDocument(ReportedProblem, Document):
    """Why a command failed.

    Attributes:
        problems: the single errors of a file.
    """

    NAME: ClassVar[str] = "error"
    problems: tuple[ReportedProblem, ...]
    exit_code: int


def error_document(failure: Failure) -> ErrorDocument:
    """Return an error and the single errors that it consists of."""
    problems = tuple(filled(ReportedProblem, problem, **_words(problem)) for problem in failure.problems)
    return filled(ErrorDocument, failure, **_words(failure), problems=problems)


def _words(failure: Failure) -> dict[str, object]:
    return {"error": failure.what, "allowed": failure.choices or ((failure.allowed,) if failure.allowed else ())}
