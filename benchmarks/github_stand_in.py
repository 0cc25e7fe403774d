"""A server on loopback that takes check runs as GitHub's API does, for reporters that say things by it alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.integration.loopback import served

REPOSITORY = "owner/name"
CHUNK = 50  # annotations in one request, above which GitHub refuses it


@dataclass(kw_only=True)
class StandIn:
    """Where it is, what check runs were sent, and what was asked that it has no answer for."""

    url: str = ""
    annotations: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, sent: dict[str, Any]) -> tuple[int, object]:
        """The status and the body."""
        below = path.removeprefix(f"/repos/{REPOSITORY}").partition("?")[0]
        here = f"{self.url}/repos/{REPOSITORY}"
        commit = re.fullmatch(r"/commits/([0-9a-f]{40})(/pulls|/check-runs)?", below)
        if method in ("POST", "PATCH") and re.fullmatch(r"/check-runs(/1)?", below):
            notes = (sent.get("output") or {}).get("annotations") or []
            if len(notes) > CHUNK:
                return 422, {"message": "Invalid request. No more than 50 items are allowed."}
            self.annotations += notes
            run = {"id": 1, "url": f"{here}/check-runs/1", "html_url": f"{here}/runs/1"}
            return 201 if method == "POST" else 200, run
        if method == "GET" and commit:
            empty = {"/pulls": [], "/check-runs": {"total_count": 0, "check_runs": []}}
            own = {"sha": commit[1], "url": f"{here}/commits/{commit[1]}"}
            return 200, empty.get(commit[2], own)
        if method == "GET" and not below:
            return 200, {"full_name": REPOSITORY, "name": "name", "url": here}
        self.unknown.append(f"{method} {path}")
        return 404, {"message": "Not Found"}


@contextmanager
def serving() -> Iterator[StandIn]:
    """The server on a free port, as long as it is needed."""
    state = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            sent = json.loads(self.rfile.read(length)) if length else {}
            status, made = state.answer(self.command, self.path, sent)
            body = json.dumps(made).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815  names of http.server

    with served(Handler) as state.url:
        yield state
