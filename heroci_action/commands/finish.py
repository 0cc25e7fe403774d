"""What follows on a result, whoever made it: it is compared, published, and told to GitHub."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from heroci_action.analysis.baseline import compare
from heroci_action.analysis.changed_lines import of_changes
from heroci_action.errors import ExitCode, UsageError
from heroci_action.github.commands import Annotation, annotation, write_line
from heroci_action.github.context import GitHubContext
from heroci_action.options import GitHubApi, Options
from heroci_action.reports.publish import Repository, publish
from heroci_action.repository.git import Checkout, GitError
from heroci_action.results.records import Result, Severity
from heroci_action.results.serialise import load


def compared(
    result: Result, options: Options, *, checkout: Checkout, environ: Mapping[str, str]
) -> Result:
    """The result with what is different from its baseline, and what is covered of its change, where they are known."""
    github = GitHubContext.from_environ(environ)
    result = replace(result, attempt=github.run_attempt if github else 1)
    result = _with_changes(result, options, checkout=checkout, environ=environ)
    return _with_baseline(result, options, checkout)


def published(
    result: Result,
    options: Options,
    *,
    output: Path,
    repository: Repository,
    environ: Mapping[str, str],
) -> int:
    """Write the reports into `output`, which is prepared, and tell GitHub; the exit code of the call."""
    github = GitHubContext.from_environ(environ)
    if github and not options.summary:
        github = replace(github, step_summary=None)
    done = publish(
        result,
        output=output,
        github=github,
        stdout=sys.stdout if options.annotations else None,
        repository=repository,
    )
    if github and options.api:
        _tell(result, options.api, github, repository)
    for problem in done.problems:
        sys.stderr.write(f"error: {problem.cause}\n  remedy: {problem.remedy}\n")
    # A report that could not be written is no pass: somebody downstream waits for it.
    return result.exit_code or (ExitCode.ENGINE if done.problems else ExitCode.PASSED)


def _tell(result: Result, asked: GitHubApi, github: GitHubContext, repository: Repository) -> None:
    """What the API refuses is a warning: it says nothing about the project."""
    from heroci_action.reports.online import tell  # noqa: PLC0415  most runs do without its client

    for problem in tell(result, asked, github, tracked=repository.tracked or None):
        note = Annotation(level=Severity.WARNING, title="HeroCI", message=problem)
        write_line(sys.stdout, annotation(note))
    sys.stdout.flush()


def _with_baseline(result: Result, options: Options, checkout: Checkout) -> Result:
    """Without a baseline, as in the first run of all, everything is new: the report says so and goes on."""
    path = options.baseline
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
    result: Result, options: Options, *, checkout: Checkout, environ: Mapping[str, str]
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
