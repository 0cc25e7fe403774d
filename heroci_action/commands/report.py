"""One whole report: from files that something else made to reports and an exit code."""

from __future__ import annotations

import glob
import sys
from array import array
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from heroci_action import output_directory
from heroci_action.analysis.flaky import settle
from heroci_action.analysis.gates import failures, judge
from heroci_action.analysis.merging import merge
from heroci_action.commands.finish import compared, published
from heroci_action.config.location import read_file, repository_root
from heroci_action.errors import UsageError
from heroci_action.github.context import GitHubContext
from heroci_action.observers.base import Observer
from heroci_action.observers.console import Console
from heroci_action.observers.github_log import GitHubLog
from heroci_action.options import LARGEST_FILE, LIST_PASSED, ReportOptions
from heroci_action.plan.report_kinds import COVERAGE_JSON, JUNIT
from heroci_action.process_pool import LostError, spread
from heroci_action.readers import PathResolver, Readings, Source, read_sources
from heroci_action.readers.base import BrokenReportError, joined
from heroci_action.readers.format import HEAD_SIZE, Category
from heroci_action.readers.registry import BY_KIND, recognize
from heroci_action.reports.publish import Repository
from heroci_action.repository.files import RepositoryFiles
from heroci_action.repository.git import Checkout
from heroci_action.results.packed import listed
from heroci_action.results.records import PassedTests, Result, StageResult, Status, StepResult
from heroci_action.results.serialise import load
from heroci_action.version import __version__

EMOJI: Mapping[str, str] = {Category.TESTS: "🧪", Category.LINT: "🖤", Category.COVERAGE: "📊"}


def report(options: ReportOptions, environ: Mapping[str, str]) -> int:
    """Read, compare, publish; the exit code. Raises UsageError for files that are not there."""
    files = _files(options)
    limits = _limits(options)
    checkout = Checkout.of(options.path)
    files_here = frozenset(RepositoryFiles.read(checkout.root).files)
    tree = tree_of(checkout, options.path, files_here)
    sources = [_source(path, kind, limits.largest_file) for path, kind in files.items()]
    result = Result(
        status=Status.PASSED,
        exit_code=0,
        project=checkout.root.name,
        engine="",
        commit=checkout.commit(),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        heroci_version=__version__,
    )
    result = listed(read_all(sources, tree, result), limits.listed)
    repository = Repository(root=checkout.root, tracked=files_here)
    return finish(result, options, checkout=checkout, repository=repository, environ=environ)


def merge_results(options: ReportOptions, environ: Mapping[str, str]) -> int:
    """Put the results of several jobs together and report them as one; the exit code.

    Raises UsageError for files that are not there, and where none of them can be read.
    """
    files = _files(options)
    limits = _limits(options)
    results, problems = _loaded(files)
    if not results:
        raise UsageError(
            "; ".join(problems), remedy="give files that heroci wrote, heroci-result.json"
        )
    whole = merge(results)
    whole = replace(whole, warnings=(*whole.warnings, *problems), heroci_version=__version__)
    whole = listed(whole, limits.listed)
    checkout = Checkout.of(options.path)
    files_here = frozenset(RepositoryFiles.read(checkout.root).files)
    repository = Repository(root=checkout.root, tracked=files_here)
    return finish(whole, options, checkout=checkout, repository=repository, environ=environ)


class _Limits(NamedTuple):
    """Passed tests above which they are packed; bytes of a report above which it is not read."""

    listed: int = LIST_PASSED
    largest_file: int = LARGEST_FILE


def _limits(options: ReportOptions) -> _Limits:
    """What the call says, else the configuration, if there is one, else the defaults. Raises ConfigurationError."""
    listed_most, largest = _written_limits(options.path)
    return _Limits(
        listed=listed_most if options.listed is None else options.listed,
        largest_file=largest if options.largest_file is None else options.largest_file,
    )


def _written_limits(path: Path) -> _Limits:
    place = path.resolve()
    written, origin = read_file(repository_root(place), place)
    if not written:
        return _Limits()
    # Its model takes a fifth of a second and some megabytes, which foreign results do without.
    from heroci_action.config.location import report_config  # noqa: PLC0415

    found = report_config(written, origin)
    return _Limits(listed=found.list_passed, largest_file=found.largest_file)


def _loaded(files: Iterable[Path]) -> tuple[dict[str, Result], list[str]]:
    """The results by the names of their jobs, which are those of the directories that they lie in; and what is none.

    Their passed tests are packed at once, so that of many results no more than one is ever there in full.
    """
    results: dict[str, Result] = {}
    problems = []
    for path in files:
        try:
            results[_label(path, results)] = listed(load(path.read_bytes()), 0)
        except (UsageError, OSError) as error:
            problems.append(f"{path.as_posix()}: {error}")
    return results, problems


def _label(path: Path, taken: Container[str]) -> str:
    """`unit-3.12` for artifacts/unit-3.12/heroci-result.json, longer where two would be called the same."""
    names = (path.resolve().parent.name, path.parent.as_posix(), path.as_posix())
    return next(name for name in names if name not in taken)


def tree_of(checkout: Checkout, place: Path, files: frozenset[str]) -> PathResolver:
    """The repository as readers see it, from a directory in it; reports may come from another machine's checkout."""
    here = place.resolve()
    below = here.relative_to(checkout.root) if here.is_relative_to(checkout.root) else Path()
    return PathResolver(
        directory=below.as_posix(),
        tracked=files,
        roots=(str(checkout.root),),
        foreign=True,
    )


def finish(
    result: Result,
    options: ReportOptions,
    *,
    checkout: Checkout,
    repository: Repository,
    environ: Mapping[str, str],
) -> int:
    """Compare a result with its baseline and its change, judge it and publish it; the exit code."""
    result = compared(result, options, checkout=checkout, environ=environ)
    result = judge(result, options.gates)
    exit_code = published(
        result,
        options,
        output=output_directory.prepared(options.output),
        repository=repository,
        environ=environ,
    )
    observer = _observer(options, GitHubContext.from_environ(environ), environ)
    observer.run_finished(result)
    observer.close()
    return exit_code


def _observer(
    options: ReportOptions, github: GitHubContext | None, environ: Mapping[str, str]
) -> Observer:
    if github:
        return GitHubLog(sys.stdout, verbosity=options.verbosity)
    return Console(sys.stdout, verbosity=options.verbosity, output=options.output, environ=environ)


# Files


def _files(options: ReportOptions) -> dict[Path, str]:
    """The files, each once, with the kind that it has where its content does not say it.

    Raises UsageError with every name and glob that stands for none.
    """
    groups = (
        (options.results, JUNIT),
        (options.coverage, COVERAGE_JSON),
        (options.lint, "flake8"),
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


def _source(path: Path, default: str, limit: int) -> Source:
    """The file by the kind that it has where its content does not say it."""
    return Source(
        kind=default,
        path=path.as_posix(),
        opened=partial(_open, path),
        limit=limit,
        outputs=False,
        packed=True,
    )


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _start(source: Source) -> bytes:
    """The first bytes, unpacked; those of a damaged file as far as they go."""
    start = b""
    try:
        for chunk in source.chunks():
            start += chunk
            if len(start) >= HEAD_SIZE:
                break
    except BrokenReportError:
        pass
    return start


# Readings


Read = tuple[str, Readings]


def read_all(sources: Sequence[Source], tree: PathResolver, result: Result) -> Result:
    """The result with a stage for each kind of report and a step for each file that said something."""
    weights = [_size(source) for source in sources]
    spread_out = spread(partial(_read, tree=tree), sources, weights)
    read = [
        _lost(source, one) if isinstance(one, LostError) else one
        for source, one in zip(sources, spread_out, strict=True)
    ]
    stages = tuple(_stages(sources, read))
    coverage = joined(Readings(coverage=one.coverage) for _, one in read).coverage
    duration = sum(stage.duration for stage in stages)
    warnings = tuple(text for _, one in read for text in one.warnings)
    return replace(
        result,
        stages=stages,
        coverage=coverage,
        duration=duration,
        warnings=(*result.warnings, *warnings),
    )


def _size(source: Source) -> int:
    """Bytes; none of a file that went away, which the reader will say."""
    try:
        return Path(source.path).stat().st_size
    except OSError:
        return 0


def _lost(source: Source, error: LostError) -> Read:
    return source.kind, Readings(warnings=(f"{source.path}: it could not be read: {error}",))


def _read(named: Source, tree: PathResolver) -> Read:
    """What a file is and says. Nothing at all is a warning, but that a linter that is known found nothing is fine."""
    found = recognize(_start(named))
    source = replace(named, kind=found.kind if found else named.kind)
    readings = read_sources([source], tree=tree)
    told = readings.diagnostics or readings.warnings
    if source.kind == JUNIT and not (readings.tests or readings.passed or told):
        readings = Readings(warnings=(f"{source.path}: there is no test in it",))
    elif source.kind == "flake8" and not told and source.text.strip():
        readings = Readings(warnings=(f"{source.path}: no linter that is known writes this",))
    return source.kind, readings


def _stages(sources: Sequence[Source], read: Sequence[Read]) -> Iterator[StageResult]:
    for category in Category:
        mine = [
            (source, readings)
            for source, (kind, readings) in zip(sources, read, strict=True)
            if BY_KIND[kind].category is category
        ]
        if mine:
            whole = [(source, one) for source, one in mine if not _is_broken(one)]
            steps = tuple(_step(source, one) for source, one in whole)
            yield stage_of(category, steps, keys=[one.keys for _, one in whole])


def _is_broken(readings: Readings) -> bool:
    """Whether nothing of a file could be read, or it says nothing."""
    told = readings.tests or readings.passed or readings.diagnostics or readings.coverage
    return bool(readings.warnings) and not told


def stage_of(
    name: str, steps: tuple[StepResult, ...], *, keys: Sequence[array[int] | None] = ()
) -> StageResult:
    """A stage of these steps, in which every test counts once; without any step it could not be read.

    `keys` are those of the packed tests, as far as they are at hand.
    """
    settled = settle(steps, keys)
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
    packed = readings.passed or PassedTests()
    step = StepResult(
        name=source.path,
        status=Status.PASSED,
        duration=sum(test.duration for test in readings.tests) + packed.duration,
        tests=readings.tests,
        passed=readings.passed,
        diagnostics=readings.diagnostics,
        facts={**readings.facts, **readings.window},
    )
    reason = failures(step)
    return replace(step, status=Status.FAILED, reason=reason) if reason else step
