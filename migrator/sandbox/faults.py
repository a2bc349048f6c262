"""Scripted faults: which request, what goes wrong, how often."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any, Final

from attrs import define, field, validators

from migrator.sandbox.store import Json

KINDS: Final = {
    "status": "answers `status` in the provider's error shape",
    "html": "answers `status` (200 unless given) with a page of HTML",
    "throttle": "answers the provider's 429; with `retry_after`, that header",
    "reset": "the connection dies without an answer",
    "slow": "waits `seconds`",
    "broken_json": "the answer stops in the middle",
    "truncated_page": "a list answers half of its page and says that it was the last",
    "repeated_page": "a list answers the page before once more",
    "eventual": "a change becomes visible only after `reads` GET requests",
    "clock": "the Date of the answer is `seconds` away from the time",
    "rotate_token": "from then on `token` is what the provider accepts, and none of the tokens before",
    "suspend": "the platform stops the job that the request names, before it is handled or, with `after`, right after",
    "run": "a run of the job that the request names begins, and is in progress for `seconds`",
    "normalise": "what is written is kept in the platform's own form, and new schedules get a label; with `times` 0",
    "charset": "the answer is UTF-8 and says that it is ISO-8859-1",
    "latin1": "the answer is ISO-8859-1 and says nothing of that",
    "unknown_field": "every record has a field `name`, which holds `value`",
}
"""What can go wrong. With `after`, the first five come when the request has had its effect: the answer is lost."""


def _underscored(kind: str) -> str:
    return kind.replace(" ", "_")


@define(kw_only=True)
class ScriptedFault:
    """One rule.

    Attributes:
        kind: one of `KINDS`; a blank stands for an underscore.
        provider: the name of a simulator; None for all.
        method: the HTTP method, "WRITE" for every one that changes something; None for all.
        path: a pattern of the path below the provider's host (`*/schedules`); None for all.
        nth: the first matching request that it hits, counted from 1 since the rule was set.
        times: how many matching requests in a row it hits; 0 for all from there on.
        after: whether the request has its effect before it fails.
        status: for `status` and `html`.
        retry_after: for `throttle`, seconds.
        token: for `rotate_token`.
        seconds: for `clock`, less than 0 for a clock that is late; for `slow`, and a client that gives up earlier does
            not stop the effect; for `run`, how long it is in progress.
        reads: for `eventual`.
        drops: for `normalise`, characters that are taken out of every text.
        name: for `unknown_field`.
        value: for `unknown_field`.
        seen: how many requests matched so far.
    """

    kind: str = field(converter=_underscored, validator=validators.in_(KINDS))
    provider: str | None = None
    method: str | None = None
    path: str | None = None
    nth: int = field(default=1, validator=validators.ge(1))
    times: int = field(default=1, validator=validators.ge(0))
    after: bool = False
    status: int | None = None
    retry_after: float | None = None
    seconds: float = 1.0
    reads: int = 1
    token: str | None = None
    drops: str = ""
    name: str = "condition"
    value: Any = field(factory=lambda: {"only_if": "balance > 0"})
    seen: int = field(default=0, init=False)

    def hits(self, provider: str, method: str, path: str) -> bool:
        """Count a request; whether this rule strikes it."""
        if self.provider not in (None, provider) or self.method not in (None, method, _kind(method)):
            return False
        if self.path is not None and not fnmatchcase(path, self.path):
            return False
        self.seen += 1
        return self.seen >= self.nth and (self.times == 0 or self.seen < self.nth + self.times)


def _kind(method: str) -> str:
    return method if method in {"GET", "HEAD", "OPTIONS"} else "WRITE"


def half_page(body: bytes, records_key: str, last_page: Json) -> bytes:
    """A list answer that lost the second half of its records and all trace of further pages.

    Args:
        body: the whole answer.
        records_key: where it has its records.
        last_page: what a last page says of what follows.
    """
    page: Any = json.loads(body)
    page[records_key] = page[records_key][: len(page[records_key]) // 2]
    for name, value in last_page.items():
        page[name] = {**page[name], **value} if isinstance(value, dict) else value
    return json.dumps(page).encode()
