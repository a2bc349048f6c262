"""What each provider supports, as its mapping file says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

from migrator.canonical import LEAVES, PATHS, covers
from migrator.catalog import Catalog
from migrator.mapping.rules import Rules
from migrator.report.documents.providers import field_support
from migrator.report.text import Line, columns, line


def capability_lines(found: Catalog, *, verbose: bool, width: int | None = None) -> Iterator[Line]:
    """Yield what each provider supports as a table, or as several that fit a width; on request the reasons below."""
    providers = [entry.mapping.rules for entry in found.entries.values()]
    packages = [entry.package for entry in found.entries.values()]
    rows = [
        ("", *(rules.title for rules in providers)),
        *([("package", *(package or "-" for package in packages))] if any(packages) else ()),
        ("actions", *(" and ".join(f"{action}s" for action in rules.actions) for rules in providers)),
        ("schedules", *(rules.dialect or "any dialect" for rules in providers)),
        ("time zones", *(f"{rules.timezone} only" if rules.timezone else "any" for rules in providers)),
        ("shortest interval", *(f"{rules.min_interval} min" if rules.min_interval else "-" for rules in providers)),
        *((path, *(_cell(path, rules) for rules in providers)) for path in PATHS),
    ]
    for title, *rest in _tables(rows, width):
        yield line((title, "bold"))
        yield from (line(row) for row in rest)
        yield line("")
    for name, error in found.problems.items():
        yield line((f"{name} cannot be used: ", "bold yellow"), str(error))
    if not verbose:
        yield line("Why a field is lost or translated: ", ("migrator providers -v", "bold"))
    for rules in providers if verbose else ():
        page = found.entries[rules.provider].provider.docs
        yield line((rules.title, "bold"), f" ({page})" if page else "", f", read on {rules.checked.isoformat()}:")
        yield from (line(f"{doc}", indent=2) for doc in rules.docs)
        for how, table in (("lost", rules.lost), ("translated", rules.translated)):
            yield from (line((f"{path} ", "bold"), f"{how}: {reason}", indent=2) for path, reason in table.items())
        yield from (
            line((f"{path} ", "bold"), f"dropped: {declined.reason}", indent=2)
            for path, declined in rules.declined.items()
        )


def _tables(rows: Sequence[tuple[str, ...]], width: int | None) -> Iterator[list[str]]:
    """Yield the rows as tables of the first column and as many others as a width takes; at least one."""
    start, number = 1, len(rows[0])
    while start < number:
        end = start + 1 if width else number
        while width and end < number and _widest(_cut(rows, start, end + 1)) <= width:
            end += 1
        yield _cut(rows, start, end)
        start = end


def _cut(rows: Sequence[tuple[str, ...]], start: int, end: int) -> list[str]:
    return columns([(row[0], *row[start:end]) for row in rows])


def _widest(table: Iterable[str]) -> int:
    return max(map(cell_len, table))


def _cell(path: str, rules: Rules) -> str:
    """Return one field at one provider, in a word or two."""
    leaves = [field_support(leaf, rules) for leaf in LEAVES if covers(path, leaf)]
    how = {leaf.held for leaf in leaves}
    if len(how) > 1:
        kept = [leaf.path.rpartition(".")[2] for leaf in leaves if leaf.held != "lost"]
        return f"{', '.join(kept)} only"
    limits = {leaf.max for leaf in leaves} - {None}
    word = {"held": "yes", "translated": "translated", "lost": "-"}[how.pop()]
    return f"{word}, up to {limits.pop():,}" if len(limits) == 1 else word
