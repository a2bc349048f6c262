"""The sections of a mapping file beside its fields."""

from __future__ import annotations

from typing import Any, Literal

import attrs
from attrs import field, frozen

from migrator.mapping.codecs import CODECS

ChangeKind = Literal["update", "replace", "fixed"]
"""How a field can change: in place, by recreating the job, or not at all."""


def _texts(value: Any) -> tuple[str, ...]:
    """One text, or a list of them, as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value)


@frozen(kw_only=True)
class Tag:
    """A provider field that says which kind of thing a record holds.

    Attributes:
        create: its name in a create request, None for the same.
        update: its name in an update request, "" when it cannot be sent.
        assume: its value when an answer leaves it out.
        change: how it can change.
    """

    create: str | None = None
    update: str | None = None
    assume: str | None = None
    change: ChangeKind = "update"


@frozen(kw_only=True)
class Identity:
    """Where a record keeps its key and its times.

    `fired` is when it last fired; `unique` says that no two jobs of the platform share an id, in any scope.
    """

    id: str
    created: str = ""
    updated: str = ""
    fired: str = ""
    unique: bool = False


@frozen(kw_only=True)
class Marker:
    """Where a job carries the ownership tag: a trailer of a text, an item of a list, or a field of its own."""

    path: str
    form: Literal["trailer", "item", "field"]


@frozen(kw_only=True)
class Contract:
    """One way to update a job.

    Attributes:
        method: HTTP method.
        always: canonical paths that every update sends, changed or not.
    """

    method: str
    always: tuple[str, ...] = ()


@frozen(kw_only=True)
class UnportableRule:
    """Provider values that make a job impossible to move, and why.

    Attributes:
        path: the provider's field.
        kind: what such a job is.
        reason: why no other platform can hold it.
        only: the values that say so.
        exclude: the values that do not, when any other does (`except` in the file).
        reason_path: where a record gives its own reason.
        raw_path: where a record keeps what it was.
    """

    path: str
    kind: str
    reason: str
    only: tuple[Any, ...] = ()
    exclude: tuple[Any, ...] = ()
    reason_path: str = ""
    raw_path: str = ""


@frozen(kw_only=True)
class Room:
    """How many jobs that may fire a platform takes in one place; `what` names them, as in "routines of one member"."""

    active: int = field(validator=attrs.validators.ge(1))
    what: str = "jobs"


@frozen(kw_only=True)
class Suspended:
    """Where the platform says that it stopped a job itself; without `values`, any value says so.

    Attributes:
        path: the provider's field.
        codec: what its value must be; anything else is a problem of the job.
        values: the values that say so.
        reason: where a record says why, one field or several; the first that says something counts.
    """

    path: str
    codec: str = field(default="text", validator=attrs.validators.in_(CODECS))
    values: tuple[Any, ...] = ()
    reason: Any = field(default=(), converter=_texts)


@frozen(kw_only=True)
class Running:
    """Where the platform says that a run of a job is in progress, and the values that say so.

    A pause does not stop such a run, so that no other side may be activated before it has ended.
    """

    path: str
    values: tuple[Any, ...]


@frozen(kw_only=True)
class FailureFields:
    """Where the platform tells of runs that fail.

    Attributes:
        count: how many in a row.
        state: how the last run ended.
        failed: the values of `state` that tell of a failure.
        well: the values of `state` after which an error message is history.
        at: when.
        message: why; the first field that says something counts.
    """

    count: str = ""
    state: str = ""
    failed: tuple[str, ...] = ()
    well: tuple[str, ...] = ()
    at: str = ""
    message: tuple[str, ...] = ()

    @property
    def paths(self) -> frozenset[str]:
        """Every field that it names."""
        return frozenset({self.count, self.state, self.at, *self.message} - {""})


@frozen(kw_only=True)
class Declined:
    """A provider field without a canonical home.

    Attributes:
        reason: why.
        default: the value that loses nothing.
        loses: the canonical path under which another value counts as a loss; "" when it never does.
    """

    reason: str
    default: Any = None
    loses: str = ""
