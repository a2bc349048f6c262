"""A workflow file with its job changed: only what the job says differs in the text, and the result is read again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import evolve

from migrator.agents.patterns import Agents, NoRunError
from migrator.agents.reading import recognise
from migrator.agents.writing import edit
from migrator.providers.github.pausing import is_paused, pause
from migrator.providers.github.reading import (
    ESCAPED,
    SCHEDULE,
    TAG,
    Workflow,
    named_variables,
    option_in,
    read_workflow,
)
from migrator.providers.github.yamltext import (
    Path,
    TextEdit,
    YamlError,
    YamlText,
    adding_value,
    at,
    edited,
    parse_yaml,
    removing_value,
    replacing_value,
)

_LONGEST_EXPRESSION: Final = 21_000
"""Characters: MAX_EXPRESSION_LENGTH of GitHub's @actions/expressions."""
_LARGEST_VARIABLE: Final = 131_000
"""Bytes: MAX_ARG_STRLEN of Linux is 131,072, with the name of the variable."""
_MODEL: Final = re.compile(r"[A-Za-z0-9][\w.:/@\[\]-]*")


class WorkflowError(ValueError):
    """A change that cannot be made in a file; says why."""


def change_workflow(workflow: Workflow, payload: Mapping[str, Any], agents: Agents) -> str:
    """Return the text of a workflow with the fields of a record that `payload` names changed.

    Args:
        workflow: the file as read.
        payload: fields of a record; None empties one.
        agents: what it was read with.

    Raises:
        WorkflowError: the file cannot say it.
    """
    raw = workflow.raw
    changed = unread_change(workflow, payload, agents)
    try:
        enabled = payload.get("enabled", raw["enabled"])
        if not enabled and is_paused(changed):
            raise WorkflowError("the comment lines of an earlier pause stand beside the schedule: remove them")
        written = changed if enabled else pause(parse_yaml(changed))
        _check(workflow, read_workflow(raw["id"], written, agents), payload)
    except YamlError as error:
        raise WorkflowError(f"the file cannot be edited in place: {error}") from error
    return written


def unread_change(workflow: Workflow, payload: Mapping[str, Any], agents: Agents) -> str:
    """Return the text of a workflow with the fields changed, as it is when it is not paused, without reading it again.

    Raises:
        WorkflowError: the file cannot say it.
    """
    if "unsupported" in workflow.raw:
        raise WorkflowError(f"the workflow holds no job that can be changed: {workflow.raw['reason']}")
    try:
        changed = edited(workflow.document.text, _edits(workflow, payload, agents))
    except YamlError as error:
        raise WorkflowError(f"the file cannot be edited in place: {error}") from error
    return _tagged(changed, payload["mark"]) if "mark" in payload else changed


def _edits(workflow: Workflow, payload: Mapping[str, Any], agents: Agents) -> Iterator[TextEdit]:
    document, raw = workflow.document, workflow.raw
    if payload.get("agent", raw["agent"]) != raw["agent"]:
        what = f"the workflow runs {raw['agent']}, and the job asks for {payload['agent']}"
        raise WorkflowError(f'{what}; set "action.agent" of the sync, or give the connection another template')
    if "name" in payload and payload["name"] != raw["name"]:
        if "${{" in payload["name"]:
            raise WorkflowError("the name of a workflow cannot hold ${{, which GitHub reads as an expression")
        yield _set(document, ("name",), payload["name"], beside=("on",))
    for key, value in payload.get("schedule", {}).items():
        if value != at(raw, ("schedule", key)):
            yield _set(document, (*SCHEDULE, key), value, beside=(*SCHEDULE, "cron"))
    if "prompt" in payload and payload["prompt"] != raw["prompt"]:
        if not workflow.prompt:
            what = "its prompt stands in a shell command"
            raise WorkflowError(
                f'{what}; put it into a variable of the step\'s env, and write "$PROMPT" in the command'
            )
        # In one line, where every reader of GitHub's agrees on it: one takes the indentation of a block for text.
        text = _escaped(payload["prompt"])
        yield replacing_value(document, workflow.prompt, text, one_line=ESCAPED in text)
    if "model" in payload and payload["model"] != raw.get("model"):
        yield from _model_edits(workflow, payload["model"], agents)


def _set(document: YamlText, path: Path, value: str, *, beside: Path) -> TextEdit:
    if path in document.spots:
        return replacing_value(document, path, value)
    return adding_value(document, beside, str(path[-1]), value)


def _model_edits(workflow: Workflow, model: str | None, agents: Agents) -> Iterator[TextEdit]:
    """Yield what names another language model."""
    document, path, option = workflow.document, workflow.model, workflow.option
    if not path:
        raise WorkflowError("its step has no input that names the language model")
    if model is not None and not _MODEL.fullmatch(model):
        raise WorkflowError(f"{model!r} is no name of a language model: letters, digits and . : / @ _ - [ ]")
    text = model
    if workflow.command:
        had = str(document.get(path))
        named = named_variables(had, document.get((*workflow.step, "env")))
        try:
            run = recognise(named.text, None, agents)
            text = named.restored(edit(named.text, None, evolve(run, model=model), agents))
        except NoRunError as error:
            raise WorkflowError(f"its command cannot name another language model: {error}") from error
    elif option:
        had = document.get(path) or ""
        found = option_in(option).search(had)
        before, after = (had[: found.start()], had[found.end() :]) if found else (had, "")
        if not found and had.endswith("\n"):
            before, after = had[:-1], "\n"
        text = f"{before.rstrip()} {option} {model}".strip() + after if model else f"{before.rstrip()}{after}".strip()
    if text:
        yield _set(document, path, text, beside=workflow.prompt)
    elif path in document.spots:
        yield removing_value(document, path)


def _tagged(text: str, tag: str | None) -> str:
    """Return a text with another ownership tag, or with none."""
    newline = "\r\n" if "\r\n" in text else "\n"
    line = f"# managed by migrator: {tag}{newline}" if tag else ""
    found = TAG.match(text)
    return found[1] + line + text[found.end() :] if found else line + text


def _check(before: Workflow, after: Workflow | None, payload: Mapping[str, Any]) -> None:
    """See that a changed file says what was to be changed, and all else as before.

    Raises:
        WorkflowError: it does not.
    """
    wanted = {**before.raw, **payload, "schedule": {**before.raw["schedule"], **payload.get("schedule", {})}}
    wanted = {key: value for key, value in wanted.items() if value is not None and key != "around"}
    found = {key: value for key, value in (after.raw if after else {}).items() if key != "around"}
    if after is None or wanted != found or _others(before) != _others(after):
        wrong = ", ".join(sorted(key for key in {*wanted, *found} if wanted.get(key) != found.get(key)))
        raise WorkflowError(f"the file cannot be edited in place: {wrong or 'something else'} would not be as wanted")


def _others(workflow: Workflow) -> Any:
    """Return what a workflow says beside the job that it holds."""
    held = {("name",), (*SCHEDULE, "cron"), (*SCHEDULE, "timezone"), workflow.prompt, workflow.model}
    return _without(workflow.document.data, (), held)


def _without(data: Any, path: Path, held: set[Path]) -> Any:
    if isinstance(data, dict):
        return {k: _without(v, (*path, k), held) for k, v in data.items() if (*path, k) not in held}
    if isinstance(data, list):
        return [_without(item, (*path, number), held) for number, item in enumerate(data)]
    return data


def _escaped(text: str) -> str:
    """Return what to write so that GitHub reads `text`, also where that looks like an expression.

    Raises:
        WorkflowError: the expression would be longer than GitHub allows, or no variable of a step can hold the text.
    """
    if (size := len(text.encode("utf-8", "surrogatepass"))) > _LARGEST_VARIABLE:
        what = f"a step gets its prompt in a variable, of at most {_LARGEST_VARIABLE:,} bytes, and it has {size:,}"
        raise WorkflowError(f"{what}; shorten the prompt")
    written = text.replace("${{", ESCAPED)
    if written != text and len(written) + sum(map(written.count, "'{}")) > _LONGEST_EXPRESSION:
        what = "a text with ${{ is an expression to GitHub, of at most 21,000 characters"
        raise WorkflowError(f"{what}; remove the ${{{{, or shorten the prompt")
    return written
