"""What migrator.toml says, as frozen values. The converter and the JSON Schema are both drawn from these classes.

Every attribute is a key of the file, except those marked `NOT_A_KEY`, which the loader fills in.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from string import Template as Placeholders
from typing import Any, Final, Literal, get_args

from attrs import evolve, field, frozen

from migrator.canonical import Job
from migrator.config import shapes
from migrator.config.secrets import kept_in, resolve
from migrator.config.shapes import Limit, choose
from migrator.errors import UsageError
from migrator.providers.base import Connection

NOT_A_KEY: Final = {"key": False}


def says(description: str) -> dict[str, Any]:
    """Metadata of an attribute: what its key means, for people and for editors."""
    return {"description": description}


@frozen(kw_only=True)
class Select:
    """Which jobs of the source take part; a job must meet every condition that is given."""

    name: shapes.Texts | None = field(
        default=None, metadata=says('Patterns of names, one of which must match: "Weekly *".')
    )
    id: shapes.Texts | None = field(default=None, metadata=says("Ids, one of which must be the job's."))
    enabled: bool | None = field(default=None, metadata=says("Whether the job is enabled."))

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
    """How a schedule is converted for a target with a single time zone."""

    mode: Mode = field(
        default="window",
        metadata=says(
            "window: exact for the coming days, for nightly syncs. year: as many jobs as an exact year takes. "
            "single: one expression, which may fire at other times. exact: only what stays exact."
        ),
    )
    days: shapes.Days = field(default=8, metadata=says("Length of the window in days."))
    split_for_interval: shapes.Parts = field(
        default=1,
        metadata=says(
            "A schedule that fires more often than the target allows becomes up to so many jobs, each of which keeps "
            "its minimum interval; 1 for none."
        ),
    )


@frozen(kw_only=True)
class Limits:
    """How much one run may change before it is refused; creating never counts."""

    changes: shapes.Share = field(
        default=Limit.read("30%"),
        metadata=says(
            "Most jobs to update, replace, pause or resume: a share or a number; renewing a window never counts."
        ),
    )
    deletes: shapes.Share = field(default=Limit.read("30%"), metadata=says("Most jobs to delete: a share or a number."))
    floor: shapes.Count = field(default=10, metadata=says("Shares do not bind where there are fewer jobs than this."))


@frozen(kw_only=True)
class Template:
    """How an event becomes a prompt."""

    prompt: shapes.Prompt = field(
        metadata=says("The prompt; ${name}, ${event} and ${payload} stand for the job's values.")
    )

    def fill(self, *, name: str, event: str, payload: str) -> str:
        """The prompt for one job; `payload` is JSON text."""
        return Placeholders(self.prompt).substitute(name=name, event=event, payload=payload)


@frozen(kw_only=True)
class Sync:
    """A named pair of connections, and what may happen between them."""

    name: str = field(default="", metadata=NOT_A_KEY)
    source: str = field(metadata=says("The connection that jobs are read from."))
    target: str = field(metadata=says("The connection that jobs are written to."))
    select: Select = field(
        default=Select(), metadata=says("Which jobs of the source are synced; all of them by default.")
    )
    schedule: Schedule = field(
        default=Schedule(), metadata=says("How a schedule is converted for a target with a single time zone.")
    )
    allow_loss: tuple[shapes.LossPath, ...] = field(
        default=(), metadata=says("What a job may lose, by canonical path; a path covers all below it.")
    )
    accept_stored: tuple[shapes.HeldPath, ...] = field(
        default=(),
        metadata=says(
            "The canonical paths of which the target may keep something else than was written; what it keeps then "
            "counts as equal."
        ),
    )
    on_missing: Literal["keep", "pause", "delete"] = field(
        default="keep", metadata=says("What happens at the target to a job that was removed at the source.")
    )
    when_unpausable: Literal["refuse", "park"] = field(
        default="refuse",
        metadata=says(
            "What happens to a paused job where the target cannot pause: it is refused, or parked "
            "with a schedule far in the future."
        ),
    )
    on_drift: Literal["refuse", "source", "target"] = field(
        default="refuse",
        metadata=says(
            "Whose value wins where the target was edited outside of migrator. What both sides have changed waits "
            "for a person, unless the source's counts."
        ),
    )
    on_deleted: Literal["report", "recreate"] = field(
        default="report", metadata=says("What happens when a managed job was deleted at the target.")
    )
    on_refused: Literal["fail", "report"] = field(
        default="fail", metadata=says("Whether a refused job makes the run end with exit code 3, or is only listed.")
    )
    adopt: Literal["never", "identical", "name"] = field(
        default="never", metadata=says("Which jobs that exist at the target are adopted instead of created again.")
    )
    two_way: bool = field(
        default=False, metadata=says('Whether edits at the target are written back, with on_drift = "target".')
    )
    limits: Limits = field(
        default=Limits(), metadata=says("How much one run may change before it is refused; creating never counts.")
    )
    run_timeout: shapes.Seconds = field(
        default=43_200,
        metadata=says("Seconds after which apply and sync start no new change, and end; the next run continues there."),
    )
    set: shapes.SetValues = field(
        factory=dict, metadata=says("Values for canonical paths that the source has no value for.")
    )
    lookup: shapes.Lookup = field(
        factory=dict,
        metadata=says("For each canonical path, which value at the target stands for which at the source."),
    )
    template: Template | None = field(default=None, metadata=says("How an event becomes a prompt; never without one."))
    event_name: str = field(default="agent.prompt", metadata=says("The name of the event that carries a prompt."))


@frozen(kw_only=True)
class CronText:
    """How a connection's cron text is read where engines disagree; such a text is refused until it is decided."""

    wide_step: Literal["first", "every", "refuse"] | None = field(
        default=None, metadata=says("A step wider than its range, */90: the first value only, or every value.")
    )
    day_rule: Literal["and", "or", "refuse"] | None = field(
        default=None,
        metadata=says('Days by month and by week with a stepped star in one of them, "0 0 */2 * 1": and, or.'),
    )
    equal_range: Literal["one", "all", "refuse"] | None = field(
        default=None, metadata=says("A range of one value, 5-5: that one, or all values.")
    )
    wrap: Literal["wraps", "never", "refuse"] | None = field(
        default=None, metadata=says("A range that runs backwards, 22-2: it wraps, or never fires.")
    )
    weekday_base: Literal["1=SUN", "0=SUN", "refuse"] | None = field(
        default=None, metadata=says("eventbridge: the number of Sunday.")
    )
    weekday_l: Literal["saturday", "last_saturday", "sunday", "refuse"] | None = field(
        default=None, metadata=says("eventbridge: what a lone L means in the day of the week.")
    )
    named_step: Literal["works", "ignored", "refuse"] | None = field(
        default=None, metadata=says("eventbridge: whether a step after names counts, JAN-DEC/3.")
    )


@frozen(kw_only=True)
class ConnectionKeys:
    """What a connection may say of any provider; which of it a provider takes, and what else, the provider says."""

    provider: str = field(metadata=says("The platform."))
    base_url: shapes.Url | None = field(
        default=None, metadata=says("Where its API is; the documented host by default.")
    )
    token: shapes.Secret | None = field(
        default=None, metadata=says("Where the secret is kept: env:NAME, file:PATH, keyring:SERVICE/NAME or command:….")
    )
    identity: str | None = field(
        default=None,
        metadata=says(
            "What the state calls this place, where its address may change: a file at another path on "
            "every machine, an instance with several host names. By default the file's absolute path, or the host."
        ),
    )
    rate: shapes.Pace | None = field(default=None, metadata=says('Rate limit: "500/min", "10/s" or "100/s burst 20".'))
    concurrency: shapes.Slots | None = field(default=None, metadata=says("How many requests may be open at once."))
    room: shapes.Room | None = field(
        default=None,
        metadata=says("How many jobs that may fire the platform takes in one place, where it is another number."),
    )
    timeout: shapes.Seconds | None = field(
        default=None, metadata=says("Seconds that one request may take, to the last byte of its answer; 60 by default.")
    )
    listing_timeout: shapes.Seconds | None = field(
        default=None, metadata=says("Seconds that reading all jobs of the connection may take; 1800 by default.")
    )
    budget: str | None = field(
        default=None,
        metadata=says(
            "Connections to one host with the same name here share one limit; by default those that the platform "
            "counts as one."
        ),
    )
    cron: CronText | None = field(
        default=None,
        metadata=says("How cron text is read where engines disagree; such a text is refused until it is decided here."),
    )


Occasion = Literal["failure", "drift", "conflict", "lapse"]
"""What somebody may want to be told of."""


@frozen(kw_only=True)
class Notify:
    """Who is notified when a sync needs a person."""

    urls: shapes.Secrets = field(
        metadata=says("Where the URLs of Apprise are kept, one for each who is told: env:NAME and so on.")
    )
    on: tuple[Occasion, ...] = field(
        default=get_args(Occasion),
        metadata=says("What they are told of: failures, drift, conflicts, schedules that expire."),
    )


@frozen(kw_only=True)
class TelemetrySettings:
    """Where OpenTelemetry goes."""

    endpoint: shapes.Collector = field(
        metadata=says("The collector, as in OTEL_EXPORTER_OTLP_ENDPOINT, which counts first: http://collector:4318.")
    )


@frozen(kw_only=True)
class ConfigDocument:
    """The file as a whole."""

    connections: Mapping[shapes.Name, ConnectionKeys] = field(metadata=says("Where jobs live."))
    syncs: Mapping[shapes.Name, Sync] = field(
        factory=dict, metadata=says("Which target is kept in line with which source.")
    )
    notify: Notify | None = field(default=None, metadata=says("Who is notified when a sync needs a person."))
    telemetry: TelemetrySettings | None = field(
        default=None, metadata=says("Where OpenTelemetry data is sent; off without it.")
    )


@frozen(kw_only=True)
class Token:
    """Where a secret is kept.

    Attributes:
        reference: "env:NAME" and so on.
        where: the file, line, column and key that say so.
    """

    reference: str
    where: str


@frozen(kw_only=True)
class Notices:
    """Who is told, and of what.

    Attributes:
        to: where the URLs are kept.
        on: what they are told of.
    """

    to: tuple[Token, ...]
    on: tuple[Occasion, ...]


@frozen(kw_only=True)
class Config:
    """A config file that has no errors.

    Attributes:
        path: the file.
        connections: by name; without their secrets.
        syncs: by name.
        tokens: where the secrets are kept, by the connection's name.
        notify: who is told when a sync needs a person.
        collector: where OpenTelemetry goes, None when only the environment may say so.
    """

    path: Path
    connections: Mapping[str, Connection]
    syncs: Mapping[str, Sync]
    tokens: Mapping[str, Token] = field(factory=dict)
    notify: Notices | None = None
    collector: str | None = None

    def connection(self, name: str, *, environ: Mapping[str, str]) -> Connection:
        """A connection with its secret, ready to be opened.

        Raises:
            UsageError: the connection is unknown.
            ConfigError: the secret is not where the file says.
        """
        connection = self.connections[self._known(name, self.connections, "connection")]
        if (token := self.tokens.get(name)) is None:
            return connection
        read = partial(resolve, token.reference, environ=environ, base_dir=self.path.parent, where=token.where)
        renew = None if token.reference.startswith("env:") else read
        return evolve(connection, token=read(), kept_in=kept_in(token.reference), renew=renew)

    def sync(self, name: str) -> Sync:
        """The sync of that name.

        Raises:
            UsageError: there is none.
        """
        return self.syncs[self._known(name, self.syncs, "sync")]

    def _known(self, name: str, names: Mapping[str, object], what: str) -> str:
        try:
            return choose(name, names, f"unknown {what}")
        except UsageError as error:
            error.where = str(self.path)
            raise
