"""The page around every report."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from migrator.report.text import instant, stamp

_FOLDER: Final = "templates"


def page(template: str, **values: Any) -> str:
    """Return a report as one HTML document.

    Args:
        template: name of a template that extends `page.html`.
        values: what it shows; every text among them is escaped.
    """
    style, script = _own("style.css"), _own("script.js")
    return (
        _environment()
        .get_template(template)
        .render(style=style, script=script, policy=_policy(style, script), **values)
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_template),
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["stamp"] = stamp
    environment.filters["local"] = instant
    environment.filters["iso"] = datetime.isoformat
    return environment


def _template(name: str) -> str:
    """Return a template without its indentation, which would be a third of a long report."""
    return "".join(line.lstrip() for line in _text(name).splitlines(keepends=True))


@cache
def _own(name: str) -> Markup:
    return Markup(_text(name))  # noqa: S704 (a file of this package, not a value)


def _text(name: str) -> str:
    return files("migrator.report.html").joinpath(_FOLDER, name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return the content security policy: apply this style, run this script, and nothing else."""
    rules = {
        "default-src": "'none'",
        "style-src": _digest(style),
        "script-src": _digest(script),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
