"""Documents that commands print, and what their JSON Schemas say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from migrator.report.schemas import SCHEMAS
from tests.cli.bench import Ended


def faults(document: Mapping[str, Any], name: str) -> list[str]:
    """Return where a document is not as its schema says; its first key must say what it is."""
    assert next(iter(document.items())) == ("schema", f"migrator/{name}@1")
    validator = Draft202012Validator(SCHEMAS[name](), format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def found(ended: Ended, about: str, what: str) -> dict[str, str]:
    """Return one check of the document that `doctor` prints."""
    (one,) = [check for check in ended.document["checks"] if (check["about"], check["what"]) == (about, what)]
    return dict(one)
