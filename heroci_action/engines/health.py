"""Waits until an application answers, gently: a rate limiter counts health polls too."""

from __future__ import annotations

import http.client

import anyio
import anyio.to_thread

FIRST_PAUSE = 0.1  # seconds; doubled after each try
LONGEST_PAUSE = 2.0
ANSWER_WITHIN = 10.0
GOOD_BELOW = 400  # a redirect is an answer, an error is not
ALIVE_BELOW = 500  # without a health endpoint, "not found" and "log in first" are answers too


async def wait_until_healthy(host: str, port: int, path: str | None) -> str:
    """Return what the application answered once it is healthy, in words; the caller sets the limit.

    `path` None: the application has no health endpoint, and `/` must not be a server error.
    """
    pause = FIRST_PAUSE
    limit = GOOD_BELOW if path else ALIVE_BELOW
    while True:
        status = await anyio.to_thread.run_sync(
            _status, host, port, path or "/", abandon_on_cancel=True
        )
        if status is not None and status < limit:
            return f"GET {path or '/'} answered {status}" + (
                "" if path else "; no health endpoint is known"
            )
        await anyio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _status(host: str, port: int, path: str) -> int | None:
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_WITHIN)
    try:
        # The name that Django allows by default in development, and that images are mostly configured for.
        connection.request(
            "GET", path, headers={"Host": f"localhost:{port}", "Connection": "close"}
        )
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
