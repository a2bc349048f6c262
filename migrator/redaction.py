"""Secrets taken out of text, in every form in which a platform or a library may write them.

    raw · URL-encoded · HTML-escaped · JSON- and Python-escaped, each of them twice over · base64 at any alignment

It is done twice: where the answer of a platform comes in, so that no later stage sees a token; and where text leaves,
for what came another way.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache
from html.entities import html5
from typing import Final
from urllib.parse import unquote

from attrs import define, field

HIDDEN: Final = "[redacted-token]"
"""What stands in the place of a secret."""

_LEVELS: Final = 3
"""How many times over a text is decoded when a secret is looked for."""
_SHORTEST: Final = 8
"""Characters of base64 below which it may be anything."""
_UNTOLD: Final = (0, 2, 3)
"""By alignment, how many characters of base64 hold bits of what stands before the secret."""
_ESCAPE: Final = re.compile(r"\\+(?:(?:u00|x)([0-9a-fA-F]{2})|([/\"'\\]))")
_NAMES: Final[dict[str, list[str]]] = {}
for _name, _char in html5.items():
    if len(_char) == 1 and _char.isascii() and _name.endswith(";"):
        _NAMES.setdefault(_char, []).append(_name)


@define(eq=False)
class Secrets:
    """The secrets of one command.

    Attributes:
        needles: what is looked for: each secret, and its base64 at each alignment.
    """

    needles: dict[str, None] = field(factory=dict, repr=False)

    def add(self, secret: str) -> None:
        """Hide one more secret from now on."""
        if secret:
            # a new dict: another thread may be looking through this one
            self.needles = {**self.needles, **dict.fromkeys([secret, *_base64(secret)])}

    def hide(self, text: str) -> str:
        """Return `text` without the secrets, in every form of them."""
        found = self._found(text)
        if not found:
            return text
        for needle in sorted(found, key=len, reverse=True):
            text = _pattern(needle).sub(HIDDEN, text)
        return HIDDEN if self._found(text) else text  # a form that is read and not written here: nothing of it is shown

    def _found(self, text: str) -> list[str]:
        """The needles that are in a text, or in what it stands for."""
        return list({needle: None for level in _decoded(text) for needle in self.needles if needle in level})


def hiding(secrets: Iterable[str]) -> Secrets:
    """Return what hides these."""
    made = Secrets()
    for secret in secrets:
        made.add(secret)
    return made


def _decoded(text: str) -> Iterator[str]:
    """Yield the text, and what it stands for when it is decoded again and again."""
    yield text
    for _level in range(_LEVELS):
        plain = unquote(text) if "%" in text else text
        plain = html.unescape(plain) if "&" in plain else plain
        plain = _ESCAPE.sub(_unescaped, plain) if "\\" in plain else plain
        if plain == text:
            return
        text = plain
        yield text


def _unescaped(found: re.Match[str]) -> str:
    return found[2] or chr(int(found[1], 16))


def _base64(secret: str) -> Iterator[str]:
    """Yield the characters of base64 that a secret alone decides, by what stands before it and in both alphabets."""
    for before, untold in enumerate(_UNTOLD):
        data = b"\0" * before + secret.encode("utf-8", "surrogatepass")
        sure = b64encode(data).decode()[untold : len(data) * 8 // 6]
        if len(sure) >= _SHORTEST:
            yield sure
            yield sure.translate(str.maketrans("+/", "-_"))


@cache
def _pattern(needle: str) -> re.Pattern[str]:
    """What finds a needle in all its forms, mixed ones too."""
    return re.compile("".join(map(_forms, needle)))


def _forms(char: str) -> str:
    code = f"{ord(char):02x}"
    digits = "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in code)
    entities = [f"#0*{ord(char)};?", f"#[xX]0*{digits};?", *map(re.escape, _NAMES.get(char, ()))]
    forms = [f"%(?:25)*{digits}", rf"&(?:amp;)*(?:{'|'.join(entities)})", rf"\\+(?:u00|x){digits}"]
    if char in "/\"'\\":
        forms.append(rf"\\+{re.escape(char)}")
    return f"(?:{'|'.join([*forms, re.escape(char)])})"
