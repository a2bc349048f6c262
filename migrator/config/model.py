"""What migrator.toml says, as frozen values: the one definition of each key.

The converter and the JSON Schema are drawn from the types and defaults of these classes, and the descriptions that
editors and the reference show from their docstrings. Every attribute is a key of the file, except those marked
`NOT_A_KEY`, which the loader fills in.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from string import Template as Placeholders
from typing import Final, Literal, get_args

from attrs import field, frozen

from migrator.canonical import Job
from migrator.config import shapes
from migrator.config.shapes import Limit

NOT_A_KEY: Final = {"key": False}
_SHARE: Final = Limit.read("30%")


@frozen(kw_only=True)
class Select:
    """Which jobs of the source take part; a job must meet every condition that is given.

    Attributes:
        name: patterns of names, one of which must match: "Weekly *".
        id: ids, one of which must be the job's.
        enabled: whether the job is enabled.
    """

    name: shapes.Texts | None = None
    id: shapes.Texts | None = None
    enabled: bool | None = None

    def matches(self, job: Job) -> bool:
        """Whether a job takes part; names are compared as they are written, upper and lower case apart."""
        return (
            (self.name is None or any(fnmatchcase(job.name, pattern) for pattern in self.name))
            and (self.id is None or job.ref.id in self.id)
            and (self.enabled is None or job.enabled == self.enabled)
        )


Mode = Literal["window", "year", "single", "exact"]
"""How a schedule is converted for a target with a single time zone."""


@frozen(kw_only=True)
class Schedule:
    """How a schedule is converted for a target with a single time zone.

    Attributes:
        mode: "window": exact for the coming days, for nightly syncs. "year": as many jobs as an exact year takes.
            "single": one expression, which may fire at other times. "exact": only what stays exact.
        days: length of the window in days.
        split_for_interval: a schedule that fires more often than the target allows becomes up to so many jobs, each of
            which keeps its minimum interval; 1 for none.
    """

    mode: Mode = "window"
    days: shapes.Days = 8
    split_for_interval: shapes.Parts = 1


@frozen(kw_only=True)
class Limits:
    """How much one run may change before it is refused; creating never counts.

    Attributes:
        changes: most jobs to update, replace, pause or resume: a share or a number; renewing a window never counts.
        deletes: most jobs to delete: a share or a number.
        floor: shares do not bind where there are fewer jobs than this.
    """

    changes: shapes.Share = _SHARE
    deletes: shapes.Share = _SHARE
    floor: shapes.Count = 10


@frozen(kw_only=True)
class Template:
    """How an event becomes a prompt.

    Attributes:
        prompt: the prompt; ${name}, ${event} and ${payload} stand for the job's values.
    """

    prompt: shapes.Prompt

    def fill(self, *, name: str, event: str, payload: str) -> str:
        """The prompt for one job; `payload` is JSON text."""
        return Placeholders(self.prompt).substitute(name=name, event=event, payload=payload)


@frozen(kw_only=True)
class Sync:
    """A named pair of connections, and what may happen between them.

    Attributes:
        name: its name.
        source: the connection that jobs are read from.
        target: the connection that jobs are written to.
        select: which jobs of the source are synced; all of them by default.
        schedule: how a schedule is converted for a target with a single time zone.
        allow_loss: what a job may lose, by canonical path; a path covers all below it.
        accept_stored: the canonical paths of which the target may keep something else than was written; what it keeps
            then counts as equal.
        on_missing: what happens at the target to a job that was removed at the source.
        when_unpausable: what happens to a paused job where the target cannot pause: it is refused, or parked with a
            schedule far in the future.
        on_drift: whose value wins where the target was edited outside of migrator. What both sides have changed waits
            for a person, unless the source's counts.
        on_deleted: what happens when a managed job was deleted at the target.
        on_refused: whether a refused job makes the run end with exit code 3, or is only listed.
        adopt: which jobs that exist at the target are adopted instead of created again.
        two_way: whether edits at the target are written back, with on_drift = "target".
        limits: how much one run may change before it is refused; creating never counts.
        run_timeout: seconds after which apply and sync start no new change, and end; the next run continues there.
        set: values for canonical paths that the source has no value for.
        lookup: for each canonical path, which value at the target stands for which at the source.
        template: how an event becomes a prompt; never without one.
        event_name: the name of the event that carries a prompt.
    """

    name: str = field(default="", metadata=NOT_A_KEY)
    source: str
    target: str
    select: Select = Select()
    schedule: Schedule = Schedule()
    allow_loss: tuple[shapes.LossPath, ...] = ()
    accept_stored: tuple[shapes.HeldPath, ...] = ()
    on_missing: Literal["keep", "pause", "delete"] = "keep"
    when_unpausable: Literal["refuse", "park"] = "refuse"
    on_drift: Literal["refuse", "source", "target"] = "refuse"
    on_deleted: Literal["report", "recreate"] = "report"
    on_refused: Literal["fail", "report"] = "fail"
    adopt: Literal["never", "identical", "name"] = "never"
    two_way: bool = False
    limits: Limits = Limits()
    run_timeout: shapes.Seconds = 43_200
    set: shapes.SetValues = field(factory=dict)
    lookup: shapes.Lookup = field(factory=dict)
    template: Template | None = None
    event_name: str = "agent.prompt"


@frozen(kw_only=True)
class CronText:
    """How a connection's cron text is read where engines disagree; such a text is refused until it is decided.

    Attributes:
        wide_step: a step wider than its range, */90: the first value only, or every value.
        day_rule: days by month and by week with a stepped star in one of them, "0 0 */2 * 1": and, or.
        equal_range: a range of one value, 5-5: that one, or all values.
        wrap: a range that runs backwards, 22-2: it wraps, or never fires.
        weekday_base: in the dialect eventbridge: the number of Sunday.
        weekday_l: in the dialect eventbridge: what a lone L means in the day of the week.
        named_step: in the dialect eventbridge: whether a step after names counts, JAN-DEC/3.
    """

    wide_step: Literal["first", "every", "refuse"] | None = None
    day_rule: Literal["and", "or", "refuse"] | None = None
    equal_range: Literal["one", "all", "refuse"] | None = None
    wrap: Literal["wraps", "never", "refuse"] | None = None
    weekday_base: Literal["1=SUN", "0=SUN", "refuse"] | None = None
    weekday_l: Literal["saturday", "last_saturday", "sunday", "refuse"] | None = None
    named_step: Literal["works", "ignored", "refuse"] | None = None


@frozen(kw_only=True)
class ConnectionKeys:
    """What a connection may say of any provider; which of it a provider takes, and what else, the provider says.

    Attributes:
        provider: the platform.
        base_url: where its API is; the documented host by default.
        token: where the secret is kept: env:NAME, file:PATH, keyring:SERVICE/NAME or command:….
        identity: what the state calls this place, where its address may change: a file at another path on every
            machine, an instance with several host names. By default the file's absolute path, or the host.
        rate: rate limit: "500/min", "10/s" or "100/s burst 20".
        concurrency: how many requests may be open at once.
        room: how many jobs that may fire the platform takes in one place, where it is another number.
        timeout: seconds that one request may take, to the last byte of its answer; 60 by default.
        listing_timeout: seconds that reading all jobs of the connection may take; 1800 by default.
        budget: connections to one host with the same name here share one limit; by default those that the platform
            counts as one.
        cron: how cron text is read where engines disagree; such a text is refused until it is decided here.
    """

    provider: str
    base_url: shapes.Url | None = None
    token: shapes.Secret | None = None
    identity: str | None = None
    rate: shapes.Pace | None = None
    concurrency: shapes.Slots | None = None
    room: shapes.Room | None = None
    timeout: shapes.Seconds | None = None
    listing_timeout: shapes.Seconds | None = None
    budget: str | None = None
    cron: CronText | None = None


Occasion = Literal["failure", "drift", "conflict", "lapse"]
"""What somebody may want to be told of."""


@frozen(kw_only=True)
class Notify:
    """Who is notified when a sync needs a person.

    Attributes:
        urls: where the URLs of Apprise are kept, one for each who is told: env:NAME and so on.
        on: what they are told of: failures, drift, conflicts, schedules that expire.
    """

    urls: shapes.Secrets
    on: tuple[Occasion, ...] = get_args(Occasion)


@frozen(kw_only=True)
class TelemetrySettings:
    """Where OpenTelemetry goes.

    Attributes:
        endpoint: the collector, as in OTEL_EXPORTER_OTLP_ENDPOINT, which counts first: http://collector:4318.
    """

    endpoint: shapes.Collector


@frozen(kw_only=True)
class ConfigDocument:
    """The file as a whole.

    Attributes:
        connections: where jobs live.
        syncs: which target is kept in line with which source.
        notify: who is notified when a sync needs a person.
        telemetry: where OpenTelemetry data is sent; off without it.
    """

    connections: Mapping[shapes.Name, ConnectionKeys]
    syncs: Mapping[shapes.Name, Sync] = field(factory=dict)
    notify: Notify | None = None
    telemetry: TelemetrySettings | None = None
