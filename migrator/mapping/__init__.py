"""Mapping files: the only place where a provider's field names meet ours, read in both directions.

`read` takes a provider's record apart into a `Job`; `create_payload` and `update_payload` put flat canonical fields
together into request bodies. For every mapping, reading what was written gives back what went in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from migrator.canonical import PATHS, Fields, Job, OwnershipTag, covers, is_absent
from migrator.cron.answers import Decided
from migrator.mapping import reading, writing
from migrator.mapping.equivalence import added, equivalent, form
from migrator.mapping.loading import DocumentedFields, load
from migrator.mapping.paths import Raw, gather, part_of
from migrator.mapping.rules import Rules
from migrator.mapping.sections import ChangeKind


def mapping_dir() -> Path:
    """Where the mapping files are: inside the installed package, or beside it in a checkout."""
    packaged = Path(str(resources.files("migrator"))) / "mappings"
    return packaged if packaged.is_dir() else packaged.parent.parent / "mappings"


def load_mapping(
    provider: str,
    *,
    directory: Path | None = None,
    own: Traversable | None = None,
    documented: DocumentedFields | None = None,
) -> ProviderMapping:
    """The mapping of a provider.

    Args:
        provider: its name, and the file's.
        directory: a folder of mapping files, which count first; None for none.
        own: the file in the provider's own package; None for one of ours.
        documented: every field of the provider's documentation, to check that the mapping has them all.

    Raises:
        MappingError: the file is missing, broken or incomplete.
    """
    found = directory / f"{provider}.toml" if directory else own or mapping_dir() / f"{provider}.toml"
    return ProviderMapping(rules=load(found, documented))


@frozen(kw_only=True)
class ProviderMapping:
    """One provider's mapping, ready to use.

    Attributes:
        rules: what the mapping file says.
        decided: how a connection's cron text is read where engines disagree, as (question, answer) pairs.
        refuses: why the platform holds no job with this create body, where that is no limit of one field; "" where it
            does. None where every limit is in the mapping file.
    """

    rules: Rules
    decided: Decided = ()
    refuses: Callable[[Raw], str] | None = None

    def read(self, raw: Raw, *, scope: str) -> Job:
        """The job that a provider's record holds.

        A schedule that cannot be read does not make the record unreadable: the job then has an `Unportable` trigger.

        Raises:
            RecordError: a required field is missing, or a value is of the wrong kind; names the job and the field.
        """
        return reading.read(self.rules, raw, scope=scope, decided=self.decided)

    def tag_of(self, raw: Raw) -> OwnershipTag | None:
        """Return the ownership tag on a provider's record, of which nothing else need be readable."""
        return reading.tag_of(self.rules, raw)

    def create_payload(self, fields: Fields, ownership_tag: OwnershipTag | None = None, *, chosen: str = "") -> Raw:
        """Return the body of a create request for these (converted) fields, with the ownership tag where it fits."""
        return writing.create_payload(self.rules, fields, ownership_tag, chosen)

    def update_payload(
        self, fields: Fields, changed: set[str], *, contract: str, ownership_tag: OwnershipTag | None = None
    ) -> Raw:
        """The body of an update request.

        Args:
            fields: the whole job as wanted, converted.
            changed: canonical paths to send; those that `fields` lacks are cleared.
            contract: the update contract in force.
            ownership_tag: the mark that the job carries.
        """
        return writing.update_payload(self.rules, fields, changed, contract=contract, ownership_tag=ownership_tag)

    def why_refused(self, fields: Fields) -> str:
        """Return why the platform cannot hold a job with these (converted) fields; "" when it can."""
        return self.refuses(self.create_payload(fields)) if self.refuses else ""

    def tag_payload(self, fields: Fields, ownership_tag: OwnershipTag, *, contract: str) -> Raw:
        """The body of an update request that gives a job another mark and changes nothing else of it."""
        return writing.tag_payload(self.rules, fields, ownership_tag, contract=contract)

    def change_kind(self, path: str, old: Fields, new: Fields, contract: str) -> ChangeKind:
        """How the canonical field `path` can go from its value in `old` to its value in `new`."""
        return writing.change_kind(self.rules, path, old, new, contract)

    def holds(self, path: str) -> bool:
        """Whether the provider has a place of its own for a canonical field."""
        return any(self.rules.below(path))

    def fits(self, path: str, value: Any, fields: Fields) -> bool:
        """Whether some part of `value` can stand beside `fields`: no two of them need different kinds of record."""
        rules = [rule for leaf, rule in self.rules.below(path) if not is_absent(part_of(path, leaf, value))]
        if not all(rule.tags for rule in rules):
            return True  # what goes into every record
        tags = writing.tags_of(self.rules, fields) if rules else {}
        return not rules or any(writing.agrees(rule, tags) for rule in rules)

    def rivals(self, path: str, value: Any, fields: Fields) -> tuple[str, ...]:
        """The parts of a value that cannot stand beside `fields` and the parts before them, as canonical paths."""
        tags = writing.tags_of(self.rules, {**fields, path: value})
        return tuple(
            leaf
            for leaf, rule in self.rules.below(path)
            if rule.tags and not is_absent(part_of(path, leaf, value)) and not writing.agrees(rule, tags)
        )

    def why_lost(self, path: str) -> str:
        """Why the provider cannot hold a canonical field; "" when it can, or when it is translated."""
        return self.rules.why_lost(path)

    def defaults(self) -> dict[str, Any]:
        """What the platform itself puts into fields that are not given, its schedule apart."""
        return {
            leaf: rule.values.get(rule.default, rule.default)
            for leaf, rule in self.rules.fields.items()
            if rule.default is not None and leaf in PATHS and not covers("trigger", leaf)
        }

    def same(self, path: str, one: Any, other: Any) -> bool:
        """Whether two values of a canonical field mean the same on this platform, in any form that it writes."""
        if one == other or (is_absent(one) and is_absent(other)):
            return True
        rules = self.rules.below(path)
        return bool(rules) and all(
            equivalent(part_of(path, leaf, one), part_of(path, leaf, other), rule.equal) for leaf, rule in rules
        )

    def kept(self, path: str, sent: Any, seen: Any, had: Any = None) -> bool:
        """Whether a value that was read back is the one that was written, in the platform's own form.

        Args:
            path: the canonical field.
            sent: what was written.
            seen: what was read back.
            had: what was written before: an entry of a list that was to go is not one that the platform added.
        """
        return self.same(path, sent, seen) or all(
            equivalent(part_of(path, leaf, sent), part_of(path, leaf, seen), rule.equal)
            or added(part_of(path, leaf, sent), part_of(path, leaf, seen), part_of(path, leaf, had), rule.equal)
            for leaf, rule in self.rules.below(path)
        )

    def with_added(self, path: str, value: Any, *, sent: Any, seen: Any, now: Any) -> Any:
        """A value to write, with the entries that the platform itself has added to the list, and still has.

        Args:
            path: the canonical field.
            value: what is to be written.
            sent: what was written last.
            seen: what was read back then.
            now: what the platform has.
        """
        for leaf, rule in self.rules.below(path):
            held = part_of(path, leaf, now) or ()
            part = part_of(path, leaf, value) or ()
            more = added(part_of(path, leaf, sent), part_of(path, leaf, seen), None, rule.equal)
            more = tuple(item for item in more if item in held and item not in part)
            if not more:
                continue
            if leaf == path:
                value = (*part, *more)
            elif value is not None:
                value = evolve(value, **{leaf.rpartition(".")[2]: (*part, *more)})
        return value

    def form(self, path: str, value: Any) -> Any:
        """The value that stands for all that mean the same here; of a field without parts."""
        rule = self.rules.fields.get(path)
        return form(value, rule.equal) if rule else value

    @cached_property
    def echoes(self) -> Mapping[str, str]:
        """The canonical fields that the provider has a place for, each with `echo_of` it; asked for with every job."""
        return {path: self.echo_of(path) for path in PATHS if self.holds(path)}

    def echo_of(self, path: str) -> str:
        """How faithfully an answer repeats what was sent: the weakest of the field's parts."""
        order = ("exact", "optional", "resolved", "none")
        return max((rule.echo for _leaf, rule in self.rules.below(path)), key=order.index, default="exact")


__all__ = ["ChangeKind", "ProviderMapping", "Raw", "Rules", "gather", "load_mapping", "mapping_dir"]
