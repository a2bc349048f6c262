"""Documents of sandbox and completion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import frozen

from migrator.json_document import Document


@frozen(kw_only=True)
class SandboxDocument(Document):
    """How to reach the simulators.

    Attributes:
        config: a migrator.toml.
    """

    NAME: ClassVar[str] = "sandbox"
    port: int
    connections: Mapping[str, Mapping[str, Any]]
    config: str


@frozen(kw_only=True)
class CompletionDocument(Document):
    """A shell's script."""

    NAME: ClassVar[str] = "completion"
    shell: str
    script: str
