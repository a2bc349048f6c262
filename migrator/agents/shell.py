"""Words of a POSIX shell command: where they stand, what they say, and how a text is written as one word.

Only what can be known without running the command is told: a word that the shell computes has no value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from attrs import frozen

_OPERATOR: Final = re.compile(r"&&|\|\||\|&|;;|[;|&()\n]")
_REDIRECT: Final = re.compile(r"(?:\d+|&)?(?:>>|>\||>&|<>|<&|<<<|<<-?|>|<)")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
"""Texts that every shell takes as they are."""

_COMPUTED: Final = frozenset("*?[{}~!")
"""Characters outside of quotes that some shell replaces by something else."""


class ShellError(ValueError):
    """A command that cannot be taken apart; the text says why."""


@frozen
class ShellToken:
    """A word, an operator or a redirection of a command.

    Attributes:
        kind: "redirect" is the sign alone; the word that it leads to follows.
        start: index of its first character.
        end: index after its last character.
        value: what it says; None for a word that the shell computes.
    """

    kind: Literal["word", "operator", "redirect"]
    start: int
    end: int
    value: str | None


def tokens(command: str) -> tuple[ShellToken, ...]:
    """Return the tokens of a command, comments left out.

    Raises:
        ShellError: a quote is not closed.
    """
    return tuple(_tokens(command))


def quoted(text: str) -> str:
    """Return a text as one word that no shell changes, without a backslash of our own."""
    if _PLAIN.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"


def _tokens(command: str) -> Iterator[ShellToken]:
    at = 0
    while at < len(command):
        if command[at] in " \t":
            at += 1
        elif command[at] == "#":
            at = command.find("\n", at) if "\n" in command[at:] else len(command)
        elif found := _REDIRECT.match(command, at):
            yield ShellToken("redirect", at, found.end(), found[0])
            at = found.end()
        elif found := _OPERATOR.match(command, at):
            yield ShellToken("operator", at, found.end(), found[0])
            at = found.end()
        else:
            end, value = _word(command, at)
            yield ShellToken("word", at, end, value)
            at = end


def _word(command: str, at: int) -> tuple[int, str | None]:
    """Where the word that begins at `at` ends, and what it says."""
    said: list[str] = []
    known = True
    while at < len(command) and command[at] not in " \t\n;|&()<>":
        char = command[at]
        if char == "'":
            end = command.find("'", at + 1)
            if end < 0:
                raise ShellError("a quote is not closed")
            said.append(command[at + 1 : end])
            at = end + 1
        elif char == '"':
            at, text = _double(command, at + 1)
            known = known and text is not None
            said.append(text or "")
        elif char == "\\":
            if at + 1 == len(command):
                raise ShellError("it ends with a backslash")
            said.append("" if command[at + 1] == "\n" else command[at + 1])
            at += 2
        else:
            known = known and char not in "$`" and char not in _COMPUTED
            said.append(char)
            at = _after_substitution(command, at) if char in "$`" else at + 1
    return at, "".join(said) if known else None


def _double(command: str, at: int) -> tuple[int, str | None]:
    """Where a text in double quotes ends, and what it says."""
    said: list[str] = []
    known = True
    while at < len(command):
        char = command[at]
        if char == '"':
            return at + 1, "".join(said) if known else None
        if char == "\\" and command[at + 1 : at + 2] in {"$", "`", '"', "\\", "\n"}:
            said.append(command[at + 1].replace("\n", ""))
            at += 2
        elif char in "$`":
            known = False
            at = _after_substitution(command, at)
        else:
            said.append(char)
            at += 1
    raise ShellError("a quote is not closed")


def _after_substitution(command: str, at: int) -> int:
    """Where what the shell computes ends; nested commands are skipped by their brackets."""
    if command[at] == "`":
        end = command.find("`", at + 1)
        if end < 0:
            raise ShellError("a quote is not closed")
        return end + 1
    closing = {"(": ")", "{": "}"}.get(command[at + 1 : at + 2])
    if closing is None:
        return at + 1
    opening, depth = command[at + 1], 0
    for place in range(at + 1, len(command)):
        depth += (command[place] == opening) - (command[place] == closing)
        if depth == 0:
            return place + 1
    raise ShellError("a bracket is not closed")
