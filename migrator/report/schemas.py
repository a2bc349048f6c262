"""The JSON Schema of every document that a command prints or reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from migrator.config import config_schema
from migrator.export import JobsDocument
from migrator.json_document import Document
from migrator.json_schema import Schema, document_schema
from migrator.plan.document import PlanDocument
from migrator.report.documents.apply import ApplyDocument, DedupeDocument
from migrator.report.documents.audit import AuditDocument
from migrator.report.documents.cutover import CutoverDocument, RetireDocument
from migrator.report.documents.demo import DemoDocument
from migrator.report.documents.error import ErrorDocument
from migrator.report.documents.explain import ExplainDocument
from migrator.report.documents.journal import HistoryDocument, SettleDocument, StatusDocument
from migrator.report.documents.listing import ListDocument
from migrator.report.documents.local import CompletionDocument, SandboxDocument
from migrator.report.documents.providers import ProvidersDocument
from migrator.report.documents.start import DoctorDocument, InitDocument
from migrator.report.documents.state import (
    ImportDocument,
    MoveDocument,
    PruneDocument,
    UnlockDocument,
    UpgradeDocument,
)
from migrator.report.documents.sync_run import RunDocument
from migrator.report.documents.verify import VerifyDocument
from migrator.store.dump_document import state_schema

_DOCUMENTS: Final[tuple[type[Document], ...]] = (
    ApplyDocument,
    AuditDocument,
    CompletionDocument,
    CutoverDocument,
    DedupeDocument,
    DemoDocument,
    DoctorDocument,
    ErrorDocument,
    ExplainDocument,
    HistoryDocument,
    ImportDocument,
    InitDocument,
    JobsDocument,
    ListDocument,
    MoveDocument,
    PlanDocument,
    ProvidersDocument,
    PruneDocument,
    RetireDocument,
    RunDocument,
    SandboxDocument,
    SettleDocument,
    StatusDocument,
    UnlockDocument,
    UpgradeDocument,
    VerifyDocument,
)

_DRAWN: Final[Mapping[str, Callable[[], Schema]]] = {kind.NAME: partial(document_schema, kind) for kind in _DOCUMENTS}

SCHEMAS: Final[Mapping[str, Callable[[], Schema]]] = dict(
    sorted({**_DRAWN, "config": config_schema, "state": state_schema}.items())
)
"""By the document's name; `config` is that of migrator.toml."""
