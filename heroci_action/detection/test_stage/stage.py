"""The test runner, its arguments, and what must happen before the tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from heroci_action.detection.ci.left_out import LINTS
from heroci_action.detection.ci.records import LeftOut
from heroci_action.detection.ci.test_runs import Runner, TestRun
from heroci_action.detection.environment.job_image import find_built_files
from heroci_action.detection.findings import Fact, Finding, Found, Warn
from heroci_action.detection.image.builds import find_release
from heroci_action.detection.lint.allowed import find_allowed
from heroci_action.detection.lint.programs import find_tidying_hooks
from heroci_action.detection.lint.tools import lines_of_linters
from heroci_action.detection.preparation.before_tests import find_preparation
from heroci_action.detection.preparation.real_database import warn_of_real_database
from heroci_action.detection.preparation.tracked_files import (
    warn_of_archives,
    warn_of_directories_outside,
    warn_of_tracked_files,
)
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.settings.choice import choose_settings
from heroci_action.detection.test_runner.choice import choose_runner, suite_runs
from heroci_action.detection.test_runner.pytest_config import pytest_config
from heroci_action.detection.test_stage.arguments import find_arguments
from heroci_action.detection.test_stage.browsers import warn_of_browsers
from heroci_action.detection.test_stage.django_checks import detect_django_checks
from heroci_action.detection.test_stage.further_legs import warn_of_further_legs
from heroci_action.detection.test_stage.handed_over import find_handed_over, warn_of_handed_over
from heroci_action.detection.test_stage.missing_tests import (
    find_further_runs,
    warn_of_missing_tests,
)
from heroci_action.detection.test_stage.secret_files import warn_of_secret_files
from heroci_action.detection.test_stage.unread_tests import find_unread_tests
from heroci_action.detection.variables.conditional import find_conditional_variables
from heroci_action.detection.variables.of_settings import find_unknown_variables
from heroci_action.detection.variables.unset_in_compose import warn_of_unset_variables
from heroci_action.repository.files import join, relative_path

# Scripts that configure Django by themselves and call its runner, as packages without a project have them.
_SCRIPTS = ("runtests.py", "run_tests.py", "tests/runtests.py", "test/runtests.py")


def detect_test_stage(project: ProjectFiles) -> Iterator[Finding]:
    """Yield runner, arguments, commands before, and what pytest's configuration already contains."""
    runner, why = choose_runner(project)
    yield Found("tests.runner", str(project.configured("tests.runner") or runner), why)
    yield from detect_django_checks(project)
    yield from _script(project)
    runs = suite_runs(project)
    is_kept = runs and project.configured("tests.runner") in {None, runner}
    arguments = tuple(find_arguments(project, runs)) if is_kept else ()
    yield from arguments
    before, left_out = find_preparation(project)
    if before:
        source = suite.job.source if (suite := project.ci.suite) else project.commands[0].source
        yield Found("tests.before", list(before), f"what {source} runs before its tests")
    yield Fact("left_out", _left_out(project, left_out))
    yield from warn_of_tracked_files(left_out)
    yield from warn_of_archives(project, before)
    yield from warn_of_directories_outside(project.commands)
    yield from warn_of_real_database(project, before, left_out)
    yield from warn_of_browsers(project, before, left_out)
    yield from warn_of_handed_over(project)
    yield from warn_of_secret_files(project)
    yield from warn_of_unset_variables(project)
    yield from find_unread_tests(project, arguments)
    further = tuple(find_further_runs(project, runs))
    yield from warn_of_missing_tests(project, runs, further)
    yield from warn_of_further_legs(project, [run.command for run in further])
    yield from _generated(project, runs)
    measures = any(
        word == "--cov" or word.startswith("--cov=") for word in pytest_config(project).addopts
    )
    yield Fact("pytest_coverage", measures)


def _left_out(project: ProjectFiles, lines: tuple[LeftOut, ...]) -> tuple[LeftOut, ...]:
    """Return the lines of the CI that the plan does not contain; `lines` are the lines around its tests."""
    allowed = find_allowed(project)
    named = {(line.line, line.source) for line in allowed}
    linted = lines_of_linters(project)
    return (
        *(
            replace(line, reason=LINTS) if (line.line, line.source) in linted else line
            for line in lines
            if (line.line, line.source) not in named
        ),
        *allowed,
        *find_built_files(project),
        *find_tidying_hooks(project),
        *find_unknown_variables(project),
        *find_conditional_variables(project),
        *find_release(project),
        *find_handed_over(project),
    )


def _generated(project: ProjectFiles, runs: tuple[TestRun, ...]) -> Iterator[Finding]:
    """Warn if the CI runs a manage.py that it creates first, in a directory that is not in the repository."""
    for run in runs if project.layout.manage is None else ():
        command = run.command
        here = run.program is None and not command.directory.startswith("/")
        if run.runner is Runner.DJANGO and command.call.name == "manage.py" and here:
            yield Warn(
                f"{command.source} runs {command.brief!r} in {command.directory}, a project that it creates first; "
                "HeroCI needs one that is in the repository: set working-directory and settings to it"
            )
            return


def _script(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the script that sets up Django itself: the CI's, else a known one if there are no settings."""
    runs = suite_runs(project)
    if runs and runs[0].runner is Runner.SCRIPT and runs[0].program:
        path = relative_path(runs[0].program, project.layout.directory)
        yield Found("tests.script", path, f"the test command in {runs[0].command.source}")
    elif not (runs or project.layout.manage or choose_settings(project)[0]):
        here = (join(project.layout.directory, name) for name in _SCRIPTS)
        for path in here:
            if project.tree.has(path):
                why = "no settings module was found, and the script exists"
                yield Found("tests.script", relative_path(path, project.layout.directory), why)
                return
