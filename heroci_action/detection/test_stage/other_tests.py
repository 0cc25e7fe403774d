"""Tests that the CI runs in other surroundings than the suite: with other settings, variables or another program."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator

from heroci_action.detection.ci.matrix import OTHER_DATABASE, POSTGRES
from heroci_action.detection.ci.outside_projects import tests_outside_projects
from heroci_action.detection.ci.records import Job, Trigger
from heroci_action.detection.ci.selection import find_exclusions, find_inclusions, select, widest
from heroci_action.detection.ci.settings_of_runs import named_settings
from heroci_action.detection.ci.suite import databases_of
from heroci_action.detection.ci.test_runs import Runner, TestRun, find_test_run
from heroci_action.detection.facts import OtherTests
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.settings.choice import choose_settings, settings_of
from heroci_action.detection.sources.named_settings import VARIABLE
from heroci_action.detection.test_runner.places import OF_TESTS, places_of
from heroci_action.detection.test_runner.pytest_config import file_of_run, pytest_config
from heroci_action.detection.test_runner.variables import variables_of
from heroci_action.repository.files import ancestors, relative_path

_OPTIONS = {Runner.DJANGO: "--settings", Runner.PYTEST: "--ds"}


def describe_run(project: ProjectFiles, run: TestRun, words: tuple[str, ...]) -> OtherTests | None:
    """Return a run as a command in the working directory, with its `words`; None if a part of it is not known.

    The needs of another package's tests are not known.
    """
    program = [] if tests_outside_projects(run, project.tree) else _program(project, run)
    settings = [f"{_OPTIONS[run.runner]}={name}" for name in _settings(project, run)]
    command = shlex.join([*program, *words, *settings])
    if file_of_run(project, run) != pytest_config(project).file:
        # Pytest looks for its configuration from the directory in which it starts.
        place = relative_path(run.command.directory, project.layout.directory)
        command = f"cd {shlex.quote(place)} && {command}"
    return OtherTests(command=command, env=variables_of(project, run.command)) if program else None


def runs_outside(project: ProjectFiles, suite: tuple[TestRun, ...]) -> Iterator[TestRun]:
    """Yield the runs of other jobs for tests that the suite does not contain.

    They are in other places, left out or skipped there, for another program, as in a job with a browser, or the
    same tests with other settings or on another database.
    """
    covered = {place for run in suite for place in places_of(project, run)}
    left_out = find_exclusions(widest(suite).arguments)
    by_config = _left_out_by_configuration(project, suite)
    jobs = (job for job in project.ci.jobs if job.trigger is not Trigger.SELDOM and job.is_linux)
    for job, command in ((each, command) for each in jobs for command in each.commands):
        run = find_test_run(command, project.tree)
        if run is None or command.may_fail:
            continue
        other = run.runner is not suite[0].runner and not command.conditional
        outside = not any(
            _contains(project, run, covered, each) for each in places_of(project, run)
        )
        whole = not select(run) and left_out - find_exclusions(run.arguments)
        named = by_config & find_inclusions(run.arguments)
        again = _has_other_settings(project, run, job) or _has_other_database(project, job)
        if other or outside or whole or named or again or _is_switched_on(project, run):
            yield run


def _contains(project: ProjectFiles, run: TestRun, covered: set[str], place: str) -> bool:
    """Return whether the suite, which covers some places, finds the tests of a run in another.

    Discovery with unittest, of which Django's is a kind, enters only packages: a directory without an `__init__.py` has
    to be named. Source: Python, "unittest", "Test Discovery".
    """
    above = ancestors(place)
    around = next((each for each in above if each in covered), None)
    if around is None or run.runner is not Runner.DJANGO:
        return around is not None
    entered = above[: above.index(around)]
    has = project.tree.has
    return all(has(f"{each}/__init__.py") for each in entered if project.tree.has_directory(each))


def _has_other_settings(project: ProjectFiles, run: TestRun, job: Job) -> bool:
    """Return whether another job than the suite's runs tests with settings that no run of the suite names."""
    suite = project.ci.suite
    own = itertools.chain.from_iterable(map(named_settings, suite.runs)) if suite else ()
    named = named_settings(run) if suite and job is not suite.job else ()
    return not {*named} <= {*own, choose_settings(project)[0]}


def _has_other_database(project: ProjectFiles, job: Job) -> bool:
    """Return whether a job runs tests on a database that the suite does not have; the legs of the suite are named."""
    suite = project.ci.suite
    if suite is None or job in (suite.job, *suite.twins, *suite.others):
        return False
    return bool(databases_of(job) - databases_of(suite.job))


def _left_out_by_configuration(project: ProjectFiles, suite: tuple[TestRun, ...]) -> frozenset[str]:
    """Return what pytest's configuration leaves out and the suite does not name: `--ignore=e2e`, `-m "not slow"`."""
    if suite[0].runner is not Runner.PYTEST:
        return frozenset()
    named = (find_inclusions(run.arguments) for run in suite)
    return find_exclusions(pytest_config(project).addopts).difference(*named)


def _is_switched_on(project: ProjectFiles, run: TestRun) -> bool:
    """Return whether tests of the run read a variable that only this run sets: without it, they skip themselves."""
    readers = {
        file
        for name in variables_of(project, run.command)
        for file in project.tree.python_with(name)
    }
    places = {above for file in readers if OF_TESTS.search(file) for above in ancestors(file)}
    return not places.isdisjoint(places_of(project, run))


def _settings(project: ProjectFiles, run: TestRun) -> list[str]:
    """Return the settings modules that a run names, else its usual one if the plan has another."""
    if run.runner not in _OPTIONS:
        return []
    named = named_settings(run)
    if named or VARIABLE in variables_of(project, run.command):
        return named
    usual = pytest_config(project).settings if run.runner is Runner.PYTEST else None
    module = (
        usual if usual and not run.command.env.get(VARIABLE) else settings_of(project, run.command)
    )
    return [module] if module and module != choose_settings(project)[0] else []


def _program(project: ProjectFiles, run: TestRun) -> list[str]:
    manage = project.layout.manage
    match run.runner:
        case Runner.PYTEST:
            return ["python", "-m", "pytest"]
        case Runner.DJANGO if manage:
            return ["python", relative_path(manage, project.layout.directory), "test"]
        case Runner.SCRIPT if run.program:
            return ["python", relative_path(run.program, project.layout.directory)]
    return []


def is_variant(project: ProjectFiles, run: TestRun) -> bool:
    """Return whether a variable that only this run sets chooses its tests; the name of a database does not."""
    pairs = [f"{name}={value}" for name, value in variables_of(project, run.command).items()]
    databases = any(POSTGRES.search(pair) or OTHER_DATABASE.search(pair) for pair in pairs)
    return _is_switched_on(project, run) and not databases
