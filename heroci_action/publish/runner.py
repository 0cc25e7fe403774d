"""Hand a result to GitHub's runner: annotations, the job summary, the outputs of the step."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path
from typing import TextIO

from heroci_action.github import commands, environment
from heroci_action.github.context import GitHubContext
from heroci_action.publish.problems import PublishProblem, attempt
from heroci_action.publish.standard_streams import output_error
from heroci_action.reports import summary
from heroci_action.reports.annotations import annotate
from heroci_action.reports.links import NO_LINKS, CodeLinks
from heroci_action.reports.outputs import outputs
from heroci_action.results.records import Result

OUTPUT_FILES = {
    "junit-path": "junit.xml",
    "coverage-path": "coverage.xml",
    "html-path": "report.html",
    "result-path": "heroci-result.json",
    "summary-path": "summary.md",
}


def check_output() -> PublishProblem | None:
    """Return why standard output, the log of the job, is incomplete."""
    error = output_error()
    if error is None:
        return None
    cause = f"cannot write to standard output: {error.strerror}"
    return PublishProblem(report="the log", cause=cause, remedy="check its redirection")


def write_summary(
    result: Result, github: GitHubContext, links: CodeLinks = NO_LINKS
) -> PublishProblem | None:
    """Append the result to the job summary; return the problem, if any."""
    path = github.step_summary
    if path is None:
        return None

    def append() -> None:
        page = summary.render(result, budget=environment.summary_room(path), links=links)
        environment.append_summary(path, page)

    return attempt("the job summary", append, remedy=_check("GITHUB_STEP_SUMMARY", path))


def write_annotations(
    result: Result, stdout: TextIO, *, tracked: Container[str] | None
) -> PublishProblem | None:
    """Print the annotations; return the problem, if any."""

    def write() -> None:
        for note in annotate(result, tracked=tracked):
            commands.write_line(stdout, commands.annotation(note))
        stdout.flush()

    return attempt("the annotations", write, remedy="check the redirection of standard output")


def write_outputs(
    result: Result, github: GitHubContext, paths: Mapping[str, Path]
) -> PublishProblem | None:
    """Write the outputs of the step; `paths` are the reports by name. Return the problem, if any."""
    path = github.output
    if path is None:
        return None
    relative = {
        name: _relative(paths[file], github.workspace)
        for name, file in OUTPUT_FILES.items()
        if file in paths
    }
    return attempt(
        "the outputs of the step",
        lambda: environment.write_outputs(path, outputs(result, relative)),
        remedy=_check("GITHUB_OUTPUT", path),
    )


def _check(variable: str, path: Path) -> str:
    return f"check the environment variable {variable}, which names {str(path)!r}"


def _relative(path: Path, workspace: Path) -> str:
    """Return the path relative to the workspace, as other steps of the job use it."""
    absolute = path.resolve()
    root = workspace.resolve()
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else str(absolute)
