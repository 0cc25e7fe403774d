"""Checks of the CI beside the tests and the linters: documents, licences, other environments of tox and nox."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from heroci_action.detection.ci.records import Command, Job, Trigger
from heroci_action.detection.ci.systems.foreign_workflow import ELSEWHERE
from heroci_action.detection.ci.task_runners.package_scripts import PACKAGE_MANAGERS
from heroci_action.detection.ci.test_runs import find_test_run, is_django, program_file
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.left_out import CHECKS
from heroci_action.detection.lint.programs import NOT_RUN, PROGRAMS
from heroci_action.detection.preparation import find_check, find_kind, suggest_step
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.text import some

# Words in the names of workflows and jobs that check the code.
_CHECKING = re.compile(r"(?i)lint|check|quality|style|format|typing|docs|security|pre-commit")
# Commands of Django that make files.
_BUILDING = frozenset({"collectstatic", "compilemessages", "compress"})
# Checks that the plan contains, or that other warnings name.
_KNOWN = frozenset(
    {"coverage", "pre-commit", "prek", *PROGRAMS, *NOT_RUN}.union(
        *(tool.programs for tool in LINT_TOOLS.values())
    )
)


def warn_of_other_checks(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of the checks that the plan does not contain, with a stage for each environment or job as a suggestion."""
    groups: dict[str, dict[str, None]] = {}
    shown: dict[str, None] = {}
    for job, command in _checks(project):
        line = suggest_step(project, command) or command.shown
        groups.setdefault(_name(job, command), {})[line] = None
        shown[f"{command.shown!r} ({command.environment or command.source})"] = None
    shown |= dict.fromkeys(_uses(project))
    if shown:
        yield Warn(
            f"the CI also runs checks that the plan does not contain: {some(list(shown))}",
            tuple(
                f"stages.{name} = {{ steps = {json.dumps([*steps])} }}"
                for name, steps in groups.items()
            ),
        )


def _checks(project: ProjectFiles) -> Iterator[tuple[Job, Command]]:
    for job in filter(_counts, project.ci.jobs):
        for command in job.commands:
            may_pass = command.may_fail or command.conditional or command.background
            is_other = _is_other(project, command) or _is_own_check(project, job, command)
            if is_other and not may_pass:
                tasks = (each for each in command.via if each.call.name in PACKAGE_MANAGERS)
                yield job, next(tasks, command)


def _uses(project: ProjectFiles) -> Iterator[str]:
    """Yield the actions that check something, and the workflows of other repositories that do so by their names."""
    suite = project.ci.suite
    for job in filter(_counts, project.ci.jobs):
        elsewhere = (line for line in job.not_followed if line.reason == ELSEWHERE)
        # Without a suite, another warning names these workflows, because they may run the tests.
        workflows = elsewhere if suite is not None and job is not suite.job else ()
        checks = (line for line in workflows if _CHECKING.search(f"{job.name} {line.line}"))
        for line in (*(action for action in job.actions if action.reason == CHECKS), *checks):
            yield f"{line.line!r} ({line.source})"


def _counts(job: Job) -> bool:
    return not (job.trigger is Trigger.SELDOM or job.may_fail) and job.is_linux


def _is_other(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command checks something that neither the plan nor another warning contains."""
    name = command.call.name
    is_known = name in _KNOWN or is_django(command, project.tree)
    return (
        not is_known
        and find_check(project, command) is not None
        and find_test_run(command, project.tree) is None
    )


def _is_own_check(project: ProjectFiles, job: Job, command: Command) -> bool:
    """Return whether a job for checks runs code of the project that does not prepare anything."""
    tests = any(find_test_run(each, project.tree) for each in job.commands)
    if tests or not _CHECKING.search(job.name) or find_kind(project, command) is not None:
        return False
    own = is_django(command, project.tree) or program_file(command, project.tree) is not None
    return own and _BUILDING.isdisjoint(command.call.arguments)


def _name(job: Job, command: Command) -> str:
    """Return a stage's name: that of the environment, as in `tox docs`, else the job's."""
    named = command.environment.partition(" ")[2] or job.name or command.call.name
    return re.sub(r"[^a-z0-9]+", "-", named.lower()).strip("-") or "checks"
