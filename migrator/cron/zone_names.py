"""Names of time zones that are no names of the database, and what to suggest for them."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

from migrator.cron.windows_zones import WINDOWS_ZONES

MACHINE_NAMES: Final = frozenset({"localtime", "posixrules", "Factory"})
"""Names whose meaning depends on the machine that reads them."""

SECOND_TREES: Final = ("posix/", "right/")
"""Folders in which some systems keep the whole database a second and a third time."""

_OFFSET: Final = re.compile(
    r"(?:Etc/)?(?:UTC|GMT|Z)? ?(?P<sign>[+-\u2212])(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?", re.IGNORECASE
)
_HALF_HOURS: Final = {
    210: "Asia/Tehran",
    270: "Asia/Kabul",
    330: "Asia/Kolkata",
    345: "Asia/Kathmandu",
    390: "Asia/Yangon",
    525: "Australia/Eucla",
    570: "Australia/Darwin",
    -570: "Pacific/Marquesas",
}
_ABBREVIATIONS: Final = {
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "MDT": "America/Denver",
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "EDT": "America/New_York",
    "AST": "America/Halifax",
    "BRT": "America/Sao_Paulo",
    "BST": "Europe/London",
    "IST": "Asia/Kolkata",
    "CEST": "Europe/Berlin",
    "EEST": "Europe/Athens",
    "MSK": "Europe/Moscow",
    "SGT": "Asia/Singapore",
    "HKT": "Asia/Hong_Kong",
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "AEST": "Australia/Sydney",
    "AEDT": "Australia/Sydney",
    "NZST": "Pacific/Auckland",
    "NZDT": "Pacific/Auckland",
}
_EAST: Final = 14
_WEST: Final = -12
_SHOWN: Final = 3


def what_is_wrong(name: object) -> str:
    """Return why a name is no time zone."""
    text = str(name)[:80]
    if text in MACHINE_NAMES:
        return f"the time zone {text!r} depends on the machine that reads it"
    if text.startswith(SECOND_TREES):
        return f"the time zone {text!r} is a copy of another release on some machines"
    return f"unknown time zone {text!r}"


def suggestion(name: object, names: Collection[str]) -> str:
    """Return a question that proposes a name of the database, "" when none is near."""
    text = str(name).strip()[:80]
    if found := _OFFSET.fullmatch(text):
        return _for_offset(found)
    near = _similar(text, names)
    return f"did you mean {' or '.join(near)}?" if near else ""


def _similar(text: str, names: Collection[str]) -> list[str]:
    for tree in SECOND_TREES:
        if text.startswith(tree):
            return (
                _similar(text.removeprefix(tree), names)
                if text.removeprefix(tree) not in names
                else [text.removeprefix(tree)]
            )
    if text in MACHINE_NAMES:
        return []
    wanted = text.replace(" ", "_").casefold()
    folded = {known.casefold(): known for known in sorted(names)}
    windows = {known.replace(" ", "_").casefold(): zone for known, zone in WINDOWS_ZONES.items()}
    for table in (folded, windows, {known.casefold(): zone for known, zone in _ABBREVIATIONS.items()}):
        if wanted in table:
            return [table[wanted]]
    ends = [known for low, known in folded.items() if low.rpartition("/")[2] == wanted.rpartition("/")[2]]
    if ends:
        return ends[:_SHOWN]
    return [{**windows, **folded}[near] for near in get_close_matches(wanted, [*folded, *windows], n=1, cutoff=0.75)]


def _for_offset(found: re.Match[str]) -> str:
    """What to say of "UTC+2": places are better, and the database's own fixed offsets have the sign reversed."""
    hours, minutes = int(found["hours"]), int(found["minutes"] or 0)
    east = found["sign"] == "+"
    total = (60 * hours + minutes) * (1 if east else -1)
    place = "a place whose clock it is, such as "
    if minutes:
        return f"name {place}{_HALF_HOURS[total]}" if total in _HALF_HOURS else ""
    if not _WEST <= total // 60 <= _EAST:
        return ""
    fixed = f"Etc/GMT{'-' if east else '+'}{hours}" if hours else "UTC"
    reversed_sign = ", whose sign is reversed," if hours else ""
    return f"did you mean {fixed}{reversed_sign} or a place whose clock changes in summer?"
