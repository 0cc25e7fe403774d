"""Read the engine's telemetry: the output of steps, line by line, and whether anything was executed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from heroci_action.engines.base import Sink, Stream
from heroci_action.engines.dagger.spans import Spans
from heroci_action.engines.lines import LINE_END

# Pieces of output that are kept until the span they belong to is known.
KEPT = 2_000
# The name of the span of an execution that was postponed until its result was needed.
EXECUTED = "resume withExec"
# The values of the attribute stdio.stream in the engine's log records.
STREAMS = {1: Stream.STDOUT, 2: Stream.STDERR}


class Output:
    """Passes lines on as they arrive, and the missing ones at the end, because telemetry may be late or lost."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self._rest = dict.fromkeys(Stream, "")
        self._count = dict.fromkeys(Stream, 0)
        self._open = True

    def feed(self, stream: Stream, text: str) -> None:
        """Accept a piece of output that need not end with a line."""
        if self._open:
            complete, newline, self._rest[stream] = (self._rest[stream] + text).rpartition("\n")
            if newline:
                self._pass_on(stream, LINE_END.split(complete))

    def complete(self, stdout: str, stderr: str) -> None:
        """Pass on those lines of the whole output that are missing, and accept nothing more."""
        for stream, text in ((Stream.STDOUT, stdout), (Stream.STDERR, stderr)):
            lines = LINE_END.split(text.removesuffix("\n")) if text else []
            self._pass_on(stream, lines[self._count[stream] :])
        self._open = False

    def flush(self) -> None:
        """Pass on a last line without a line end."""
        for stream, text in tuple(self._rest.items()):
            self._rest[stream] = ""
            self._pass_on(stream, [text] if text else [])

    def _pass_on(self, stream: Stream, lines: list[str]) -> None:
        self._count[stream] += len(lines)
        for line in lines:
            self.sink(stream, line)


@dataclass(slots=True)
class Telemetry:
    """Sorts the engine's telemetry by the span of the request."""

    spans: Spans = field(default_factory=Spans)
    _outputs: dict[str, Output] = field(default_factory=dict)  # by our own spans
    _parents: dict[str, str] = field(default_factory=dict)
    _executed: set[str] = field(default_factory=set)
    _early: deque[tuple[str, Stream, str]] = field(default_factory=lambda: deque(maxlen=KEPT))

    @contextmanager
    def observe(self, output: Output, name: str) -> Iterator[str]:
        """Send the output of everything that the current task requests to `output`; yield the id of the span."""
        with self.spans.span(name) as span:
            span_id = f"{span.get_span_context().span_id:016x}"
            self._outputs[span_id] = output
            yield span_id

    def executed(self, span_id: str) -> bool:
        """Return whether the engine has reported an execution below that span."""
        return any(self._owner(span) == span_id for span in self._executed)

    def take(self, kind: str, body: bytes) -> None:
        """Sort a message; an unreadable one is ignored, because nothing is decided by telemetry."""
        try:
            if kind == "traces":
                self._take_spans(ExportTraceServiceRequest.FromString(body))
            elif kind == "logs":
                self._take_logs(ExportLogsServiceRequest.FromString(body))
        except DecodeError:
            return

    def _take_spans(self, message: ExportTraceServiceRequest) -> None:
        for group in message.resource_spans:
            for scope in group.scope_spans:
                for span in scope.spans:
                    self._take_span(span)
        early = tuple(self._early)
        self._early.clear()
        for piece in early:
            self._pass_on(*piece)

    def _take_logs(self, message: ExportLogsServiceRequest) -> None:
        for group in message.resource_logs:
            for scope in group.scope_logs:
                for record in scope.log_records:
                    self._take_record(record)

    def _take_span(self, span: Span) -> None:
        self._parents[span.span_id.hex()] = span.parent_span_id.hex()
        if span.name == EXECUTED:
            self._executed.add(span.span_id.hex())

    def _take_record(self, record: LogRecord) -> None:
        attributes = {item.key: item.value for item in record.attributes}
        stream = attributes.get("stdio.stream")
        verbose = attributes.get("dagger.io/logs.verbose")
        text = record.body.string_value
        if stream is None or not text or (verbose is not None and verbose.bool_value):
            return
        self._pass_on(record.span_id.hex(), STREAMS.get(stream.int_value, Stream.STDERR), text)

    def _pass_on(self, span: str, stream: Stream, text: str) -> None:
        owner = self._owner(span)
        if owner:
            self._outputs[owner].feed(stream, text)
        else:
            self._early.append((span, stream, text))

    def _owner(self, span: str) -> str | None:
        """Return our own span above this one; None if it is not known yet, because spans arrive in any order."""
        seen: set[str] = set()
        while span and span not in seen:
            if span in self._outputs:
                return span
            seen.add(span)
            span = self._parents.get(span, "")
        return None
