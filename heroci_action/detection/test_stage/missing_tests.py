"""Tests of the CI that the plan does not contain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from heroci_action.detection.ci.arguments import chooses_unknown_tests, is_split
from heroci_action.detection.ci.outside_projects import tests_outside_projects
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.selection import CLASS, narrowness
from heroci_action.detection.ci.test_runs import TestRun, runs_scenarios
from heroci_action.detection.facts import OtherTests
from heroci_action.detection.findings import Fact, Finding, Warn
from heroci_action.detection.lint.proposals import written_steps
from heroci_action.detection.preparation.before_tests import find_preparation_of
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.servers.others import further_servers
from heroci_action.detection.test_runner.choice import main_run
from heroci_action.detection.test_runner.variables import variables_of
from heroci_action.detection.test_stage.arguments import kept_words, surroundings_of
from heroci_action.detection.test_stage.other_tests import (
    describe_run,
    is_variant,
    runs_outside,
)
from heroci_action.text import some


def warn_of_missing_tests(
    project: ProjectFiles, runs: tuple[TestRun, ...], further: tuple[TestRun, ...]
) -> Iterator[Finding]:
    """Warn if the plan runs only a part of the tests; `further` runs are not in it."""
    if runs and min(map(narrowness, runs)) >= CLASS:
        command = runs[0].command
        yield Warn(
            f"the only test command of the CI, {command.brief!r} in {command.source}, selects single tests; "
            "set tests.args = [] to run all tests"
        )
    yield from _unknown_choices(runs)
    described = [(run, _describe(project, run)) for run in further]
    written = written_steps(project)
    missing = [pair for pair in described if not (pair[1] and pair[1].command in written)]
    yield Fact("other_tests", tuple(tests for _, tests in missing if tests))
    for run, tests in missing:
        proposal = tuple(tests.services.values()) if tests else ()
        yield _also_runs(project, runs, run.command, proposal)
    for command in filter(runs_scenarios, project.commands):
        yield _also_runs(project, runs, command)


def _also_runs(
    project: ProjectFiles,
    runs: tuple[TestRun, ...],
    command: Command,
    proposal: tuple[str, ...] = (),
) -> Warn:
    """Return the warning about tests that the plan does not contain, with its services as the proposal."""
    usual = command.directory in {".", project.layout.directory}
    place = "" if usual else f" in {command.directory}"
    # The same line as the suite's is another run by its variables.
    same = any(run.command.words == command.words for run in runs)
    given = variables_of(project, command) if same else {}
    pairs = some([f"{name}={value}" for name, value in given.items()])
    by_variables = f" with {pairs}" if pairs else ""
    return Warn(
        f"{command.source} also runs {command.brief!r}{place}{by_variables}, which the plan does not contain; "
        "add a stage for these tests",
        proposal,
    )


def _describe(project: ProjectFiles, run: TestRun) -> OtherTests | None:
    """Return a run with the earlier lines of its job, and the servers that only this job has, with their addresses."""
    tests = describe_run(project, run, kept_words(project, run))
    job = next((each for each in project.ci.jobs if run.command in each.commands), None)
    if tests is None or job is None:
        return tests
    services, env = further_servers(project, job, tests.env)
    before = find_preparation_of(project, job, run.command)
    return replace(tests, before=before, services=services, env=env)


def _unknown_choices(runs: tuple[TestRun, ...]) -> Iterator[Finding]:
    """Warn of the commands whose tests are chosen while the CI runs: `pytest $(python split.py)`."""
    for command in (run.command for run in runs if chooses_unknown_tests(run.arguments)):
        yield Warn(
            f"which tests {command.brief!r} selects is only known while {command.source} runs, so the plan leaves "
            "this choice out; to run a part of the tests, set tests.args"
        )


def find_further_runs(project: ProjectFiles, runs: tuple[TestRun, ...]) -> Iterator[TestRun]:
    """Yield the suite's runs in other surroundings than the plan's."""
    suite, main = project.ci.suite, main_run(project)
    if suite is None or main is None:
        return
    for run in suite.runs:
        elsewhere = _place(project, run) != _place(project, main)
        # HeroCI runs every part of a suite that the CI splits.
        if elsewhere and not (is_split(run.arguments) and is_split(main.arguments)):
            yield run
    yield from suite.elsewhere
    known = {_line_of(run) for run in (*suite.runs, *suite.elsewhere)}
    outside = {_line_of(run): run for run in runs_outside(project, runs)}
    # The same command may be other tests by a variable: `TEST_SUITE=browser`.
    yield from (
        run
        for line, run in outside.items()
        if line not in known or (run not in suite.runs and is_variant(project, run))
    )


def _line_of(run: TestRun) -> tuple[str, tuple[str, ...]]:
    """Return the line of a run with its directory: the same words elsewhere start the tests of another package."""
    return run.command.directory, run.command.words


def _place(project: ProjectFiles, run: TestRun) -> tuple[object, ...]:
    """Return the properties that all runs of a stage share: the package, runner, variables and settings."""
    return tests_outside_projects(run, project.tree), run.runner, surroundings_of(project, run)
