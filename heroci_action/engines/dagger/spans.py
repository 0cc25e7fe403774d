"""The spans under which HeroCI sends its requests; under `dagger run`, they are part of its trace."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry import context, propagate, trace

from heroci_action.engines.dagger.preflight import SESSION_PORT

# Dagger's attribute for results from its cache.
CACHED = "dagger.io/dag.cached"
FLUSH_WITHIN = 2_000  # milliseconds


@dataclass(slots=True)
class Spans:
    """Creates spans. Without a tracer they are only known to the engine, which refers to them in its telemetry."""

    tracer: trace.Tracer | None = None
    parent: context.Context | None = None
    _trace_id: int = field(default_factory=lambda: secrets.randbits(128) | 1)

    @contextmanager
    def span(self, name: str) -> Iterator[trace.Span]:
        """Send the requests of the current task under a new span."""
        if self.tracer:
            # A stage is below the span of `dagger run`, a step below its stage.
            inside = trace.get_current_span().get_span_context().is_valid
            parent = None if inside else self.parent
            with self.tracer.start_as_current_span(name, parent) as span:
                yield span
        else:
            with self.hidden() as span:
                yield span

    @contextmanager
    def hidden(self) -> Iterator[trace.Span]:
        """Send the requests of the current task under a span that is in no one's trace."""
        unexported = trace.NonRecordingSpan(
            trace.SpanContext(
                self._trace_id,
                secrets.randbits(64) | 1,
                is_remote=False,
                trace_flags=trace.TraceFlags(1),
            )
        )
        with trace.use_span(unexported):
            yield unexported


@contextmanager
def open_spans(machine: Mapping[str, str]) -> Iterator[Spans]:
    """Export spans under `dagger run`, which sets the variables of OpenTelemetry's exporter."""
    if SESSION_PORT not in machine or "TRACEPARENT" not in machine:
        yield Spans()
        return
    # Imported late because it is only needed under `dagger run`.
    from dagger.telemetry import LiveSpanProcessor  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": "heroci"}))
    provider.add_span_processor(LiveSpanProcessor(OTLPSpanExporter()))
    parent = propagate.extract({"traceparent": machine["TRACEPARENT"]})
    try:
        yield Spans(tracer=provider.get_tracer("heroci"), parent=parent)
    finally:
        provider.force_flush(FLUSH_WITHIN)


def end_step(span: trace.Span, *, failed: bool, cached: bool) -> None:
    """Record the outcome of a step."""
    span.set_attribute(CACHED, cached)
    if failed:
        span.set_status(trace.StatusCode.ERROR)
