"""Run the project in separate processes: commands, snippets and a real server, each with its own environment."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30
SECRET_KEY = "a-long-random-key-that-only-these-tests-ever-use-0123456789"  # noqa: S105


def database_url(name: str | None = None) -> str:
    """Return the URL of the test database, or of another one on the same server."""
    name = name or str(connection.settings_dict["NAME"])
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def environment(**variables: str) -> dict[str, str]:
    """Return a production environment with changes; empty values unset a variable."""
    defaults = {"SECRET_KEY": SECRET_KEY, "DATABASE_URL": "sqlite://:memory:"}
    return {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **defaults, **variables}


def run_python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the repository root."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a management command."""
    return run_python("manage.py", *arguments, **variables)


class Answer(NamedTuple):
    """A response of the server."""

    status: int
    headers: Message
    text: str


class Server:
    """A running gunicorn that listens on a Unix socket."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, target: str, host: str = "example.org", **headers: str) -> Answer:
        """Send a request over plain HTTP and read the whole response."""
        plug = http.client.HTTPConnection(host, timeout=30)
        plug.sock = socket.socket(socket.AF_UNIX)
        plug.sock.connect(str(self.path))
        plug.request("GET", target, headers=headers)
        response = plug.getresponse()
        text = response.read().decode(errors="replace")
        plug.close()
        return Answer(response.status, response.headers, text)


@contextmanager
def served(**variables: str) -> Iterator[Server]:
    """Serve the project with gunicorn and production settings, as its image does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "socket")
        arguments = ["superheroes.wsgi", "--bind", f"unix:{path}", "--no-control-socket"]
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *arguments],
            cwd=ROOT,
            env=environment(**variables),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield wait_for(Server(path), process)
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def wait_for(server: Server, process: subprocess.Popen[bytes]) -> Server:
    """Wait until the server answers and return it."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.get("/health/live")
        except OSError:
            time.sleep(0.1)
        else:
            return server
    raise RuntimeError(f"gunicorn does not answer; exit code: {process.poll()}")
