"""How fast migrator moves jobs, how polite it is, and what others take for the same work; ratios within one run.

    python benchmarks/bench.py [--rounds 3] [--most 5000] [--no-peers] [-o build/bench.json]

Every command runs in a process of its own against simulators in another one, which delay, limit and count. A round runs
every case once, one after another, so that what else the machine does meets them all alike; a figure is the median of
the rounds, with the least and the most beside it.

ideal = max(pages that must be read one after another x latency + writes x latency / connections,
            (requests - burst) / rate)
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import peers
from attrs import evolve, frozen
from measuring import HERE, MIGRATOR, Ran, Served, compiled, run, serving

CONNECTIONS: Final = 16
PAGE: Final = {"omni": 100, "devin": 100, "scrip": 200}
UNLIMITED: Final = "100000/s burst 1000"
Figures = dict[str, float]


@frozen(kw_only=True)
class Case:
    """Moving jobs under certain conditions.

    Attributes:
        source: provider.
        target: provider.
        jobs: how many.
        latency: seconds of every request.
        rate: requests a second, None for any number.
        burst: how many at once.
        spread: whether latency varies.
    """

    source: str = "omni"
    target: str = "devin"
    jobs: int = 500
    latency: float = 0.05
    rate: int | None = None
    burst: int = 20
    spread: bool = False

    def __str__(self) -> str:
        limit = f"{self.rate}/s burst {self.burst}" if self.rate else "no limit"
        spread = ", spread" if self.spread else ""
        return f"{self.source} to {self.target}, {self.jobs:,} jobs, {self.latency * 1000:g} ms{spread}, {limit}"

    def serving(self) -> Any:
        """The simulators for it."""
        limit = {"rate": self.rate, "burst": self.burst} if self.rate else {}
        names = ("source", "target", "jobs", "latency", "spread")
        return serving(**{name: getattr(self, name) for name in names}, **limit)

    def config(self, served: Served, folder: Path) -> None:
        """The migrator.toml for it."""
        rate = f"{self.rate}/s burst {self.burst}" if self.rate else UNLIMITED
        served.config(folder, concurrency=CONNECTIONS, rate=rate)

    def pages(self, provider: str, jobs: int) -> int:
        """How many pages a list has."""
        return max(1, -(-jobs // PAGE[provider]))

    def in_a_row(self, provider: str, jobs: int) -> int:
        """How many of them must be read one after another: by offset, all but the first can be read at once."""
        pages = self.pages(provider, jobs)
        return min(pages, 2 + pages // CONNECTIONS) if provider == "devin" else pages

    def least(self, *, at_target: int, writes: int) -> int:
        """The fewest requests; Omni answers a create with an id alone, so what was made is listed once more."""
        again = self.pages(self.target, at_target + writes) if self.target == "omni" and writes and not at_target else 0
        return self.pages(self.source, self.jobs) + self.pages(self.target, at_target) + writes + again

    def ideal(self, *, at_target: int, writes: int) -> float:
        """Seconds."""
        row = max(self.in_a_row(self.source, self.jobs), self.in_a_row(self.target, at_target))
        row += self.pages("omni", writes) if self.target == "omni" and writes and not at_target else 0
        network = row * self.latency + writes * self.latency / CONNECTIONS
        to_target = self.least(at_target=at_target, writes=writes) - self.pages(self.source, self.jobs)
        return max(network, (to_target - self.burst) / self.rate if self.rate else 0.0)


def told(case: Case, ran: Ran, counts: dict[str, Any], *, at_target: int, writes: int) -> Figures:
    """What one command took."""
    assert ran.code == 0, ran.err
    ideal, least = case.ideal(at_target=at_target, writes=writes), case.least(at_target=at_target, writes=writes)
    return {
        "wall s": ran.wall,
        "first to last request s": counts["span"],
        "ideal s": ideal,
        "wall / ideal": ran.wall / ideal,
        "requests / ideal": counts["span"] / ideal,
        "requests beyond the least": counts["requests"] - least,
        "429s %": 100 * counts["throttled"] / max(1, counts["requests"]),
        "most in flight": counts["most_in_flight"],
        "cpu s": ran.cpu,
        "server cpu s": counts["server_cpu"],
        "peak MB": ran.rss,
        "held at target": counts["held"][case.target],
    }


def switched(case: Case) -> Iterator[tuple[str, Figures]]:
    """Moving everything, then nothing, then what one job in a hundred needs."""
    with case.serving() as served, TemporaryDirectory() as temporary:
        folder = Path(temporary)
        case.config(served, folder)

        def carried_out(command: str, writes: int, at_target: int) -> Figures:
            served.counts()
            arguments = (command, "it", *(["--yes"] if command == "apply" else []))
            ran = run([*MIGRATOR, *arguments], folder=folder, env=served.environ)
            return told(case, ran, served.counts(), at_target=at_target, writes=writes)

        yield f"{case}: first", carried_out("apply", case.jobs, 0)
        yield f"{case}: nothing to do", carried_out("apply", 0, case.jobs)
        served.edit(0.01)
        yield f"{case}: 1 % edited", carried_out("apply", -(-case.jobs // 100), case.jobs)


def moved_by_peers(case: Case, programs: Path) -> Iterator[tuple[str, Figures]]:
    """The same work with other tools, twice: the second time there is nothing to do."""
    for name, peer in peers.PEERS.items():
        with case.serving() as served, TemporaryDirectory() as temporary:
            tool = peer(programs, Path(temporary), served.reach, case.jobs)
            for what, writes, at_target in (("first", case.jobs, 0), ("nothing to do", 0, case.jobs)):
                ran = run(tool.command, folder=Path(temporary), env=tool.env)
                counts = served.counts()
                ideal = case.ideal(at_target=at_target, writes=writes)
                yield (
                    f"{case}: {what}: {name}",
                    {
                        "exit": ran.code,
                        "wall s": ran.wall,
                        "wall / ideal": ran.wall / ideal,
                        "requests": counts["requests"],
                        "429s %": 100 * counts["throttled"] / max(1, counts["requests"]),
                        "most in flight": counts["most_in_flight"],
                        "cpu s": ran.cpu,
                        "peak MB": ran.rss,
                        "held at target": counts["held"][tool.held],
                    },
                )


def moved_by_bare_sockets(case: Case) -> Iterator[tuple[str, Figures]]:
    """The requests of a first move and nothing else: how near anybody could come to the ideal here."""
    with case.serving() as served, TemporaryDirectory() as temporary:
        asked = json.dumps({"reach": served.reach, "jobs": case.jobs, "connections": CONNECTIONS})
        ran = run([sys.executable, str(HERE / "bare.py"), asked], folder=Path(temporary))
        assert ran.code == 0, ran.err
        counts, ideal = served.counts(), case.ideal(at_target=0, writes=case.jobs)
        yield (
            f"{case}: first: bare sockets",
            {
                "wall s": ran.wall,
                "wall / ideal": ran.wall / ideal,
                "requests / ideal": counts["span"] / ideal,
                "requests": counts["requests"],
                "cpu s": ran.cpu,
                "held at target": counts["held"][case.target],
            },
        )


def started() -> Iterator[tuple[str, Figures]]:
    """Starting up, against importing the HTTP library; and planning, in a process of its own.

    This process stays small: what it holds when it starts another one counts as the other's peak.
    """
    compiled()
    with TemporaryDirectory() as temporary:
        ours = run([*MIGRATOR, "--help"], folder=Path(temporary))
        theirs = run([sys.executable, "-c", "import httpx"], folder=Path(temporary))
        planning = run([sys.executable, str(HERE / "engine.py")], folder=Path(temporary))
    yield "start: migrator --help", {"cpu s": ours.cpu, "cpu / import httpx": ours.cpu / theirs.cpu}
    yield "planning 2,000 jobs", json.loads(planning.out)


def cases(most: int) -> Iterator[Case]:
    """The grid: one thing is varied at a time."""
    base = Case()
    yield base
    yield evolve(base, latency=0.2)
    yield evolve(base, spread=True)
    yield evolve(base, latency=0.005, rate=100)
    yield evolve(base, rate=100)
    yield evolve(base, jobs=100, rate=20)
    yield Case(source="devin", target="omni")
    yield Case(source="omni", target="scrip")
    for jobs in (50, 500, 5_000, 50_000):
        if jobs <= most:
            yield evolve(base, jobs=jobs, latency=0.001)


def measured(rounds: int, most: int, out: Path, *, with_peers: bool) -> dict[str, list[Figures]]:
    """Every case once in each round, big ones in the first round only; written down as they come."""
    found: dict[str, list[Figures]] = {}

    def note(results: Iterator[tuple[str, Figures]]) -> None:
        for name, figures in results:
            found.setdefault(name, []).append(figures)
            _write(out, found)
            print(".", end="", flush=True, file=sys.stderr)

    def alternating(programs: Path | None) -> None:
        for number in range(rounds):
            note(started())
            for case in cases(most if number == 0 else min(most, 500)):
                note(switched(case))
                if case == Case():
                    note(moved_by_bare_sockets(case))
                if programs and case in {Case(), Case(latency=0.005, rate=100)}:
                    note(moved_by_peers(case, programs))

    if with_peers:
        with peers.installed() as programs:
            alternating(programs)
    else:
        alternating(None)
    return found


def table(found: dict[str, list[Figures]]) -> Iterator[str]:
    """A line for each case: medians, and in brackets the least and the most."""
    for name, rounds in found.items():
        yield name
        for figure in rounds[0]:
            values = [one[figure] for one in rounds]
            middle, low, high = statistics.median(values), min(values), max(values)
            yield f"    {figure:<28}{middle:>10.2f}" + (f"   [{low:.2f} .. {high:.2f}]" if high > low else "")


def _write(out: Path, found: dict[str, list[Figures]]) -> None:
    about = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "python": platform.python_version()}
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(about | {"machine": platform.platform(), "figures": found}, indent=1), "utf-8")


def main() -> None:
    """Measure, print, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=int, default=5_000, help="jobs of the largest case; 50000 takes minutes")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("-o", "--out", type=Path, default=Path("build/bench.json"))
    asked = parser.parse_args()
    found = measured(asked.rounds, asked.most, asked.out, with_peers=not asked.no_peers)
    print("\n", *table(found), sep="\n")


if __name__ == "__main__":
    main()
