"""One bad record costs one job: whatever a platform holds, the healthy jobs go, and each odd one is named."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest

from migrator import export as exports
from migrator.config import Schedule
from migrator.plan.changes import Plan
from migrator.plan.document import plan_document
from migrator.report.audits import audit_lines
from migrator.report.documents.audit import audit_document
from migrator.report.html.pages import jobs_page
from migrator.report.markdown import jobs_markdown
from migrator.report.plans import plan_lines
from migrator.report.views.audits import audit_view
from migrator.report.views.plans import plan_view
from migrator.store import open_state
from migrator.sync import commands
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab, counts
from tests.conformance.platforms import Raw, wish
from tests.postgres import databases

DEEP: Final[Any] = json.loads("[" * 300 + "]" * 300)
VALUES: Final[dict[str, Any]] = {
    "half a pair": "half \ud83d a pair",
    "a NUL": "a\u0000b",
    "NaN": float("nan"),
    "a number": 7,
    "a fraction": 7.5,
    "a truth": True,
    "a text": "true",
    "nothing": None,
    "an empty text": "",
    "a list": ["x", 7, None],
    "an object": {"a": {"b": [1]}},
    "deep": DEEP,
    "year 1": "0001-01-01T00:00:00+14:00",
    "year 9999": "9999-12-31T23:59:59-14:00",
    "no zone": "Mars/Olympus_Mons",
    "a path": "../../etc/passwd",
    "controls": "\u202eevil\u202c\x1b[31m\u2028",
    "markup": "</script><img src=x onerror=alert(1)>{{7*7}}${name}`|",
    "long": "x" * 5000,
}
HEALTHY: Final = (1, 2, 3)
_IDS: Final = {"id", "scheduled_session_id"}


@pytest.fixture(scope="session")
def fresh_database() -> Iterator[Callable[[], str]]:
    with databases() as fresh:
        yield fresh


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def on(request: pytest.FixtureRequest) -> Callable[[Lab], Lab]:
    """Puts the state of a laboratory into a database, once of each kind."""

    def switched(lab: Lab) -> Lab:
        if request.param == "postgresql":
            lab.state.close()
            lab.state = open_state(request.getfixturevalue("fresh_database")(), now=lab.world.now)
        return lab

    return switched


def leaves(raw: Raw, prefix: str = "") -> Iterator[str]:
    """Every field of a record, as a dotted path; objects and what is in them."""
    for key, value in raw.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")


def changed(raw: Raw, path: str, value: Any) -> Raw:
    """A record with another value at a dotted path."""
    made = copy.deepcopy(raw)
    *parents, last = path.split(".")
    inner: Any = made
    for parent in parents:
        inner = inner[parent]
    inner[last] = value
    return made


def odd_ones(lab: Lab, role: str, first: int, values: Mapping[str, Any]) -> dict[str, Raw]:
    """Give a place a job for every field and every value; the records by id."""
    place = lab.source if role == "source" else lab.target
    platform, made = place.platform, {}
    paths = [path for path in [*leaves(platform.write(first, wish(first))), "novel"] if path not in _IDS]
    for number, (path, value) in enumerate(((p, v) for p in paths for v in values.values()), first):
        raw = platform.write(number, wish(number, hour=number % 24))
        place.put(raw)  # so that the platform knows what it names
        odd = changed(raw, path, value)
        place.put(odd)
        made[platform.id_of(raw)] = odd
    return made


def healthy_ones(lab: Lab) -> set[str]:
    return {lab.source.wish(number).name for number in HEALTHY}


def draw(planned: Plan) -> None:
    """Everything that shows a plan."""
    list(plan_lines(plan_view(planned), verbose=True))
    jobs_page(plan_view(planned))
    jobs_markdown(plan_view(planned))
    "".join(plan_document(planned).text_parts()).encode()


async def survive(lab: Lab, names: set[str]) -> Plan:
    """Plan, draw, apply, verify, audit and export: nothing raises, and these jobs are done; the first plan."""
    planned = await lab.plan()
    draw(planned)
    _planned, applied = await lab.carry_out()
    assert names <= {one.name for one in applied.outcomes if one.status == "done"}
    again = await lab.plan()
    assert {change.name for change in again.pending} <= {one.name for one in applied.outcomes if one.status != "done"}
    await commands.verify(lab.runtime, lab.state, "it")
    name = lab.source.platform.name
    connection, other = name if name != "json" else "source-file", "scrip" if name == "devin" else "devin"
    found = await commands.audit(lab.runtime, connection, other, Schedule())
    list(audit_lines(audit_view(found), verbose=True))
    json.dumps(audit_document(found).to_json(), ensure_ascii=False).encode()
    jobs_page(audit_view(found))
    exported = await exports.export(lab.runtime, connection)
    assert len(exported["jobs"]) + len(exported["problems"]) == len(lab.source.records())
    return planned


@pytest.mark.parametrize("source", ["omni", "devin", "scrip", "json"])
async def test_what_cannot_be_stored_blocks_its_own_job(
    make_lab: MakeLab, on: Callable[[Lab], Lab], source: str
) -> None:
    """Half a surrogate pair or a NUL in any field: the other jobs go, and each odd one is named with the field."""
    lab = on(make_lab(source, "scrip" if source == "devin" else "devin"))
    names = healthy_ones(lab)
    odd = odd_ones(lab, "source", 100, {name: VALUES[name] for name in ("half a pair", "a NUL")})

    planned = await survive(lab, names)

    assert {"create": len(names), "blocked": len(odd)} == counts(planned)
    assert all("cannot be stored or sent" in change.reason for change in planned.blocked)
    assert odd.keys() == {change.source.id for change in planned.blocked if change.source}


@pytest.mark.parametrize("target", ["omni", "devin", "scrip", "json"])
async def test_odd_records_of_others_at_the_target_disturb_nothing(
    make_lab: MakeLab, on: Callable[[Lab], Lab], target: str
) -> None:
    """Jobs of other people that no stage can bear stay as they are, and everything else goes on."""
    lab = on(make_lab("devin" if target == "scrip" else "scrip", target))
    names = healthy_ones(lab)
    odd = odd_ones(lab, "target", 100, {name: VALUES[name] for name in ("half a pair", "a NUL", "year 1")})
    before = json.dumps(odd)

    await survive(lab, names)

    records = lab.target.records()
    assert before == json.dumps({key: records[key] for key in odd})


@pytest.mark.slow
@pytest.mark.parametrize("source", ["omni", "devin", "scrip", "json"])
async def test_no_value_of_any_field_stops_the_others(make_lab: MakeLab, on: Callable[[Lab], Lab], source: str) -> None:
    """Every field with every odd value, at both ends: nothing raises, and the healthy jobs are done."""
    lab = on(make_lab(source, "scrip" if source == "devin" else "devin"))
    names = healthy_ones(lab)
    odd_ones(lab, "source", 100, VALUES)
    odd_ones(lab, "target", 2000, VALUES)

    await survive(lab, names)


async def test_an_unreadable_copy_is_not_made_again(make_lab: MakeLab) -> None:
    """After the state was lost, a target job that carries an ownership tag and cannot be read blocks its source job."""
    lab = make_lab("omni", "scrip")
    lab.source.wish(1)
    await lab.run()
    lab.target.edit(lab.key_of(wish(1).name), payload="half \ud83d")
    lab.forget()

    planned = await lab.plan()

    assert {"blocked": 1} == counts(planned)
    assert "carries its ownership tag and cannot be read" in planned.blocked[0].reason
