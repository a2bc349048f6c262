"""Edits at the target that are written back to the source, and those that cannot be: two listings in, changes out."""

from __future__ import annotations

import attrs
import pytest

from migrator.canonical import Delivery, Email, Event, Job, Prompt
from migrator.cron import Recurring, parse
from migrator.mapping import ProviderMapping
from migrator.plan.changes import Change
from migrator.plan.write_back import write_backs
from migrator.store.records import ActiveSide
from tests.plan.builder import NOW, TARGET_SCOPE, Given, job, mapping, only

MAIL = Delivery(email=Email(recipients=("ops@example.com",)))
MODEL = "11111111-0000-4000-8000-000000000001"
EDITED = "0 7 * * 2"
BOTH_WAYS = {"on_drift": "target", "two_way": True, "allow_loss": ("description", "action", "delivery")}


def whole(name: str, cron: str = "0 9 ? * MON *", timezone: str = "UTC") -> Job:
    """Return a job with all that the source's platform wants of one."""
    bare = job(name, cron, timezone, description="Read on Mondays.", delivery=MAIL)
    return attrs.evolve(bare, action=Prompt(text="Say it.", model=MODEL))


REPORT = whole("Report")


@pytest.fixture
def bound() -> Given:
    """One job that the target has, in a two-way sync."""
    return Given(source=(REPORT,)).having(**BOTH_WAYS).given(origin_contract="put").carried_out()


def edited(given: Given, **values: object) -> Change:
    """Return the plan's one change after an edit at the target."""
    return only(given.with_target(lambda one: attrs.evolve(one, **values)).plan())


def with_origin(given: Given, path: str, **values: object) -> Given:
    """Return the same where the source's mapping has another rule for a field."""
    origin: ProviderMapping = mapping("omni")
    fields = {**origin.rules.fields, path: attrs.evolve(origin.rules.fields[path], **values)}
    return given.given(origin=attrs.evolve(origin, rules=attrs.evolve(origin.rules, fields=fields)))


def schedule(text: str, timezone: str = "UTC") -> Recurring:
    """Return a trigger as the target holds it."""
    return Recurring(parse(text, "vixie"), timezone)


def test_an_edited_name_is_written_back_alone(bound: Given) -> None:
    """The source gets that field, what the target does not hold stays, and nothing is sent to the target."""
    change = edited(bound, name="Edited")

    assert change.action == "update"
    assert change.back is not None
    assert (change.back.paths, dict(change.back.wanted())) == (("name",), {"name": "Edited"})
    assert change.fields == ()


def test_an_edited_schedule_is_written_back_in_the_terms_of_the_source(bound: Given) -> None:
    """As a whole, in the source's dialect."""
    change = edited(bound, trigger=schedule(EDITED))

    assert change.back is not None
    assert str(change.back.wanted()["trigger.cron"]) == "0 7 ? * TUE *"
    assert set(change.back.wanted()) == {"trigger.cron"}


@pytest.mark.parametrize("live", ["source", "target"])
def test_which_side_is_active_is_no_edit_that_is_written_back(bound: Given, live: str) -> None:
    """Only a cutover changes that; a name may still go."""
    active_side = ActiveSide(source=REPORT.ref, target=("devin", TARGET_SCOPE), sync="it", live=live, since=NOW)  # type: ignore[arg-type]  # Live
    given = bound.given(active_sides={REPORT.ref: active_side})
    if live == "source":  # what is staged is paused until the cutover
        given = given.with_target(lambda one: attrs.evolve(one, enabled=False))
        bindings = tuple(attrs.evolve(one, applied={**one.applied, "enabled": False}) for one in given.bindings)
        given = attrs.evolve(given, bindings=tuple(attrs.evolve(one, seen=one.applied) for one in bindings))

    refused = edited(given, trigger=schedule(EDITED))
    assert (refused.action, "only a cutover changes" in refused.reason) == ("blocked", True)
    assert edited(given, name="Edited").back is not None


def test_a_field_that_the_source_platform_cannot_change_is_not_written_back(bound: Given) -> None:
    """Under its contract the flag is fixed; the same edit goes back where it is not."""
    refused = edited(bound.given(origin_contract="patch"), enabled=False)

    assert (refused.action, refused.back) == ("blocked", None)
    assert "cannot change enabled of a job that is there" in refused.reason
    assert edited(bound, enabled=False).back is not None


def test_what_the_source_cannot_express_is_not_written_back(bound: Given) -> None:
    """A name that it would cut, or a prompt that is too long for it."""
    short = with_origin(bound, "name", max=5)
    change = edited(short, name="Longer than that")

    assert (change.action, change.back) == ("blocked", None)


def test_an_edit_that_would_come_out_otherwise_is_not_written_back(bound: Given) -> None:
    """Converted again, the changed source job must be what the target has, and nothing else may change with it."""
    (binding,) = bound.bindings
    remote = {**binding.applied, "name": "Edited"}

    def reason(**values: object) -> str:
        desired = {**binding.applied, **values}
        return write_backs(bound.inputs(), REPORT, desired=desired, edited=["name"], remote=remote).reason

    assert reason() == ""
    assert "the source cannot express name as it was edited" in reason(**{"action.text": "Something else."})
    described = {**remote, "description": "Read on Fridays."}
    found = write_backs(
        bound.inputs(), REPORT, desired=binding.applied, edited=["name", "description"], remote=described
    )
    assert "the source cannot express name, description" in found.reason  # the target would not have it
    long = {**remote, "name": "x" * 5000}
    refused = write_backs(bound.inputs(), REPORT, desired=binding.applied, edited=["name"], remote=long)
    assert (refused.back, refused.reason != "") == (None, True)


def test_a_schedule_that_the_source_can_hold_for_a_while_only_is_not_written_back(bound: Given) -> None:
    """The first of the month or any Monday: the source would get the dates of a window, and stop after it."""
    change = edited(bound, trigger=schedule("0 9 1 * 1"))

    assert (change.action, change.back) == ("blocked", None)
    assert "the source can hold that schedule only until 2026-" in change.reason


def test_an_edited_hour_comes_with_the_time_zone_that_it_is_in() -> None:
    """The source has another one: the hour alone would be another instant there."""
    given = Given(source=(whole("Report", timezone="Asia/Tokyo"),)).having(**BOTH_WAYS).given(origin_contract="patch")
    change = edited(given.carried_out(), trigger=schedule(EDITED))

    assert change.back is not None
    wanted = change.back.wanted()
    assert (str(wanted["trigger.cron"]), wanted["trigger.timezone"]) == ("0 7 ? * TUE *", "UTC")


def test_a_field_that_the_source_job_has_no_place_for_is_not_written_back(bound: Given) -> None:
    """An event has no text of its own, and a prompt has no payload."""
    (binding,) = bound.bindings
    event = attrs.evolve(REPORT, action=Event(name="report"))

    def reason(one: Job, path: str) -> str:
        return write_backs(bound.inputs(), one, desired=binding.applied, edited=[path], remote=binding.applied).reason

    assert reason(event, "action.text") == "its action there has no action.text"
    assert reason(REPORT, "action.event") == "its action there has no action.event"


def test_one_of_several_parts_is_not_written_back() -> None:
    """Which of the source's fires it stands for is not said anywhere."""
    given = Given(source=(REPORT,)).having(**BOTH_WAYS).given(origin_contract="put").carried_out()
    (binding,) = given.bindings
    second = attrs.evolve(binding, target=attrs.evolve(binding.target, id="second"), piece=2, pieces=2)
    change = edited(attrs.evolve(given, bindings=(attrs.evolve(binding, pieces=2), second)), name="Edited")

    assert (change.action, "several target jobs" in change.reason) == ("blocked", True)


def test_an_edited_text_leaves_the_schedule_alone() -> None:
    """The target holds it in another time zone; the source keeps its own."""
    given = Given(source=(whole("Report", timezone="Asia/Tokyo"),)).having(**BOTH_WAYS).given(origin_contract="put")
    (held,) = given.carried_out().target
    change = edited(given.carried_out(), action=attrs.evolve(held.action, text="Say more."))  # type: ignore[call-arg]  # a prompt

    assert change.back is not None
    assert dict(change.back.wanted()) == {"action.text": "Say more."}
