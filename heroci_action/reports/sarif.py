"""`report.sarif`: every finding of every tool as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from heroci_action.results.records import Diagnostic, Result, Severity
from heroci_action.text import printable

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}


def render(result: Result) -> bytes:
    """Return one run per tool; without findings, an empty run, which closes earlier alerts."""
    tools: dict[str, list[Diagnostic]] = {}
    for finding in result.diagnostics:
        tools.setdefault(printable(finding.tool) or "unknown", []).append(finding)
    runs = [_run(name, findings) for name, findings in tools.items()] or [_run("HeroCI", [])]
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _run(tool: str, findings: Iterable[Diagnostic]) -> dict[str, Any]:
    found = list(findings)
    rules = sorted({finding.rule for finding in found if finding.rule})
    driver = {"name": tool, "rules": [{"id": printable(rule)} for rule in rules]}
    index = {rule: number for number, rule in enumerate(rules)}
    return {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, index) for finding in found],
    }


def _result(finding: Diagnostic, rules: dict[str, int]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "level": LEVELS[finding.severity],
        "message": {"text": printable(finding.message) or "(no message)"},
    }
    if finding.rule:
        record |= {"ruleId": printable(finding.rule), "ruleIndex": rules[finding.rule]}
    if finding.file:
        record["locations"] = [{"physicalLocation": _place(finding, finding.file)}]
    return record


def _place(finding: Diagnostic, file: str) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(file, errors="replace")}}
    if finding.line:
        region = {"startLine": finding.line}
        if finding.end_line and finding.end_line >= finding.line:
            region["endLine"] = finding.end_line
        elif finding.column:
            region["startColumn"] = finding.column
        place["region"] = region
    return place
