"""Wait until an application is healthy, with few requests because a rate limiter counts them too."""

from __future__ import annotations

import http.client
from dataclasses import dataclass

import anyio
import anyio.to_thread

FIRST_PAUSE = 0.1  # seconds; doubled after each request
LONGEST_PAUSE = 2.0
ANSWER_WITHIN = 10.0
# Django allows this host name by default in development, and most images are configured for it.
HOST_NAME = "localhost"
REMEDY = (
    "see its log; `image.command`, `image.health` and `env` control how it is started and checked"
)
# A redirect is healthy, an error is not.
HEALTHY_BELOW = 400
# Without a health endpoint, "not found" and "log in first" also show that the application responds.
RESPONDING_BELOW = 500
# Django's answer to a host name that ALLOWED_HOSTS lacks: django/core/handlers/exception.py
_BAD_REQUEST = 400


@dataclass(slots=True)
class HealthCheck:
    """Requests for a path until it is healthy, and the status of the last answer.

    `path` None means that no health endpoint is known: then `/` must not return a server error.
    """

    path: str | None
    status: int | None = None

    async def wait(self, host: str, port: int) -> str:
        """Wait without a limit until the application is healthy and return its answer as text."""
        pause = FIRST_PAUSE
        limit = HEALTHY_BELOW if self.path else RESPONDING_BELOW
        while True:
            status = await anyio.to_thread.run_sync(
                _request, host, port, self.path or "/", abandon_on_cancel=True
            )
            self.status = self.status if status is None else status
            if status is not None and status < limit:
                return f"{self._answer}{'' if self.path else '; no health endpoint is known'}"
            await anyio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def explain(self, within: float) -> tuple[str, str]:
        """Return why the application is not healthy after so many seconds, and the remedy."""
        seen = self._answer if self.path or self.status else "its port"
        cause = f"the application did not become healthy within {within:g} s ({seen})"
        if self.status != _BAD_REQUEST:
            return cause, REMEDY
        return cause, f"Django returns 400 if ALLOWED_HOSTS lacks {HOST_NAME!r}; {REMEDY}"

    @property
    def _answer(self) -> str:
        request = f"GET {self.path or '/'}"
        return request if self.status is None else f"{request} returned {self.status}"


def _request(host: str, port: int, path: str) -> int | None:
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_WITHIN)
    try:
        connection.request(
            "GET", path, headers={"Host": f"{HOST_NAME}:{port}", "Connection": "close"}
        )
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
