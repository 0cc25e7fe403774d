"""One whole report: from files that something else made to reports and an exit code."""

from __future__ import annotations

import glob
import sys
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from heroci_action import output_directory
from heroci_action.analysis.baseline import compare
from heroci_action.analysis.changed_lines import of_changes
from heroci_action.analysis.flaky import settle
from heroci_action.analysis.gates import Gates, failures, judge
from heroci_action.analysis.merging import merge
from heroci_action.errors import ExitCode, UsageError
from heroci_action.git import Checkout, GitError
from heroci_action.github.context import GitHubContext
from heroci_action.observers.base import Observer
from heroci_action.observers.console import Console
from heroci_action.observers.github_log import GitHubLog
from heroci_action.options import DEFAULT_OUTPUT, Verbosity
from heroci_action.plan import ReportKind
from heroci_action.readers import Readings, Source, Tree, read_sources
from heroci_action.readers.base import BrokenReportError, joined
from heroci_action.readers.sniff import SNIFFED, kind_of
from heroci_action.reports.publish import Repository, publish
from heroci_action.result_json import load
from heroci_action.results import Result, StageResult, Status, StepResult
from heroci_action.version import __version__

TESTS, LINT, COVERAGE = "tests", "lint", "coverage"
EMOJI = {TESTS: "🧪", LINT: "🖤", COVERAGE: "📊"}

_STAGES = {
    ReportKind.JUNIT: TESTS,
    ReportKind.COVERAGE_JSON: COVERAGE,
    ReportKind.COBERTURA: COVERAGE,
    ReportKind.LCOV: COVERAGE,
    ReportKind.JACOCO: COVERAGE,
}
"""The stage that a kind of report belongs to; the others are findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What a call of `report` or `merge` asks for; paths and globs are relative to the current directory.

    `base` is what the changed lines are counted from, a ref of git; None is GitHub's base of a pull request.
    """

    results: tuple[str, ...] = ()
    coverage: tuple[str, ...] = ()
    lint: tuple[str, ...] = ()
    baseline: Path | None = None
    base: str | None = None
    output: Path = DEFAULT_OUTPUT
    gates: Gates = field(default_factory=Gates)
    verbosity: Verbosity = Verbosity.NORMAL


def report(options: ReportOptions, environ: Mapping[str, str]) -> int:
    """Read, compare, publish; the exit code. Raises UsageError for files that are not there."""
    files = _files(options)
    checkout = Checkout.of(Path.cwd())
    tree = tree_of(checkout)
    sources = [_source(path, default) for path, default in files.items()]
    result = Result(
        status=Status.PASSED,
        exit_code=0,
        project=checkout.root.name,
        engine="",
        commit=checkout.commit(),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        heroci_version=__version__,
    )
    return finish(read_all(sources, tree, result), options, checkout=checkout, environ=environ)


def merge_results(options: ReportOptions, environ: Mapping[str, str]) -> int:
    """Put the results of several jobs together and report them as one; the exit code.

    Raises UsageError for files that are not there, and where none of them can be read.
    """
    results, problems = _loaded(_files(options))
    if not results:
        raise UsageError(
            "; ".join(problems), remedy="give files that heroci wrote, heroci-result.json"
        )
    whole = merge(results)
    whole = replace(whole, warnings=(*whole.warnings, *problems), heroci_version=__version__)
    return finish(whole, options, checkout=Checkout.of(Path.cwd()), environ=environ)


def _loaded(files: Iterable[Path]) -> tuple[dict[str, Result], list[str]]:
    """The results by the names of their jobs, which are those of the directories that they lie in; and what is none."""
    results: dict[str, Result] = {}
    problems = []
    for path in files:
        try:
            results[_label(path, results)] = load(path.read_bytes())
        except (UsageError, OSError) as error:
            problems.append(f"{path.as_posix()}: {error}")
    return results, problems


def _label(path: Path, taken: Container[str]) -> str:
    """`unit-3.12` for artifacts/unit-3.12/heroci-result.json, longer where two would be called the same."""
    names = (path.resolve().parent.name, path.parent.as_posix(), path.as_posix())
    return next(name for name in names if name not in taken)


def tree_of(checkout: Checkout) -> Tree:
    """The repository as readers see it; reports may come from another machine's checkout."""
    here = Path.cwd().resolve()
    below = here.relative_to(checkout.root) if here.is_relative_to(checkout.root) else Path()
    return Tree(
        directory=below.as_posix(),
        tracked=checkout.files(),
        roots=(str(checkout.root),),
        foreign=True,
    )


def finish(
    result: Result, options: ReportOptions, *, checkout: Checkout, environ: Mapping[str, str]
) -> int:
    """Compare a result with its baseline and its change, judge it and publish it; the exit code."""
    github = GitHubContext.from_environ(environ)
    result = replace(result, attempt=github.run_attempt if github else 1)
    result = _with_changes(result, options, checkout=checkout, environ=environ)
    result = judge(_with_baseline(result, options.baseline, checkout), options.gates)
    output = output_directory.prepared(options.output)
    published = publish(
        result,
        output=output,
        github=github,
        stdout=sys.stdout,
        repository=Repository(root=checkout.root, tracked=checkout.files()),
    )
    observer = _observer(options, github, environ)
    observer.run_finished(result)
    observer.close()
    for problem in published.problems:
        sys.stderr.write(f"error: {problem.cause}\n  remedy: {problem.remedy}\n")
    return result.exit_code or (ExitCode.ENGINE if published.problems else ExitCode.PASSED)


def _observer(
    options: ReportOptions, github: GitHubContext | None, environ: Mapping[str, str]
) -> Observer:
    if github:
        return GitHubLog(sys.stdout, verbosity=options.verbosity)
    return Console(sys.stdout, verbosity=options.verbosity, output=options.output, environ=environ)


# Files


def _files(options: ReportOptions) -> dict[Path, ReportKind]:
    """The files, each once, with the kind that it has where its content does not say it.

    Raises UsageError with every name and glob that stands for none.
    """
    groups = (
        (options.results, ReportKind.JUNIT),
        (options.coverage, ReportKind.COVERAGE_JSON),
        (options.lint, ReportKind.FLAKE8),
    )
    expanded = [
        (pattern, expand(pattern), kind) for patterns, kind in groups for pattern in patterns
    ]
    missing = [repr(pattern) for pattern, paths, _ in expanded if not paths]
    if missing:
        raise UsageError(
            f"no file matches {', '.join(missing)}",
            remedy="quote globs so that the shell leaves them alone; `**` matches directories at any depth",
        )
    return {path: kind for _, paths, kind in reversed(expanded) for path in paths}


def expand(pattern: str) -> tuple[Path, ...]:
    """The files of a name or glob, in order; a name that is there is itself, whatever brackets are in it."""
    if Path(pattern).is_file():
        return (Path(pattern),)
    found = glob.iglob(pattern, recursive=True)  # noqa: PTH207  Path.glob takes no absolute pattern
    return tuple(path for path in map(Path, sorted(found)) if path.is_file())


def _source(path: Path, default: ReportKind) -> Source:
    source = Source(kind=default, path=path.as_posix(), opened=partial(_open, path), outputs=False)
    return replace(source, kind=kind_of(_start(source)) or default)


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _start(source: Source) -> bytes:
    """The first bytes, unpacked; those of a damaged file as far as they go."""
    start = b""
    try:
        for chunk in source.chunks():
            start += chunk
            if len(start) >= SNIFFED:
                break
    except BrokenReportError:
        pass
    return start


# Readings


def read_all(sources: Sequence[Source], tree: Tree, result: Result) -> Result:
    """The result with a stage for each kind of report and a step for each file that said something."""
    readings = [_read(source, tree) for source in sources]
    stages = tuple(_stages(sources, readings))
    coverage = joined(Readings(coverage=one.coverage) for one in readings).coverage
    duration = sum(stage.duration for stage in stages)
    warnings = tuple(text for one in readings for text in one.warnings)
    return replace(
        result,
        stages=stages,
        coverage=coverage,
        duration=duration,
        warnings=(*result.warnings, *warnings),
    )


def _read(source: Source, tree: Tree) -> Readings:
    """What a file says. Nothing is told as a warning, but that a linter that is known found nothing is fine."""
    readings = read_sources([source], tree=tree)
    told = readings.diagnostics or readings.warnings
    if source.kind is ReportKind.JUNIT and not (readings.tests or told):
        return Readings(warnings=(f"{source.path}: there is no test in it",))
    if source.kind is ReportKind.FLAKE8 and not told and source.text.strip():
        return Readings(warnings=(f"{source.path}: no linter that is known writes this",))
    return readings


def _stages(sources: Sequence[Source], readings: Sequence[Readings]) -> Iterator[StageResult]:
    for name in (TESTS, LINT, COVERAGE):
        mine = [
            (source, one)
            for source, one in zip(sources, readings, strict=True)
            if _STAGES.get(source.kind, LINT) == name
        ]
        if mine:
            steps = (_step(source, one) for source, one in mine if not _is_broken(one))
            yield stage_of(name, tuple(steps))


def _is_broken(readings: Readings) -> bool:
    """Whether nothing of a file could be read, or it says nothing."""
    told = readings.tests or readings.diagnostics or readings.coverage
    return bool(readings.warnings) and not told


def stage_of(name: str, steps: tuple[StepResult, ...]) -> StageResult:
    """A stage of these steps, in which every test counts once; without any step it could not be read."""
    settled = settle(steps)
    ends = {step.status for step in settled}
    status = Status.FAILED if Status.FAILED in ends else Status.PASSED
    if not steps:
        status = Status.ERRORED
    return StageResult(
        name=name,
        emoji=EMOJI.get(name, ""),
        status=status,
        duration=sum(step.duration for step in settled),
        reason=None if steps else "none of its files could be read or says anything",
        steps=settled,
    )


def _step(source: Source, readings: Readings) -> StepResult:
    step = StepResult(
        name=source.path,
        status=Status.PASSED,
        duration=sum(test.duration for test in readings.tests),
        tests=readings.tests,
        diagnostics=readings.diagnostics,
        facts={**readings.facts, **readings.window},
    )
    reason = failures(step)
    return replace(step, status=Status.FAILED, reason=reason) if reason else step


# Comparisons


def _with_baseline(result: Result, path: Path | None, checkout: Checkout) -> Result:
    """Without a baseline, as in the first run of all, everything is new: the report says so and goes on."""
    if path is None:
        return result
    try:
        baseline = load(path.read_bytes())
    except (OSError, UsageError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error)
        return _warned(result, f"no comparison with the baseline {path.as_posix()}: {cause}")
    comparison = compare(result, baseline, clean=checkout.is_clean())
    return replace(result, comparison=comparison)


def _with_changes(
    result: Result, options: ReportOptions, *, checkout: Checkout, environ: Mapping[str, str]
) -> Result:
    ref = options.base or _base_ref(environ)
    wanted = ref or options.gates.coverage_minimum_diff is not None
    if result.coverage is None or not wanted:
        return result
    try:
        base = checkout.merge_base(ref or "HEAD^")
        changed = of_changes(result.coverage, checkout.changed_lines(base), base=base)
    except GitError as error:
        remedy = f"; {error.remedy}" if error.remedy else ""
        return _warned(result, f"no coverage of changed lines: {error.cause}{remedy}")
    return replace(result, changed=changed)


def _base_ref(environ: Mapping[str, str]) -> str | None:
    """The branch that a pull request goes into, as actions/checkout leaves it."""
    name = environ.get("GITHUB_BASE_REF") if environ.get("GITHUB_ACTIONS") == "true" else None
    return f"origin/{name}" if name else None


def _warned(result: Result, text: str) -> Result:
    return replace(result, warnings=(*result.warnings, text))
