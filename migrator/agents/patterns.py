"""Agents and how their command lines are written: the patterns of mapping files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

Carrier = Literal["argument", "stdin", "file"]


@frozen(kw_only=True)
class Agent:
    """How one agent's command line is written.

    Attributes:
        program: the base name of its program.
        verbs: the words of which one must follow the program; the first one is written.
        flags: the options of which one must be given; the first one is written.
        prompt: the options that carry the prompt; none where it is an argument.
        argument: whether an argument is read as the prompt.
        stdin: the argument that says that the prompt is on the standard input; "" where none is needed.
        model: the options that name the language model.
        thread: the options that name the conversation to continue.
        options: the other options that take one value.
        switches: the other options that take none.
    """

    program: str
    verbs: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    prompt: tuple[str, ...] = ()
    argument: bool = True
    stdin: str = ""
    model: tuple[str, ...] = ()
    thread: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()


@frozen(kw_only=True)
class WorkflowStep:
    """How a step of a workflow runs an agent by an action.

    Attributes:
        agent: the name that `action.agent` has.
        uses: the action, without its version.
        prompt: the input that holds the prompt.
        model: the input that names the language model; "" where none does.
        option: the option that names it within the text of that input; "" where the input is the name.
    """

    agent: str
    uses: str
    prompt: str
    model: str = ""
    option: str = ""


@frozen(kw_only=True, eq=False)
class Agents:
    """The agents that a mapping knows.

    Attributes:
        known: by the name that `action.agent` has.
        wrappers: programs that run the command that follows them, such as `nice`.
        steps: the actions that run one.
    """

    known: Mapping[str, Agent] = field(factory=dict)
    wrappers: tuple[str, ...] = ()
    steps: tuple[WorkflowStep, ...] = ()


@frozen(kw_only=True)
class AgentRun:
    """An agent's run on a prompt, as a command says it.

    Attributes:
        agent: a key of `Agents.known`.
        prompt: the prompt; of a file, its path.
        carrier: where the prompt stands.
        model: the language model.
        thread: the conversation that it continues.
        extras: what else the command does, in words without values.
    """

    agent: str
    prompt: str
    carrier: Carrier = "argument"
    model: str | None = None
    thread: str | None = None
    extras: tuple[str, ...] = ()


class NoRunError(ValueError):
    """A command that is not one agent's run on one prompt; the text says why."""


class NoAgentError(NoRunError):
    """A command that runs no known agent at all."""
