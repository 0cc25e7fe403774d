"""Merge the results of several jobs."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from heroci_action.analysis.merging import job_problems, merge, missed_limits, worst
from heroci_action.commands.input_files import find_files, read_settings
from heroci_action.commands.report import finish_report, read_repository
from heroci_action.errors import UsageError
from heroci_action.options import ReportOptions, Unreadable
from heroci_action.output_directory import REPORTS, RESULT
from heroci_action.repository.git import Checkout
from heroci_action.results.packed import expand_or_pack
from heroci_action.results.records import Result, StageResult, Status, StepResult
from heroci_action.results.serialise import load
from heroci_action.version import __version__

STAGE = "merge"


def merge_results(options: ReportOptions, environ: Mapping[str, str]) -> int:
    """Merge the results and report them as one; return the exit code.

    Raises UsageError if none of them can be read.
    """
    own = frozenset(REPORTS) - {RESULT}
    found = find_files(options.results, output=options.destination.output, own=own)
    missing = {pattern: f"no file matches {pattern!r}" for pattern in found.missing}
    return merge_files(found.files, missing, options, environ)


def merge_files(
    files: Iterable[Path],
    missing: Mapping[str, str],
    options: ReportOptions,
    environ: Mapping[str, str],
) -> int:
    """Merge result files, and report them with the problems of missing ones; return the exit code.

    Raises UsageError if none of them can be read.
    """
    settings = read_settings(options)
    results, broken = _load(files)
    if not results:
        raise UsageError(
            "; ".join({**broken, **missing}.values()),
            remedy=f"name files that HeroCI wrote: {RESULT}",
        )
    merged = replace(merge(results), status=Status.PASSED, exit_code=0, heroci_version=__version__)
    if settings.unreadable is Unreadable.WARN:
        merged = replace(merged, warnings=(*merged.warnings, *broken.values()))
        broken = {}
    problems = {**broken, **missing, **job_problems(results)}
    steps = (*_problem_steps(problems), *missed_limits(results, options.gates.names))
    if steps:
        merged = replace(merged, stages=(*merged.stages, _problem_stage(steps)))
    result = expand_or_pack(merged)
    repository = read_repository(Checkout.of(options.path))
    return finish_report(result, options, repository, environ)


def _load(files: Iterable[Path]) -> tuple[dict[str, Result], dict[str, str]]:
    """Load the results by the names of their jobs, and the problems by file.

    Passed tests are packed at once, so that at most one result is in memory in full.
    """
    results: dict[str, Result] = {}
    problems: dict[str, str] = {}
    for path in files:
        name = path.as_posix()
        try:
            results[_job_name(path, results)] = expand_or_pack(load(path.read_bytes()), 0)
        except UsageError as error:
            problems[name] = f"{name}: {error}"
        except OSError as error:
            problems[name] = f"{name}: {error.strerror}"
    return results, problems


def _job_name(path: Path, taken: Container[str]) -> str:
    """Return `unit-3.12` for artifacts/unit-3.12/heroci-result.json, or the path if that name is taken."""
    names = (path.resolve().parent.name, path.parent.as_posix(), path.as_posix())
    return next(name for name in names if name not in taken)


def _problem_steps(problems: Mapping[str, str]) -> Iterator[StepResult]:
    """Yield a step for each job whose result is missing: tests of it may have failed."""
    for name, cause in problems.items():
        yield StepResult(
            name=name,
            status=Status.ERRORED,
            reason=cause,
            remedy="look for its error, or check the upload and download of its artifact",
        )


def _problem_stage(steps: tuple[StepResult, ...]) -> StageResult:
    """Return the stage that fails the merge."""
    status = worst(step.status for step in steps)
    return StageResult(name=STAGE, emoji="🔀", status=status, steps=steps)
