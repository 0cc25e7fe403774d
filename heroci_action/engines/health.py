"""Wait until an application is healthy, with few requests because a rate limiter counts them too."""

from __future__ import annotations

import http.client

import anyio
import anyio.to_thread

FIRST_PAUSE = 0.1  # seconds; doubled after each request
LONGEST_PAUSE = 2.0
ANSWER_WITHIN = 10.0
# A redirect is healthy, an error is not.
HEALTHY_BELOW = 400
# Without a health endpoint, "not found" and "log in first" also show that the application responds.
RESPONDING_BELOW = 500


async def wait_until_healthy(host: str, port: int, path: str | None) -> str:
    """Wait without a limit until the application is healthy and return its answer as text.

    `path` None means that no health endpoint is known: then `/` must not return a server error.
    """
    pause = FIRST_PAUSE
    limit = HEALTHY_BELOW if path else RESPONDING_BELOW
    while True:
        status = await anyio.to_thread.run_sync(
            _request, host, port, path or "/", abandon_on_cancel=True
        )
        if status is not None and status < limit:
            suffix = "" if path else "; no health endpoint is known"
            return f"GET {path or '/'} returned {status}{suffix}"
        await anyio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _request(host: str, port: int, path: str) -> int | None:
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_WITHIN)
    try:
        # Django allows this host name by default in development, and most images are configured for it.
        connection.request(
            "GET", path, headers={"Host": f"localhost:{port}", "Connection": "close"}
        )
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
