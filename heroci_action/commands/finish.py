"""Finish every verb that reports: compare the result, judge it, publish it, show it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from heroci_action.analysis.baseline import compare
from heroci_action.analysis.changed_lines import Changes, of_changes
from heroci_action.analysis.failures import mark_passed_elsewhere
from heroci_action.analysis.gates import judge_run
from heroci_action.analysis.history import extend_history
from heroci_action.errors import UsageError
from heroci_action.github.commands import Annotation, annotation, write_line
from heroci_action.github.context import GitHubContext
from heroci_action.observers.base import Observer
from heroci_action.options import Destination, Gates, GitHubApi, Reference
from heroci_action.output_directory import RESULT
from heroci_action.publish.files import Repository, Written, write_reports
from heroci_action.publish.problems import PublishProblem, with_problems
from heroci_action.publish.runner import (
    check_output,
    write_annotations,
    write_outputs,
    write_summary,
)
from heroci_action.repository.coverage_config import read_coverage_config
from heroci_action.repository.files import RepositoryFiles
from heroci_action.repository.git import Checkout, GitError
from heroci_action.results.coverage import ChangedLines
from heroci_action.results.records import Result, Severity, StageResult, Status
from heroci_action.results.serialise import load


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a verb runs: the checkout, the repository's files, the output directory, GitHub, and the observer."""

    checkout: Checkout
    repository: Repository
    output: Path
    github: GitHubContext | None
    observer: Observer


def finish(
    result: Result, *, reference: Reference, gates: Gates, destination: Destination, site: Site
) -> Result:
    """Compare the result, judge it, publish it and show it; return it as published."""
    if site.github:
        result = replace(result, attempt=site.github.run_attempt)
    result = replace(result, title=destination.title)
    keep = _is_unreadable(result) and (site.output / RESULT).is_file()
    result = mark_passed_elsewhere(result)
    result = _with_changes(result, reference, gates, site)
    result = _with_baseline(result, reference, site)
    result = _with_skip_reasons(judge_run(result, gates))
    result = publish(result, destination, site, keep=keep)
    site.observer.run_finished(result)
    return result


def _is_unreadable(result: Result) -> bool:
    """Return whether nothing was run or read, as after a misspelled file name."""
    return all(step.status is Status.ERRORED for stage in result.stages for step in stage.steps)


def publish(result: Result, destination: Destination, site: Site, *, keep: bool = False) -> Result:
    """Write the reports and notify GitHub; return the result, which has not passed if a report is missing.

    If `keep`, the reports of an earlier call are not replaced.
    """
    code_url = site.github.code_url(result.commit) if site.github else ""
    repository = replace(site.repository, code_url=code_url)
    written = Written() if keep else write_reports(result, site.output, repository)
    problems = [*written.problems, *_found(check_output())]

    def current() -> Result:
        return with_problems(result, tuple(problems))

    for write in _runner_writers(destination, site.github, repository, written):
        problems += _found(write(current()))
    if problems and not keep:
        # The reports that can be written must not claim that everything passed.
        write_reports(current(), site.output, repository)
    _show(problems)
    site.observer.reports_written(tuple(written.paths))
    if site.github and destination.api:
        tracked = repository.tracked or None
        _notify(current(), destination.api, site.github, tracked=tracked)
    return current()


def _runner_writers(
    destination: Destination,
    github: GitHubContext | None,
    repository: Repository,
    written: Written,
) -> Iterator[Callable[[Result], PublishProblem | None]]:
    """Yield what writes a result to GitHub's runner, in order."""
    if github is None:
        return
    if destination.summary:
        yield lambda result: write_summary(result, github, repository.links)
    if destination.annotations:
        tracked = repository.tracked or None
        yield lambda result: write_annotations(result, sys.stdout, tracked=tracked)
    if destination.outputs:
        yield lambda result: write_outputs(result, github, written.paths)


def _found(problem: PublishProblem | None) -> list[PublishProblem]:
    return [problem] if problem else []


def _show(problems: list[PublishProblem]) -> None:
    for problem in problems:
        sys.stderr.write(f"error: {problem.cause}\n  remedy: {problem.remedy}\n")


def _notify(
    result: Result, api: GitHubApi, github: GitHubContext, *, tracked: frozenset[str] | None
) -> None:
    """Publish through the API; what GitHub refuses is a warning, because it does not concern the project."""
    # Most runs do not need the client.
    from heroci_action.publish.api import notify  # noqa: PLC0415

    for problem in notify(result, api, github, tracked=tracked):
        note = Annotation(level=Severity.WARNING, title="HeroCI", message=problem)
        write_line(sys.stdout, annotation(note))
    sys.stdout.flush()


def _with_baseline(result: Result, reference: Reference, site: Site) -> Result:
    """Compare the result with the baseline; a missing one, as in the first run, is a warning."""
    path = reference.baseline
    if path is None:
        return result
    try:
        baseline = load(path.read_bytes())
    except (OSError, UsageError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error)
        return _with_warning(result, f"no comparison with baseline {path.as_posix()}: {cause}")
    comparison = compare(result, baseline, clean=site.checkout.is_clean())
    return replace(result, comparison=comparison, history=extend_history(baseline))


def _with_changes(result: Result, reference: Reference, gates: Gates, site: Site) -> Result:
    """Add the coverage of changed lines if the base is known or a gate requires it."""
    ref = reference.base or (site.github.base_ref if site.github else None)
    wanted = ref or gates.coverage_minimum_diff is not None
    if result.coverage is None or not wanted:
        return result
    try:
        merge_commit = site.github.sha if site.github else None
        base = site.checkout.merge_base(ref or "HEAD^", merge_commit=merge_commit)
        lines = site.checkout.changed_lines(base)
    except GitError as error:
        problem = "; ".join(filter(None, (error.cause, error.remedy)))
        unknown = replace(result, changed=ChangedLines(base="", problem=problem))
        return _with_warning(unknown, f"no coverage of changed lines: {problem}")
    files = RepositoryFiles(root=site.repository.root, files=tuple(site.repository.tracked))
    changes = Changes(
        base=base, lines=lines, text=files.text, is_omitted=read_coverage_config(files).omits
    )
    return replace(result, changed=of_changes(result.coverage, changes))


def _with_skip_reasons(result: Result) -> Result:
    """State why a run in which no stage ran has failed."""
    if not result.exit_code or any(stage.status is not Status.SKIPPED for stage in result.stages):
        return result
    names: dict[str, list[str]] = {}
    for stage in result.stages:
        names.setdefault(stage.reason or "no reason", []).append(stage.name)
    reasons = [f"{', '.join(stages)} ({reason})" for reason, stages in names.items()]
    reason = f"every stage was skipped: {'; '.join(sorted(reasons, key=len))}"
    nothing = StageResult(name="run", emoji="⏭️", status=Status.FAILED, reason=reason)
    return replace(result, stages=(*result.stages, nothing))


def _with_warning(result: Result, text: str) -> Result:
    return replace(result, warnings=(*result.warnings, text))
