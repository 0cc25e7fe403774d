"""A server on loopback that behaves like the parts of GitHub's API that HeroCI uses.

It paginates, checks tokens and bodies, and fails first if requested.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.integration.loopback import served

TOKEN = "ghs_Secret0123456789"  # noqa: S105  it opens this server alone
REPOSITORY = "octo/shop"
APP = {"login": "github-actions[bot]", "type": "Bot"}


@dataclass(kw_only=True)
class Fault:
    """A response that replaces the right one; `done`: the request is processed nevertheless."""

    status: int
    message: str = "no"
    headers: dict[str, str] = field(default_factory=dict)
    method: str | None = None
    done: bool = False
    drop: bool = False  # the connection


@dataclass(kw_only=True)
class GitHub:
    """The state of the repository, and the received requests."""

    url: str = ""
    login: str | None = None  # of the token's owner; None is an app
    read_only: bool = False
    comments: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    lists_pages_elsewhere: bool = False

    def comment(self, body: str, *, login: str = APP["login"], kind: str = "Bot") -> int:
        """Add a comment of another author."""
        number = len(self.comments) + 1
        author = {"login": login, "type": kind}
        self.comments.append({"id": number, "body": body, "user": author})
        return number


class _Refused(Exception):  # noqa: N818  an answer
    def __init__(self, status: int, message: str, errors: list[Any] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.errors = status, message, errors


def _refuse(fault: Fault) -> None:
    raise _Refused(fault.status, fault.message)


class _Handler(BaseHTTPRequestHandler):
    github: GitHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Write nothing to standard error."""

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        content = json.loads(self.rfile.read(length)) if length else {}
        self.github.requests.append(f"{self.command} {self.path}")
        fault = self._fault()
        headers: dict[str, str] = {}
        status, answer = 200, None
        try:
            if fault is None or fault.done:
                status, answer = self._answer(content, headers)
            if fault:
                _refuse(fault)
        except _Refused as refused:
            status = refused.status
            answer = {"message": refused.message, "errors": refused.errors}
            headers |= fault.headers if fault else {}
        if fault and fault.drop:
            self.close_connection = True
            return
        body = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = _serve  # noqa: N815  names of http.server

    def _fault(self) -> Fault | None:
        faults = self.github.faults
        if faults and faults[0].method in (None, self.command):
            return faults.pop(0)
        return None

    def _answer(self, content: dict[str, Any], headers: dict[str, str]) -> tuple[int, Any]:
        github = self.github
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            raise _Refused(401, "Bad credentials")
        url = urlsplit(self.path)
        path = url.path.removeprefix("/api/v3")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if self.command != "GET" and github.read_only:
            raise _Refused(403, "Resource not accessible by integration")
        if path == "/user":
            if github.login is None:
                raise _Refused(403, "Resource not accessible by integration")
            return 200, {"login": github.login}
        if not path.startswith(f"/repos/{REPOSITORY}/"):
            raise _Refused(404, "Not Found")
        return self._repository(path.removeprefix(f"/repos/{REPOSITORY}/"), query, content, headers)

    def _repository(
        self, path: str, query: dict[str, str], content: dict[str, Any], headers: dict[str, str]
    ) -> tuple[int, Any]:
        github = self.github
        match self.command, path:
            case "GET", "issues/7/comments":
                return 200, self._page(github.comments, path, query, headers)
            case "POST", "issues/7/comments":
                author = github.login or APP["login"]
                github.comment(_body(content), login=author, kind="User" if github.login else "Bot")
                return 201, github.comments[-1]
            case "PATCH", _ if found := re.fullmatch(r"issues/comments/(\d+)", path):
                for comment in github.comments:
                    if comment["id"] == int(found[1]):
                        comment["body"] = _body(content)
                        return 200, comment
                raise _Refused(404, "Not Found")
            case "POST", "check-runs":
                if not re.fullmatch(r"[0-9a-f]{40}", content.get("head_sha", "")):
                    raise _Refused(
                        422, "Validation Failed", [{"field": "head_sha", "code": "invalid"}]
                    )
                check = {**content, "id": len(github.checks) + 1}
                check["annotations"] = _annotations(content)
                github.checks.append(check)
                return 201, check
            case "PATCH", _ if found := re.fullmatch(r"check-runs/(\d+)", path):
                check = github.checks[int(found[1]) - 1]
                check["annotations"] += _annotations(content)
                return 200, check
            case "GET", "pulls":
                head = query.get("head")
                return 200, [pull for pull in github.pulls if pull["head"]["label"] == head]
        raise _Refused(404, "Not Found")

    def _page(
        self, entries: list[Any], path: str, query: dict[str, str], headers: dict[str, str]
    ) -> list[Any]:
        size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
        if page * size < len(entries):
            host = "http://127.0.0.1:9" if self.github.lists_pages_elsewhere else self.github.url
            following = f"{host}/repos/{REPOSITORY}/{path}?per_page={size}&page={page + 1}"
            headers["Link"] = f'<{following}>; rel="next", <{following}>; rel="last"'
        return entries[(page - 1) * size : page * size]


def _body(content: dict[str, Any]) -> str:
    body = str(content.get("body", ""))
    if not body or len(body) > 65_536:
        raise _Refused(422, "Validation Failed", ["Body is too long (maximum is 65536 characters)"])
    return body


def _annotations(content: dict[str, Any]) -> list[dict[str, Any]]:
    output = content["output"]
    notes: list[dict[str, Any]] = output.get("annotations", [])
    if not output.get("title") or not output.get("summary") or len(output["summary"]) > 65_535:
        raise _Refused(422, "Invalid request. No valid output.")
    if len(notes) > 50:
        raise _Refused(422, "Invalid request. No more than 50 items are allowed.")
    for note in notes:
        good = {"path", "start_line", "end_line", "annotation_level", "message"} <= set(note)
        columns = "start_column" in note and note["start_line"] != note["end_line"]
        if not good or columns or note["annotation_level"] not in ("notice", "warning", "failure"):
            raise _Refused(422, "Invalid request. Not a valid annotation.")
    return notes


@contextmanager
def serving(github: GitHub) -> Iterator[GitHub]:
    """Start the server on a free loopback port; its address is `url`."""
    handler = type("Handler", (_Handler,), {"github": github})
    with served(handler) as github.url:
        yield github
