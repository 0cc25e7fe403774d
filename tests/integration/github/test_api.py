"""The conversation with GitHub's API: pages, limits, outages, refusals."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from heroci_action.github import api as module
from heroci_action.github.api import Access, Api, ApiError
from tests.integration.github.server import REPOSITORY, TOKEN, Fault, GitHub

LIMITED = {"x-ratelimit-remaining": "0"}


class Clock:
    """Sleeps at once and notes for how long it would have."""

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


def test_a_list_is_read_to_its_last_page(github: GitHub) -> None:
    for number in range(250):
        github.comment(str(number))
    with api_of(github) as api:
        assert comments(api) == [str(number) for number in range(250)]
    assert len(github.requests) == 3


def test_the_token_does_not_follow_a_page_to_another_host(github: GitHub) -> None:
    github.lists_pages_elsewhere = True
    for number in range(101):
        github.comment(str(number))
    with api_of(github) as api, pytest.raises(ApiError, match="a page elsewhere"):
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
def test_a_limit_or_an_outage_is_waited_for(github: GitHub, fault: Fault, slept: float) -> None:
    github.comment("here")
    github.faults = [fault]
    clock = Clock()
    with api_of(github, clock) as api:
        assert comments(api) == ["here"]
    assert clock.slept == [slept]


def test_patience_ends_after_three_attempts(github: GitHub) -> None:
    github.faults = [Fault(status=503)] * 9
    clock = Clock()
    with api_of(github, clock) as api, pytest.raises(ApiError, match="GitHub answered 503"):
        comments(api)
    assert clock.slept == [1.0, 2.0]
    assert len(github.requests) == 3


@pytest.mark.parametrize("seconds", ["61", "3600", "99999999999999999999"])
def test_a_limit_that_lasts_too_long_is_not_waited_for(github: GitHub, seconds: str) -> None:
    github.faults = [Fault(status=429, headers={"Retry-After": seconds})]
    clock = Clock()
    with api_of(github, clock) as api, pytest.raises(ApiError, match="limiting the rate"):
        comments(api)
    assert clock.slept == []


def test_patience_is_for_the_whole_conversation(github: GitHub) -> None:
    wait = Fault(status=429, headers={"Retry-After": "40"})
    github.faults = [wait]
    clock = Clock()
    with api_of(github, clock) as api:
        comments(api)
        github.faults = [wait]
        with pytest.raises(ApiError, match="limiting the rate"):
            comments(api)
    assert clock.slept == [40.0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda github: setattr(github, "read_only", True), "the token may not do it: Resource"),
        (lambda github: github.faults.append(Fault(status=404)), "does not know it"),
        (lambda github: github.faults.append(Fault(status=301)), "GitHub answered 301"),
        (lambda github: github.faults.append(Fault(status=410)), "GitHub answered 410"),
    ],
)
def test_a_refusal_is_told_at_once(
    github: GitHub, change: Callable[[GitHub], None], words: str
) -> None:
    change(github)
    clock = Clock()
    with api_of(github, clock) as api, pytest.raises(ApiError, match=words):
        api.post(api.repository("issues/7/comments"), {"body": "x"}, repeatable=False)
    assert clock.slept == []
    assert len(github.requests) == 1


def test_a_refusal_names_the_fields(github: GitHub) -> None:
    with api_of(github) as api, pytest.raises(ApiError, match="Validation Failed; head_sha is inv"):
        api.post(api.repository("check-runs"), {"head_sha": "x"}, repeatable=True)


def test_a_wrong_token_is_told_and_not_shown(github: GitHub) -> None:
    with api_of(github, token="wrong-token-123") as api, pytest.raises(ApiError) as caught:
        comments(api)
    assert "the token is not valid: Bad credentials" in str(caught.value)
    assert "wrong-token" not in str(caught.value) + str(caught.value.remedy) + repr(caught.value)


def test_a_token_in_an_answer_is_masked(github: GitHub) -> None:
    github.faults = [Fault(status=404, message=f"what is {TOKEN} doing\n::error::here")]
    with api_of(github) as api, pytest.raises(ApiError) as caught:
        comments(api)
    assert "what is *** doing ::error::here" in str(caught.value)


def test_what_is_not_repeatable_is_sent_once(github: GitHub) -> None:
    github.faults = [Fault(status=502, done=True)]
    with api_of(github) as api, pytest.raises(ApiError, match="502"):
        api.post(api.repository("issues/7/comments"), {"body": "x"}, repeatable=False)
    assert len(github.comments) == 1


def test_what_was_refused_for_a_limit_is_sent_again(github: GitHub) -> None:
    github.faults = [Fault(status=403, headers={"Retry-After": "1"})]
    with api_of(github) as api:
        api.post(api.repository("issues/7/comments"), {"body": "x"}, repeatable=False)
    assert [one["body"] for one in github.comments] == ["x"]


def test_a_server_that_never_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        github = GitHub(url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        with api_of(github) as api, pytest.raises(ApiError, match="does not answer: timed out"):
            comments(api)
        assert time.monotonic() - began < 5


def test_nobody_there_is_told(github: GitHub) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        github = GitHub(url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        with api_of(github) as api, pytest.raises(ApiError, match="does not answer") as caught:
            comments(api)
    assert caught.value.status is None


def test_something_else_than_json_is_told() -> None:
    with socket.socket() as page:
        page.bind(("127.0.0.1", 0))
        page.listen()
        thread = threading.Thread(target=_answer_with_html, args=(page,))
        thread.start()
        github = GitHub(url=f"http://127.0.0.1:{page.getsockname()[1]}")
        with api_of(github) as api, pytest.raises(ApiError, match="something else than JSON"):
            comments(api)
        thread.join()


def _answer_with_html(page: socket.socket) -> None:
    connection, _ = page.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")
