"""A client for the parts of GitHub's REST API that reports use; it waits for rate limits and outages, within bounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from heroci_action.errors import HeroCIError
from heroci_action.masking.masker import Masker
from heroci_action.text import one_line
from heroci_action.version import __version__

# https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
VERSION = "2022-11-28"
ATTEMPTS = 3
TIMEOUT = 10.0
"""Seconds for each phase of a request: connect, send, receive."""
PATIENCE = 60.0
"""Seconds to wait in total, for limits and between attempts."""
DEFAULT_WAIT = 60.0
"""Seconds to wait for a secondary limit without a retry-after header."""
MAX_PAGES = 100


class ApiError(HeroCIError):
    """A request failed; `status` is the HTTP status, None if GitHub did not answer."""

    def __init__(self, cause: str, *, remedy: str | None = None, status: int | None = None) -> None:
        super().__init__(cause, remedy=remedy)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The API's base URL, the repository and the token."""

    url: str
    repository: str
    token: str = field(repr=False)


class Api:
    """A client for one repository; a context manager."""

    def __init__(
        self,
        access: Access,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._access = access
        self._sleep = sleep
        self._now = now
        self._patience = PATIENCE
        self._masker = Masker((access.token,))
        self._http = httpx.Client(
            base_url=f"{access.url.rstrip('/')}/",
            timeout=TIMEOUT,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {access.token}",
                "User-Agent": f"heroci/{__version__}",
                "X-GitHub-Api-Version": VERSION,
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def repository(self, path: str) -> str:
        """Return the API path of a resource of the repository."""
        return f"repos/{self._access.repository}/{path}"

    def get(self, path: str, **query: str) -> Any:
        """Return a resource. Raise ApiError."""
        return self._json(self._request("GET", path, params=query))

    def pages(self, path: str, **query: str) -> Iterator[Any]:
        """Yield the entries of all pages of a list. Raise ApiError."""
        answer = self._request("GET", path, params={"per_page": "100", **query})
        for _ in range(MAX_PAGES):
            yield from self._json(answer)
            following = answer.links.get("next", {}).get("url")
            if not following:
                return
            self._check_origin(following)
            answer = self._request("GET", following)

    def post(self, path: str, content: Mapping[str, Any], *, repeatable: bool) -> Any:
        """Create a resource. Raise ApiError.

        A request that is not repeatable is sent again only if GitHub certainly did not process it.
        """
        return self._json(self._request("POST", path, json=content, repeatable=repeatable))

    def patch(self, path: str, content: Mapping[str, Any]) -> Any:
        """Update a resource. Raise ApiError."""
        return self._json(self._request("PATCH", path, json=content))

    def _request(
        self, method: str, url: str, *, repeatable: bool = True, **content: Any
    ) -> httpx.Response:
        attempt = 0
        while True:
            attempt += 1
            delay: float | None = 2.0 ** (attempt - 1)
            try:
                answer = self._http.request(method, url, **content)
                if answer.is_success:
                    return answer
                problem = self._refusal(answer)
                delay = self._delay(answer, delay, repeatable=repeatable)
            except httpx.TransportError as error:
                sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                problem = self._silence(error)
                delay = None if sent and not repeatable else delay
            if delay is None or attempt == ATTEMPTS or delay > self._patience:
                raise problem
            self._patience -= delay
            self._sleep(delay)

    def _delay(
        self, answer: httpx.Response, usual: float | None, *, repeatable: bool
    ) -> float | None:
        """Return the seconds until the next attempt, None if it would be pointless."""
        if _is_limited(answer):
            return self._until_allowed(answer)
        return usual if answer.is_server_error and repeatable else None

    def _until_allowed(self, answer: httpx.Response) -> float:
        wait = answer.headers.get("retry-after", "")
        reset = answer.headers.get("x-ratelimit-reset", "")
        if wait.isdecimal():
            return float(wait)
        if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
            return max(1.0, float(reset) - self._now())
        return DEFAULT_WAIT

    def _silence(self, error: httpx.TransportError) -> ApiError:
        words = self._words(str(error) or type(error).__name__)
        return ApiError(f"GitHub does not respond: {words}", remedy="run the job again later")

    def _refusal(self, answer: httpx.Response) -> ApiError:
        message = self._words(_message(answer))
        status = answer.status_code
        if _is_limited(answer):
            cause = f"GitHub limits the rate of requests: {message}"
            return ApiError(cause, remedy="run fewer jobs at the same time", status=status)
        cause, remedy = _REFUSALS.get(status, (f"GitHub responded with {status}", None))
        return ApiError(f"{cause}: {message}" if message else cause, remedy=remedy, status=status)

    def _words(self, text: str) -> str:
        return one_line(self._masker.mask(text))

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise ApiError(
                f"GitHub's answer is not JSON: {self._words(answer.text)}",
                remedy="check whether a proxy intercepts the request",
                status=answer.status_code,
            ) from error

    def _check_origin(self, url: str) -> None:
        """Raise ApiError for a URL on another host: the token must not be sent there."""
        here, there = urlsplit(self._access.url), urlsplit(url)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise ApiError(f"the next page is on another host: {self._words(url)}")


_REFUSALS: dict[int, tuple[str, str | None]] = {
    401: ("the token is not valid", "use ${{ github.token }}, or renew the token"),
    403: (
        "the token lacks a permission",
        "grant the permission to the job; on pull requests from forks, tokens are read-only",
    ),
    404: (
        "not found, or not visible to the token",
        "use ${{ github.token }}, or give the token access to the repository",
    ),
    422: ("GitHub rejected the request", None),
}


def _is_limited(answer: httpx.Response) -> bool:
    """Return whether the primary or a secondary rate limit rejected the request."""
    headers = answer.headers
    by_header = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    by_message = "rate limit" in _message(answer).lower()
    return answer.status_code in (403, 429) and (
        by_header or by_message or answer.status_code == httpx.codes.TOO_MANY_REQUESTS
    )


def _message(answer: httpx.Response) -> str:
    """Return GitHub's error message with the rejected fields."""
    try:
        content = answer.json()
        errors = content.get("errors") or []
        return "; ".join([str(content.get("message", "")), *map(_detail, errors)])
    except (ValueError, AttributeError):
        return answer.text


def _detail(error: object) -> str:
    if isinstance(error, Mapping):
        return str(error.get("message") or f"{error.get('field')} is {error.get('code')}")
    return str(error)
