"""OpenTelemetry: what a collector is told of a run, what it is never told, and that a run does not depend on it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import migrator
from migrator.instrumentation import SILENT
from migrator.sandbox import World, settings
from migrator.telemetry import watching
from tests.cli.bench import Run, routine
from tests.listening import listening


@define
class Collector:
    """A collector on this machine.

    Attributes:
        url: its address.
        got: what it was sent, by path.
    """

    url: str
    got: list[tuple[str, bytes]] = field(factory=list)

    @property
    def spans(self) -> list[Any]:
        """Every span that arrived."""
        found = [ExportTraceServiceRequest.FromString(body) for path, body in self.got if path.endswith("traces")]
        return [
            span
            for one in found
            for resource in one.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def resources(self) -> list[dict[str, str]]:
        """Who sent spans."""
        found = [ExportTraceServiceRequest.FromString(body) for path, body in self.got if path.endswith("traces")]
        return [attributes(one.resource) for request in found for one in request.resource_spans]

    def total(self, name: str, **only: Any) -> int:
        """What a counter came to, over everything that has these attributes."""
        found = [ExportMetricsServiceRequest.FromString(body) for path, body in self.got if path.endswith("metrics")]
        points = [
            point
            for one in found
            for resource in one.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in (metric.sum.data_points or metric.histogram.data_points)
        ]
        wanted = {key.replace("_", "."): value for key, value in only.items()}
        return sum(
            getattr(point, "as_int", 0) or getattr(point, "count", 0)
            for point in points
            if wanted.items() <= attributes(point).items()
        )


def attributes(thing: Any) -> dict[str, Any]:
    """The attributes of a span, a data point or a resource."""
    return {one.key: one.value.string_value or one.value.int_value for one in thing.attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that takes everything."""
    taken = Collector("")

    def take(path: str, body: bytes) -> int:
        taken.got.append((path, body))
        return 200

    with listening(take) as port:
        taken.url = f"http://127.0.0.1:{port}"
        yield taken


@pytest.fixture
def watched(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Collector:
    """The collector that the environment names."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    return collector


def test_a_span_for_each_stage_and_each_request(watched: Collector, here: Path, run: Run, world: World) -> None:
    """A round is one trace of its syncs and their stages; a request belongs to the stage that sent it."""
    requests = run("sync", "omni-to-devin", "backup", "--json").document["requests"]
    by_id = {span.span_id: span for span in watched.spans}
    belongs = {(span.name, by_id[span.parent_span_id].name) for span in by_id.values() if span.parent_span_id}

    stages = {("list", "sync"), ("settle", "sync"), ("plan", "sync"), ("apply", "sync")}
    assert {("sync", "round"), *stages} <= belongs
    assert {("GET omni", "list"), ("GET devin", "list"), ("POST devin", "apply")} <= belongs
    assert len({span.trace_id for span in by_id.values()}) == 1
    sent = [attributes(span) for span in by_id.values() if "http.request.method" in attributes(span)]
    assert len(sent) == sum(requests.values())
    assert {one["http.response.status_code"] for one in sent} <= {200, 201}
    assert [span.status.code for span in by_id.values() if span.status.code] == []


def test_the_metrics_of_a_run(watched: Collector, here: Path, run: Run, world: World) -> None:
    """Requests, writes, throttles and jobs are counted by what they were."""
    world.fault("throttle", provider="devin", nth=2, retry_after=0)
    requests = run("sync", "omni-to-devin", "--json").document["requests"]

    assert watched.total("migrator.requests") == sum(requests.values())
    assert watched.total("migrator.requests", migrator_provider="omni") == requests["omni"]
    assert watched.total("http.client.request.duration") == sum(requests.values())
    assert watched.total("migrator.throttles", migrator_provider="devin") == 1
    assert watched.total("migrator.writes") >= 3
    assert watched.total("migrator.jobs", migrator_outcome="done", migrator_action="create") == 3
    assert watched.total("migrator.jobs", migrator_outcome="failed") == 0


def test_a_failure_is_told_by_its_kind(watched: Collector, here: Path, run: Run, world: World) -> None:
    """The span of a request that was refused has its status, and those around it the kind of the error, no more."""
    world.fault("status", provider="devin", status=401, times=0)
    assert run("plan", "omni-to-devin").code == 1
    told = {span.name: attributes(span).get("error.type") for span in watched.spans if span.status.code}

    assert told == {"GET devin": "401", "list": "AuthError", "sync": "AuthError"}
    assert [event for span in watched.spans for event in span.events] == []


def test_neither_tokens_nor_texts_are_told(watched: Collector, here: Path, run: Run, world: World, served: Any) -> None:
    """Nothing that is sent holds a token, a prompt, a name of a job, or what a platform answered."""
    world.load("omni", [routine("Alpha", prompt="Read the secret plan.")])
    run("sync", "omni-to-devin")
    world.fault("status", provider="devin", method="PATCH", status=400, times=0)
    world.load("omni", [routine("Alpha", prompt="Read another plan.")])
    run("sync", "omni-to-devin")
    run("export", "omni")
    everything = b"".join(body for _path, body in watched.got)

    tokens = [way["token"] for way in settings(*served).values() if "token" in way]
    assert [
        text
        for text in (*tokens, "secret plan", "another plan", "Alpha", "@example.com")
        if text.encode() in everything
    ] == []
    assert b"migrator.provider" in everything
    assert len(tokens) == 3


def test_the_specifications_variables_hold(
    watched: Collector, here: Path, run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service has the name that the environment gives it; a signal, or all of it, can be switched off."""
    run("plan", "omni-to-devin")
    assert watched.resources[0]["service.name"] == "migrator"
    assert watched.resources[0]["service.version"] == migrator.__version__
    watched.got.clear()

    monkeypatch.setenv("OTEL_SERVICE_NAME", "nights")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    run("plan", "omni-to-devin")
    assert ({path for path, _body in watched.got}, watched.resources[0]["service.name"]) == ({"/v1/traces"}, "nights")
    watched.got.clear()

    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    run("plan", "omni-to-devin")
    assert watched.got == []


def test_the_config_can_name_the_collector(collector: Collector, here: Path, run: Run, world: World) -> None:
    """[telemetry] does the same where the environment says nothing; what is no URL is refused with its place."""
    config = here / "migrator.toml"
    text = config.read_text("utf-8")
    config.write_text(f'{text}\n[telemetry]\nendpoint = "{collector.url}/"\n', "utf-8")
    run("plan", "omni-to-devin")
    assert {path for path, _body in collector.got} == {"/v1/traces", "/v1/metrics"}

    for wrong in ("collector:4318", "http://me:secret@collector:4318", "http://collector:4318?a=b"):
        config.write_text(f'{text}\n[telemetry]\nendpoint = "{wrong}"\n', "utf-8")
        ended = run("plan", "omni-to-devin")
        assert (ended.code, "telemetry.endpoint" in ended.err, "secret" in ended.err) == (2, True, False)


def test_without_a_collector_nothing_is_lost(
    here: Path, run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is the same; that nobody was there is said once, on stderr."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:secret@127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    ended = run("sync", "omni-to-devin", "--json")

    assert (ended.code, len(ended.document["syncs"])) == (0, 1)
    assert ended.err.count("telemetry was not sent") == 1
    assert ("secret" in ended.err, "Traceback" in ended.err) == (False, False)


def test_another_protocol_is_not_spoken() -> None:
    """Where the environment asks for gRPC, it is said that there is none, and nobody watches."""
    said: list[str] = []
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    with watching(environ, None, say=said.append) as instrumentation:
        assert instrumentation is SILENT

    assert said == ["no telemetry: OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and only http/protobuf is spoken here"]


def test_without_the_packages_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where OpenTelemetry is not installed, it is said how to get it, and the run goes on."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.metric_exporter", None)
    said: list[str] = []
    with watching({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, None, say=said.append) as instrumentation:
        assert instrumentation is SILENT

    assert said == ['no telemetry: it needs packages that are not installed: pip install "migrator[otel]"']


def test_nothing_is_imported_while_it_is_off() -> None:
    """A run that nobody watches does not load OpenTelemetry."""
    script = (
        "import sys, migrator.cli.sync_run; from migrator.telemetry import watching\n"
        "with watching({}, None, say=print) as watch:\n"
        "    with watch.stage('sync', sync='it'): pass\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    environ = {"PYTHONPATH": str(Path(migrator.__file__).parent.parent)}
    ran = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)

    assert ran.stdout == "[]\n"
