"""What the engine tells while it works: the output of steps, line by line, and whether anything was executed."""

from __future__ import annotations

import re
import secrets
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry import trace
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from heroci_action.engines.base import Sink, Stream

KEPT = 2_000  # pieces of output whose place is not known yet
EXECUTED = "resume withExec"  # an execution that was put off until somebody needed it
STREAMS = {
    1: Stream.STDOUT,
    2: Stream.STDERR,
}  # the attribute stdio.stream of the engine's log records
_LINE_END = re.compile(r"\r\n|\n|\r")


class Output:
    """Hands on lines as they come in, and in the end those that have not come: telemetry may be late or lost."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self._rest = dict.fromkeys(Stream, "")
        self._count = dict.fromkeys(Stream, 0)
        self._open = True

    def piece(self, stream: Stream, text: str) -> None:
        """A piece of output, not always whole lines."""
        if self._open:
            whole, newline, self._rest[stream] = (self._rest[stream] + text).rpartition("\n")
            if newline:
                self._hand_on(stream, _LINE_END.split(whole))

    def complete(self, stdout: str, stderr: str) -> None:
        """All that was printed; what was not yet handed on follows now, and nothing after it."""
        for stream, text in ((Stream.STDOUT, stdout), (Stream.STDERR, stderr)):
            lines = _LINE_END.split(text.removesuffix("\n")) if text else []
            self._hand_on(stream, lines[self._count[stream] :])
        self._open = False

    def rest(self) -> None:
        """What came without the end of its line."""
        for stream, text in tuple(self._rest.items()):
            self._rest[stream] = ""
            self._hand_on(stream, [text] if text else [])

    def _hand_on(self, stream: Stream, lines: list[str]) -> None:
        self._count[stream] += len(lines)
        for line in lines:
            self.sink(stream, line)


@dataclass(slots=True)
class Telemetry:
    """Sorts what the engine reports by the span that asked for it."""

    _trace_id: int = field(default_factory=lambda: secrets.randbits(128) | 1)
    _outputs: dict[str, Output] = field(default_factory=dict)  # by the span of ours
    _parents: dict[str, str] = field(default_factory=dict)
    _executed: set[str] = field(default_factory=set)
    _early: deque[tuple[str, Stream, str]] = field(default_factory=lambda: deque(maxlen=KEPT))

    @contextmanager
    def observed(self, output: Output) -> Iterator[str]:
        """While this is open, what the current task asks the engine for is reported to `output`; the span's name."""
        span_id = secrets.randbits(64) | 1
        context = trace.SpanContext(
            self._trace_id, span_id, is_remote=False, trace_flags=trace.TraceFlags(1)
        )
        name = f"{span_id:016x}"
        self._outputs[name] = output
        with trace.use_span(trace.NonRecordingSpan(context)):
            yield name

    def executed(self, name: str) -> bool:
        """Whether the engine has executed anything below that span, as far as it has told."""
        return any(self._owner(span) == name for span in self._executed)

    def take(self, kind: str, body: bytes) -> None:
        """Sort one message in; what cannot be read is ignored: telemetry decides nothing."""
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
            self._hand_on(*piece)

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
        self._hand_on(record.span_id.hex(), STREAMS.get(stream.int_value, Stream.STDERR), text)

    def _hand_on(self, span: str, stream: Stream, text: str) -> None:
        owner = self._owner(span)
        if owner:
            self._outputs[owner].piece(stream, text)
        else:
            self._early.append((span, stream, text))

    def _owner(self, span: str) -> str | None:
        """The span of ours that this one is below; None also where that is not known yet: spans come in any order."""
        seen: set[str] = set()
        while span and span not in seen:
            if span in self._outputs:
                return span
            seen.add(span)
            span = self._parents.get(span, "")
        return None
