"""What a mapping file may say: its words are the attribute names below, and a word that is not here is an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Any, Final, Literal

import attrs
from attrs import field, frozen

from migrator.canonical import LEAVES, PATHS, covers
from migrator.mapping.codecs import CODECS

ChangeKind = Literal["update", "replace", "fixed"]
"""How a field can change: in place, by making the job anew, or not at all."""

CLEARED: Final[Mapping[str, Any]] = {"null": None, "empty": "", "object": {}, "list": []}
"""What is sent to empty a field, by the mapping's word for it."""


@frozen(kw_only=True)
class Rule:
    """How one canonical field stands in the provider's JSON.

    Attributes:
        path: the provider's field, for reading and writing.
        read: where it is read, if elsewhere; "" when it cannot be read.
        create: where it stands in a create request, if elsewhere; "" when it cannot be given.
        update: where it stands in an update request, if elsewhere; "" when it cannot be given.
        codec: how the value is read, from `CODECS`.
        write_codec: how it is written, if not by the same codec.
        values: provider value to canonical value, one to one.
        reads: more provider values that are read but never written.
        constant: the value that every job on this platform has; never sent.
        default: the value that the platform means when an answer leaves the field out.
        required: whether an answer without it is an error.
        max: longest text, or most items of a list.
        clear: what empties it: "null", "empty", "object" or "list"; without it the job is made anew.
        echo: "exact", or "optional" when some servers take it and leave it out of their answers, or "resolved" when the
            platform answers with something derived from what was sent, or "none" when it never answers with it.
        change: how it can change, for every contract or by contract.
        tags: provider fields that hold these values whenever this field is used (`with` in the file).
    """

    path: str = ""
    read: str | None = None
    create: str | None = None
    update: str | None = None
    codec: str = field(default="text", validator=attrs.validators.in_(CODECS))
    write_codec: str | None = field(default=None, validator=attrs.validators.optional(attrs.validators.in_(CODECS)))
    values: Mapping[str, Any] = field(factory=dict)
    reads: Mapping[str, Any] = field(factory=dict)
    constant: str | None = None
    default: Any = None
    required: bool = False
    max: int | None = None
    clear: str | None = field(default=None, validator=attrs.validators.optional(attrs.validators.in_(CLEARED)))
    echo: Literal["exact", "optional", "resolved", "none"] = "exact"
    change: Any = "update"
    tags: Mapping[str, str] = field(factory=dict)

    @property
    def read_path(self) -> str:
        """Where it is read; "" when it cannot be."""
        return self.path if self.read is None else self.read

    @property
    def create_path(self) -> str:
        """Where it stands in a create request; "" when it cannot be given."""
        return self.path if self.create is None else self.create

    @property
    def update_path(self) -> str:
        """Where it stands in an update request; "" when it cannot be given."""
        return self.path if self.update is None else self.update

    def change_under(self, contract: str) -> ChangeKind:
        """How it can change under the update contract in force."""
        kind: ChangeKind = self.change.get(contract, "update") if isinstance(self.change, Mapping) else self.change
        return kind


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
    """Where a record keeps its key and its times; `fired` is when it last fired."""

    id: str
    created: str = ""
    updated: str = ""
    fired: str = ""


@frozen(kw_only=True)
class Marker:
    """Where a job can carry our mark without harm: a trailer of a text, an item of a list, or a field of its own."""

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
class Unportable:
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
class Suspended:
    """Where the platform says that it stopped a job itself; without `values`, any value says so."""

    path: str
    values: tuple[Any, ...] = ()
    reason: str = ""


@frozen(kw_only=True)
class Running:
    """Where the platform says that a run of a job is in progress, and the values that say so.

    A pause does not stop such a run, so that no other side may be activated before it has ended.
    """

    path: str
    values: tuple[Any, ...]


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


@frozen(kw_only=True)
class Rules:
    """A mapping file."""

    provider: str
    title: str
    docs: tuple[str, ...]
    checked: date
    dialect: str
    dialect_path: str = ""
    timezone: str = ""
    min_interval: int = 0
    lateness: int = 0
    actions: tuple[Literal["prompt", "event"], ...]
    whole: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    needs: tuple[tuple[str, ...], ...]
    identity: Identity
    marker: Marker | None = None
    contracts: Mapping[str, Contract]
    fields: Mapping[str, Rule]
    tags: Mapping[str, Tag] = field(factory=dict)
    unportable: tuple[Unportable, ...] = ()
    suspended: Suspended | None = None
    running: Running | None = None
    translated: Mapping[str, str] = field(factory=dict)
    lost: Mapping[str, str] = field(factory=dict)
    declined: Mapping[str, Declined] = field(factory=dict)
    read_only: Mapping[str, str] = field(factory=dict)

    def below(self, path: str) -> tuple[tuple[str, Rule], ...]:
        """The rules of a canonical path: its own, or those of its parts."""
        return self._below.get(path, ())

    @cached_property
    def _below(self) -> Mapping[str, tuple[tuple[str, Rule], ...]]:
        """Asked for many times for every job, so worked out once."""
        return {
            path: tuple((leaf, rule) for leaf, rule in self.fields.items() if covers(path, leaf))
            for path in dict.fromkeys([*PATHS, *LEAVES])
        }

    @cached_property
    def optional(self) -> tuple[tuple[str, str], ...]:
        """The fields that some servers leave out of their answers, each with where it is read."""
        return tuple((leaf, rule.read_path) for leaf, rule in self.fields.items() if rule.echo == "optional")

    @cached_property
    def tagged(self) -> tuple[tuple[str, str, Rule], ...]:
        """The paths, leaves and rules of the fields that say what kind of record they stand in."""
        return tuple((path, leaf, rule) for path in PATHS for leaf, rule in self.below(path) if rule.tags)

    def why_lost(self, path: str) -> str:
        """Why the provider cannot hold a canonical field; "" when it can, or when it is translated."""
        return self._why_lost.get(path, "")

    @cached_property
    def _why_lost(self) -> Mapping[str, str]:
        """The same for every path; the first word about one counts."""
        known = dict.fromkeys([*PATHS, *LEAVES])
        return {
            path: next(reason for lost, reason in self.lost.items() if covers(lost, path))
            for path in known
            if any(covers(lost, path) for lost in self.lost)
        }

    def tag(self, path: str) -> Tag:
        """What the file says of a tag."""
        return self.tags.get(path, Tag())
