"""What a person must decide before blocked jobs can go, and the line of the config file that says it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import frozen

from migrator.canonical import Loss
from migrator.config import Sync
from migrator.convert.fields import Need
from migrator.plan.changes import Change

_LIST: Final = " = ["


@frozen(kw_only=True)
class Policy:
    """Something that a sync has to say, and for how many jobs.

    Attributes:
        what: what is to be decided.
        table: the table of the config file that the answer belongs in.
        line: the line to write there.
        jobs: how many jobs wait for it.
    """

    what: str
    table: str
    line: str
    jobs: int


def setting(sync: Sync, line: str, what: str) -> Need:
    """Return a need that a line in the sync's own table meets."""
    table = f"[syncs.{sync.name}]"
    return Need(what=what, how=f"{line} in {table}", table=table, line=line)


def permission(sync: Sync, loss: Loss) -> Need:
    """Return the need to allow a loss, beside what the sync allows already."""
    line = f"allow_loss = {json.dumps([*sync.allow_loss, loss.path])}"
    return setting(sync, line, f"{loss.path} would be lost: {loss.reason}")


def policies_of(changes: Iterable[Change]) -> tuple[Policy, ...]:
    """Return what has to be decided, for most jobs first; a key that takes a list is one decision."""
    by_topic: dict[tuple[str, str], dict[Need, set[Any]]] = {}
    for change in changes:
        for need in change.needs:
            topic = need.line.partition(_LIST)[0] if _LIST in need.line else f"{need.line}: {need.what}"
            by_topic.setdefault((need.table, topic), {}).setdefault(need, set()).add(change.source or change.target)
    found = [_policy(needs) for needs in by_topic.values()]
    return tuple(sorted(found, key=lambda decision: -decision.jobs))


def _policy(needs: Mapping[Need, set[Any]]) -> Policy:
    first = next(iter(needs))
    key, is_list, _ = first.line.partition(_LIST)
    line = first.line
    if is_list:
        values = dict.fromkeys(value for need in needs for value in json.loads(need.line.removeprefix(f"{key} = ")))
        line = f"{key} = {json.dumps(list(values))}"
    whats = "; ".join(dict.fromkeys(need.what for need in needs))
    return Policy(what=whats, table=first.table, line=line, jobs=len(set().union(*needs.values())))
