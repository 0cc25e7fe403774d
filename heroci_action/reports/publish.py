"""Puts the reports of a run where people look for them: files, and GitHub's side of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from heroci_action.github import commands, environment
from heroci_action.github.context import GitHubContext
from heroci_action.output_directory import write
from heroci_action.process_pool import LostError, spread
from heroci_action.reports import coverage, html, junit, sarif, summary
from heroci_action.reports.annotations import annotate
from heroci_action.reports.outputs import outputs
from heroci_action.results import serialise as result_json
from heroci_action.results.records import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishProblem:
    """A report that could not be published: why, and what to do about it."""

    cause: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Where the reported code lies, and its files relative to there, none where git does not know them."""

    root: Path
    tracked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The files that were written, by name, and what went wrong with the others."""

    paths: dict[str, Path] = field(default_factory=dict)
    problems: tuple[PublishProblem, ...] = ()


MAX_SOURCE = 1_000_000  # bytes of a file that is shown with its coverage

Renderer = Callable[[Result], bytes | Iterable[bytes] | None]

RENDERERS: dict[str, Renderer] = {
    "heroci-result.json": result_json.pieces,
    "junit.xml": junit.pieces,
    "coverage.xml": coverage.render_xml,
    "coverage.json": coverage.render_json,
    "summary.md": lambda result: summary.render(result).encode(),
    "report.sarif": sarif.render,
}
"""The files by name, some in pieces; None is a report that there is nothing for."""

PAGE = "report.html"
SHARED = 10_000_000  # characters of what tests said, above which one process makes all reports
_HEAVY = frozenset({"junit.xml", "heroci-result.json", PAGE})
"""The reports that hold every test, or take long to make anyhow."""

OUTPUT_FILES = {
    "junit-path": "junit.xml",
    "coverage-path": "coverage.xml",
    "html-path": PAGE,
    "result-path": "heroci-result.json",
    "summary-path": "summary.md",
}


def publish(
    result: Result,
    *,
    output: Path,
    github: GitHubContext | None,
    stdout: TextIO | None,
    repository: Repository | None = None,
) -> Published:
    """Write every report into `output`, then tell GitHub. Raises nothing.

    What cannot be written is a problem in the answer, the rest is written all the same. Paths are given to GitHub
    relative to its workspace; annotations go to `stdout`, without one they are left out. Where the `repository` is
    known, annotations stand at its files only, and the page shows their source.
    """
    publication = _Publication(result, output, repository)
    publication.files()
    if github:
        publication.on_github(github, stdout)
    return Published(paths=publication.paths, problems=tuple(publication.problems))


class _Publication:
    """One result on its way out."""

    def __init__(self, result: Result, output: Path, repository: Repository | None) -> None:
        self._result = result
        self._repository = repository
        self._output = output
        self.paths: dict[str, Path] = {}
        self.problems: list[PublishProblem] = []

    def files(self) -> None:
        """Every report that there is something for; a stale one of an earlier run goes."""
        self._attempt("the directory of the reports", lambda: _make(self._output))
        names = [*RENDERERS, PAGE]
        weights = [_weight(self._result) if name in _HEAVY else 0 for name in names]
        for name, written in zip(names, spread(self._written, names, weights), strict=True):
            if isinstance(written, LostError):
                cause = f"{name} could not be made: {written}"
                self.problems.append(PublishProblem(cause=cause, remedy=_REMEDIES[errno.ENOMEM]))
            elif isinstance(written, PublishProblem):
                self.problems.append(written)
            elif written:
                self.paths[name] = self._output / name

    def _written(self, name: str) -> PublishProblem | bool:
        """Whether there was something to write, or what went wrong."""
        render = RENDERERS.get(name, self._page)
        wrote: list[bool] = []
        problem = _tried(name, lambda: wrote.append(self._file(name, render)))
        return problem or wrote == [True]

    def _page(self, result: Result) -> Iterable[bytes]:
        sources = _sources(result, self._repository.root) if self._repository else {}
        return html.pieces(result, sources=sources)

    def _file(self, name: str, render: Renderer) -> bool:
        path = self._output / name
        path.unlink(missing_ok=True)
        content = render(self._result)
        if content is not None:
            write(path, content)
        return content is not None

    def on_github(self, github: GitHubContext, stdout: TextIO | None) -> None:
        """Annotations, the job summary, the step's outputs."""
        if stdout:
            self._attempt("the annotations", lambda: self._annotate(stdout))
        self._attempt("the job summary", lambda: self._summarise(github.step_summary))
        self._attempt("the step's outputs", lambda: self._set_outputs(github))

    def _annotate(self, stdout: TextIO) -> None:
        tracked = self._repository.tracked if self._repository else None
        for note in annotate(self._result, tracked=tracked):
            commands.write_line(stdout, commands.annotation(note))
        stdout.flush()

    def _summarise(self, path: Path | None) -> None:
        if path:
            page = summary.render(self._result, budget=environment.summary_room(path))
            environment.append_summary(path, page)

    def _set_outputs(self, github: GitHubContext) -> None:
        if github.output:
            paths = {
                name: _relative(self.paths[file], github.workspace)
                for name, file in OUTPUT_FILES.items()
                if file in self.paths
            }
            environment.write_outputs(github.output, outputs(self._result, paths))

    def _attempt(self, what: str, action: Callable[[], None]) -> None:
        problem = _tried(what, action)
        if problem:
            self.problems.append(problem)


def _tried(what: str, action: Callable[[], None]) -> PublishProblem | None:
    """What went wrong in an action."""
    try:
        action()
    except OSError as error:
        return _problem(what, error)
    except Exception as error:  # noqa: BLE001  a bug in one report must not cost the others
        cause = f"{what} could not be made: {type(error).__name__}: {error}"
        return PublishProblem(cause=cause, remedy="this is a bug in HeroCI, please report it")
    return None


def _weight(result: Result) -> int:
    """What the tests in a report weigh: those with something to tell take an element each, with all they said.

    Nothing where they said very much: a process that only looks at a record makes the page that it lies on its own, so
    that each of several would have all of them in memory once more.
    """
    listed = said = 0
    for test in result.tests:
        listed += 1
        said += len(test.details) + len(test.output)
    packed = sum(packed.count for packed in result.packed)
    return 0 if said > SHARED else 1_000 * listed + 25 * packed


def _sources(result: Result, root: Path) -> dict[str, str]:
    """The texts of the files with missing lines, those with the most first, as many as a page has room for."""
    files = result.coverage.files if result.coverage else ()
    partly = sorted((file for file in files if file.missing), key=lambda file: -len(file.missing))
    texts: dict[str, str] = {}
    lines = 0
    for file in partly:
        path = root / file.path
        # A path of a report must not lead out of the repository.
        inside = path.resolve().is_relative_to(root.resolve())
        if inside and path.is_file() and path.stat().st_size <= MAX_SOURCE:
            texts[file.path] = path.read_text(encoding="utf-8", errors="replace")
            lines += texts[file.path].count("\n")
        if lines > html.SOURCE_LINES:
            break
    return texts


def _make(output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)


def _relative(path: Path, workspace: Path) -> str:
    """As other steps of the job find it, from the workspace."""
    absolute = path.resolve()
    root = workspace.resolve()
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else str(absolute)


def _problem(what: str, error: OSError) -> PublishProblem:
    number = error.errno or 0
    return PublishProblem(
        cause=f"{what} could not be written: {error.strerror or error}",
        remedy=_REMEDIES.get(number, "name another directory with --output"),
    )


_REMEDIES = {
    errno.ENOMEM: "give the machine more memory, or report fewer files at a time",
    errno.ENOSPC: "free some space, or name a directory on a larger disk with --output",
    errno.EDQUOT: "free some space, or name a directory on a larger disk with --output",
    errno.EACCES: f"let user {os.getuid()} write there, or name another directory with --output",
    errno.EPERM: f"let user {os.getuid()} write there, or name another directory with --output",
    errno.EROFS: "name a directory that is not read-only with --output",
    errno.EEXIST: "a file stands where the directory should be: name another one with --output",
    errno.ENOTDIR: "a file stands where the directory should be: name another one with --output",
}
