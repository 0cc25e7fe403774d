"""The API client: pages, limits, outages, rejections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from heroci_action.github import api as module
from heroci_action.github.api import Access, Api, ApiError
from tests.integration.github.server import REPOSITORY, TOKEN, Fault, GitHub

LIMITED = {"x-ratelimit-remaining": "0"}


class Clock:
    """A clock that records sleeps instead of sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def now(self) -> float:
        return 1_000.0


def api_of(github: GitHub, clock: Clock | None = None, *, token: str = TOKEN) -> Api:
    clock = clock or Clock()
    access = Access(url=github.url, repository=REPOSITORY, token=token)
    return Api(access, sleep=clock.sleep, now=clock.now)


def comments(api: Api) -> list[str]:
    return [one["body"] for one in api.pages(api.repository("issues/7/comments"))]


def test_reads_all_pages_of_a_list(github: GitHub) -> None:
    for number in range(250):
        github.comment(str(number))
    with api_of(github) as api:
        assert comments(api) == [str(number) for number in range(250)]
    assert len(github.requests) == 3


def test_token_is_not_sent_to_another_host(github: GitHub) -> None:
    github.lists_pages_elsewhere = True
    for number in range(101):
        github.comment(str(number))
    with api_of(github) as api, pytest.raises(ApiError, match="on another host"):
        comments(api)


@pytest.mark.parametrize(
    ("fault", "slept"),
    [
        (Fault(status=403, headers={"Retry-After": "17"}), 17.0),
        (Fault(status=429, headers={"Retry-After": "5"}), 5.0),
        (Fault(status=403, headers={**LIMITED, "x-ratelimit-reset": "1042"}), 42.0),
        (Fault(status=429, headers={**LIMITED, "x-ratelimit-reset": "900"}), 1.0),
        (Fault(status=403, message="You have exceeded a secondary rate limit."), 60.0),
        (Fault(status=429), 60.0),
        (Fault(status=500), 1.0),
        (Fault(status=502), 1.0),
        (Fault(status=200, drop=True), 1.0),
    ],
)
def test_waits_for_limits_and_outages(github: GitHub, fault: Fault, slept: float) -> None:
    github.comment("here")
    github.faults = [fault]
    clock = Clock()
    with api_of(github, clock) as api:
        assert comments(api) == ["here"]
    assert clock.slept == [slept]


def test_gives_up_after_three_attempts(github: GitHub) -> None:
    github.faults = [Fault(status=503)] * 9
    clock = Clock()
    with api_of(github, clock) as api, pytest.raises(ApiError, match="GitHub responded with 503"):
        comments(api)
    assert clock.slept == [1.0, 2.0]
    assert len(github.requests) == 3


@pytest.mark.parametrize("seconds", ["61", "3600", "99999999999999999999"])
def test_does_not_wait_for_a_long_limit(github: GitHub, seconds: str) -> None:
    github.faults = [Fault(status=429, headers={"Retry-After": seconds})]
    clock = Clock()
    with api_of(github, clock) as api, pytest.raises(ApiError, match="limits the rate"):
        comments(api)
    assert clock.slept == []


def test_total_waiting_time_is_bounded(github: GitHub) -> None:
    wait = Fault(status=429, headers={"Retry-After": "40"})
    github.faults = [wait]
    clock = Clock()
    with api_of(github, clock) as api:
        comments(api)
        github.faults = [wait]
        with pytest.raises(ApiError, match="limits the rate"):
            comments(api)
    assert clock.slept == [40.0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda github: setattr(github, "read_only", True),
            "the token lacks a permission: Resource",
        ),
        (lambda github: github.faults.append(Fault(status=404)), "not found, or not visible"),
        (lambda github: github.faults.append(Fault(status=301)), "GitHub responded with 301"),
        (lambda github: github.faults.append(Fault(status=410)), "GitHub responded with 410"),
    ],
)
def test_rejection_is_raised_without_retry(
    github: GitHub, change: Callable[[GitHub], None], words: str
) -> None:
    change(github)
    clock = Clock()
    with api_of(github, clock) as api, pytest.raises(ApiError, match=words):
        api.post(api.repository("issues/7/comments"), {"body": "x"}, repeatable=False)
    assert clock.slept == []
    assert len(github.requests) == 1


def test_rejection_names_the_fields(github: GitHub) -> None:
    with api_of(github) as api, pytest.raises(ApiError, match="Validation Failed; head_sha is inv"):
        api.post(api.repository("check-runs"), {"head_sha": "x"}, repeatable=True)


def test_invalid_token_is_reported_but_not_shown(github: GitHub) -> None:
    with api_of(github, token="wrong-token-123") as api, pytest.raises(ApiError) as caught:
        comments(api)
    assert "the token is not valid: Bad credentials" in str(caught.value)
    assert "wrong-token" not in str(caught.value) + str(caught.value.remedy) + repr(caught.value)


def test_token_in_a_response_is_masked(github: GitHub) -> None:
    github.faults = [Fault(status=404, message=f"what is {TOKEN} doing\n::error::here")]
    with api_of(github) as api, pytest.raises(ApiError) as caught:
        comments(api)
    assert "what is *** doing ::error::here" in str(caught.value)


def test_request_that_is_not_repeatable_is_sent_once(github: GitHub) -> None:
    github.faults = [Fault(status=502, done=True)]
    with api_of(github) as api, pytest.raises(ApiError, match="502"):
        api.post(api.repository("issues/7/comments"), {"body": "x"}, repeatable=False)
    assert len(github.comments) == 1


def test_rate_limited_request_is_sent_again(github: GitHub) -> None:
    github.faults = [Fault(status=403, headers={"Retry-After": "1"})]
    with api_of(github) as api:
        api.post(api.repository("issues/7/comments"), {"body": "x"}, repeatable=False)
    assert [one["body"] for one in github.comments] == ["x"]


def test_unresponsive_server_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        github = GitHub(url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        with api_of(github) as api, pytest.raises(ApiError, match="does not respond: timed out"):
            comments(api)


def test_refused_connection_is_reported(github: GitHub) -> None:
    with socket.socket() as taken:  # bound, but not listening
        taken.bind(("127.0.0.1", 0))
        github = GitHub(url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        with api_of(github) as api, pytest.raises(ApiError, match="does not respond") as caught:
            comments(api)
    assert caught.value.status is None


def test_response_that_is_not_json_is_reported() -> None:
    with socket.socket() as page:
        page.bind(("127.0.0.1", 0))
        page.listen()
        thread = threading.Thread(target=_answer_with_html, args=(page,))
        thread.start()
        github = GitHub(url=f"http://127.0.0.1:{page.getsockname()[1]}")
        with api_of(github) as api, pytest.raises(ApiError, match="is not JSON"):
            comments(api)
        thread.join()


def _answer_with_html(page: socket.socket) -> None:
    connection, _ = page.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")
