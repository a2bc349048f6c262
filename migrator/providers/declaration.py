"""What a provider states about itself: how it is reached, what a connection to it says, and what it can do.

Each provider module ends with `PROVIDER = Provider(...)`; nothing else in the package names a platform. A package of
somebody else registers the same object through the entry point group `migrator.providers`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, Final, Literal

from attrs import evolve, field, frozen

from migrator.agents.patterns import Agents
from migrator.providers.base import Connection, Documented, LoadAdapter

if TYPE_CHECKING:
    from migrator.http.responses import Call, Response

KIT: Final = 1
"""The version of this declaration and of the adapter protocol; it rises when a package made for it must change."""

Kind = Literal["text", "texts", "path", "flag", "number"]
"""What a setting holds: a text, a list of texts, a file relative to the config file, a boolean, an integer."""


@frozen(kw_only=True)
class Setting:
    """A key that the connections of a provider may give.

    Attributes:
        name: the key. Where it is an attribute of `Connection`, as base_url, token, identity and room are, that holds
            the value, and its kind is known; else `Connection.settings` does.
        says: what it means: a sentence for editors and the reference.
        kind: what it holds.
        choices: the texts that are allowed; any where there are none.
        least: the smallest number that is allowed.
        most: the largest one.
        required: whether every connection must give it.
        question: what `migrator init` calls it.
        example: a value to start from, as `migrator init` shows and writes it.
    """

    name: str
    says: str
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 1_000_000
    required: bool = False
    question: str = ""
    example: str = ""


BASE_URL: Final = Setting(name="base_url", says="Where its API is.", question="the address of its API")
TOKEN: Final = Setting(
    name="token",
    says="Where the secret is kept: env:NAME, file:PATH, keyring:SERVICE/NAME or command:….",
    question="where the key is kept: env:NAME, file:PATH, keyring:SERVICE/NAME or command:PROGRAM ARGUMENTS",
)
IDENTITY: Final = Setting(
    name="identity", says="What the state calls this place, where its address may change; by default its address."
)
ROOM: Final = Setting(name="room", says="How many jobs that may fire it takes, where that is another number.")
"""Keys of `Connection` that a provider may take; `required` makes one of them that."""


def required(setting: Setting, *, example: str, question: str = "") -> Setting:
    """Return a setting that every connection must give."""
    return evolve(setting, required=True, example=example, question=question or setting.question)


TUNING: Final = ("rate", "concurrency", "budget", "timeout", "listing_timeout")
"""What every connection over HTTP may set."""


@frozen(kw_only=True)
class Http:
    """A platform that is reached over HTTP.

    Attributes:
        adapter: called with client= and connection=.
        auth: the header that carries the token, and what stands before it there; None where there is no token.
        base_url: the documented host, None where every connection gives its own.
        rate: the documented limit of one key, or our own modest one where none is published.
        counted_by: what a connection shares its limit with others by, as the platform counts and as far as is known.
        concurrency: requests in flight at once unless the connection says otherwise; more where answers take long.
        is_quota: tells from the body of a 429 whether waiting cannot help.
        advice: says what to do about a refusal, which permission it is about and which setting may be wrong; "" where
            nothing particular is known.
    """

    adapter: Callable[..., LoadAdapter]
    auth: tuple[str, str] | None = ("Authorization", "Bearer ")
    base_url: str | None = None
    rate: str
    counted_by: Callable[[Connection], str] = lambda connection: connection.token
    concurrency: int = 1
    is_quota: Callable[[Any], bool] = lambda _body: False
    advice: Callable[[Connection, Call, Response], str] = lambda _connection, _call, _reply: ""


@frozen(kw_only=True)
class Opening:
    """What a provider on this machine is opened with.

    Attributes:
        must_exist: whether files that do not exist are an error: they are read, and not made by this run.
        fence: to be called right before anything is changed; raises when nothing may be changed any more.
        agents: the command lines of agents that its mapping knows.
    """

    must_exist: bool = True
    fence: Callable[[], None] = field(default=lambda: None, repr=False)
    agents: Agents = field(factory=Agents, repr=False)


@frozen(kw_only=True)
class Local:
    """A platform on this machine: a file, files of a checkout, what a program reads and writes.

    Attributes:
        open: returns the adapter of a connection.
    """

    open: Callable[[Connection, Opening], LoadAdapter]


@frozen(kw_only=True)
class Capabilities:
    """What a platform can do beyond listing, creating, changing and deleting; a platform can nothing unless it says so.

    Attributes:
        runs_jobs: whether it fires the jobs that it holds, as every platform does; an archive of jobs does not.
        takes_effect_at_once: whether it follows a change as soon as it is written; it does not where files have to be
            merged first.
        create_paused: whether a create may make a job that does not fire.
        own_id: whether a create may carry an id of the caller's choice, so that sending it twice makes one job.
        versions: whether a change is refused, and has no effect, where the job has changed since it was read.
        next_runs: whether a job as read tells when it runs next.
        fire_log: whether it tells which runs of a job took place: its adapter is a `FireLog`.
        tag_search: whether it finds the jobs that carry an ownership tag: its adapter is a `TagSearch`.
    """

    runs_jobs: bool = True
    takes_effect_at_once: bool = True
    create_paused: bool = False
    own_id: bool = False
    versions: bool = False
    next_runs: bool = False
    fire_log: bool = False
    tag_search: bool = False


@frozen(kw_only=True)
class Starter:
    """A provider's part of the file that `migrator init` writes.

    Attributes:
        comments: lines after the required settings of its connection: its other settings, commented out.
        sets: lines of [syncs.NAME.set] for a sync that writes to it: what its jobs need and no source has.
        called: the name of its connection, the provider's by default.
        rank: where it stands among the others, the lowest first; the first two are the example of a sync.
    """

    comments: str = ""
    sets: str = ""
    called: str = ""
    rank: int = 50


@frozen(kw_only=True)
class Finding:
    """What a look at a platform told, for `migrator doctor`.

    Attributes:
        what: what was looked at: "daemon".
        status: "ok", "advice" (it works, and could be better), "fault" or "unknown".
        found: what it is like.
        todo: what to do about it; "" where there is nothing to do.
    """

    what: str
    status: Literal["ok", "advice", "fault", "unknown"]
    found: str
    todo: str = ""


async def _nothing(_connection: Connection, _adapter: LoadAdapter) -> tuple[Finding, ...]:
    return ()


@frozen(kw_only=True)
class Provider:
    """A platform: everything about it that is known before connecting to it.

    Attributes:
        name: what config files call it; the name of its module, its mapping and its page of docs.
        title: the platform, as people write it.
        kit: the version of the kit that the declaration was written for: `KIT` at that time, as a number.
        access: the way to it.
        scopes: the places that a connection reaches, as the platform names them and not as the address is spelled.
        documented: every field that its documentation names, None for a format that its mapping defines.
        binds: what of its mapping a connection decides: `dialect` and `timezone`, where places differ in them.
        refuses: says why it cannot hold a job with this create body, where that is no limit of one field, and a plan
            then blocks the job; "" where it can.
        settings: the keys that its connections take beside `provider`, `cron` and, over HTTP, `TUNING`.
        permissions: what a token needs to make and change jobs, in words.
        capabilities: what it can do beyond the usual.
        mapping: its mapping file, where that is not one of migrator's own: resources.files(__package__) / "x.toml".
        docs: where its set-up, limits and evidence are described: a page of docs/ or a URL.
        starter: its part of the file that `migrator init` writes.
        afterwards: says what a person must still do after a run that has changed jobs; "" where that is nothing.
        examine: looks at what only this platform has, for `migrator doctor`; changes nothing.
    """

    name: str
    title: str
    kit: int
    access: Http | Local
    scopes: Callable[[Connection], tuple[str, ...]]
    documented: Documented | None = None
    binds: Callable[[Connection], Mapping[str, str]] = lambda _connection: {}
    refuses: Callable[[Connection, Agents, Mapping[str, Any]], str] | None = None
    settings: tuple[Setting, ...] = ()
    permissions: str = "the permission to change jobs"
    capabilities: Capabilities = Capabilities()
    mapping: Traversable | None = None
    docs: str = ""
    starter: Starter = Starter()
    afterwards: Callable[[Connection], str] = lambda _connection: ""
    examine: Callable[[Connection, LoadAdapter], Awaitable[tuple[Finding, ...]]] = _nothing

    @property
    def http(self) -> Http | None:
        """How it is reached over HTTP; None where it is on this machine."""
        return self.access if isinstance(self.access, Http) else None

    @property
    def required(self) -> tuple[str, ...]:
        """The settings that a connection must give."""
        return tuple(setting.name for setting in self.settings if setting.required)

    @property
    def optional(self) -> tuple[str, ...]:
        """The settings that a connection may give."""
        tuning = TUNING if self.http else ()
        return (*(setting.name for setting in self.settings if not setting.required), *tuning, "cron")

    @property
    def examples(self) -> Mapping[str, str]:
        """A value to start from for each setting that must be given."""
        return {setting.name: setting.example for setting in self.settings if setting.required}
