"""A stand-in for the Dagger CLI that answers a GraphQL session, and breaks in the way that STAND_IN_FAULT names.

It provides the faults that a real engine does not have on demand, and proves nothing about pipelines.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from graphql import build_schema, graphql_sync

SCHEMA = build_schema("type Query { version: String! }")
FAULT = os.environ["STAND_IN_FAULT"]
VERSION = "v0.19.0" if FAULT == "wrong version" else "v0.21.8"
# How often the version was requested: first to connect, later to see if the engine is alive.
versions = itertools.count()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if FAULT == "refuses":
            self._answer(401, {})
            return
        pulse = "__schema" not in query["query"] and next(versions) > 0
        if pulse and FAULT == "hangs":
            time.sleep(600)
        if pulse and FAULT == "dies":
            os._exit(1)
        if pulse and FAULT == "loses the engine":
            self._answer(502, {})
            return
        done = graphql_sync(
            SCHEMA,
            query["query"],
            root_value={"version": VERSION},
            variable_values=query.get("variables"),
        )
        self._answer(200, {"data": done.data})

    def _answer(self, code: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def main() -> int:
    if FAULT == "cannot start":
        sys.stderr.write("\x1b[31mError: start engine: no space left on device\x1b[0m\n")
        return 1
    if FAULT == "never ready":
        sys.stderr.write("3 : ┆ ┆ connecting to engine\n")
        sys.stderr.flush()
        Path(os.environ["HOME"], "connecting").touch()
        time.sleep(600)
    if FAULT == "prints nonsense":
        sys.stdout.write("hello\n")
        return 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(json.dumps({"port": server.server_port, "session_token": "t"}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    if FAULT == "does not end":
        time.sleep(600)
    return 1 if FAULT == "ends with an error" else 0


if __name__ == "__main__":
    sys.exit(main())
