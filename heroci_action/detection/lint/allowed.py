"""Checks that need not pass in the project's CI, and that the plan therefore does not contain."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from heroci_action.detection.ci.left_out import (
    ALLOWED,
    CHECKS,
    CONDITIONAL,
    FORGOTTEN,
    reason_of_program,
)
from heroci_action.detection.ci.records import Command, LeftOut
from heroci_action.detection.ci.systems.gitlab import SOME_CODES
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.detection.lint.commands import ASKING, NEVER_FAILS, only_shows, runs
from heroci_action.detection.lint.hooks import hooks_of
from heroci_action.detection.lint.other_checks import KNOWN, find_other_checks, must_pass
from heroci_action.detection.lint.programs import (
    only_checks,
    requires_lint,
    tool_name,
    without_planned,
)
from heroci_action.detection.lint.proposals import written_steps
from heroci_action.detection.preparation.line import suggest_step
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.readers.registry import LINT_TOOLS


def find_allowed(project: ProjectFiles) -> tuple[LeftOut, ...]:
    """Return the checks of the CI that may fail there or run under a condition, if the plan does not contain them."""
    found = (_of_linters, _others, _of_jobs, _forgotten)
    return tuple(dict.fromkeys(itertools.chain.from_iterable(find(project) for find in found)))


def _of_linters(project: ProjectFiles) -> Iterator[LeftOut]:
    """Yield the calls of linters and hooks that the plan does not run, not even in an optional stage."""
    commands = project.ci.commands
    required = {each.words for each in commands if not _is_allowed(project, each)}
    for command in (each for each in commands if _is_allowed(project, each)):
        hooks = hooks_of(command, project)
        if hooks and not requires_lint(project):
            for name in dict.fromkeys(hook.id for hook in without_planned(project, hooks)):
                yield _leave_out(command, name)
        elif command.words not in required and (hooks or _is_unplanned(project, command)):
            yield _leave_out(command)


def _is_allowed(project: ProjectFiles, command: Command) -> bool:
    passes = NEVER_FAILS in command.call.arguments or only_shows(project, command)
    return command.may_fail or passes


def _is_unplanned(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command is a call of a linter that no stage of the plan contains."""
    name, arguments = tool_name(command), command.call.arguments
    if name not in KNOWN or ASKING.intersection(arguments):
        return False
    tools = [tool for tool in LINT_TOOLS.values() if runs(project, command, tool)]
    configured = project.configured("lint")
    if configured is not None:
        return {name, *(tool.name for tool in tools)}.isdisjoint(configured)
    return requires_lint(project) or not (tools or only_checks(command))


def _others(project: ProjectFiles) -> Iterator[LeftOut]:
    """Yield the checks other than linters that need not pass."""
    for _, command, shown in find_other_checks(project):
        if must_pass(command):
            continue  # A warning names it.
        reason = ALLOWED if command.may_fail else CONDITIONAL if command.conditional else None
        lines = {shown.shown, suggest_step(project, shown)}
        if reason and lines.isdisjoint(written_steps(project)):
            yield _leave_out(shown, reason=reason)


def _of_jobs(project: ProjectFiles) -> Iterator[LeftOut]:
    """Yield the actions that check something in a job that may fail, and the exit codes that others may end with."""
    for job in project.ci.jobs:
        for action in job.actions if job.may_fail else ():
            if action.reason == CHECKS:
                yield LeftOut(line=action.line, source=action.source, reason=ALLOWED, harmless=True)
        yield from (line for line in job.left_out if line.reason == SOME_CODES)


def _forgotten(project: ProjectFiles) -> Iterator[LeftOut]:
    """Yield the tests and checks in a forgotten file of Travis, unless another job runs them too."""
    known = {command.words for command in project.ci.commands}
    for command in (each for job in project.ci.forgotten for each in job.commands):
        checks = tool_name(command) in KNOWN or reason_of_program(command.call.name) == CHECKS
        tests = find_test_run(command, project.tree) is not None
        if command.words not in known and (checks or tests):
            yield _leave_out(command, reason=FORGOTTEN)


def _leave_out(command: Command, name: str = "", reason: str = ALLOWED) -> LeftOut:
    line = name or command.shown
    return LeftOut(line=line, source=command.source, reason=reason, harmless=True)
