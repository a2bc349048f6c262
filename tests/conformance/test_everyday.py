from __future__ import annotations
import itertools, pytest
PAIRS = [(a, b) for a in ("omni","devin","scrip","json") for b in ("omni","devin","scrip","json") if a != b]

@pytest.mark.parametrize(("source","target"), PAIRS)
async def test_create(make_lab, source, target):
    lab = make_lab(source, target)
    a = lab.source.wish(1); b = lab.source.wish(2, description="Read me.")
    assert {"create": 2} == await lab.run()
    assert lab.expected(a, b) == lab.held()
