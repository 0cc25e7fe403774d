"""GitHub's REST API, as far as reports need it: patient with limits and outages, but not for long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from heroci_action.errors import HeroCIError
from heroci_action.masking import Masker
from heroci_action.text import one_line
from heroci_action.version import __version__

ATTEMPTS = 3
TIMEOUT = 10.0  # seconds for each step of a request: connect, send, receive
PATIENCE = 60.0  # seconds that all waiting for limits and between attempts may take
UNTOLD_WAIT = 60.0  # seconds to wait for a secondary limit that does not say how long
VERSION = "2022-11-28"
MAX_PAGES = 100  # of a hundred entries; nobody has more comments than that
"""Sources: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api,
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""


class ApiError(HeroCIError):
    """GitHub did not do what was asked for; `status` is None where it did not answer."""

    def __init__(self, cause: str, *, remedy: str | None = None, status: int | None = None) -> None:
        super().__init__(cause, remedy=remedy)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where the API is, whose repository is meant, and the token."""

    url: str
    repository: str
    token: str = field(repr=False)


class Api:
    """A conversation with GitHub about one repository; it closes as a context manager."""

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
        """The path of something in the repository."""
        return f"repos/{self._access.repository}/{path}"

    def get(self, path: str, **query: str) -> Any:
        """What is there. Raises ApiError."""
        return self._json(self._request("GET", path, params=query))

    def pages(self, path: str, **query: str) -> Iterator[Any]:
        """The entries of a list, over all its pages. Raises ApiError."""
        answer = self._request("GET", path, params={"per_page": "100", **query})
        for _ in range(MAX_PAGES):
            yield from self._json(answer)
            following = answer.links.get("next", {}).get("url")
            if not following:
                return
            self._must_be_ours(following)
            answer = self._request("GET", following)

    def post(self, path: str, content: Mapping[str, Any], *, repeatable: bool) -> Any:
        """Make something; one that is not repeatable is sent again only if it surely was not done. Raises ApiError."""
        return self._json(self._request("POST", path, json=content, repeatable=repeatable))

    def patch(self, path: str, content: Mapping[str, Any]) -> Any:
        """Change something. Raises ApiError."""
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
        """After how many seconds another attempt makes sense; None: never."""
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
        return UNTOLD_WAIT

    def _silence(self, error: httpx.TransportError) -> ApiError:
        words = self._words(str(error) or type(error).__name__)
        return ApiError(f"GitHub does not answer: {words}", remedy="run the job again later")

    def _refusal(self, answer: httpx.Response) -> ApiError:
        said = self._words(_message(answer))
        status = answer.status_code
        if _is_limited(answer):
            cause = f"GitHub is limiting the rate of requests: {said}"
            return ApiError(cause, remedy="run fewer jobs at once", status=status)
        cause, remedy = _REFUSALS.get(status, (f"GitHub answered {status}", None))
        return ApiError(f"{cause}: {said}" if said else cause, remedy=remedy, status=status)

    def _words(self, text: str) -> str:
        return one_line(self._masker.mask(text))

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise ApiError(
                f"GitHub answered with something else than JSON: {self._words(answer.text)}",
                remedy="see whether a proxy is in the way",
                status=answer.status_code,
            ) from error

    def _must_be_ours(self, url: str) -> None:
        """The token goes nowhere else, whatever a page says about the next one."""
        here, there = urlsplit(self._access.url), urlsplit(url)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise ApiError(f"GitHub points to a page elsewhere: {self._words(url)}")


_REFUSALS: dict[int, tuple[str, str | None]] = {
    401: ("the token is not valid", "use ${{ github.token }}, or renew the one that is used"),
    403: (
        "the token may not do it",
        "grant the permission to the job; on pull requests from forks a token can only read",
    ),
    404: (
        "GitHub does not know it, or the token may not see it",
        "use ${{ github.token }}, or give the token access to the repository",
    ),
    422: ("GitHub does not accept it", None),
}


def _is_limited(answer: httpx.Response) -> bool:
    """Whether a limit is the cause, the primary or a secondary one."""
    headers = answer.headers
    told = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    named = "rate limit" in _message(answer).lower()
    return answer.status_code in (403, 429) and (
        told or named or answer.status_code == httpx.codes.TOO_MANY_REQUESTS
    )


def _message(answer: httpx.Response) -> str:
    """What GitHub says, with the fields that it did not like."""
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
