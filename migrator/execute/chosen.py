"""Ids of our choice for new jobs, where a platform takes them: sending a create twice makes one job."""

from __future__ import annotations

import uuid
from typing import Final

from migrator.mapping import ProviderMapping
from migrator.store.records import Write

_CREATES: Final = uuid.UUID("5f0c9a44-6c0f-4f0b-9d25-0a1b1f2f7a31")
"""The namespace of our ids."""


def chosen_id(write: Write, mapping: ProviderMapping) -> str:
    """Return the id of the job that a create makes, always the same one; "" where the platform chooses it."""
    return uuid.uuid5(_CREATES, f"{write.run}/{write.seq}").hex if mapping.rules.identity.chosen else ""
