"""Calls of lint tools and hooks with the files of a change, which a plan for the whole checkout does not name."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.lint.commands import read_call, runs
from heroci_action.detection.lint.hooks import checks_changes
from heroci_action.detection.lint.options import with_values
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.readers.registry import LINT_TOOLS


def warn_of_changed_files(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of calls such as `black --check $(git diff --name-only) manage.py`, of which the plan only has the paths."""
    required = tuple(each for each in project.ci.commands if not each.may_fail)
    for command in required:
        words = [word for word, _ in with_values(command.call.arguments)]
        for tool in LINT_TOOLS.values() if UNKNOWN in words else ():
            is_call = runs(project, command, tool)
            if is_call and (paths := read_call(project, command, tool).paths):
                yield Warn(
                    f"{command.brief!r} ({command.source}) also checks what only the CI knows, such as the files of a "
                    f"change; the plan only checks {', '.join(paths)}: set lint.{tool.name}.command to check more"
                )
    for command in required:
        if checks_changes(command, project):
            yield Warn(
                f"{command.brief!r} ({command.source}) runs the hooks only on the files of a change, and the plan "
                "checks all files; so that only new findings fail a run, use --fail-on new-failures with a baseline"
            )
            return
