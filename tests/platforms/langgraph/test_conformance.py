"""The conformance table on the real server: every scenario between it and a file of jobs, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.testing.conformance import Conformance
from tests.platforms.langgraph.platform import LangGraphServer


@pytest.mark.usefixtures("installed")
class TestLangGraph(Conformance):
    """Every scenario."""

    platform = LangGraphServer()

    @pytest.fixture(autouse=True)
    @classmethod
    def _counted(cls, figures: Any) -> None:
        """Count the scenarios."""
        figures["scenarios"] += 1
