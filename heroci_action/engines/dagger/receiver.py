"""Receive the telemetry of the CLI and the engine: OTLP over HTTP, on loopback."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONGEST_BODY = 64 * 1024 * 1024  # bytes

Take = Callable[[str, bytes], None]
"""Callback that receives the kind of a message (`traces`, `logs`) and its body."""


@dataclass(slots=True)
class Receiver:
    """Passes messages on to a listener, and keeps them until there is one.

    `variables` make the CLI send its telemetry here; they are empty if nothing listens.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    _take: Take | None = None
    _kept: list[tuple[str, bytes]] = field(default_factory=list)

    def listen(self, take: Take) -> None:
        """Pass on the messages received so far, and all later ones."""
        self._take = take
        for kind, body in self._kept:
            take(kind, body)
        self._kept.clear()

    def receive(self, kind: str, body: bytes) -> None:
        """Accept a message."""
        if self._take:
            self._take(kind, body)
        else:
            self._kept.append((kind, body))


@contextmanager
def receive() -> Iterator[Receiver]:
    """Serve a receiver below an unguessable path; it passes messages on in the event loop."""
    path = f"/{secrets.token_urlsafe(16)}"
    loop = asyncio.get_running_loop()
    receiver = Receiver()
    server = _server(path, lambda *message: _in_loop(loop, receiver, *message))
    receiver.variables = _variables(f"http://127.0.0.1:{server.server_port}{path}")
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    ).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def _in_loop(loop: asyncio.AbstractEventLoop, receiver: Receiver, kind: str, body: bytes) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(receiver.receive, kind, body)


def _variables(url: str) -> dict[str, str]:
    """Return the variables of OpenTelemetry's exporters; the last one is Dagger's own."""
    return {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{url}/traces",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"{url}/logs",
        "OTEL_EXPORTER_OTLP_TRACES_LIVE": "1",
    }


def _server(path: str, take: Take) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if not self.path.startswith(f"{path}/") or not 0 <= length <= LONGEST_BODY:
                self.close_connection = True
                self.send_error(404)
                return
            take(self.path.rpartition("/")[2], self.rfile.read(length))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        # The CLI keeps its connections open.
        block_on_close = False

    return Server(("127.0.0.1", 0), Handler)
