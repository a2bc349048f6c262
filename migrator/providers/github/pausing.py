"""Pausing in a file: the lines of `schedule` become comments between two lines of ours, and nothing is lost.

GitHub disables a workflow through its API only, which a checkout cannot say. A workflow without `schedule` does not
fire, its other triggers work, and a person sees in the file what is paused and can undo it in an editor. A workflow
needs a trigger: where `schedule` was the only one, `workflow_dispatch`, the button of GitHub's web pages, stands in.
"""

from __future__ import annotations

from typing import Final

from migrator.providers.github.yamltext import YamlError, YamlText, parse_yaml

BEGIN: Final = "# --- paused by migrator; to resume by hand, remove these two lines and uncomment the lines between ---"
END: Final = "# --- end of the paused schedule ---"
_STAND_IN: Final = "workflow_dispatch: # a workflow needs a trigger; removed when it resumes"
_SCHEDULE: Final = ("on", "schedule")


def is_paused(text: str) -> bool:
    """Whether a text holds a schedule that was paused here."""
    return any(line.strip() == BEGIN for line in text.splitlines())


def pause(document: YamlText) -> str:
    """Return the text of a workflow with its schedule as comments; `resume` gives back the very same text.

    Raises:
        YamlError: the schedule does not stand in lines of its own.
    """
    spot = document.spots[_SCHEDULE]
    lines = document.text.splitlines(keepends=True)
    first = document.text.count("\n", 0, spot.key)
    end = document.end_of(_SCHEDULE)
    last = document.text.count("\n", 0, end)
    rest = document.text[end:].partition("\n")[0].strip()
    if spot.inline or lines[first][: spot.column].strip() or not (rest.startswith("#") or not rest):
        allowed = "write `on:` and `schedule:` without braces, each in a line of its own"
        raise YamlError(f"line {first + 1}: the schedule does not stand in lines of its own; {allowed}")
    indent, newline = " " * spot.column, document.newline
    paused = [_commented(line, spot.column) for line in lines[first : last + 1]]
    ended = paused[-1].endswith("\n")
    paused[-1] += "" if ended else newline
    alone = len(document.get(("on",))) == 1
    stand_in = [f"{indent}{_STAND_IN}{newline}"] if alone else []
    block = [f"{indent}{BEGIN}{newline}", *paused, *stand_in, f"{indent}{END}{newline if ended else ''}"]
    return "".join([*lines[:first], *block, *lines[last + 1 :]])


def resume(text: str) -> str:
    """Return the text of a paused workflow with its schedule again.

    Raises:
        YamlError: somebody has removed the line that ends the schedule.
    """
    lines = text.splitlines(keepends=True)
    marks = [line.strip() for line in lines]
    first = marks.index(BEGIN)
    if END not in marks[first:]:
        raise YamlError(f"line {first + 1}: the paused schedule has no end: {END}")
    last = marks.index(END, first)
    column = len(lines[first]) - len(lines[first].lstrip(" "))
    kept = [_uncommented(line, column) for line in lines[first + 1 : last] if line.strip() != _STAND_IN]
    if not lines[last].endswith("\n"):
        kept[-1:] = [line.rstrip("\r\n") for line in kept[-1:]]
    return "".join([*lines[:first], *kept, *lines[last + 1 :]])


def _commented(line: str, column: int) -> str:
    column = min(column, len(line) - len(line.lstrip(" ")))
    return line if line.isspace() else f"{line[:column]}# {line[column:]}"


def _uncommented(line: str, column: int) -> str:
    """Return a line without the comment sign that `_commented` gave it; editors strip blanks at the ends of lines."""
    column = min(column, len(line) - len(line.lstrip(" ")))
    rest = line[column:]
    return line[:column] + (rest[2:] if rest.startswith("# ") else rest.removeprefix("#"))


def schedule_of(text: str) -> tuple[YamlText, bool]:
    """Return a workflow as it is when it is not paused, and whether it fires: not paused, or resumed by hand.

    Raises:
        YamlError: it is no YAML.
    """
    document = parse_yaml(text)
    if document.get(_SCHEDULE) is not None or not is_paused(text):
        return document, True
    return parse_yaml(resume(text)), False
