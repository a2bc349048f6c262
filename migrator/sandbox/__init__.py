"""Local simulators of the HTTP APIs of platforms: one package for each, and what they share.

    world = World()                                # a fixed clock; World(clock=None) goes by the time of day
    load_samples(world)                            # or world.load(provider, [...]), records as GET answers them
    serve(world, 8765, ready=...)                  # 127.0.0.1 only, until interrupted
    with BackgroundServer(world) as server: ...    # in a thread, on a free port
    httpx.ASGITransport(app=create_app(world))     # in process: as served, and under the documented hosts

Served, each is below its provider's name; `settings` and `migrator_toml` say how to reach it. The package of a
simulator has its tokens, also those that may do less, and the things that exist from the start.

What it proves, and what not. Each simulator is written from its provider's documentation: every rule names its page,
and guesses are listed at the head of the package. A run against it shows that our requests are those that the pages ask
for, and that nothing is lost or doubled when the network or the server fails. It says nothing about a provider that
behaves otherwise than it writes. Nothing here is random, and nothing leaves the machine.

The clock is virtual. `world.advance` fires what falls due, with croniter as the calendar (see `timetable`), and logs
each fire with the instant at which it was due. Request limits are off unless `World(limits=documented_limits())`.

/control, for people and tests that drive a served sandbox:

    GET    /control/clock                {"now"}
    POST   /control/clock                takes {"advance_seconds": 60} or {"advance_to": "2027-01-01T00:00:00Z"};
                                         answers {"now", "fires"}
    GET    /control/fires                {"fires": [{provider, id, name, at, cause}]}, in order
    GET    /control/requests             {"requests": [{provider, method, path, query, status}], "counts": {…}};
                                         status is null while, and where, there was no answer
    DELETE /control/requests             empties the log
    GET    /control/faults               {"faults": [rule]}
    POST   /control/faults               takes one rule: kind, and any of provider, method, path, nth, times, after,
                                         status, retry_after, seconds, reads (see `faults`)
    DELETE /control/faults               drops all rules
    GET    /control/records/{provider}   {"records": [{scope, gone, hidden, record}]}: all that the server holds
    POST   /control/reset                forgets records, rules and logs; the clock stays
    POST   /control/stop                 ends the server
"""

from migrator.sandbox.faults import KINDS, ScriptedFault
from migrator.sandbox.limits import SlidingWindow, TokenBucket
from migrator.sandbox.registry import DOCUMENTED, OPEN, Options
from migrator.sandbox.server import BackgroundServer, create_app, provider_app, serve
from migrator.sandbox.settings import EXAMPLE, migrator_toml, settings
from migrator.sandbox.world import World, documented_limits, load_samples

__all__ = [
    "DOCUMENTED",
    "EXAMPLE",
    "KINDS",
    "OPEN",
    "BackgroundServer",
    "Options",
    "ScriptedFault",
    "SlidingWindow",
    "TokenBucket",
    "World",
    "create_app",
    "documented_limits",
    "load_samples",
    "migrator_toml",
    "provider_app",
    "serve",
    "settings",
]
