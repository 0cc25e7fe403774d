"""Unknown commands after the tests of the CI: if they fail, the job fails."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.records import UNKNOWN, Command, Job
from heroci_action.detection.ci.test_runs import find_test_run, runs_scenarios
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.lint.other_checks import find_other_checks, must_pass
from heroci_action.detection.lint.proposals import (
    installs,
    propose_stage,
    steps_of,
    task_of,
    written_steps,
)
from heroci_action.detection.preparation.line import find_kind
from heroci_action.detection.preparation.steps import FILE_PROGRAMS, TO_FILE
from heroci_action.detection.project_files import ProjectFiles

# Programs that change or pack files, such as the reports of the tests.
_OF_FILES = FILE_PROGRAMS | {"sed", "awk", "chmod", "tar", "zip", "unzip", "gzip", "gunzip"}


def warn_of_later_commands(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of the commands after the tests that must pass, and that neither the plan nor another warning contains."""
    suite = project.ci.suite
    found = list(_unknown_commands(project, suite.job)) if suite else []
    if suite is None or not found:
        return
    shown = dict.fromkeys(f"{command.brief!r} ({command.source})" for command in found)
    steps = [step for command in found for step in steps_of(project, suite.job, command)]
    yield Warn(
        f"after its tests, the CI runs commands that the plan does not contain: {', '.join(shown)}; "
        "if they check something, add a stage",
        propose_stage("after-tests", steps),
    )


def _unknown_commands(project: ProjectFiles, job: Job) -> Iterator[Command]:
    commands = job.commands
    runs = [n for n, each in enumerate(commands) if find_test_run(each, project.tree)]
    named = {id(each) for _, *both in find_other_checks(project) for each in both}
    around = {id(task) for place in runs for task in commands[place].via}
    seen: set[int] = set()
    for command in commands[runs[0] :] if runs else ():
        task = task_of(project, command)
        is_new = {id(task), id(command)}.isdisjoint(named | around | seen)
        judged = installs(project, task) or find_kind(project, task) is not None
        if is_new and _is_unknown(project, command) and must_pass(task) and not judged:
            seen.add(id(task))
            if written_steps(project).isdisjoint(steps_of(project, job, task)[-1:]):
                yield task


def _is_unknown(project: ProjectFiles, command: Command) -> bool:
    call = command.call
    is_test = find_test_run(command, project.tree) is not None or runs_scenarios(command)
    of_files = call.name in _OF_FILES or command.writes or TO_FILE.search(command.line)
    named = call.program and UNKNOWN not in call.program
    judged = find_kind(project, command) is not None
    return bool(named and must_pass(command)) and not (is_test or of_files or judged)
