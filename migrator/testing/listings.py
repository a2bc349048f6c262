"""Lists that are long, late, refused or garbled: nothing is lost, doubled or removed because of them."""

from __future__ import annotations

from typing import Any, Final

import pytest

from migrator.errors import AuthError, MigratorError, ProtocolError, TransientError
from migrator.testing.base import Base, MakeLab, each, synchronous
from migrator.testing.lab import Lab, frozen_records
from migrator.testing.platform import wish

UNREADABLE: Final[dict[str, tuple[dict[str, Any], type[MigratorError]]]] = {
    "unauthenticated": ({"kind": "status", "status": 401}, AuthError),
    "forbidden": ({"kind": "status", "status": 403}, AuthError),
    "out of order": ({"kind": "status", "status": 500}, TransientError),
    "cut off": ({"kind": "reset"}, TransientError),
    "throttled": ({"kind": "throttle"}, TransientError),
    "a page of HTML": ({"kind": "html"}, ProtocolError),
    "half a document": ({"kind": "broken_json"}, ProtocolError),
}
"""What happens to a list, and the error that ends the run."""
MANY: Final = 30


def fill(lab: Lab, number: int) -> None:
    """Put that many jobs at the source."""
    lab.source.add_many({n: wish(n) for n in range(number)})


class Listings(Base):
    """Lists, and what goes wrong with them."""

    @synchronous
    async def test_an_empty_source(self, make_lab: MakeLab) -> None:
        """From a source without jobs nothing comes, and nothing happens to what is at the target."""
        lab = make_lab(on_missing="delete")

        assert await lab.run() == {}
        assert lab.made == {}

    @synchronous
    async def test_a_list_of_several_pages(self, make_lab: MakeLab) -> None:
        """Jobs of every page arrive, once each, with one write for each; the jobs of a lost page are not deleted."""
        lab = make_lab(on_missing="delete")
        number = max(lab.source.platform.volume, lab.target.platform.volume)
        fill(lab, number)
        lab.forget_requests()
        planned, _applied = await lab.carry_out()

        assert number == len(planned.pending)
        assert lab.expected(*(wish(n) for n in range(number))) == lab.target_jobs()
        if lab.target.proxy:
            assert number == len(lab.target.proxy.sent(*lab.target.platform.reads))
        await lab.settled()
        if lab.source.proxy and len(lab.source.proxy.requests) > 1:
            lab.source.proxy.fault("status", match=lab.source.platform.listing, nth=2, times=0)
            with pytest.raises(MigratorError):
                await lab.carry_out()
            assert number == len(lab.made)

    @synchronous
    async def test_records_of_the_target_that_cannot_be_read(self, make_lab: MakeLab) -> None:
        """A record of ours that is broken is reported, not made again; other people's broken ones do not matter."""
        lab = make_lab(on_deleted="recreate", on_drift="source")
        fill(lab, 2)
        await lab.run()
        for key in (lab.key_of("Job 001"), *list(lab.foreign)[:1]):
            lab.target.spoil(key, "name", 7)
        before = lab.target.records()
        lab.foreign = frozen_records({key: before[key] for key in lab.foreign}, lab.target.platform.changing)
        lab.source.wish(1, text="More.")

        assert await lab.run() == {"blocked": 1, "none": 1}
        assert before == lab.target.records()

    @each(role=["source", "target"])
    @synchronous
    async def test_one_refusal_for_haste_is_waited_out(self, make_lab: MakeLab, role: str) -> None:
        """A 429 on a list, and another one on a create, cost a moment and nothing else."""
        lab = make_lab()
        fill(lab, 2)
        place = lab.place(role)
        place.served().fault("throttle", match=place.platform.listing)
        if lab.target.proxy:
            lab.target.proxy.fault("throttle", skips=lab.target.platform.reads)

        assert await lab.run() == {"create": 2}
        assert lab.expected(wish(0), wish(1)) == lab.target_jobs()

    @each(role=["source", "target"])
    @each(what=list(UNREADABLE))
    @synchronous
    async def test_a_list_that_cannot_be_read_changes_nothing(self, make_lab: MakeLab, role: str, what: str) -> None:
        """A list that is refused, lost or garbled for good ends the run with a fitting error before any write."""
        rule, error = UNREADABLE[what]
        lab = make_lab(on_missing="delete")
        fill(lab, 2)
        place = lab.place(role)
        place.served().fault(match=place.platform.listing, times=0, **rule)

        with pytest.raises(error) as caught:
            await lab.carry_out()

        assert place.platform.provider in str(caught.value)
        assert lab.made == {}
        assert not lab.target.proxy or lab.target.proxy.sent(*lab.target.platform.reads) == []

    @synchronous
    async def test_a_refused_token_ends_the_writing(self, make_lab: MakeLab) -> None:
        """When the target refuses the token in the middle, the rest is skipped; with the token back, all is done."""
        lab = make_lab()
        fill(lab, MANY)
        proxy = lab.target.served()
        proxy.fault("status", status=401, skips=lab.target.platform.reads, nth=5, times=0)

        _planned, applied = await lab.carry_out()

        done = applied.summary["done"]
        assert (sum(applied.summary.values()), done) == (MANY, 4)
        assert applied.summary["skipped"] > 0
        proxy.faults.clear()
        assert {"create": MANY - done, "none": done} == await lab.run()
        assert lab.expected(*(wish(n) for n in range(MANY))) == lab.target_jobs()
