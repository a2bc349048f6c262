"""Refuse to create a target job for a record of a file where the job that it was exported from has one already.

A record names the job that it was exported from, its origin. Where the target has a job for that origin, another one
would run beside it. Whether the file takes the place of the origin, only a person can say.
"""

from __future__ import annotations

from attrs import define, field

from migrator.canonical import Job, JobRef
from migrator.mapping.ownership import TagKey, key_of, key_of_tag
from migrator.plan.identity import move_command, scope_address
from migrator.plan.plan_input import PlanInput
from migrator.store.records import Binding


@define
class Origins:
    """Finds the binding that has the origin of a record.

    Attributes:
        inputs: what the plan is made from.
    """

    inputs: PlanInput
    _bound: dict[TagKey, Binding] = field(factory=dict, init=False)
    _anywhere: dict[tuple[str, str], Binding] = field(factory=dict, init=False)
    _replaced: dict[JobRef, Binding] = field(factory=dict, init=False)
    _records: dict[JobRef, list[JobRef]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        inputs = self.inputs
        by_source = {one.source: one.origin for one in inputs.takeovers}
        for binding in (binding for bindings in inputs.current_bindings.values() for binding in bindings):
            target, origin = inputs.at_target.get(binding.target.id), by_source.get(binding.source)
            keys = [key_of(binding.source), key_of(binding.target)]
            if target and target.ownership_tag:
                keys.append(key_of_tag(target.ownership_tag))
            if origin:
                keys.append(key_of(origin))
                self._replaced[origin] = binding
            for key in keys:
                self._bound.setdefault(key, binding)
                self._anywhere.setdefault((key[0], key[2]), binding)
        for job in inputs.source.jobs:
            if job.origin and inputs.sync.select.matches(job):
                self._records.setdefault(job.origin, []).append(job.ref)

    def refused(self, job: Job) -> str:
        """Return why no target job may be created or adopted for a source job; "" when one may be."""
        if job.ref in self.inputs.current_bindings:
            return ""
        if binding := self._replaced.get(job.ref):
            command = move_command(
                _address(binding.source), _address(job.ref), "--sync", binding.sync, "--job", binding.source.id
            )
            return f"{binding.source} took its place, and {binding.target} is its target job; to revert that: {command}"
        if job.origin is None:
            return ""
        if binding := self._binding_of(job.origin):
            return self._reason(job, binding)
        others = [ref.id for ref in self._records[job.origin] if ref != job.ref]
        if others:
            listed = ", ".join(others)
            return (
                f'{listed} in the file has the same origin {job.origin}: keep one of them, or remove "origin" from it'
            )
        return ""

    def _binding_of(self, origin: JobRef) -> Binding | None:
        found = self._bound.get(key_of(origin))
        if found is None and origin.provider in self.inputs.unscoped:
            found = self._anywhere.get((origin.provider, origin.id))
        return found

    def _reason(self, job: Job, binding: Binding) -> str:
        options = ["--sync", binding.sync]
        if binding.source.provider != job.ref.provider:
            options += ["--to-sync", self.inputs.sync.name]
        command = move_command(_address(binding.source), _address(job.ref), *options)
        return (
            f"its origin {job.origin} has a target job already: {binding.target}, bound to {binding.source} by sync "
            f"{binding.sync}; another one would run beside it. If this file takes the place of the retired jobs there: "
            f'{command}; if it is another job, remove "origin" from its record'
        )


def _address(ref: JobRef) -> str:
    return scope_address(ref.provider, ref.scope)
