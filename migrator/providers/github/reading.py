"""What a workflow file holds: the step that runs an agent on a prompt, and when it is due.

The fields of a record: `id` (the file's name), `name`, `enabled`, `schedule` (`cron`, `timezone`), `agent`, `prompt`,
`model`, `mark` (the ownership tag) and `around` (what else the file says, by name: values may be secrets). A workflow
that holds no job has `unsupported` and `reason` instead, and its text as `prompt`; it is listed, and never changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import evolve, frozen

from migrator.agents.patterns import Agents, NoAgentError, NoRunError
from migrator.agents.reading import recognise
from migrator.providers.base import Raw
from migrator.providers.github.pausing import schedule_of
from migrator.providers.github.yamltext import (
    Path,
    YamlError,
    YamlText,
    at,
)

TAG: Final = re.compile(r"\A((?:[ \t]*(?:#.*|---)?\r?\n)*?)# managed by migrator: (\S+)[ \t]*(?:\r?\n|\Z)")
SCHEDULE: Final[Path] = ("on", "schedule", 0)
ESCAPED: Final = "${{ '${{' }}"
"""What GitHub evaluates to the text `${{`: an expression that is nothing but a literal."""


@frozen(kw_only=True)
class Workflow:
    """A workflow file as read.

    Attributes:
        raw: the record.
        document: the text as it is when the workflow is not paused.
        step: where the step that runs the agent stands; () in a workflow that holds no job.
        prompt: where the prompt stands; () where it cannot be changed.
        model: where the language model stands, or would stand; () where it cannot be named.
        option: the option within that text which names the model; "" where the text is the name.
        command: whether that text is a command.
    """

    raw: Raw
    document: YamlText
    step: Path = ()
    prompt: Path = ()
    model: Path = ()
    option: str = ""
    command: bool = False


def read_workflow(file: str, text: str, agents: Agents) -> Workflow | None:
    """Return the workflow that a file holds; None where nothing in it is scheduled and it is not ours.

    Args:
        file: its name, which is the id of its job.
        text: what it holds.
        agents: what runs an agent on a prompt.
    """
    tag = TAG.match(text)
    raw: Raw = {"id": file, "name": file, **({"mark": tag[2]} if tag else {})}
    try:
        document, fires = schedule_of(text)
    except YamlError as error:
        if not tag and "schedule" not in text:
            return None
        return unreadable(file, str(error), raw.get("mark"))
    schedules = document.get(SCHEDULE[:-1])
    if schedules is None and not tag:
        return None
    raw["name"] = document.get(("name",)) or file
    raw["enabled"] = fires
    found = _agent_step(document, agents)
    if reason := _not_one_schedule(document) or (found if isinstance(found, str) else ""):
        steps = document.spots.get(("jobs",))
        prompt = document.text[steps.start :] if steps else document.text
        raw |= {"agent": "", "prompt": prompt or file, "unsupported": True, "reason": reason}
        return Workflow(raw=raw, document=document)
    assert isinstance(found, Workflow)
    return evolve(found, raw=raw | _timing(document) | found.raw)


def unreadable(file: str, reason: str, tag: str | None = None) -> Workflow:
    """Return what stands for a file that cannot be read: it may hold a job, so it is never taken for missing."""
    told = f"its file cannot be read: {reason}"
    raw: Raw = {"id": file, "name": file, "agent": "", "unsupported": True, "reason": told}
    if tag:  # what a managed job holds is unknown: it is a problem, and not a job that was edited
        raw |= {"mark": tag, "prompt": {"unreadable": told}}
    else:
        raw["prompt"] = file
    return Workflow(raw=raw, document=YamlText(text="", data=None, spots={}))


def _timing(document: YamlText) -> Raw:
    entry = document.get(SCHEDULE)
    zone = {"timezone": entry["timezone"]} if entry.get("timezone") else {}
    return {"schedule": {"cron": entry["cron"], **zone}}


def _not_one_schedule(document: YamlText) -> str:
    """Why the triggers of a workflow are not those of one job; "" when they are."""
    triggers = document.get(("on",))
    schedules = triggers.get("schedule") if isinstance(triggers, dict) else None
    if not isinstance(schedules, list) or not all(isinstance(e, dict) and e.get("cron") for e in schedules):
        return "it has no schedule"
    if len(schedules) != 1:
        return f"it has {len(schedules)} schedules, and a job has one: give each a workflow of its own"
    if others := sorted(triggers.keys() - {"schedule", "workflow_dispatch"}):
        return f"its schedule is one of several triggers; it also runs on {', '.join(others)}"
    return ""


def _agent_step(document: YamlText, agents: Agents) -> Workflow | str:
    """Return what a workflow's one step that runs an agent holds, or why it has none."""
    jobs = document.get(("jobs",))
    jobs = jobs if isinstance(jobs, dict) else {}
    found: list[Workflow] = []
    reasons: list[str] = []
    for name, job in jobs.items():
        steps = at(job, ("steps",))
        for number in range(len(steps) if isinstance(steps, list) else 0):
            read = _read_step(document, ("jobs", name, "steps", number), agents)
            reasons += [read] if isinstance(read, str) else []
            found += [read] if isinstance(read, Workflow) else []
    if reasons:
        return reasons[0]
    if not found:
        return "none of its steps runs a known agent on a prompt"
    if len(found) > 1 or len(jobs) > 1:
        agents_run = "1 step that runs" if len(found) == 1 else f"{len(found)} steps that run"
        return f"it is more than one prompt: {len(jobs)} job{'s' * (len(jobs) > 1)}, {agents_run} an agent"
    return _condition(document, found[0].step) or found[0]


def _condition(document: YamlText, step: Path) -> str:
    """Why a step does not run exactly once whenever its workflow does; "" when it does."""
    job = document.get(step[:2])
    if at(job, ("strategy", "matrix")) is not None:
        return "it runs once for each entry of a matrix"
    conditions = [at(job, ("if",)), document.get((*step, "if"))]
    return next((f"it runs only if {condition}" for condition in conditions if condition), "")


def _read_step(document: YamlText, step: Path, agents: Agents) -> Workflow | str | None:
    """Return what a step that runs an agent holds, or why its prompt cannot move; None for another step."""
    action = (document.get((*step, "uses")) or "").partition("@")[0]
    if not action:
        return _read_command(document, step, agents)
    fitting = [one for one in agents.steps if one.uses.casefold() == action.casefold()]
    if not fitting:
        return None
    held = next((one for one in fitting if document.get((*step, "with", one.prompt))), None)
    if held is None:
        return f"{action} is not given its prompt in this file"
    model = (*step, "with", held.model) if held.model else ()
    found = Workflow(raw={"agent": held.agent}, document=document, step=step, model=model, option=held.option)
    return _with_prompt(evolve(found, prompt=(*step, "with", held.prompt)))


def _read_command(document: YamlText, step: Path, agents: Agents) -> Workflow | str | None:
    """Return what a step that runs an agent's program holds, or why its prompt cannot move; None for another step."""
    text = document.get((*step, "run"))
    programs = "|".join(re.escape(agent.program) for agent in agents.known.values())
    if not isinstance(text, str) or not re.search(rf"(?<![\w./@-])(?:{programs or '(?!)'})(?![\w./@-])", text):
        return None
    variables = document.get((*step, "env"))
    named = named_variables(text, variables if isinstance(variables, dict) else {})
    try:
        run = recognise(named.text, None, agents)
    except NoAgentError:
        return None
    except NoRunError as error:
        return f"its command: {error}"
    if run.carrier != "argument" or run.thread:
        return "its prompt stands in a file" if run.carrier == "file" else "it continues a conversation"
    raw: Raw = {"agent": run.agent, "around": [f"command {word}" for word in run.extras]}
    if run.model:
        raw["model"] = named.values.get(run.model, run.model)
    found = Workflow(raw=raw, document=document, step=step)
    if run.prompt not in named.values:
        raw["prompt"] = run.prompt
        return _with_prompt(found)
    place = (*step, "env", named.values_of[run.prompt])
    return _with_prompt(evolve(found, prompt=place, model=(*step, "run"), command=True))


@frozen(kw_only=True)
class _Named:
    """A command with words of its own in place of variables that the step sets.

    Attributes:
        text: the command.
        values_of: by such a word, the variable.
        values: by such a word, what the variable holds.
    """

    text: str
    values_of: Mapping[str, str]
    values: Mapping[str, str]

    def restored(self, text: str) -> str:
        """Return a command with the variables in it again."""
        for word, variable in self.values_of.items():
            text = text.replace(f"'{word}'", f'"${variable}"')
        return text


def named_variables(text: str, variables: Mapping[str, Any]) -> _Named:
    """Return a command with words of its own in place of variables that its step sets."""
    words = {f"migrator-variable-{number}": name for number, name in enumerate(variables)}
    for word, name in words.items():
        text = re.sub(rf'"\$(?:{name}|\{{{name}\}})"', f"'{word}'", text)
    return _Named(text=text, values_of=words, values={word: str(variables[name]) for word, name in words.items()})


def _with_prompt(found: Workflow) -> Workflow | str:
    """Return what a step holds with its prompt and its language model, or why its prompt cannot move."""
    document, raw = found.document, dict(found.raw)
    text = _unescaped(str(raw.get("prompt") or document.get(found.prompt)))
    if text is None:
        return "GitHub fills in a part of its prompt at each run"
    raw["prompt"] = text
    model = document.get(found.model) if found.model and not found.command else None
    if isinstance(model, str) and (named := _named(model, found.option)):
        raw["model"] = named
    if "${{" in raw.get("model", ""):
        del raw["model"]
    held = {found.prompt, *([found.model] if found.model and not found.option else ())}
    raw["around"] = [*_around(document.data, found.step, held), *raw.get("around", ())]
    return evolve(found, raw=raw)


def _unescaped(text: str) -> str | None:
    """Return what GitHub makes of a text; None where that is not known before it runs."""
    parts = text.split(ESCAPED)
    return None if any("${{" in part for part in parts) else "${{".join(parts)


def option_in(option: str) -> re.Pattern[str]:
    """Return what finds an option and its value in a text of arguments."""
    return re.compile(rf"(?<!\S){re.escape(option)}(?:=|\s+)(?P<quote>['\"]?)(?P<value>[^\s'\"]+)(?P=quote)(?!\S)")


def _named(text: str, option: str) -> str | None:
    """Return the language model that a text names; None where it names none, or GitHub fills it in."""
    if not option:
        return None if "${{" in text else text
    found = option_in(option).search(text)
    return found["value"] if found and "$" not in found["value"] else None


def _around(data: Any, step: Path, held: set[Path]) -> Iterator[str]:
    """Yield what a workflow says beside its job, by name: values may be secrets."""
    job = at(data, step[:2])
    yield from sorted(data.keys() - {"name", "on", "jobs"})
    yield from sorted(job.keys() - {"steps", "name"})
    for number, other in enumerate(job["steps"]):
        if number != step[-1]:
            yield f"step {at(other, ('uses',)) or at(other, ('name',)) or 'run'}"
    for key, value in at(data, step).items():
        names = value if isinstance(value, dict) else {}
        yield from (f"{key}.{name}" for name in names if (*step, key, name) not in held)
        if not names and key not in {"uses", "run", "name"}:
            yield key
