"""Write the report files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from heroci_action.output_directory import RESULT, make_directory, write_file
from heroci_action.process_pool import LostError, spread
from heroci_action.publish.problems import PublishProblem, attempt, lost_process
from heroci_action.reports import coverage, html, junit, sarif, summary
from heroci_action.reports.links import CodeLinks
from heroci_action.results import serialise
from heroci_action.results.records import Result

Renderer = Callable[[Result], bytes | Iterable[bytes] | None]

# Whether a report was written, or why not.
_Outcome = bool | PublishProblem | LostError

JUNIT = "junit.xml"
TESTS = "tests.xml"
PAGE = "report.html"
SUMMARY = "summary.md"
RENDERERS: Mapping[str, Renderer] = {
    RESULT: serialise.pieces,
    JUNIT: junit.pieces,
    TESTS: junit.test_pieces,
    "coverage.xml": coverage.render_xml,
    "coverage.json": coverage.render_json,
    "report.sarif": sarif.render,
}
"""The reports by file name, some of them in pieces; None means that there is nothing to write."""

COPIED = 1 << 20  # bytes of a report that are copied at once
MAX_SOURCE = 1_000_000  # bytes of a file that is shown with its coverage

# Above this number of characters in the tests' texts, one process writes all reports: each process would copy them.
SHARED = 10_000_000
# The weight of a listed test and of a packed one in the reports that contain every test.
_WEIGHTS = {JUNIT: (1_000, 25), TESTS: (1_000, 25), RESULT: (1_000, 3), PAGE: (1_000, 0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The root of the reported code, and its files relative to the root; none if git does not know them.

    `code_url` is the address of the files at the commit of the run; empty if it is unknown.
    """

    root: Path
    tracked: frozenset[str] = frozenset()
    code_url: str = ""

    @property
    def links(self) -> CodeLinks:
        """The links to the code."""
        return CodeLinks(address=self.code_url, tracked=self.tracked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files that were written, by name, and the problems of the others."""

    paths: dict[str, Path] = field(default_factory=dict)
    problems: tuple[PublishProblem, ...] = ()


def write_reports(result: Result, output: Path, repository: Repository) -> Written:
    """Write every report, or remove an outdated one if there is nothing to write.

    Never raises: a report that cannot be written is a problem, and the others are written all the same.
    """
    unusable = attempt(str(output), lambda: make_directory(output))
    if unusable:
        return Written(problems=(unusable,))
    outcomes = _write_all(result, output, repository)
    return Written(
        paths={name: output / name for name, done in outcomes.items() if done is True},
        problems=tuple(_problems(outcomes)),
    )


def _write_all(result: Result, output: Path, repository: Repository) -> dict[str, _Outcome]:
    """Write the reports in several processes, but equal reports only once."""
    copied = {TESTS: JUNIT} if junit.is_tests_only(result) else {}
    names = [name for name in (*RENDERERS, SUMMARY, PAGE) if name not in copied]
    weights = _weigh(names, result)
    work = partial(_write_one, result=result, output=output, repository=repository)
    outcomes: dict[str, _Outcome] = dict(zip(names, spread(work, names, weights), strict=True))
    for name, same in copied.items():
        written = outcomes[same] is True
        outcomes[name] = _copy(output / same, output / name) if written else work(name)
    return outcomes


def _problems(outcomes: Mapping[str, _Outcome]) -> Iterator[PublishProblem]:
    for name, done in outcomes.items():
        match done:
            case LostError():
                yield lost_process(name, done)
            case PublishProblem():
                yield done


def _copy(source: Path, target: Path) -> PublishProblem | bool:
    """Write a report that has the content of another one; return what `_write_one` returns."""

    def write() -> None:
        target.unlink(missing_ok=True)
        with source.open("rb") as content:
            write_file(target, iter(partial(content.read, COPIED), b""))

    return attempt(target.name, write) or True


def _write_one(
    name: str, *, result: Result, output: Path, repository: Repository
) -> PublishProblem | bool:
    """Return whether the report was written, or its problem."""
    with_links: dict[str, Renderer] = {
        SUMMARY: partial(_render_summary, repository=repository),
        PAGE: partial(_render_page, repository=repository),
    }
    render = RENDERERS.get(name) or with_links[name]
    written = []

    def write() -> None:
        path = output / name
        path.unlink(missing_ok=True)
        content = render(result)
        if content is not None:
            write_file(path, content)
            written.append(path)

    return attempt(name, write) or bool(written)


def _render_summary(result: Result, *, repository: Repository) -> bytes:
    return summary.render(result, links=repository.links).encode()


def _render_page(result: Result, *, repository: Repository) -> Iterable[bytes]:
    return html.pieces(
        result, sources=_read_sources(result, repository.root), links=repository.links
    )


def _weigh(names: Iterable[str], result: Result) -> list[int]:
    """Return how much work each report is; nothing if the texts of the tests are too large to be copied."""
    listed = characters = 0
    for test in result.tests:
        listed += 1
        characters += len(test.details) + len(test.output)
    if characters > SHARED:
        return [0 for _ in names]
    packed = sum(packed.count for packed in result.packed)
    weights = (_WEIGHTS.get(name, (0, 0)) for name in names)
    return [each_listed * listed + each_packed * packed for each_listed, each_packed in weights]


def _read_sources(result: Result, root: Path) -> dict[str, str]:
    """Read the files with missing lines, those with the most first, as many as the page can show."""
    files = result.coverage.files if result.coverage else ()
    partly = sorted((file for file in files if file.missing), key=lambda file: -len(file.missing))
    texts: dict[str, str] = {}
    lines = 0
    for file in partly:
        path = root / file.path
        # A path in a report must not lead out of the repository.
        inside = path.resolve().is_relative_to(root.resolve())
        if inside and path.is_file() and path.stat().st_size <= MAX_SOURCE:
            texts[file.path] = path.read_text(encoding="utf-8", errors="replace")
            lines += texts[file.path].count("\n")
        if lines > html.SOURCE_LINES:
            break
    return texts
