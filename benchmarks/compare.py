"""Two runs of the benchmarks side by side: python benchmarks/compare.py OLD.json NEW.json.

A figure is worth a look when it changed by more than its own spread in both runs.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def compared(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """A line for each figure that both runs have: both medians, their ratio, and a star where it changed for sure."""
    for name in old["figures"].keys() & new["figures"].keys():
        yield name
        before, after = old["figures"][name], new["figures"][name]
        for figure in before[0].keys() & after[0].keys():
            first, second = ([one[figure] for one in rounds] for rounds in (before, after))
            a, b = statistics.median(first), statistics.median(second)
            ratio = f"{b / a:8.2f} x" if a else ""
            apart = max(first) < min(second) or max(second) < min(first)
            yield f"    {figure:<28}{a:>10.2f} {b:>10.2f} {ratio}{' *' if apart else ''}"


if __name__ == "__main__":
    print(*compared(*(json.loads(Path(name).read_text("utf-8")) for name in sys.argv[1:3])), sep="\n")
