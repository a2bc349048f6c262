"""Pairs of platforms between which the active side is switched, with the contract of their updates."""

from __future__ import annotations

from typing import Final

from migrator.sandbox import Options
from tests.conformance.lab import HTTP

PAIRS: Final = [(source, target) for source in HTTP for target in HTTP if source != target]
CONTRACTS: Final = [Options(omni_update="put"), Options(omni_update="patch")]
CASES: Final = [
    (source, target, options)
    for source, target in PAIRS
    for options in CONTRACTS
    if "omni" in {source, target} or options.omni_update == "put"
]
CASE_IDS: Final = [f"{source}-{target}-{options.omni_update}" for source, target, options in CASES]
