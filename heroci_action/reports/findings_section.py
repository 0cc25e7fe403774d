"""The findings of linters in the summary."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.reports.links import CodeLinks
from heroci_action.reports.markdown import (
    code,
    fit,
    fold,
    html_prose,
    icon,
    linked,
    prose,
    size,
)
from heroci_action.results.records import Diagnostic, Result, StepResult
from heroci_action.text import count, place

FINDINGS = 100  # that are listed for one tool


def findings_section(result: Result, budget: int, links: CodeLinks) -> Iterator[str]:
    """Yield the section in at most `budget` bytes: a fold for each tool."""
    steps = [step for stage in result.stages for step in stage.steps if step.diagnostics]
    if not steps:
        return
    yield "## Findings"
    yield ""
    each = budget // len(steps)
    folds = (_tool(step, each, links) for step in steps)
    yield from fit(folds, budget, lambda left: f"and {count(left, 'more tool')}\n")


def _tool(step: StepResult, budget: int, links: CodeLinks) -> str:
    findings = step.diagnostics
    files = len({finding.file for finding in findings if finding.file})
    where = f" in {count(files, 'file')}" if files else ""
    found = f"{count(len(findings), 'finding')}{where}"
    title = f"{icon(step.status)} <b>{html_prose(step.name)}</b>: {found}"
    lines = [_line(finding, links) for finding in findings[:FINDINGS]]
    left = budget - size(fold(title, ""))
    return fold(title, "\n".join(_fitting(lines, left, beyond=len(findings) - len(lines))))


def _fitting(lines: list[str], budget: int, *, beyond: int) -> Iterator[str]:
    """Yield the lines that fit, and how many are missing, with `beyond` more that are never listed."""

    def more(left: int) -> str:
        return f"- … and {left + beyond:,} more, in `junit.xml`"

    listed = list(fit(lines, budget, more))
    yield from listed
    if beyond and len(listed) == len(lines):
        yield more(0)


def _line(finding: Diagnostic, links: CodeLinks) -> str:
    where = linked(links.url(finding.file, finding.line), code(place(finding.file, finding.line)))
    rule = prose(finding.rule or "", 60)
    # Without a rule, four asterisks would be a horizontal line.
    marked = f" **{rule}**" if rule else ""
    return f"- {where}{marked} {prose(finding.message)}"
