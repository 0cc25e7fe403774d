"""The end of the console's output: the table first, the most important lines last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from heroci_action.analysis.failures import (
    FailureGroup,
    group,
    put_kinds_first,
    ranked_failures,
)
from heroci_action.analysis.replays import describe_replays
from heroci_action.analysis.slowest import slowest_tests
from heroci_action.analysis.unexplained import unexplained
from heroci_action.observers.phrases import SIGNS, verdict
from heroci_action.observers.stage_table import print_stages
from heroci_action.observers.terminal import SEVERITIES, STYLES, Terminal
from heroci_action.results.records import Diagnostic, Result, Status, TestCase
from heroci_action.text import count, one_line, place, seconds

SHOWN = 20  # failures and findings that are listed
JUNIT = "junit.xml"
PAGE = "report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Prints the end of a run; quiet shows only failures.

    `output` is the directory of the reports, `reports` their names. The `durations` slowest tests are listed.
    """

    terminal: Terminal
    quiet: bool = False
    output: Path | None = None
    reports: tuple[str, ...] = ()
    durations: int = 0

    def print(self, result: Result) -> None:
        """Print the table, findings, failures, flaky tests, reports, and finally the verdict."""
        if not self.quiet:
            print_stages(result, self.terminal)
            if replays := describe_replays(result):
                self.terminal.say(f"⚡ {one_line(replays, 1_000)}")
            self.terminal.warn("", result.warnings)
            self._print_left_out(result)
            self._print_slowest(result)
        self._print_findings(result)
        self._print_unexplained(result)
        self._print_failures(result)
        if not self.quiet:
            self._print_flaky(result)
            self._print_reports()
        self.terminal.say("")
        style = f"bold {STYLES[result.status]}"
        self.terminal.say(verdict(result), style, sign=SIGNS[result.status])

    def _print_left_out(self, result: Result) -> None:
        """Print the lines of the project's CI that the tests may need and that did not run."""
        lines = [line for line in result.left_out if not line.harmless]
        if lines:
            self.terminal.title("Lines of the project's CI that did not run")
        for line in lines[:SHOWN]:
            self.terminal.say(f"  {one_line(line.line)} ({one_line(line.reason)})")
        self._print_rest(len(lines), PAGE)

    def _print_slowest(self, result: Result) -> None:
        tests = slowest_tests(result, self.durations)
        if tests:
            self.terminal.title("Slowest tests")
        for test in tests:
            where = one_line(place(test.file, test.line))
            self.terminal.say(f"{seconds(test.duration):>9}  {one_line(test.id)}  {where}".rstrip())

    def _print_unexplained(self, result: Result) -> None:
        """Print the failures that no test and no finding explains, such as a gate."""
        failures = tuple(unexplained(result.stages))
        if not failures:
            return
        self.terminal.title("What went wrong")
        for failure in failures[:SHOWN]:
            ended = failure.result
            reason = f": {one_line(ended.reason, 1_000)}" if ended.reason else ""
            words = f"{one_line(failure.name)} {ended.status.value}{reason}"
            self.terminal.say(words, STYLES[ended.status], sign=SIGNS[ended.status])
            if ended.remedy:
                self.terminal.say(f"    remedy: {one_line(ended.remedy, 1_000)}")
        self._print_rest(len(failures))

    def _print_failures(self, result: Result) -> None:
        groups = put_kinds_first(group(ranked_failures(result)), SHOWN)
        if not groups:
            return
        self.terminal.title("Failed tests")
        for members in groups[:SHOWN]:
            self._print_failure(members)
        self._print_rest(SHOWN + sum(len(members.failures) for members in groups[SHOWN:]))

    def _print_failure(self, members: FailureGroup) -> None:
        test, more = members.first, len(members.others)
        same = f" (and {count(more, 'more test')} with the same failure)" if more else ""
        self.terminal.say(f"{one_line(test.id)}{same}", "red", sign=SIGNS[test.status])
        for line in filter(None, (_where(test), one_line(members.failures[0].origin), _why(test))):
            self.terminal.say(f"    {line}")

    def _print_flaky(self, result: Result) -> None:
        tests = [test for test in result.tests if test.status is Status.FLAKY]
        if tests:
            self.terminal.title("Flaky tests: failed, and passed when they ran again")
        for test in tests[:SHOWN]:
            self.terminal.say(one_line(test.id), STYLES[test.status], sign=SIGNS[test.status])
            for line in filter(None, (_where(test), _why(test))):
                self.terminal.say(f"    {line}")
        self._print_rest(len(tests))

    def _print_findings(self, result: Result) -> None:
        findings = tuple(result.diagnostics)
        if findings:
            self.terminal.title("Findings")
        for finding in findings[:SHOWN]:
            self.terminal.say(_finding(finding), SEVERITIES[finding.severity])
        self._print_rest(len(findings))

    def _print_rest(self, number: int, file: str = JUNIT) -> None:
        """Print how many more there are, and the file that lists them."""
        if number > SHOWN:
            self.terminal.say(f"  and {number - SHOWN:,} more, in {file}")

    def _print_reports(self) -> None:
        """Print the names of the reports, the page for people last."""
        if not self.reports or self.output is None:
            return
        self.terminal.say("")
        self.terminal.say(f"Reports in {self.output}: {', '.join(self.reports)}")
        if PAGE in self.reports:
            self.terminal.say(f"Page: {self.output / PAGE}")


def _where(test: TestCase) -> str:
    return one_line(place(test.file, test.line))


def _why(test: TestCase) -> str:
    return one_line(test.message)


def _finding(finding: Diagnostic) -> str:
    column = f":{finding.column}" if finding.file and finding.line and finding.column else ""
    where = f"{place(finding.file, finding.line)}{column}"
    words = (where, finding.rule or "", finding.message, f"({finding.tool})")
    return "  " + one_line(" ".join(word for word in words if word))
