"""Write the command line of a run, or edit one in place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import evolve

from migrator.agents.patterns import Agent, AgentRun, Agents, NoRunError
from migrator.agents.reading import Places, Span, read_command, recognise
from migrator.agents.shell import quoted


def compose(run: AgentRun, agents: Agents) -> str:
    """Return a new command for a run; a prompt on the standard input is not part of it.

    Raises:
        NoRunError: the agent is unknown, or cannot do what the run asks.
    """
    agent = _agent(run.agent, agents)
    words = [agent.program, *agent.verbs[:1], *agent.flags[:1], *_carrier_words(run, agent)]
    words += [*_option(agent.model, run.model, "model", run), *_option(agent.thread, run.thread, "thread", run)]
    return " ".join([*words, *([f"< {quoted(run.prompt)}"] if run.carrier == "file" else [])])


def edit(command: str, stdin: str | None, wanted: AgentRun, agents: Agents) -> str:
    """Return the command with another prompt, model or thread; all else of it stays to the byte.

    Raises:
        NoRunError: it cannot be edited so that it says just what is wanted.
    """
    had, places = read_command(command, stdin, agents)
    if had.agent != wanted.agent:
        if had.extras:
            raise NoRunError(f"another agent would lose what else the line does: {', '.join(had.extras)}")
        return compose(wanted, agents)
    agent = _agent(wanted.agent, agents)
    edits: list[tuple[Span, str]] = []
    if (had.prompt, had.carrier) != (wanted.prompt, wanted.carrier):
        edits += _moved_prompt(wanted, agent, places)
    for name in ("model", "thread"):
        if getattr(had, name) != getattr(wanted, name):
            words = " ".join(_option(getattr(agent, name), getattr(wanted, name), name, wanted))
            edits.append(_replacing(getattr(places, name), words, places.tail))
    for (start, end), text in sorted(edits, reverse=True):
        command = command[:start] + text + command[end:]
    _check(command, wanted, had, agents)
    return command


def _check(command: str, wanted: AgentRun, had: AgentRun, agents: Agents) -> None:
    said = recognise(command, wanted.prompt if wanted.carrier == "stdin" else None, agents)
    if said != evolve(wanted, extras=had.extras):
        raise NoRunError("the line cannot be edited without changing what else it does")


def _moved_prompt(wanted: AgentRun, agent: Agent, places: Places) -> Iterator[tuple[Span, str]]:
    """The edits that put the prompt where it is to stand: where it stood, or after the program."""
    if wanted.carrier == "file":
        if places.prompt:
            yield _replacing(places.prompt, "", 0)
        words = [*([agent.stdin] if agent.stdin else []), f"< {quoted(wanted.prompt)}"]
        yield (places.tail, places.tail), f" {' '.join(words)}"
        return
    yield _replacing(places.prompt, " ".join(_carrier_words(wanted, agent)), places.head)


def _replacing(span: Span | None, words: str, otherwise: int) -> tuple[Span, str]:
    """The edit that puts words in place of a span and the blank before it, or at another place."""
    if span is None:
        return (otherwise, otherwise), f" {words}" if words else ""
    return (span if words else (span[0] - 1, span[1])), words


def _carrier_words(run: AgentRun, agent: Agent) -> list[str]:
    """The words that carry the prompt, or that say that the standard input does."""
    if run.carrier != "argument":
        return [agent.stdin] if agent.stdin else []
    if run.prompt.startswith("-") and not agent.prompt:
        raise NoRunError("an argument that begins with - is read as an option")
    return [*agent.prompt[:1], _word(run.prompt)]


def _word(text: str) -> str:
    """A text as one word; quotes around one that needs none, as people write prompts."""
    return quoted(text) if quoted(text).startswith("'") else f"'{text}'"


def _option(names: Sequence[str], value: str | None, what: str, run: AgentRun) -> list[str]:
    if value is None:
        return []
    if not names:
        raise NoRunError(f"{run.agent} has no option for a {what}")
    if value.startswith("-"):
        raise NoRunError(f"a {what} that begins with - is read as an option")
    return [names[0], quoted(value)]


def _agent(name: str, agents: Agents) -> Agent:
    if name not in agents.known:
        raise NoRunError(f"{name!r} is none of the agents {', '.join(agents.known)}")
    return agents.known[name]
