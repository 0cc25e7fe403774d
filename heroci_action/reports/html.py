"""`report.html`: the whole result as one file that loads nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING, Any

from heroci_action.analysis.baseline import known_since
from heroci_action.analysis.failures import Failure, ranked_failures
from heroci_action.analysis.history import (
    outcomes_of_test,
    restless_tests,
    times_of_test,
    trends,
    whole_history,
)
from heroci_action.analysis.replays import describe_replays
from heroci_action.analysis.slowest import describe_fixtures, slowest_tests
from heroci_action.analysis.unexplained import unexplained
from heroci_action.analysis.warnings import warnings_of
from heroci_action.reports.comparison_section import points
from heroci_action.reports.links import NO_LINKS, CodeLinks
from heroci_action.reports.markdown import icon
from heroci_action.reports.markdown import number as unbroken
from heroci_action.reports.timeline import bars, ticks
from heroci_action.results.coverage import FileCoverage
from heroci_action.results.records import (
    Comparison,
    PastRun,
    Result,
    StageResult,
    Status,
    TestCase,
)
from heroci_action.text import clip, count, minute, one_line, place, printable, seconds

if TYPE_CHECKING:
    from jinja2 import Environment, Template

FAILURES = 10_000  # tests that are shown with their texts; the others are named
NAMED = 50_000  # tests that are only named
FINDINGS = 2_000
SLOWEST = 50
NOTABLE = 0.1  # seconds; faster tests are not worth a look
TEXTS = 100_000_000  # characters of all texts together
PIECE = 500  # parts of the template that are written at once
SOURCE_LINES = 60_000  # of all files together, so that a browser stays responsive
OUTPUT = 100_000  # characters of a step's output


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of source: `c` covered, `m` missed, `p` partly covered branches, empty for a line without code."""

    number: int
    text: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredFile:
    """A file with its coverage in percent, and its source if it is available and fits."""

    path: str
    percent: float
    change: str
    missing: int
    lines: tuple[Line, ...]


def render(result: Result, *, sources: Mapping[str, str], links: CodeLinks = NO_LINKS) -> bytes:
    """Return the page as UTF-8; `sources` are the texts of covered files by path, if available.

    A Content-Security-Policy allows only the style and the script of the page itself, by their hashes.
    """
    return b"".join(pieces(result, sources=sources, links=links))


def pieces(
    result: Result, *, sources: Mapping[str, str], links: CodeLinks = NO_LINKS
) -> Iterator[bytes]:
    """Yield the page of `render` in pieces, to save memory."""
    failures = ranked_failures(result)
    shown = _count_shown(failures)
    style, script = _resource("report.css"), _resource("report.js")
    page = _template().stream(
        result=result,
        link=links.url,
        anchor=_anchors(),
        ticks=tuple(ticks(result)),
        statuses=tuple(_statuses(result)),
        skipped=_tests(result, Status.SKIPPED),
        most_skipped=FAILURES,
        policy=_policy(style, script),
        style=style,
        script=script,
        started=minute(result.started_at),
        figures=tuple(_figures(result)),
        bars=tuple(bars(result)),
        skipped_stages=_skipped_stages(result),
        replays=describe_replays(result),
        shown=failures[:shown],
        named=failures[shown : shown + NAMED],
        left=max(0, len(failures) - shown - NAMED),
        total=len(failures),
        unexplained=tuple(unexplained(result.stages)),
        **_compared(result.comparison or Comparison()),
        flaky=_tests(result, Status.FLAKY)[:FAILURES],
        findings=list(result.diagnostics),
        shown_findings=FINDINGS,
        slowest=_slowest(result),
        fixtures=describe_fixtures(result)[:SLOWEST],
        **_history(whole_history(result)),
        covered=tuple(_covered(result, sources)),
        complete=_complete(result),
        **_line_counts(result),
        warnings=tuple(_warnings(result)),
        left_out=result.left_out,
    )
    page.enable_buffering(PIECE)
    return (piece.encode(errors="replace") for piece in page)


def _tests(result: Result, status: Status) -> list[TestCase]:
    return [test for test in result.tests if test.status is status]


def _slowest(result: Result) -> list[TestCase]:
    """Return the slowest tests that take notable time."""
    return [test for test in slowest_tests(result, SLOWEST) if test.duration >= NOTABLE]


def _compared(comparison: Comparison) -> dict[str, Any]:
    """Return the tests in the comparison with the baseline."""
    return {
        "slower": comparison.slower[:FAILURES],
        "ages": {age.id: known_since(age) for age in comparison.known},
        "new": frozenset(comparison.new),
    }


def _line_counts(result: Result) -> dict[str, int]:
    """Return how many measured lines ran, and how many did not."""
    files = tuple(_measured(result))
    return {
        "lines_run": sum(len(file.covered) for file in files),
        "lines_missed": sum(len(file.missing) for file in files),
    }


def _history(runs: Sequence[PastRun]) -> dict[str, object]:
    """Return the last runs as the page shows them, the oldest first."""
    return {
        "past": runs,
        "past_times": partial(times_of_test, runs=runs),
        "trends": trends(runs),
        "restless": [(name, outcomes_of_test(name, runs)) for name in restless_tests(runs)],
    }


def _count_shown(failures: Sequence[Failure]) -> int:
    """Return how many failures can be shown in full."""
    sizes = (_text_size(failure.test) for failure in failures[:FAILURES])
    return sum(1 for _ in takewhile(lambda size: size <= TEXTS, accumulate(sizes)))


def _text_size(test: TestCase) -> int:
    attempts = sum(len(attempt.message) + len(attempt.details) for attempt in test.attempts)
    return len(test.message) + len(test.details) + len(test.output) + attempts


def _full_text(message: str, details: str) -> str:
    """Return the details, after the message if they do not contain it and one line cannot show it."""
    if one_line(message) == message or message.strip() in details:
        return details
    return f"{message}\n\n{details}".rstrip()


def _policy(style: str, script: str) -> str:
    hashes = {
        kind: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for kind, text in (("style-src", style), ("script-src", script))
    }
    own = "; ".join(f"{kind} 'sha256-{digest}'" for kind, digest in hashes.items())
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def _resource(name: str) -> str:
    return files("heroci_action").joinpath("reports", "templates", name).read_text("utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment  # noqa: PLC0415  it is slow to import
    from markupsafe import Markup  # noqa: PLC0415

    def shown(value: object) -> object:
        """Remove control characters, except from markup, which is HeroCI's own."""
        return (
            value if isinstance(value, Markup) or not isinstance(value, str) else printable(value)
        )

    environment = Environment(
        autoescape=True, finalize=shown, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )
    environment.filters |= {
        "icon": icon,
        "time": lambda value: unbroken(seconds(value)),
        "cut": lambda text: clip(text, OUTPUT),
        "one_line": one_line,
        "counted": count,
    }
    environment.globals |= {"place": place, "full_text": _full_text}
    return environment


@cache
def _template() -> Template:
    return _environment().from_string(_resource("report.html.j2"))


def _figures(result: Result) -> Iterator[tuple[str, str]]:
    counts = result.counts
    yield "tests", f"{counts.total:,}"
    for name in ("passed", "failed", "errored", "flaky", "skipped"):
        tests: int = getattr(counts, name)
        if tests:
            yield name, f"{tests:,}"
    yield from _coverage_figures(result)
    if result.comparison:
        yield "new failures", f"{len(result.comparison.new):,}"
    if result.comparison and result.comparison.fixed:
        yield "fixed", f"{len(result.comparison.fixed):,}"


def _coverage_figures(result: Result) -> Iterator[tuple[str, str]]:
    percent = result.coverage.percent if result.coverage else None
    before = result.comparison.coverage if result.comparison else None
    if percent is not None:
        change = "" if before is None else f", {points(percent - before)}"
        yield f"covered{change}", f"{percent:.2f} %"
    changed = result.changed.percent if result.changed else None
    if changed is not None:
        yield "of changed lines", f"{changed:.2f} %"


def _skipped_stages(result: Result) -> list[StageResult]:
    return [stage for stage in result.stages if stage.status is Status.SKIPPED]


def _statuses(result: Result) -> Iterator[tuple[str, int]]:
    """Yield the words of the status filters with the numbers of their tests, without empty ones."""
    counts = result.counts
    numbers = {
        "failed": counts.bad,
        "flaky": counts.flaky,
        "skipped": counts.skipped,
        "passed": counts.passed,
        "slower": len(result.comparison.slower) if result.comparison else 0,
    }
    return ((word, number) for word, number in numbers.items() if number)


def _anchors() -> Callable[[Failure], str]:
    """Return a function that names the place of a test in the page, the same one in every run."""
    used: Counter[str] = Counter()

    def anchor(failure: Failure) -> str:
        identity = f"{failure.source}\n{failure.test.file}\n{failure.test.id}"
        digest = hashlib.sha256(identity.encode(errors="replace")).hexdigest()[:12]
        used[digest] += 1
        return f"test-{digest}" + (f"-{used[digest]}" if used[digest] > 1 else "")

    return anchor


def _measured(result: Result) -> list[FileCoverage]:
    return [file for file in result.coverage.files if file.measured] if result.coverage else []


def _complete(result: Result) -> list[str]:
    """Return the files without a missed line or branch."""
    return [file.path for file in _measured(result) if file.ran == file.measured]


def _covered(result: Result, sources: Mapping[str, str]) -> Iterator[CoveredFile]:
    """Yield the incompletely covered files, those with the most missed lines first; sources while they fit."""
    before = result.comparison.coverage_files if result.comparison else {}
    incomplete = [file for file in _measured(result) if file.ran < file.measured]
    room = SOURCE_LINES
    for file in sorted(incomplete, key=lambda one: (-len(one.missing), one.path)):
        percent = 100 * file.ran / file.measured
        text = sources.get(file.path, "").split("\n") if file.path in sources else []
        lines = tuple(_lines(file, text)) if len(text) <= room else ()
        room -= len(lines)
        yield CoveredFile(
            path=file.path,
            percent=percent,
            change=points(percent - before[file.path]) if file.path in before else "",
            missing=len(file.missing),
            lines=lines,
        )


def _lines(file: FileCoverage, text: list[str]) -> Iterator[Line]:
    kinds = dict.fromkeys(file.covered, "c") | dict.fromkeys(file.missing, "m")
    kinds |= {line: "p" for line, taken, total in file.branches if 0 < taken < total}
    for number, row in enumerate(text, start=1):
        yield Line(number=number, text=clip(row.rstrip("\r"), 500), kind=kinds.get(number, ""))


def _warnings(result: Result) -> Iterator[str]:
    """Yield each warning once, with its number of occurrences."""
    texts = Counter(f"{name}: {text}" if name else text for name, text in warnings_of(result))
    for text, times in texts.items():
        yield text if times == 1 else f"{text} ({times} times)"
