"""The HTTP checks against a server that really answers, and one that does not."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from heroci_action.engines.base import ReportFile
from heroci_action.probes.heroci_http_check import run
from heroci_action.readers import PathResolver, read
from heroci_action.results.records import Status
from tests.integration.loopback import served
from tests.integration.probes.projects import PROBES


@dataclass(slots=True)
class Server:
    """A server on a free port, and the requests that it was sent."""

    url: str = ""
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    record = Server()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            record.requests.append((self.command, self.path, dict(self.headers), body))
            status = {"/moved": 302, "/broken": 500}.get(self.path, 200)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/broken")
            self.end_headers()
            self.wfile.write('{"name": "Zoë"}'.encode())

        do_GET = do_POST = do_DELETE = answer  # noqa: N815  the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with served(Handler) as record.url:
        yield record


def check(base: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "http_proxy": "http://127.0.0.1:9"}
    if base:
        env["HEROCI_BASE_URL"] = base
    return subprocess.run(
        [sys.executable, PROBES / "heroci_http_check.py", *arguments],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_each_check_is_one_request_as_declared(server: Server) -> None:
    checks = [
        {"path": "/heroes?page=1", "json": {"name": "Zoë"}, "headers": {"X-Test": "1"}},
        {"path": "/heroes", "method": "POST", "body": {"a": 1}},
        {"path": "/moved", "status": 302},
        {"path": "/broken", "status": 500},
    ]
    done = check(server.url + "/", json.dumps(checks))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].startswith("GET /heroes?page=1: ok (")
    sent = [(method, path, body) for method, path, _, body in server.requests]
    assert sent == [
        ("GET", "/heroes?page=1", b""),
        ("POST", "/heroes", b'{"a": 1}'),
        ("GET", "/moved", b""),
        ("GET", "/broken", b""),
    ]
    assert {headers["Connection"] for _, _, headers, _ in server.requests} == {"close"}
    assert server.requests[0][2]["X-Test"] == "1"
    assert server.requests[1][2]["Content-Type"] == "application/json"


def test_a_check_that_fails_is_a_failed_test_in_the_report(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "checks.json"
    file.write_text(
        json.dumps([{"path": "/", "name": "front page", "contains": "nobody"}, {"path": "/x"}])
    )
    done = check(server.url, str(file), "--junit", str(tmp_path / "junit.xml"))
    assert done.returncode == 1
    content = (tmp_path / "junit.xml").read_bytes()
    report = ReportFile(kind="junit", path="junit.xml", content=content)
    tests = {test.name: test for test in read([report], tree=PathResolver()).tests}
    assert {name: test.status for name, test in tests.items()} == {
        "front page": Status.FAILED,
        "GET /x": Status.PASSED,
    }
    assert tests["front page"].message == "the answer does not contain 'nobody'"


def test_a_server_that_is_not_there_fails_every_check_with_the_cause() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        done = check(f"http://127.0.0.1:{free.getsockname()[1]}", '[{"path": "/"}]')
    assert done.returncode == 1
    assert done.stdout.startswith("GET /: no answer: [Errno 111] Connection refused")


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (outcome,) = run(url, [{"path": "/"}], timeout=0.2)
    assert outcome.problem == "no answer: timed out"


def test_without_an_application_there_is_nothing_to_check() -> None:
    done = check(None, '[{"path": "/"}]')
    assert done.returncode == 2
    assert "HEROCI_BASE_URL" in done.stderr
