"""Send one HTTP request per check to a running application, and compare the answers with the expected ones.

    python heroci_http_check.py CHECKS --junit FILE

CHECKS is JSON or the name of a JSON file: a list of tables with `path` and, if they differ from a GET request with
status 200, `name`, `method`, `status`, `headers`, `body` (sent as JSON), `json` (must be part of the answer) and
`contains` (text). HEROCI_BASE_URL is the application. The exit code is 1 if a check fails.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence
from xml.etree import ElementTree as ET

TIMEOUT = 30.0
"""Seconds until an answer."""
SHOWN_BODY = 500
"""Characters of an answer in a message."""
READ_LIMIT = 32 * 1024 * 1024
"""Bytes that are read of an answer."""
CLASSNAME = "http"

# XML 1.0, section 2.2.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Answer(NamedTuple):
    """Status and body of an answer."""

    status: int
    body: str


class Outcome(NamedTuple):
    """The outcome of a check; `problem` is None if it passed."""

    name: str
    seconds: float
    problem: Optional[str]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Return redirects as answers: a check may be about one."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Do not follow."""


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


def ask(base: str, check: Mapping[str, Any], timeout: float) -> Answer:
    """Send the request of a check and return the answer. Raises OSError if there is none."""
    body = check.get("body")
    headers = {"Connection": "close", "User-Agent": "heroci"}
    data = None
    if body is not None:
        data = json.dumps(body).encode("utf-8")
        headers["Content-Type"] = "application/json"
    headers.update(check.get("headers") or {})
    url = base.rstrip("/") + check["path"]
    method = check.get("method") or "GET"
    # The engine started the application, so the base is an http address.
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310
    try:
        with _opener.open(request, timeout=timeout) as response:
            return Answer(response.status, _text(response))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _text(error))


def _text(response: Any) -> str:
    charset = response.headers.get_content_charset() or "utf-8"
    content: bytes = response.read(READ_LIMIT)
    try:
        return content.decode(charset, errors="replace")
    except LookupError:  # the server declares an unknown encoding
        return content.decode("utf-8", errors="replace")


def problem(check: Mapping[str, Any], answer: Answer) -> Optional[str]:
    """Return how the answer differs from the expected one, with the beginning of the answer; None if it does not."""
    wanted = check.get("status") or 200
    found = None
    if answer.status != wanted:
        found = "expected status {}, got {}".format(wanted, answer.status)
    elif check.get("contains") and check["contains"] not in answer.body:
        found = "the answer does not contain {!r}".format(check["contains"])
    elif check.get("json") is not None:
        found = _json_problem(check["json"], answer.body)
    return found and "{}; the answer begins: {}".format(found, _beginning(answer.body))


def _beginning(body: str) -> str:
    text = " ".join(body[: 4 * SHOWN_BODY].split())
    return repr(text if len(text) <= SHOWN_BODY else text[:SHOWN_BODY] + "…")


def _json_problem(wanted: Any, body: str) -> Optional[str]:
    try:
        answer = json.loads(body)
    except ValueError:
        return "the answer is not JSON"
    return next(differences(wanted, answer, "answer"), None)


def differences(wanted: Any, found: Any, where: str) -> Iterator[str]:
    """Yield what `found` lacks of `wanted`; tables may have more keys, lists are compared item by item."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        yield from _table_differences(wanted, found, where)
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for index, item in enumerate(wanted):
            yield from differences(item, found[index], "{}[{}]".format(where, index))
    elif wanted != found or isinstance(wanted, bool) != isinstance(found, bool):
        yield "expected {} to be {}, got {}".format(where, _short(wanted), _short(found))


def _table_differences(
    wanted: Mapping[str, Any], found: Mapping[str, Any], where: str
) -> Iterator[str]:
    for key, value in wanted.items():
        place = "{}.{}".format(where, key)
        if key in found:
            yield from differences(value, found[key], place)
        else:
            yield "{} is missing".format(place)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_BODY else text[:SHOWN_BODY] + "…"


def title(check: Mapping[str, Any]) -> str:
    """Return the name of a check; the default is its method and path."""
    return str(check.get("name") or "{} {}".format(check.get("method") or "GET", check["path"]))


def run(
    base: str, checks: Sequence[Mapping[str, Any]], timeout: float = TIMEOUT
) -> Iterator[Outcome]:
    """Run the checks in order."""
    for check in checks:
        started = time.monotonic()
        try:
            found = problem(check, ask(base, check, timeout))
        # No connection, no answer in time, or not HTTP.
        except (OSError, ValueError, http.client.HTTPException) as error:
            found = "no answer: {}".format(getattr(error, "reason", None) or error)
        yield Outcome(title(check), time.monotonic() - started, found)


def junit(outcomes: Sequence[Outcome]) -> bytes:
    """Return the outcomes as JUnit XML, one case per check."""
    failed = sum(outcome.problem is not None for outcome in outcomes)
    suite = ET.Element(
        "testsuite", name=CLASSNAME, tests=str(len(outcomes)), failures=str(failed), errors="0"
    )
    for outcome in outcomes:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=CLASSNAME,
            name=_legal(outcome.name),
            time="{:.3f}".format(outcome.seconds),
        )
        if outcome.problem is not None:
            text = _legal(outcome.problem)
            ET.SubElement(case, "failure", message=text.split("; the answer")[0]).text = text
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suite, encoding="utf-8")


def _legal(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _checks(text: str) -> List[Dict[str, Any]]:
    if not text.lstrip().startswith("["):
        text = Path(text).read_text(encoding="utf-8")
    return list(json.loads(text))


def main(arguments: List[str]) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="heroci_http_check")
    parser.add_argument("checks", nargs="?", default="[]")
    parser.add_argument("--junit")
    given = parser.parse_args(arguments)
    base = os.environ.get("HEROCI_BASE_URL")
    if not base:
        sys.stderr.write("HEROCI_BASE_URL is not set: no application was started\n")
        return 2
    checks = _checks(given.checks)
    outcomes = []
    for outcome in run(base, checks):
        found = "ok" if outcome.problem is None else outcome.problem
        sys.stdout.write("{}: {} ({:.2f} s)\n".format(outcome.name, found, outcome.seconds))
        sys.stdout.flush()
        outcomes.append(outcome)
    if given.junit:
        Path(given.junit).write_bytes(junit(outcomes))
    return 1 if any(outcome.problem is not None for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
