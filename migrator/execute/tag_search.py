"""What a create without a response made, by its ownership tag: where a platform can be asked for jobs with a tag."""

from __future__ import annotations

from collections.abc import Callable

from migrator.canonical import Job, JobRef, OwnershipTag
from migrator.errors import MigratorError
from migrator.mapping import ProviderMapping
from migrator.mapping.ownership import tag_text
from migrator.providers.base import Created, LoadAdapter, TagSearch


async def made_with_tag(
    tag: OwnershipTag | None,
    *,
    adapter: LoadAdapter,
    mapping: ProviderMapping,
    scope: str,
    is_known: Callable[[JobRef], bool],
) -> Created | None:
    """Return the one job that carries a tag and is new; None where the platform cannot be asked or does not tell.

    That none is found proves nothing: it may be late to show. Then, and of several, the next listing decides.

    Args:
        tag: what the create carried; None for nothing.
        adapter: the platform.
        mapping: the platform's.
        scope: where the job was to be made.
        is_known: whether a job was there before; one that is to be replaced carries the same tag.
    """
    if tag is None or not isinstance(adapter, TagSearch):
        return None
    try:
        records = await adapter.tagged_jobs(scope, tag_text(tag))
        found: dict[JobRef, Created] = {}
        for record in records:
            job: Job = mapping.read(record.raw, scope=record.scope)
            if job.ownership_tag == tag and not is_known(job.ref):
                found[job.ref] = Created(id=job.ref.id, record=record)
    except MigratorError:
        return None
    return next(iter(found.values())) if len(found) == 1 else None
