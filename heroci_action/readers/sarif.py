"""SARIF 2.1 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), which scanners and many linters write."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from heroci_action.readers.base import BrokenReportError, Readings, Source, each
from heroci_action.readers.format import Category, Format, json_object
from heroci_action.readers.locations import Finding, Location, positive, to_readings
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Severity

# SARIF 3.27.10; a result of the level `none` is not a problem.
LEVELS = {"error": Severity.ERROR, "warning": Severity.WARNING, "note": Severity.NOTICE}

Json = Mapping[str, Any]


def read_sarif(source: Source, tree: PathResolver) -> Readings:
    """Read the results of all runs, except suppressed ones and kinds other than `fail`. Raises BrokenReportError."""
    try:
        document: Json = json.loads(source.text)
        if not document["runs"]:
            raise BrokenReportError("it contains no run of a tool")
        findings = [_finding(result, run) for run in document["runs"] for result in _problems(run)]
        failures = [failure for run in document["runs"] for failure in _failures(run)]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise BrokenReportError(f"it is not SARIF ({type(error).__name__}: {error})") from error
    found = to_readings(findings, source, tree)
    if failures:
        raise BrokenReportError("; ".join(failures), found)
    return found


def _failures(run: Json) -> Iterator[str]:
    """Yield why the tool did not run to its end (SARIF 3.14.23 and 3.20.14)."""
    if run.get("results", ()) is None:
        yield f"{run['tool']['driver']['name']} did not scan anything"
    for invocation in run.get("invocations") or ():
        if invocation.get("executionSuccessful") is False:
            reason = invocation.get("exitCodeDescription") or _first_notification(invocation)
            yield f"{run['tool']['driver']['name']} did not run successfully{reason and ': '}{reason}"


def _first_notification(invocation: Json) -> str:
    for notification in invocation.get("toolExecutionNotifications") or ():
        if text := (notification.get("message") or {}).get("text"):
            return str(text)
    return ""


def _problems(run: Json) -> Iterator[Json]:
    for result in run.get("results") or ():
        suppressed = any(
            suppression.get("status", "accepted") == "accepted"
            for suppression in result.get("suppressions") or ()
        )
        if (
            result.get("kind", "fail") == "fail"
            and not suppressed
            and _level(result, run) != "none"
        ):
            yield result


def _finding(result: Json, run: Json) -> Finding:
    rule = _rule(result, run)
    return Finding(
        place=_place(result, run),
        message=_message(result, rule),
        tool=str(run["tool"]["driver"]["name"]),
        rule=result.get("ruleId") or rule.get("id"),
        severity=LEVELS.get(_level(result, run), Severity.WARNING),
    )


def _rule(result: Json, run: Json) -> Json:
    """Return the description of the rule, by its index or its id."""
    rules = run["tool"]["driver"].get("rules") or ()
    index = result.get("ruleIndex", (result.get("rule") or {}).get("index", -1))
    if isinstance(index, int) and 0 <= index < len(rules):
        return dict(rules[index])
    return next((dict(rule) for rule in rules if rule.get("id") == result.get("ruleId")), {})


def _level(result: Json, run: Json) -> str:
    default = _rule(result, run).get("defaultConfiguration") or {}
    return str(result.get("level") or default.get("level") or "warning")


def _message(result: Json, rule: Json) -> str:
    message = result.get("message") or {}
    text = message.get("text") or message.get("markdown")
    if not text:
        strings = rule.get("messageStrings") or {}
        text = (strings.get(message.get("id")) or {}).get("text") or ""
        for number, argument in enumerate(message.get("arguments") or ()):
            text = text.replace(f"{{{number}}}", str(argument))
    return str(text)


def _place(result: Json, run: Json) -> Location:
    locations = result.get("locations") or ()
    physical = (locations[0].get("physicalLocation") or {}) if locations else {}
    region = physical.get("region") or {}
    return Location(
        path=_path(physical.get("artifactLocation") or {}, run),
        line=positive(region.get("startLine")),
        end_line=positive(region.get("endLine")),
        column=positive(region.get("startColumn")),
    )


def _path(artifact: Json, run: Json) -> str:
    artifacts = run.get("artifacts") or ()
    index = artifact.get("index", -1)
    if "uri" not in artifact and isinstance(index, int) and 0 <= index < len(artifacts):
        artifact = artifacts[index].get("location") or {}
    path = _from_uri(str(artifact.get("uri", "")))
    base = (run.get("originalUriBaseIds") or {}).get(artifact.get("uriBaseId")) or {}
    return posixpath.join(_from_uri(str(base.get("uri", ""))), path) if path else ""


def _from_uri(uri: str) -> str:
    """Return the path in a URI such as `file:///src/a%20b.py` or `src/a.py`."""
    return unquote(urlsplit(uri).path if uri.startswith("file:") else uri)


FORMAT = Format(
    kind="sarif",
    title="SARIF",
    category=Category.LINT,
    recognize=json_object(r'"runs"\s*:'),
    read=each(read_sarif),
)
