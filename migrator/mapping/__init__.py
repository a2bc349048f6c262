"""Mapping files: the only place where a provider's field names meet ours, read in both directions.

`read` takes a provider's record apart into a `Job`; `create_payload` and `update_payload` put flat canonical fields
together into request bodies. For every mapping, reading what was written gives back what went in.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from migrator.canonical import (
    PARTS,
    PATHS,
    Fields,
    Job,
    JobRef,
    Mark,
    Unportable,
    covers,
    is_absent,
    unflatten,
)
from migrator.cron import Cron
from migrator.errors import RecordError, ScheduleError
from migrator.mapping.codecs import CODECS, read_time
from migrator.mapping.marks import add_trailer, mark_text, read_mark, split_items, split_trailer
from migrator.mapping.rules import CLEARED, ChangeKind, Documented, Rule, Rules, load

Raw = dict[str, Any]

_WEIGHT: Final[Mapping[str, int]] = {"update": 0, "replace": 1, "fixed": 2}
_MISSING: Final = object()


def mapping_dir() -> Path:
    """Where the mapping files are: inside the installed package, or beside it in a checkout."""
    packaged = Path(str(resources.files("migrator"))) / "mappings"
    return packaged if packaged.is_dir() else packaged.parent.parent / "mappings"


def load_mapping(
    provider: str, *, directory: Path | None = None, documented: Documented | None = None
) -> ProviderMapping:
    """The mapping of a provider.

    Raises:
        MappingError: the file is missing, broken or incomplete.
    """
    return ProviderMapping(rules=load((directory or mapping_dir()) / f"{provider}.toml", documented))


@frozen(kw_only=True)
class ProviderMapping:
    """One provider's mapping, ready to use."""

    rules: Rules

    def read(self, raw: Raw, *, scope: str) -> Job:
        """The job that a provider's record holds.

        A schedule that cannot be read does not make the record unreadable: the job then has an `Unportable` trigger.

        Raises:
            RecordError: a required field is missing, or a value is of the wrong kind; names the job and the field.
        """
        rules = self.rules
        job_id = _get(raw, rules.identity.id)
        if not isinstance(job_id, str) or not job_id:
            raise RecordError("a record without an id", job=_label(raw), path=rules.identity.id)
        raw, mark = self._split_mark(raw)
        values, used = self._read_fields(raw, job_id)
        trigger = self._unportable(raw)
        if isinstance(schedule_error := values.pop("trigger.error", None), ScheduleError):
            trigger = trigger or Unportable(
                kind="unreadable", raw=schedule_error.text, reason=f"its schedule cannot be read: {schedule_error}"
            )
        if trigger is None and "trigger.cron" not in values and "trigger.at" not in values:
            trigger = Unportable(kind="none", reason="it has no schedule")
        if trigger:
            values = {path: value for path, value in values.items() if not covers("trigger", path)}
        try:
            return unflatten(
                values,
                ref=JobRef(provider=rules.provider, scope=scope, id=job_id),
                trigger=trigger,
                suspended=self._suspended(raw),
                mark=mark,
                provider_fields=_leftover(raw, used),
                residue=self._residue(raw),
                created_at=self._time(raw, rules.identity.created, job_id),
                updated_at=self._time(raw, rules.identity.updated, job_id),
            )
        except KeyError as missing:
            path = str(missing.args[0])
            rule = next((rule for leaf, rule in rules.fields.items() if leaf == path), None)
            raise RecordError(
                "a job must have it, and the record does not",
                job=_label(raw, job_id),
                path=rule.read_path if rule else path,
            ) from None

    def create_payload(self, fields: Fields, mark: Mark | None = None) -> Raw:
        """The body of a create request for these (lowered) fields, with our mark where the provider has room."""
        payload: Raw = {}
        tags = self.tags_of(fields)
        for path, value in fields.items():
            for leaf, rule in self.rules.below(path):
                part = _part(path, leaf, value)
                if rule.create_path and rule.constant is None and _holds(rule, tags) and not is_absent(part):
                    _put(payload, rule.create_path, self._encode(rule, part))
                    self._stamp(payload, part)
        for path, constant in tags.items():
            name = self.rules.tag(path).create
            _put(payload, path if name is None else name, constant)
        self._put_mark(payload, fields, mark)
        return payload

    def update_payload(self, fields: Fields, changed: set[str], *, contract: str, mark: Mark | None = None) -> Raw:
        """The body of an update request.

        Args:
            fields: the whole job as it shall be, lowered.
            changed: canonical paths to send; those that `fields` lacks are cleared.
            contract: the update contract in force.
            mark: the mark that the job carries.
        """
        payload: Raw = {}
        tags = self.tags_of(fields)
        sent = self._sent_together(changed | {*self.rules.contracts[contract].always})
        for path in sent:
            for leaf, rule in self.rules.below(path):
                part = _part(path, leaf, fields.get(path))
                if not rule.update_path or rule.constant is not None or not _holds(rule, tags):
                    continue
                if rule.change_under(contract) != "update" and path not in changed:
                    continue
                if not is_absent(part):
                    _put(payload, rule.update_path, self._encode(rule, part))
                    self._stamp(payload, part)
                    for tag, constant in rule.tags.items():
                        name = self.rules.tag(tag).update
                        _put(payload, tag if name is None else name, constant)
                elif path in changed and rule.clear:
                    _put(payload, rule.update_path, CLEARED[rule.clear])
        marker = self.rules.marker
        if marker and any(rule.update_path == marker.path for path in sent for _leaf, rule in self.rules.below(path)):
            self._put_mark(payload, fields, mark)
        return payload

    def change_kind(self, path: str, old: Fields, new: Fields, contract: str) -> ChangeKind:
        """How the canonical field `path` can go from its value in `old` to its value in `new`."""
        before, after = self.tags_of(old), self.tags_of(new)
        kinds: list[ChangeKind] = []
        for leaf, rule in self.rules.below(path):
            had, gets = _part(path, leaf, old.get(path)), _part(path, leaf, new.get(path))
            if had == gets or (is_absent(had) and is_absent(gets)):
                continue
            retagged = [tag for tag in rule.tags if before.get(tag) != after.get(tag)]
            if retagged:
                kinds += [self.rules.tag(tag).change for tag in retagged]
            if not _holds(rule, after):
                continue
            if is_absent(gets) and not rule.clear and rule.change_under(contract) == "update" and not self._whole(rule):
                kinds.append("replace")
            else:
                kinds.append(rule.change_under(contract))
        return max(kinds, key=lambda kind: _WEIGHT[kind], default="update")

    def tags_of(self, fields: Fields) -> dict[str, str]:
        """The tags that a job with these fields has; where two fields disagree, the first one's."""
        tags: dict[str, str] = {}
        for path in PATHS:
            value = fields.get(path)
            for leaf, rule in self.rules.below(path):
                if not is_absent(_part(path, leaf, value)) and _agrees(rule, tags):
                    tags |= rule.tags
        return tags

    def fits(self, path: str, value: Any, fields: Fields) -> bool:
        """Whether some part of `value` can stand beside `fields`: no two of them need different kinds of record."""
        tags = self.tags_of(fields)
        rules = [(leaf, rule) for leaf, rule in self.rules.below(path) if not is_absent(_part(path, leaf, value))]
        return any(_agrees(rule, tags) for _leaf, rule in rules) if rules else True

    def why_lost(self, path: str) -> str:
        """Why the provider cannot hold a canonical field; "" when it can, or when it is translated."""
        return next((reason for lost, reason in self.rules.lost.items() if covers(lost, path)), "")

    def defaults(self) -> dict[str, Any]:
        """What the platform itself puts into fields that are not given, its schedule apart."""
        return {
            leaf: rule.values.get(rule.default, rule.default)
            for leaf, rule in self.rules.fields.items()
            if rule.default is not None and leaf in PATHS and not covers("trigger", leaf)
        }

    def echo_of(self, path: str) -> str:
        """How faithfully an answer repeats what was sent: the weakest of the field's parts."""
        order = ("exact", "resolved", "none")
        return max((rule.echo for _leaf, rule in self.rules.below(path)), key=order.index, default="exact")

    # -- reading ------------------------------------------------------------------------------------------------------

    def _read_fields(self, raw: Raw, job_id: str) -> tuple[dict[str, Any], set[str]]:
        values: dict[str, Any] = {}
        used = {self.rules.identity.id, self.rules.identity.created, self.rules.identity.updated}
        for leaf, rule in self.rules.fields.items():
            if any(_get(raw, tag, self.rules.tag(tag).assume) != constant for tag, constant in rule.tags.items()):
                continue
            used |= {rule.read_path, *rule.tags}
            try:
                value = self._decode(rule, raw)
            except ScheduleError as error:
                values["trigger.error"] = error
                continue
            except ValueError as error:
                found = repr(_get(raw, rule.read_path))
                raise RecordError(
                    "cannot be read",
                    job=_label(raw, job_id),
                    path=rule.read_path,
                    actual=found if len(found) < 80 else found[:77] + "...",  # noqa: PLR2004 (one terminal line)
                    allowed=str(error),
                ) from None
            if not is_absent(value):
                values[leaf] = value
        return gather(values), used

    def _decode(self, rule: Rule, raw: Raw) -> Any:
        if rule.constant is not None:
            return rule.constant
        value = _get(raw, rule.read_path) if rule.read_path else None
        if value is None:
            if rule.required:
                raise ValueError("the documentation promises it")
            value = rule.default
        if value is None:
            return None
        if rule.values:
            table = {**rule.values, **rule.reads}
            if not isinstance(value, str) or value not in table:
                raise ValueError(", ".join(table))
            return table[value]
        dialect = self.rules.dialect
        if rule.codec == "cron" and self.rules.dialect_path:
            dialect = str(_get(raw, self.rules.dialect_path, "vixie"))
        return CODECS[rule.codec].read(value, dialect)

    def _unportable(self, raw: Raw) -> Unportable | None:
        for rule in self.rules.unportable:
            value = _get(raw, rule.path)
            if value is None or not (value in rule.only or (rule.exclude and value not in rule.exclude)):
                continue
            kept = _get(raw, rule.raw_path) if rule.raw_path else {rule.path: value}
            return Unportable(kind=rule.kind, raw=kept, reason=str(_get(raw, rule.reason_path, rule.reason)))
        return None

    def _suspended(self, raw: Raw) -> str | None:
        rule = self.rules.suspended
        value = _get(raw, rule.path) if rule else None
        if rule is None or value is None or (rule.values and value not in rule.values):
            return None
        reason = _get(raw, rule.reason)
        return str(reason or f"{rule.path} is {value}")

    def _residue(self, raw: Raw) -> dict[str, str]:
        residue: dict[str, str] = {}
        for path, declined in self.rules.declined.items():
            value = _get(raw, path)
            if declined.loses and not is_absent(value) and value != declined.default:
                text = f"{path} = {value!r}: {declined.reason}"
                residue[declined.loses] = "; ".join(filter(None, (residue.get(declined.loses), text)))
        return residue

    def _time(self, raw: Raw, path: str, job_id: str) -> Any:
        value = _get(raw, path) if path else None
        try:
            return None if value is None else read_time(value)
        except ValueError as error:
            raise RecordError(
                "cannot be read", job=_label(raw, job_id), path=path, actual=repr(value), allowed=str(error)
            ) from None

    def _split_mark(self, raw: Raw) -> tuple[Raw, Mark | None]:
        marker = self.rules.marker
        value = raw.get(marker.path) if marker else None
        if marker is None or value is None:
            return raw, None
        if marker.form == "trailer":
            rest, mark = split_trailer(value) if isinstance(value, str) else (value, None)
        elif marker.form == "item":
            rest, mark = split_items(value) if isinstance(value, list) else (value, None)
        else:
            rest, mark = None, read_mark(value)
        return {**raw, marker.path: rest}, mark

    # -- writing ------------------------------------------------------------------------------------------------------

    def _encode(self, rule: Rule, value: Any) -> Any:
        if rule.values:
            return next(theirs for theirs, ours in rule.values.items() if ours == value)
        dialect = self.rules.dialect or getattr(value, "dialect", "")
        return CODECS[rule.write_codec or rule.codec].write(value, dialect)

    def _stamp(self, payload: Raw, value: Any) -> None:
        """Where records name the dialect of their schedule, name it."""
        if self.rules.dialect_path and isinstance(value, Cron):
            _put(payload, self.rules.dialect_path, value.dialect)

    def _put_mark(self, payload: Raw, fields: Fields, mark: Mark | None) -> None:
        marker = self.rules.marker
        if marker is None or mark is None:
            return
        if marker.form == "trailer":
            payload[marker.path] = add_trailer(fields.get("description"), mark)
        elif marker.form == "item":
            payload[marker.path] = [*(payload.get(marker.path) or ()), mark_text(mark)]
        else:
            payload[marker.path] = mark_text(mark)

    def _whole(self, rule: Rule) -> str:
        return next((root for root in self.rules.whole if rule.update_path.startswith(f"{root}.")), "")

    def _sent_together(self, changed: set[str]) -> list[str]:
        """The changed paths, and those that stand in the same object where the provider replaces objects whole."""
        roots = {self._whole(rule) for path in changed for _leaf, rule in self.rules.below(path)} - {""}
        return [
            path
            for path in PATHS
            if path in changed or any(self._whole(rule) in roots for _leaf, rule in self.rules.below(path))
        ]


def gather(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Fields with the parts of values put together: delivery.email.groups and its like become delivery.email."""
    fields: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {}
    for leaf, value in leaves.items():
        parent, _, name = leaf.rpartition(".")
        if parent in PARTS:
            parts.setdefault(parent, {})[name] = value
        else:
            fields[leaf] = value
    return fields | {path: PARTS[path](**values) for path, values in parts.items()}


def _part(path: str, leaf: str, value: Any) -> Any:
    return value if leaf == path or value is None else getattr(value, leaf.removeprefix(f"{path}."))


def _holds(rule: Rule, tags: Mapping[str, str]) -> bool:
    return all(tags.get(tag) == constant for tag, constant in rule.tags.items())


def _agrees(rule: Rule, tags: Mapping[str, str]) -> bool:
    return all(tags.get(tag, constant) == constant for tag, constant in rule.tags.items())


def _get(raw: Any, path: str, default: Any = None) -> Any:
    if not path:
        return default
    for key in path.split("."):
        raw = raw.get(key, _MISSING) if isinstance(raw, Mapping) else _MISSING
        if raw is _MISSING:
            return default
    return default if raw is None else raw


def _put(payload: Raw, path: str, value: Any) -> None:
    if not path:
        return
    *parents, last = path.split(".")
    for key in parents:
        payload = payload.setdefault(key, {})
    payload[last] = value


def _leftover(raw: Mapping[str, Any], used: set[str], prefix: str = "") -> dict[str, Any]:
    """What no rule has read: kept for export."""
    rest: dict[str, Any] = {}
    for key, value in raw.items():
        path = f"{prefix}{key}"
        if path in used:
            continue
        if isinstance(value, Mapping) and any(name.startswith(f"{path}.") for name in used):
            if inner := _leftover(value, used, f"{path}."):
                rest[key] = inner
        elif value is not None:
            rest[key] = value
    return rest


def _label(raw: Mapping[str, Any], job_id: str = "") -> str:
    name = raw.get("name")
    return (
        " ".join(part for part in (job_id, f"{name!r}" if isinstance(name, str) else "") if part)
        or "without id or name"
    )


__all__ = ["ChangeKind", "ProviderMapping", "Raw", "Rules", "gather", "load_mapping", "mapping_dir"]
