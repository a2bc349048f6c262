"""Three states of a field: last applied, desired now, remote now.

With all three the difference says who made it: the source changed, the target was edited, or both. Compared is what a
value means, not how it is spelt, under the equivalences that the target's mapping names.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any, Final

from migrator.canonical import NOTHING, Email, Fields, is_absent
from migrator.mapping import ProviderMapping
from migrator.plan.changes import FieldChange

SOURCE: Final = "the source changed"
TARGET: Final = "the target was edited"
_REPEATED: Final = frozenset({"exact", "optional"})
"""How an answer may repeat a field so that what it says of it, if anything, is what is there."""
BOTH: Final = "the source changed and the target was edited"
UNKEPT: Final = "the platform keeps something else than was written"


def same(one: Any, other: Any) -> bool:
    """Return whether two values of a field mean the same on any platform; addresses are the same in any case."""
    if is_absent(one) or is_absent(other):
        return is_absent(one) and is_absent(other)
    if isinstance(one, Email) and isinstance(other, Email):
        return one.groups == other.groups and _folded(one.recipients) == _folded(other.recipients)
    return bool(one == other)


def differences(
    *, applied: Fields, seen: Fields, desired: Fields, remote: Fields, mapping: ProviderMapping
) -> Iterator[FieldChange]:
    """Return the fields in which a target job differs from the wanted one, each with who changed it.

    A remote value that is still what it was right after our last write is no difference: the platform derived it from
    what was sent, or holds it in a form of its own.
    """
    for path, echo in mapping.echoes.items():
        old, was, new, now = applied.get(path), seen.get(path), desired.get(path), remote.get(path)
        if echo == "none":
            was = now = old
        if new == now:
            continue
        source_changed, target_edited = not mapping.same(path, old, new), not mapping.same(path, was, now)
        if not (source_changed or target_edited) or mapping.same(path, new, now):
            continue
        reason = BOTH if source_changed and target_edited else SOURCE if source_changed else TARGET
        yield FieldChange(path=path, old=old, new=new, remote=now, reason=reason)


def unkept(
    *,
    applied: Fields,
    seen: Fields,
    desired: Fields,
    remote: Fields,
    mapping: ProviderMapping,
    accepted: Container[str],
) -> tuple[FieldChange, ...]:
    """Return the fields that the platform did not keep as we last wrote them, and that have not changed since.

    Writing them again would change nothing, every night. A form of the platform's own that is equivalent is none of
    them, nor what a list has beside what was written, nor a path that the sync accepts.
    """
    return tuple(
        FieldChange(path=path, old=applied.get(path), new=desired.get(path), remote=remote.get(path), reason=UNKEPT)
        for path, echo in mapping.echoes.items()
        if echo in _REPEATED
        and path not in accepted
        and desired.get(path) != remote.get(path)
        and mapping.same(path, applied.get(path), desired.get(path))
        and mapping.same(path, seen.get(path), remote.get(path))
        and not mapping.kept(path, desired.get(path), remote.get(path))
    )


def agreed(
    *, applied: Fields, seen: Fields, desired: Fields, remote: Fields, mapping: ProviderMapping
) -> tuple[str, ...]:
    """Return the fields that both sides were changed to alike since the last sync: they count as applied."""
    return tuple(
        path
        for path, echo in mapping.echoes.items()
        if echo != "none"
        and mapping.same(path, desired.get(path), remote.get(path))
        and not mapping.same(path, applied.get(path), desired.get(path))
        and not mapping.same(path, seen.get(path), remote.get(path))
    )


def mismatches(
    desired: Fields, remote: Fields, mapping: ProviderMapping, *, had: Fields = NOTHING, accepted: Container[str] = ()
) -> tuple[str, ...]:
    """Return the fields that a platform did not keep as they were written, in no form that is equivalent.

    Args:
        desired: what was written.
        remote: what was read back.
        mapping: the platform's; what it says is derived is not compared.
        had: what was written before.
        accepted: paths whose form at the platform always counts as equal.
    """
    return tuple(
        path
        for path, echo in mapping.echoes.items()
        if echo in _REPEATED
        and path not in accepted
        and not mapping.kept(path, desired.get(path), remote.get(path), had.get(path))
    )


def identical(desired: Fields, remote: Fields, mapping: ProviderMapping) -> bool:
    """Return whether a target job is already what a source job would become."""
    return not any(
        not mapping.same(path, desired.get(path), remote.get(path))
        for path, echo in mapping.echoes.items()
        if echo != "none"
    )


def _folded(texts: tuple[str, ...]) -> list[str]:
    return sorted(text.casefold() for text in texts)
