"""Three states of a field: last applied, desired now, remote now.

With all three the difference says who made it: the source changed, the target was edited, or both. Compared is what a
value means, not how it is spelt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from migrator.canonical import Email, Fields, is_absent
from migrator.mapping import ProviderMapping
from migrator.plan.values import FieldChange

SOURCE: Final = "the source changed"
TARGET: Final = "the target was edited"
_REPEATED: Final = frozenset({"exact", "optional"})
"""How an answer may repeat a field so that what it says of it, if anything, is what is there."""
BOTH: Final = "the source changed and the target was edited"


def same(one: Any, other: Any) -> bool:
    """Whether two values of a field mean the same; addresses are the same in any case."""
    if is_absent(one) or is_absent(other):
        return is_absent(one) and is_absent(other)
    if isinstance(one, Email) and isinstance(other, Email):
        return one.groups == other.groups and _folded(one.recipients) == _folded(other.recipients)
    return bool(one == other)


def differences(
    *, applied: Fields, seen: Fields, desired: Fields, remote: Fields, mapping: ProviderMapping
) -> Iterator[FieldChange]:
    """The fields in which a target job is not as it shall be, each with who made the difference.

    Where the platform answers with something derived from what was sent, a remote value that is still what it was right
    after our last write is no difference.
    """
    for path, echo in mapping.echoes.items():
        old, was, new, now = applied.get(path), seen.get(path), desired.get(path), remote.get(path)
        if echo == "none":
            was = now = old
        source_changed, target_edited = not same(old, new), not same(was, now)
        if same(new, now) or not (source_changed or target_edited):
            continue
        reason = BOTH if source_changed and target_edited else SOURCE if source_changed else TARGET
        yield FieldChange(path=path, old=old, new=new, remote=now, reason=reason)


def agreed(
    *, applied: Fields, seen: Fields, desired: Fields, remote: Fields, mapping: ProviderMapping
) -> tuple[str, ...]:
    """The fields that both sides were changed to alike since we last looked: no difference, but new common ground."""
    return tuple(
        path
        for path, echo in mapping.echoes.items()
        if echo != "none"
        and same(desired.get(path), remote.get(path))
        and not same(applied.get(path), desired.get(path))
        and not same(seen.get(path), remote.get(path))
    )


def mismatches(desired: Fields, remote: Fields, mapping: ProviderMapping) -> tuple[str, ...]:
    """The fields that a platform did not keep as they were written, but for those that its mapping says it derives."""
    return tuple(
        path
        for path, echo in mapping.echoes.items()
        if echo in _REPEATED and not same(desired.get(path), remote.get(path))
    )


def identical(desired: Fields, remote: Fields, mapping: ProviderMapping) -> bool:
    """Whether a target job is already what a source job would become."""
    return not any(
        not same(desired.get(path), remote.get(path)) for path, echo in mapping.echoes.items() if echo != "none"
    )


def _folded(texts: tuple[str, ...]) -> list[str]:
    return sorted(text.casefold() for text in texts)
