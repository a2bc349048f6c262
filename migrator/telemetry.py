"""OpenTelemetry: traces and metrics of a run, sent to a collector, for those who have one.

Off unless the environment or the config names an endpoint. The variables of the OpenTelemetry specification hold as
ever: endpoints, headers, timeouts, resource attributes, `OTEL_SDK_DISABLED`, and `none` as the exporter of a signal.
Nothing global is touched, and nothing of it is imported while it is off.

Requests are told here and not by OpenTelemetry's instrumentation of httpx, which takes four more packages, sends whole
URLs with their queries, and knows neither repeated tries nor throttling.

    round ─▶ sync ─┬─▶ list ──▶ GET source, GET target  one span for each stage and each request
                   ├─▶ settle
                   ├─▶ plan
                   └─▶ apply ─▶ POST target, GET target
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from attrs import frozen

from migrator import __version__
from migrator.instrumentation import SILENT, Exchange, Instrumentation

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram, Meter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.trace import Tracer

_ENDPOINTS: Final = tuple(
    f"OTEL_EXPORTER_OTLP_{signal}ENDPOINT" for signal in ("", "TRACES_", "METRICS_")
)  # https://opentelemetry.io/docs/specs/otel/protocol/exporter/
_PROTOCOL: Final = "http/protobuf"
_CLIENT_ERROR: Final = 400
_NANOSECONDS: Final = 1_000_000_000

Say = Callable[[str], None]


@frozen
class Telemetry(Instrumentation):
    """Tells OpenTelemetry what goes on."""

    _tracer: Tracer
    _requests: Counter
    _writes: Counter
    _throttles: Counter
    _jobs: Counter
    _duration: Histogram

    @contextmanager
    def stage(self, name: str, **about: str) -> Iterator[None]:
        """A span; of an error, its kind alone is told, because what it says may quote a job."""
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 (nothing is imported while it is off)

        attributes = {f"migrator.{key}": value for key, value in about.items()}
        with self._tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
                raise

    def exchange(self, exchange: Exchange) -> None:
        """A span of the stage that it belongs to, by the conventions for HTTP clients, and its part of the metrics."""
        from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415 (as above)

        ended = time.time_ns()
        known: dict[str, str | int] = {"migrator.provider": exchange.provider, "http.request.method": exchange.method}
        if exchange.status is not None:
            known["http.response.status_code"] = exchange.status
        if failed := exchange.status is None or exchange.status >= _CLIENT_ERROR:
            known["error.type"] = "lost" if exchange.status is None else str(exchange.status)
        where = {"server.address": exchange.host, "url.path": exchange.path}
        again = {"http.request.resend_count": exchange.nth - 1} if exchange.nth > 1 else {}
        span = self._tracer.start_span(
            f"{exchange.method} {exchange.provider}",
            kind=SpanKind.CLIENT,
            attributes={**known, **where, **again},
            start_time=ended - int(exchange.seconds * _NANOSECONDS),
        )
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)
        self._requests.add(1, known)
        self._duration.record(exchange.seconds, {**known, "server.address": exchange.host})
        if exchange.is_write:
            self._writes.add(1, known)
        if exchange.is_throttled:
            self._throttles.add(1, {"migrator.provider": exchange.provider})

    def job(self, *, sync: str, action: str, status: str) -> None:
        """Its part of the metrics."""
        self._jobs.add(1, {"migrator.sync": sync, "migrator.action": action, "migrator.outcome": status})


def telemetry(tracer: Tracer, meter: Meter) -> Telemetry:
    """A watch that tells these two."""
    return Telemetry(
        tracer,
        meter.create_counter("migrator.requests", "{request}", "Requests sent to platforms, every try of them."),
        meter.create_counter("migrator.writes", "{request}", "Requests that may change something."),
        meter.create_counter("migrator.throttles", "{request}", "Requests that a platform turned away as too many."),
        meter.create_counter("migrator.jobs", "{job}", "Changes of jobs, by result."),
        meter.create_histogram("http.client.request.duration", "s", "How long requests took."),
    )


def is_wanted(environ: Mapping[str, str], endpoint: str | None) -> bool:
    """Whether anybody wants telemetry."""
    named = endpoint or any(environ.get(name) for name in _ENDPOINTS)
    return bool(named) and environ.get("OTEL_SDK_DISABLED", "").strip().casefold() != "true"


@contextmanager
def watching(environ: Mapping[str, str], endpoint: str | None, *, say: Say) -> Iterator[Instrumentation]:
    """A watch for as long as the block lasts; at its end, what is left is sent.

    Args:
        environ: the environment.
        endpoint: the collector that the config names; the environment's counts first.
        say: told what went wrong; nothing of it ends anything.
    """
    if not is_wanted(environ, endpoint):
        yield SILENT
        return
    protocol = environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", _PROTOCOL)
    if protocol != _PROTOCOL:
        say(f"no telemetry: OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}, and only {_PROTOCOL} is spoken here")
        yield SILENT
        return
    with ExitStack() as closing:
        try:
            instrumentation = _to_collector(environ, endpoint, closing, say)
        except ImportError:
            say('no telemetry: it needs packages that are not installed: pip install "migrator[otel]"')
            instrumentation = SILENT
        yield instrumentation


def _to_collector(environ: Mapping[str, str], endpoint: str | None, closing: ExitStack, say: Say) -> Instrumentation:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415 (as above)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 (as above)
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 (as above)
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415 (as above)
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 (as above)
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 (as above)

    def place(signal: str) -> str | None:
        """Where a signal goes when the environment does not say it; the exporters ask that themselves."""
        named = any(environ.get(name) for name in _ENDPOINTS)
        return None if named or endpoint is None else f"{endpoint}/v1/{signal}"

    def is_off(signal: str) -> bool:
        return environ.get(f"OTEL_{signal}_EXPORTER", "otlp") == "none"

    closing.enter_context(_told_once(say))
    resource = _resource(environ)
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    closing.callback(tracers.shutdown)
    if not is_off("TRACES"):
        tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=place("traces"))))
    reader = None if is_off("METRICS") else PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=place("metrics")))
    meters = MeterProvider(metric_readers=[reader] if reader else [], resource=resource, shutdown_on_exit=False)
    closing.callback(meters.shutdown)
    return telemetry(tracers.get_tracer("migrator", __version__), meters.get_meter("migrator", __version__))


def _resource(environ: Mapping[str, str]) -> Resource:
    """What is watched: migrator, unless the environment has another name for it."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 (as above)

    named = "OTEL_SERVICE_NAME" in environ or "service.name" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return Resource.create({"service.version": __version__} | ({} if named else {"service.name": "migrator"}))


class _Once(logging.Handler):
    """Notes that something was logged; its text may hold a URL with a password, so it is not shown."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said = False

    def emit(self, _record: logging.LogRecord) -> None:
        self.said = True


@contextmanager
def _told_once(say: Say) -> Iterator[None]:
    """Keep the library's log off the screen, and say once at the end that something went wrong."""
    log, handler = logging.getLogger("opentelemetry"), _Once()
    propagates = log.propagate
    log.addHandler(handler)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = propagates
        if handler.said:
            say("telemetry was not sent, or not all of it: check that the collector can be reached")
