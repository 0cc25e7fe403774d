"""Lines of the CI that may run the tests, but could not be read: with them, the tests are a guess."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from heroci_action.detection.ci.left_out import reason_of_program
from heroci_action.detection.ci.records import UNKNOWN, Job, LeftOut, Trigger
from heroci_action.detection.ci.systems.foreign_workflow import ELSEWHERE, OWN
from heroci_action.detection.ci.task_runners.package_scripts import PACKAGE_MANAGERS
from heroci_action.detection.findings import Finding, Found, Warn
from heroci_action.detection.preparation.steps import FILE_PROGRAMS
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.test_runner.choice import choose_runner, suite_runs

_NAMED = 3  # lines with a separate warning
# `make test-all`, `bin/run_tests`, but no file such as tests/data.yml.
_TESTS = re.compile(r"(?<![^\s/_:=-])tests?(-[\w-]+)?(\.sh)?(?=[\s\"']|$)")
# A program such as `tests_with_coverage`
_PROGRAM = re.compile(r"(?<![a-z0-9])tests?(?![a-z0-9])")
_LIKELY = re.compile(r"test|coverage|\bci\b")


def find_unread_tests(project: ProjectFiles, planned: Iterable[Finding]) -> Iterator[Finding]:
    """Warn of each line that may run the tests; without one, of a CI in which no command is known to run them.

    The proposed arguments are the planned ones, to be changed.
    """
    suggestion = _suggestion(project, planned)
    yield from _find_unread_commands(project, suggestion)
    yield from _warn_of_variables(project)
    yield from _warn_of_options(project)
    yield from _warn_of_job(project)
    lines = unread_lines(project)
    for line in lines[:_NAMED]:
        yield Warn(
            f"{_quote(line)} may run the tests, but could not be followed ({line.reason}); "
            "set tests.runner and tests.args to match it",
            suggestion,
        )
    if rest := lines[_NAMED:]:
        yield Warn(f"these lines could not be followed either: {', '.join(map(_quote, rest))}")
    if not lines and project.ci.jobs and not _are_known(project):
        yield Warn(
            f"{_how_found(project)}: HeroCI recognises no command of the CI as its tests "
            f"({', '.join(_places(project.ci.jobs))}); set tests.runner and tests.args to match the CI",
            suggestion,
        )


def _warn_of_job(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of a suite whose job no workflow runs, or whose tests are in a workflow of another repository."""
    suite = project.ci.suite
    if suite and not suite.job.is_used:
        yield Warn(
            f"no workflow in {suite.job.source} runs the job {suite.job.name!r}, whose tests the plan contains: "
            "no other job runs tests"
        )
    for line in suite.job.not_followed if suite else ():
        if line.reason == ELSEWHERE:
            yield Warn(
                f"the tests are what the inputs of {line.line!r} in {line.source} say: HeroCI cannot read the "
                "workflow, because it is in another repository; check the plan"
            )


def _warn_of_variables(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of a run that a variable starts of which only the CI knows the value: `$RUN pytest`."""
    for run in suite_runs(project):
        if UNKNOWN in run.command.call.launchers and not project.configured("tests.runner"):
            yield Warn(
                f"only the CI knows what is in front of the tests in {run.command.brief!r} ({run.command.source}); "
                "if they run in a container or with a program that matters, check the plan"
            )


def _warn_of_options(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of options of the interpreter with which the tests run, and which no variable replaces: `python -bb`."""
    for run in suite_runs(project):
        if run.command.call.lost:
            options = ", ".join(run.command.call.lost)
            yield Warn(
                f"the tests of the CI run with Python's option {options} ({run.command.brief!r} in "
                f"{run.command.source}), and those of HeroCI do not: it may make further tests fail"
            )
            return


def _quote(line: LeftOut) -> str:
    return line.source if line.line == line.source else f"{line.line!r} in {line.source}"


def _find_unread_commands(project: ProjectFiles, suggestion: tuple[str, ...]) -> Iterator[Finding]:
    """Warn of the commands of the suite's job of which not even the program is known: one of them may run the tests."""
    suite = project.ci.suite
    commands = suite.job.commands if suite else ()
    unread = [command for command in commands if set(command.words) == {UNKNOWN}]
    if unread and not project.configured("tests.args"):
        yield Warn(
            f"only the CI knows what a command in {unread[0].source} runs; if it runs tests, "
            "set tests.runner and tests.args to match it",
            suggestion,
        )


def _suggestion(project: ProjectFiles, planned: Iterable[Finding]) -> tuple[str, ...]:
    found = (each for each in planned if isinstance(each, Found) and each.key == "tests.args")
    arguments = next((each.value for each in found), [])
    return (
        f'tests.runner = "{choose_runner(project)[0]}"',
        f"tests.args = {json.dumps(arguments)}",
    )


def _are_known(project: ProjectFiles) -> bool:
    """Return whether the CI, or the user, states how the tests run, or the CI leaves that to HeroCI."""
    of_ci = _is_of_ci(project) and suite_runs(project)
    return (
        bool(of_ci)
        or _runs_heroci(project)
        or project.configured("tests.runner")
        or project.configured("tests.script")
    )


def _runs_heroci(project: ProjectFiles) -> bool:
    called = any(command.call.name == "heroci" for command in project.ci.commands)
    return called or any(OWN in line.line for line in project.ci.not_followed)


def _is_of_ci(project: ProjectFiles) -> bool:
    """Return whether a file of the CI contains the suite; without one, it comes from tox or make."""
    suite, jobs = project.ci.suite, project.ci.jobs
    # If the files of a CI are not read, tox and make are a guess.
    guessed = project.ci.is_local and any(job.not_followed for job in jobs)
    return suite is not None and not guessed and suite.job.source in {job.source for job in jobs}


def _how_found(project: ProjectFiles) -> str:
    suite = project.ci.suite
    if suite is not None and suite_runs(project) and not _is_of_ci(project):
        return f"the tests are those of {suite.job.source}"
    runner, why = choose_runner(project)
    return f"the tests were found by guess ({runner}: {why})"


def _places(jobs: tuple[Job, ...]) -> list[str]:
    """Return each file with the names of its jobs; jobs that seldom run count only if there are no others."""
    usual = [job for job in jobs if job.trigger is not Trigger.SELDOM] or list(jobs)
    names: dict[str, list[str]] = {}
    for job in usual:
        names.setdefault(job.source, []).append(job.name)
    return [": ".join(filter(None, (file, ", ".join(names[file])))) for file in names]


def unread_lines(project: ProjectFiles) -> list[LeftOut]:
    """Return the unread lines that mention tests, else all if no job of the CI runs the suite."""
    lines = [*project.ci.not_followed, *_unrecognised(project)]
    is_known = _is_of_ci(project)
    suite = project.ci.suite
    if suite is not None and is_known:
        # GitHub's file counts more than one of another service, but it cannot be read.
        hosted = suite.job.source.startswith(".github/")
        lines = [] if hosted else list(filter(_is_on_github, lines))
    unique = list({line.line: line for line in lines if OWN not in line.line}.values())
    likely = [line for line in unique if _LIKELY.search(line.line)]
    return likely or ([] if is_known else unique)


def _is_on_github(line: LeftOut) -> bool:
    return line.source.startswith(".github/")


def _unrecognised(project: ProjectFiles) -> Iterator[LeftOut]:
    """Yield the commands and actions of the CI that have to do with tests by their words."""
    of_laptop = set(map(id, project.commands if project.ci.is_local else ()))
    for command in (each for each in project.ci.commands if id(each) not in of_laptop):
        name = command.call.name
        of_node = name in PACKAGE_MANAGERS or any(
            outer.call.name in PACKAGE_MANAGERS for outer in command.via
        )
        is_known = name in FILE_PROGRAMS or reason_of_program(name) is not None
        speaks = _TESTS.search(command.shown) or _PROGRAM.search(name)
        if speaks and not (of_node or is_known):
            reason = "HeroCI does not know what it runs"
            yield LeftOut(line=command.shown, source=command.source, reason=reason)
    for job in project.ci.jobs:
        yield from (action for action in job.actions if _LIKELY.search(action.line))
