"""JSON as text that cannot do anything to a terminal: controls, directions and invisible characters are escaped."""

from __future__ import annotations

import json
import re
from typing import Any, Final

_ACTS: Final = re.compile(
    "[\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f]"
)
"""What Unicode calls controls, formats, line separators and surrogates; JSON itself escapes those below the blank."""


def json_text(value: Any, *, indent: int | None = None, ascii_only: bool = False) -> str:
    """Return a JSON value as text; what is read from it is the value."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    return text if ascii_only else _ACTS.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
