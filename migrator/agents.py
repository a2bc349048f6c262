"""Command lines that run an AI agent on a prompt: recognised by patterns, written, and edited in place.

A pattern is data of a mapping file. What a pattern does not know makes a command one that is left alone: a prompt is
taken only from a command of which every word is understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from attrs import evolve, field, frozen

from migrator.shell import ShellError, ShellToken, quoted, tokens

Carrier = Literal["argument", "stdin", "file"]
Span = tuple[int, int]

_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_RESERVED: Final = frozenset({"!", "{", "}", "case", "do", "done", "elif", "else", "fi", "for", "if", "then", "while"})


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


@frozen(kw_only=True)
class _Places:
    """Where the parts of a run stand in its command: the prompt, model and thread with their options, and room."""

    head: int
    tail: int
    prompt: Span | None = None
    model: Span | None = None
    thread: Span | None = None


class NoRunError(ValueError):
    """A command that is not one agent's run on one prompt; the text says why."""


class NoAgentError(NoRunError):
    """A command that runs no known agent at all."""


def recognise(command: str, stdin: str | None, agents: Agents) -> AgentRun:
    """Return the run that a command line describes.

    Args:
        command: the shell command.
        stdin: what it gets on its standard input, None for nothing.
        agents: the patterns.

    Raises:
        NoRunError: it is something else.
    """
    return _recognise(command, stdin, agents)[0]


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
    had, places = _recognise(command, stdin, agents)
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


def _moved_prompt(wanted: AgentRun, agent: Agent, places: _Places) -> Iterator[tuple[Span, str]]:
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


def _recognise(command: str, stdin: str | None, agents: Agents) -> tuple[AgentRun, _Places]:
    try:
        parts = list(_commands(tokens(command)))
    except ShellError as error:
        raise NoRunError(str(error)) from None
    found = [(n, name, at) for n, part in enumerate(parts) for name, at in _programs(part.tokens, agents)]
    if not found:
        raise NoAgentError("it runs no agent that the mapping knows")
    if len(found) > 1:
        raise NoRunError("it runs more than one agent")
    number, name, at = found[0]
    before, part, after = parts[:number], parts[number], parts[number + 1 :]
    if part.opened or any(one.opened or one.follows in {"|", "|&", "||", "&"} for one in (*before, part)):
        raise NoRunError("it runs the agent on conditions, or on the output of another command")
    reader = _Reader(command, name, agents.known[name], part.tokens[at:])
    run, places = reader.read(stdin)
    others = [
        *(text for one in before for text in _program_of(one.tokens)),
        *_wrapping(part.tokens[:at]),
        *run.extras,
        *(f"{one.follows} {' '.join(_program_of(one.tokens))}".strip() for one in after),
    ]
    return evolve(run, extras=tuple(others)), places


@frozen
class _Command:
    """One simple command: its words and redirections, the operator before it, and whether a bracket is open."""

    follows: str
    opened: bool
    tokens: tuple[ShellToken, ...]


def _commands(found: Sequence[ShellToken]) -> Iterator[_Command]:
    """The simple commands of a line; what brackets or a compound command hold counts as opened."""
    follows, opened, inner = "", False, list[ShellToken]()
    for token in (*found, ShellToken("operator", -1, -1, "")):
        if token.kind != "operator":
            inner.append(token)
            continue
        opened = opened or token.value in {"(", ")", ";;"} or bool(inner and inner[0].value in _RESERVED)
        if inner or token.value not in {"", ";", "&", "\n"}:
            yield _Command(follows, opened, tuple(inner))
        follows, inner = token.value or "", []


def _programs(part: Sequence[ShellToken], agents: Agents) -> Iterator[tuple[str, int]]:
    """The agents that a simple command runs, each with the index of its program."""
    wrapped = False
    for at, token in enumerate(part):
        if token.kind == "redirect" or (at and part[at - 1].kind == "redirect"):
            continue
        if not wrapped and token.value is not None and _ASSIGNMENT.match(token.value):
            continue
        base = (token.value or "").rpartition("/")[2]
        names = [name for name, agent in agents.known.items() if agent.program == base]
        if names:
            yield names[0], at
            return
        wrapped = wrapped or base in agents.wrappers
        if not wrapped:
            return


def _program_of(part: Sequence[ShellToken]) -> tuple[str, ...]:
    """The name of what a simple command runs, without its arguments."""
    words = [token.value for token in part if token.kind == "word"]
    names = [word for word in words if word is None or not _ASSIGNMENT.match(word)]
    return tuple((name or "$…").rpartition("/")[2] for name in names[:1])


def _wrapping(part: Sequence[ShellToken]) -> Iterator[str]:
    """What stands before the agent: wrappers by name, variables without their values."""
    for token in part:
        if token.kind == "redirect":
            yield token.value or ""
        elif token.value and (found := _ASSIGNMENT.match(token.value)):
            yield f"{found[1]}=…"
        elif token.value and not token.value.startswith("-"):
            yield token.value.rpartition("/")[2]


class _Reader:
    """Reads the words of one agent's simple command, its program first."""

    def __init__(self, command: str, name: str, agent: Agent, part: Sequence[ShellToken]) -> None:
        self.command, self.name, self.agent = command, name, agent
        self.words: list[ShellToken] = []
        self.files: list[tuple[Span, str]] = []
        self.extras: list[str] = []
        self.prompts: list[tuple[Span, str]] = []
        self.named: dict[str, list[tuple[Span, str]]] = {"model": [], "thread": []}
        self.flagged = not agent.flags
        self.on_stdin: Span | None = None
        self._sort(part)

    def _sort(self, part: Sequence[ShellToken]) -> None:
        """Part words from redirections."""
        pending: ShellToken | None = None
        for token in part:
            if token.kind == "redirect":
                pending = token
            elif pending is None:
                self.words.append(token)
            else:
                if pending.value == "<" and token.value is not None:
                    self.files.append(((pending.start, token.end), token.value))
                elif (pending.value or "").lstrip("0").startswith("<"):
                    raise NoRunError("its standard input is computed by the shell")
                else:
                    self.extras.append(pending.value or "")
                pending = None

    def read(self, stdin: str | None) -> tuple[AgentRun, _Places]:
        """Return the run, and where its parts stand."""
        head = self._verb()
        self._arguments(self.words[head:])
        if not self.flagged:
            raise NoRunError(f"without {' or '.join(self.agent.flags)} it waits for somebody at a terminal")
        carrier, prompt, span = self._prompt(stdin)
        if not prompt:
            raise NoRunError("its prompt is empty")
        (model, model_at), (thread, thread_at) = self._only("model"), self._only("thread")
        run = AgentRun(
            agent=self.name,
            prompt=prompt,
            carrier=carrier,
            model=model,
            thread=thread,
            extras=tuple(dict.fromkeys(self.extras)),
        )
        tail = max(token.end for token in self.words)
        return run, _Places(head=self.words[head - 1].end, tail=tail, prompt=span, model=model_at, thread=thread_at)

    def _verb(self) -> int:
        """The index of the first word after the program and its verb."""
        if not self.agent.verbs:
            return 1
        if len(self.words) < 2 or self.words[1].value not in self.agent.verbs:  # noqa: PLR2004 (program and verb)
            raise NoRunError(f"{self.agent.program} runs on a prompt with {' or '.join(self.agent.verbs)} only")
        return 2

    def _prompt(self, stdin: str | None) -> tuple[Carrier, str, Span | None]:
        """Where the prompt stands, what it says, and its place in the command."""
        if len(self.prompts) + (stdin is not None) + len(self.files) != 1:
            several = self.prompts or stdin is not None or self.files
            raise NoRunError("it has more than one prompt" if several else "it has no prompt")
        if self.prompts:
            (span, prompt) = self.prompts[0]
            if self.on_stdin:
                raise NoRunError("it has more than one prompt")
            return "argument", prompt, span
        if self.files:
            span, path = self.files[0]
            return "file", path, (self.on_stdin[0], span[1]) if self._adjacent(span) and self.on_stdin else span
        return "stdin", stdin or "", self.on_stdin

    def _adjacent(self, span: Span) -> bool:
        """Whether only blanks part the word for the standard input and the file."""
        return bool(self.on_stdin and not self.command[self.on_stdin[1] : span[0]].strip())

    def _only(self, what: str) -> tuple[str | None, Span | None]:
        found = self.named[what]
        if len(found) > 1:
            raise NoRunError(f"it names more than one {what}")
        return (found[0][1], found[0][0]) if found else (None, None)

    def _arguments(self, words: Sequence[ShellToken]) -> None:
        rest = iter(words)
        for token in rest:
            value = token.value
            if value == "--":
                for argument in rest:
                    self._argument(argument)
            elif value is None or not value.startswith("-") or value == "-":
                self._argument(token)
            else:
                self._one_option(token, value, rest)

    def _argument(self, token: ShellToken) -> None:
        if token.value is None:
            raise NoRunError("its prompt is computed by the shell")
        if token.value == "-" and self.agent.stdin == "-":
            self.on_stdin = (token.start, token.end)
        elif self.agent.argument:
            self.prompts.append(((token.start, token.end), token.value))
        else:
            raise NoRunError("it has an argument that the mapping does not know")

    def _one_option(self, token: ShellToken, text: str, rest: Iterator[ShellToken]) -> None:
        name, given, value = text.partition("=")
        agent = self.agent
        if text in agent.flags:
            self.flagged = True
            return
        if text in agent.switches:
            self.extras.append(text)
            return
        known = {"prompt": agent.prompt, "model": agent.model, "thread": agent.thread, "": agent.options}
        kind = next((kind for kind, names in known.items() if name in names), None)
        if kind is None:
            raise NoRunError(f"its option {name} is not one that the mapping knows")
        end, said = token.end, value if given else None
        if not given:
            following = next(rest, None)
            if following is None:
                raise NoRunError(f"its option {name} has no value")
            end, said = following.end, following.value
        if not kind:
            self.extras.append(name)
        elif said is None:
            raise NoRunError(f"the value of its option {name} is computed by the shell")
        elif kind == "prompt":
            self.prompts.append(((token.start, end), said))
        else:
            self.named[kind].append(((token.start, end), said))
