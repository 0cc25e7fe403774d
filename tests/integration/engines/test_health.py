"""An application that does not become healthy is described by its last answer."""

from __future__ import annotations

from functools import partial
from http.server import BaseHTTPRequestHandler

import anyio
import pytest

from heroci_action.engines.health import REMEDY, HealthCheck
from tests.integration.loopback import served


class _Answers(BaseHTTPRequestHandler):
    """Return the status that the path names."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/") or 500))
        self.end_headers()


async def check(health: HealthCheck, address: str, within: float) -> str | None:
    host, _, port = address.removeprefix("http://").partition(":")
    with anyio.move_on_after(within):
        return await health.wait(host, int(port))
    return None


@pytest.mark.parametrize(
    ("path", "seen", "remedy"),
    [
        ("/404", "GET /404 returned 404", REMEDY),
        ("/400", "GET /400 returned 400", f"Django returns 400 if ALLOWED_HOSTS lacks 'localhost'; {REMEDY}"),
        (None, "GET / returned 500", REMEDY),
    ],
)  # fmt: skip
def test_the_last_answer_is_the_cause(path: str | None, seen: str, remedy: str) -> None:
    health = HealthCheck(path)
    with served(_Answers) as address:
        assert anyio.run(partial(check, health, address, within=1.0)) is None
    assert health.explain(60) == (
        f"the application did not become healthy within 60 s ({seen})",
        remedy,
    )


@pytest.mark.parametrize(("path", "asked"), [("/health", "GET /health"), (None, "its port")])
def test_without_an_answer_the_request_is_named(path: str | None, asked: str) -> None:
    cause, _ = HealthCheck(path).explain(2.5)
    assert cause == f"the application did not become healthy within 2.5 s ({asked})"


def test_a_redirect_is_healthy() -> None:
    with served(_Answers) as address:
        answer = anyio.run(partial(check, HealthCheck("/302"), address, within=60))
    assert answer == "GET /302 returned 302"
