"""Recognise the run of an agent in a command line, by the patterns of a mapping file.

A prompt is taken only from a command of which every word is understood; any other command is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import evolve, frozen

from migrator.agents.patterns import Agent, AgentRun, Agents, Carrier, NoAgentError, NoRunError
from migrator.agents.shell import ShellError, ShellToken, tokens

Span = tuple[int, int]


_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")


_RESERVED: Final = frozenset({"!", "{", "}", "case", "do", "done", "elif", "else", "fi", "for", "if", "then", "while"})


@frozen(kw_only=True)
class Places:
    """Where the parts of a run stand in its command: the prompt, model and thread with their options, and room."""

    head: int
    tail: int
    prompt: Span | None = None
    model: Span | None = None
    thread: Span | None = None


def recognise(command: str, stdin: str | None, agents: Agents) -> AgentRun:
    """Return the run that a command line describes.

    Args:
        command: the shell command.
        stdin: what it gets on its standard input, None for nothing.
        agents: the patterns.

    Raises:
        NoRunError: it is something else.
    """
    return read_command(command, stdin, agents)[0]


def read_command(command: str, stdin: str | None, agents: Agents) -> tuple[AgentRun, Places]:
    """Return the run that a command line describes, and where its parts stand; arguments and errors as `recognise`."""
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

    def read(self, stdin: str | None) -> tuple[AgentRun, Places]:
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
        return run, Places(head=self.words[head - 1].end, tail=tail, prompt=span, model=model_at, thread=thread_at)

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
