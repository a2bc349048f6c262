"""The result of verify."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from migrator.canonical import PATHS
from migrator.document import value_to_json
from migrator.report.duplicates import duplicate_lines
from migrator.report.reasons import JobReason, by_reason, reason_lines
from migrator.report.text import Line, clean, count, line, pad, stamp, to_the_minute, value_words
from migrator.verify import WELL, Proof, Status, Verification

_SIGNS: Final[Mapping[Status, tuple[str, str]]] = {
    "absent": ("-", "bold red"),
    "differs": ("!", "bold red"),
    "unproved": ("?", "yellow"),
    "approximate": ("≈", "yellow"),
    "proved": ("=", "green"),
}
_WORDS: Final[Mapping[str, str]] = {
    "absent": "absent",
    "differs": "different",
    "unproved": "cannot be proved",
    "approximate": "approximate, as the sync allows",
    "proved": "proved",
}
_LABELS: Final = max(map(len, PATHS))


def verify_lines(found: Verification, *, command: str, verbose: bool = False) -> Iterator[Line]:
    """Yield the proofs as text: the jobs that differ, and on request all.

    Args:
        found: the proofs.
        command: what brings the target up to date.
        verbose: every job.
    """
    yield line(
        (f"{found.sync}: {found.source} → {found.target}", "bold"),
        f", fires until {stamp(to_the_minute(found.end))}",
    )
    yield line("")
    shown = [proof for proof in found.proofs if verbose or proof.status != "proved"]
    for proof in shown:
        yield from _proof_lines(proof)
    if shown:
        yield line("")
    counts = [f"{found.summary[status]:,} {words}" for status, words in _WORDS.items() if found.summary[status]]
    held = sum(proof.live == "source" for proof in found.proofs)
    told = f" {held:,} staged, verified as after the cutover." if held else ""
    yield line(("Verified: ", "bold"), ", ".join(counts) or "no job was migrated", f".{told}")
    left_out = by_reason(JobReason(one.name, one.reason, (one.source,)) for one in found.left_out)
    yield from reason_lines("Not migrated", left_out)
    yield from _opinions(found)
    yield from _told_lines(found)
    yield from _logged_lines(found)
    agree = [proof.agree_until for proof in found.proofs if proof.status in WELL and proof.agree_until]
    if agree:
        yield line(f"Fires agree until {stamp(min(agree))}, renewed by each sync.")
    yield from duplicate_lines(found.duplicates, command=f"migrator dedupe {found.sync}")
    if found.is_pending:
        yield line("To bring the target up to date: ", (command, "bold"))


def _proof_lines(proof: Proof) -> Iterator[Line]:
    sign, style = _SIGNS[proof.status]
    fires = f", {count(proof.fires.wanted, 'fire')}" if proof.fires and proof.fires.equal else ""
    held = "; staged until the cutover" if proof.live == "source" else ""
    yield line((f"{sign} ", style), (clean(proof.name), style), f": {_WORDS[proof.status]}{fires}{held}")
    if proof.reason:
        yield line(clean(proof.reason), indent=4)
    for one in proof.fields:
        has, wanted = (value_words(value_to_json(value, "")) for value in (one.remote, one.new))
        yield line((pad(one.path, _LABELS) + " ", "dim"), f"{has}, wanted {wanted}", indent=4, hang=_LABELS + 1)


def _told_lines(found: Verification) -> Iterator[Line]:
    """Yield whether the platform's own next runs are those of the schedules."""
    told = [(proof, one) for proof in found.proofs for one in proof.next_runs]
    if told:
        agreed = sum(one.agrees for _proof, one in told)
        yield line(f"The target's own next run agrees for {agreed} of {count(len(told), 'job')} that it is told of.")
    for proof, one in told:
        if not one.agrees:
            expected = stamp(one.expected) if one.expected else "never"
            yield line(clean(proof.name), f": the target says {stamp(one.reported)}, its schedule {expected}", indent=4)


def _logged_lines(found: Verification) -> Iterator[Line]:
    """Yield whether the platform's own log shows the fires that were due."""
    logged = [(proof, one) for proof in found.proofs for one in proof.logged]
    if logged:
        fired, due = sum(one.fired for _proof, one in logged), sum(one.due for _proof, one in logged)
        told = f"{fired:,} of {count(due, 'fire')} that {'was' if due == 1 else 'were'} due"
        yield line(f"The target's own log shows {told}, of {count(len(logged), 'job')} that it keeps a log of.")
    for proof, one in logged:
        words = ((one.missing, "that did not take place"), (one.extra, "at which nothing was due"))
        for instants, what in words:
            if instants:
                told = f"{count(len(instants), 'fire')} {what}, the first at {stamp(instants[0])}"
                yield line((clean(proof.name), "yellow"), f": {told}", indent=4)


def _opinions(found: Verification) -> Iterator[Line]:
    """Yield the result of the second engine, and what it could not judge."""
    told = [proof.spot for proof in found.proofs if proof.spot]
    asked = [spot for spot in told if "agrees" in spot]
    if asked:
        instants = sum(spot["instants"] for spot in asked)
        agreed = sum(spot["agrees"] for spot in asked)
        yield line(
            f"{asked[0]['engine']} agrees on {agreed} of {count(len(asked), 'job')}, {count(instants, 'instant')}."
        )
    unasked = Counter(spot["unasked"] for spot in told if "unasked" in spot)
    yield from (
        line(f"It could not be asked about {count(number, 'job')}: {why}.") for why, number in unasked.most_common()
    )
