"""Names: as long as a platform takes them, and each only once where it wants that."""

from __future__ import annotations

from migrator.testing.base import Base, MakeLab, synchronous
from migrator.testing.lab import EVERYTHING, Lab
from migrator.testing.place import Place, not_applicable


def longest(place: Place) -> int | None:
    """Return how many characters a name may have, None for any number."""
    rule = place.mapping.rules.fields.get("name")
    return rule.max if rule else None


def limit(lab: Lab, *, over: int = 0) -> int:
    """Return the target's limit; skips where there is none, or where the source holds no name so much longer."""
    at_target, at_source = longest(lab.target), longest(lab.source)
    if at_target is None:
        not_applicable(f"{lab.target.title} takes names of any length")
    if at_source is not None and at_source < at_target + over:
        not_applicable(f"{lab.source.title} holds no name that is too long for {lab.target.title}")
    return at_target


def unique(place: Place) -> bool:
    """Return whether no two jobs there have one name."""
    return "name" in place.mapping.rules.unique


class Names(Base):
    """Names."""

    @synchronous
    async def test_a_name_at_the_limit_stays_whole(self, make_lab: MakeLab) -> None:
        """A name of exactly as many characters as the target takes arrives as it is, without leave to lose it."""
        lab = make_lab()
        wanted = lab.source.wish(1, name="é" * limit(lab))

        assert await lab.run() == {"create": 1}
        assert lab.expected(wanted) == lab.target_jobs()

    @synchronous
    async def test_a_longer_name_is_cut_only_with_leave(self, make_lab: MakeLab) -> None:
        """A name that is one character too long is refused; with leave to lose it, its end becomes an ellipsis."""
        lab = make_lab()
        most = limit(lab, over=1)
        lab.source.wish(1, name="n" * (most + 1))

        assert await lab.run() == {"blocked": 1}
        assert lab.made == {}

        lab.configure(allow_loss=[*EVERYTHING, "name"])
        assert await lab.run() == {"create": 1}
        assert ["n" * (most - 1) + "…"] == [job.name for job in lab.target_jobs()]

    @synchronous
    async def test_namesakes(self, make_lab: MakeLab) -> None:
        """Two jobs of one name stay so; where names are unique the first keeps it, and its namesake gets its id."""
        lab = make_lab()
        if unique(lab.source):
            not_applicable(f"names are unique at {lab.source.title}")
        lab.source.wish(1, name="Same")
        assert await lab.run() == {"create": 1}
        first = lab.key_of("Same")

        lab.source.wish(2, name="Same")
        lab.source.wish(3, name="Foreign 901")
        assert await lab.run() == {"create": 2, "none": 1}

        names = {key: wanted.name for key, wanted in lab.target.jobs().items()}
        ours = sorted(names[key] for key in lab.made)
        assert names[first] == "Same"
        if unique(lab.target):
            assert [name[: name.find("(") + 1] or name for name in ours] == ["Foreign 901 (", "Same", "Same ("]
            assert len({*names.values()}) == len(names)
        else:
            assert ours == ["Foreign 901", "Same", "Same"]
