"""What a mapping file may say: its words are the attribute names below, and a word that is not here is an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Any, Final, Literal

import attrs
from attrs import field, frozen

from migrator.agents.patterns import Agent, Agents, WorkflowStep
from migrator.canonical import LEAVES, PATHS, covers
from migrator.mapping.codecs import CODECS
from migrator.mapping.equivalence import EQUIVALENCES
from migrator.mapping.sections import (
    ChangeKind,
    Contract,
    Declined,
    FailureFields,
    Identity,
    Marker,
    Room,
    Running,
    Suspended,
    Tag,
    UnportableRule,
)

CLEARED: Final[Mapping[str, Any]] = {"null": None, "empty": "", "object": {}, "list": []}
"""What is sent to empty a field, by the mapping's word for it."""


@frozen(kw_only=True)
class Rule:
    """How one canonical field stands in the provider's JSON.

    Attributes:
        path: the provider's field, for reading and writing.
        read: where it is read, if elsewhere; "" when it cannot be read.
        otherwise: where it is read when that place has no value.
        create: where it stands in a create request, if elsewhere; "" when it cannot be given.
        update: where it stands in an update request, if elsewhere; "" when it cannot be given.
        codec: how the value is read, from `CODECS`.
        write_codec: how it is written, if not by the same codec.
        values: provider value to canonical value, one to one.
        reads: more provider values that are read but never written.
        constant: the value that every job on this platform has; never sent.
        default: the value that the platform means when an answer leaves the field out.
        required: whether an answer without it is an error.
        max: longest text, or most items of a list, the ownership tag among them.
        one_of: the values that the platform takes, where its documentation lists them.
        form: the form of a text, or of each item of a list: "email" or "uuid"; "" for any.
        only_with: by canonical path, the values beside which alone the platform takes this field.
        clear: what empties it: "null", "empty", "object" or "list"; without it the job is recreated.
        echo: "exact", or "optional" when some servers take it and leave it out of their answers, or "resolved" when the
            platform answers with something derived from what was sent, or "none" when it never answers with it.
        change: how it can change, for every contract or by contract.
        equal: under which equivalences a value is the same, from `EQUIVALENCES`.
        beside: canonical paths that every update of this field sends with it, changed or not.
        tags: provider fields that hold these values whenever this field is used (`with` in the file).
    """

    path: str = ""
    read: str | None = None
    otherwise: str = ""
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
    one_of: tuple[str, ...] = ()
    form: Literal["", "email", "uuid"] = ""
    only_with: Mapping[str, tuple[str, ...]] = field(factory=dict)
    clear: str | None = field(default=None, validator=attrs.validators.optional(attrs.validators.in_(CLEARED)))
    echo: Literal["exact", "optional", "resolved", "none"] = "exact"
    change: Any = "update"
    equal: tuple[str, ...] = field(
        default=(), validator=attrs.validators.deep_iterable(attrs.validators.in_(EQUIVALENCES))
    )
    beside: tuple[str, ...] = ()
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
    room: Room | None = None
    actions: tuple[Literal["prompt", "event"], ...]
    whole: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    needs: tuple[tuple[str, ...], ...]
    identity: Identity
    marker: Marker | None = None
    contracts: Mapping[str, Contract]
    fields: Mapping[str, Rule]
    tags: Mapping[str, Tag] = field(factory=dict)
    unportable: tuple[UnportableRule, ...] = ()
    suspended: Suspended | None = None
    running: Running | None = None
    failure: FailureFields | None = None
    translated: Mapping[str, str] = field(factory=dict)
    lost: Mapping[str, str] = field(factory=dict)
    declined: Mapping[str, Declined] = field(factory=dict)
    read_only: Mapping[str, str] = field(factory=dict)
    wrappers: tuple[str, ...] = ()
    agents: Mapping[str, Agent] = field(factory=dict)
    steps: tuple[WorkflowStep, ...] = ()

    @cached_property
    def commands(self) -> Agents:
        """The command lines and the steps of workflows that run an agent."""
        return Agents(known=self.agents, wrappers=self.wrappers, steps=self.steps)

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
    def limited(self) -> Mapping[str, tuple[tuple[str, Rule], ...]]:
        """By canonical path, the rules that limit what its value may be, its size apart."""
        return {
            path: limited
            for path, rules in self._below.items()
            if path in PATHS
            and (limited := tuple((n, r) for n, r in rules if r.one_of or r.form or r.only_with or r.values))
        }

    @cached_property
    def readable(self) -> frozenset[str]:
        """Every field of an answer that the file names, as dotted paths; what stands below one is known with it."""
        unportable = {path for one in self.unportable for path in (one.path, one.reason_path, one.raw_path)}
        stopped = {self.suspended.path, *self.suspended.reason} if self.suspended else set[str]()
        named = {path for rule in self.fields.values() for path in (rule.read_path, rule.otherwise)}
        named |= {*self.kinds, *self.declined, *self.read_only}
        identity = self.identity
        named |= {identity.id, identity.created, identity.updated, identity.fired, identity.next, identity.origin}
        marker = {self.marker.path} if self.marker else set[str]()
        stopped |= self.failure.paths if self.failure else set()
        return frozenset((named | unportable | stopped | marker | {self.dialect_path}) - {""})

    @cached_property
    def opened(self) -> frozenset[str]:
        """The objects of an answer of which the file names the fields, as dotted paths."""
        parts = [path.split(".") for path in self.readable]
        return frozenset(".".join(part[:depth]) for part in parts for depth in range(1, len(part)))

    @cached_property
    def inside(self) -> Mapping[str, tuple[str, ...]]:
        """The fields that are read within each object that says of what kind it is."""
        parents = {path.rpartition(".")[0] for path in self.kinds} - {""}
        read = dict.fromkeys(rule.read_path for rule in self.fields.values())
        return {parent: tuple(path for path in read if covers(parent, path)) for parent in parents}

    @cached_property
    def kinds(self) -> Mapping[str, tuple[Any, ...]]:
        """The fields that say what kind of record or object it is, each with the kinds that the file knows."""
        found: dict[str, tuple[Any, ...]] = {}
        for rule in self.fields.values():
            for path, constant in rule.tags.items():
                found[path] = (*found.get(path, ()), constant)
        return {
            path: (*known, *(value for one in self.unportable if one.path == path for value in one.only))
            for path, known in found.items()
        }

    @cached_property
    def timing(self) -> frozenset[str]:
        """Those of them that say what kind of schedule it is."""
        return frozenset(path for leaf, rule in self.fields.items() if covers("trigger", leaf) for path in rule.tags)

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
