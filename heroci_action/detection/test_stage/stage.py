"""The test runner, its arguments, and what must happen before the tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from heroci_action.detection.ci.arguments import chooses_unknown_tests, is_parallel, is_split, keep
from heroci_action.detection.ci.left_out import LINTS
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Command, LeftOut
from heroci_action.detection.ci.selection import (
    CLASS,
    find_choice,
    find_exclusions,
    find_inclusions,
    known_arguments,
    narrowness,
)
from heroci_action.detection.ci.settings_of_runs import named_settings
from heroci_action.detection.ci.suite import tests_outside_projects
from heroci_action.detection.ci.test_runs import Runner, TestRun, runs_scenarios
from heroci_action.detection.ci.tool_variables import may_change_tests
from heroci_action.detection.environment.job_image import find_built_files
from heroci_action.detection.facts import OtherTests
from heroci_action.detection.findings import Fact, Finding, Found, Warn
from heroci_action.detection.image.builds import find_release
from heroci_action.detection.lint.allowed import find_allowed
from heroci_action.detection.lint.programs import find_tidying_hooks
from heroci_action.detection.lint.proposals import written_steps
from heroci_action.detection.lint.tools import lines_of_linters
from heroci_action.detection.preparation.before_tests import find_preparation
from heroci_action.detection.preparation.tracked_files import warn_of_tracked_files
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.servers.others import further_servers
from heroci_action.detection.settings.choice import choose_settings
from heroci_action.detection.test_runner.choice import choose_runner, main_run, suite_runs
from heroci_action.detection.test_runner.pytest_config import file_of_run, pytest_config
from heroci_action.detection.test_stage.django_checks import detect_django_checks
from heroci_action.detection.test_stage.further_legs import warn_of_further_legs
from heroci_action.detection.test_stage.handed_over import find_handed_over, warn_of_handed_over
from heroci_action.detection.test_stage.other_tests import (
    describe_run,
    is_variant,
    runs_outside,
    variables_of,
)
from heroci_action.detection.test_stage.secret_files import warn_of_secret_files
from heroci_action.detection.test_stage.unread_tests import find_unread_tests
from heroci_action.detection.variables.conditional import find_conditional_variables
from heroci_action.detection.variables.of_settings import find_unknown_variables
from heroci_action.repository.files import join, relative_path
from heroci_action.text import some

# Scripts that configure Django by themselves and call its runner, as packages without a project have them.
_SCRIPTS = ("runtests.py", "run_tests.py", "tests/runtests.py", "test/runtests.py")


def detect_runner(project: ProjectFiles) -> Iterator[Finding]:
    """Yield runner, arguments, commands before, and what pytest's configuration already contains."""
    runner, why = choose_runner(project)
    yield Found("tests.runner", str(project.configured("tests.runner") or runner), why)
    yield from detect_django_checks(project)
    yield from _script(project)
    runs = suite_runs(project)
    is_kept = runs and project.configured("tests.runner") in {None, runner}
    arguments = tuple(_arguments(project, runs)) if is_kept else ()
    yield from arguments
    before, left_out = find_preparation(project)
    if before:
        source = suite.job.source if (suite := project.ci.suite) else project.commands[0].source
        yield Found("tests.before", list(before), f"what {source} runs before its tests")
    yield Fact("left_out", _left_out(project, left_out))
    yield from warn_of_tracked_files(left_out)
    yield from warn_of_handed_over(project)
    yield from warn_of_secret_files(project)
    yield from find_unread_tests(project, arguments)
    yield from _part_of_suite(project, runs)
    yield from warn_of_further_legs(project)
    yield from _generated(project, runs)
    measures = any(
        word == "--cov" or word.startswith("--cov=") for word in pytest_config(project).addopts
    )
    yield Fact("pytest_coverage", measures)


def _left_out(project: ProjectFiles, lines: tuple[LeftOut, ...]) -> tuple[LeftOut, ...]:
    """Return what the CI does and the plan does not contain; `lines` are those around its tests."""
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


def _part_of_suite(project: ProjectFiles, runs: tuple[TestRun, ...]) -> Iterator[Finding]:
    """Warn if the plan runs only a part of the tests."""
    if runs and min(map(narrowness, runs)) >= CLASS:
        command = runs[0].command
        yield Warn(
            f"the only test command of the CI, {command.brief!r} in {command.source}, selects single tests; "
            "set tests.args = [] to run all tests"
        )
    yield from _unknown_choices(runs)
    described = [
        (run, _with_servers(project, run, describe_run(project, run, tuple(_kept(project, run)))))
        for run in _further_runs(project, runs)
    ]
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


def _with_servers(
    project: ProjectFiles, run: TestRun, tests: OtherTests | None
) -> OtherTests | None:
    """Return tests with the servers that only their job has, and the addresses of these in their variables."""
    job = next((each for each in project.ci.jobs if run.command in each.commands), None)
    if tests is None or job is None:
        return tests
    services, env = further_servers(project, job, tests.env)
    return replace(tests, services=services, env=env)


def _unknown_choices(runs: tuple[TestRun, ...]) -> Iterator[Finding]:
    """Warn of the commands whose tests are chosen while the CI runs: `pytest $(python split.py)`."""
    for command in (run.command for run in runs if chooses_unknown_tests(run.arguments)):
        yield Warn(
            f"which tests {command.brief!r} selects is only known while {command.source} runs, so the plan leaves "
            "this choice out; to run a part of the tests, set tests.args"
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


def _further_runs(project: ProjectFiles, runs: tuple[TestRun, ...]) -> Iterator[TestRun]:
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
    """Return what a run has in common with all others of its stage: the package, runner, variables and settings."""
    return tests_outside_projects(run, project.tree), run.runner, _surroundings(project, run)


def _script(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the script that sets up Django itself: the CI's, else a known one if there are no settings."""
    runs = suite_runs(project)
    if runs and runs[0].runner is Runner.SCRIPT and runs[0].program:
        path = _relative(project, runs[0].program)
        yield Found("tests.script", path, f"the test command in {runs[0].command.source}")
    elif not (runs or project.layout.manage or choose_settings(project)[0]):
        here = (join(project.layout.directory, name) for name in _SCRIPTS)
        for path in here:
            if project.tree.has(path):
                why = "no settings module was found, and the script exists"
                yield Found("tests.script", _relative(project, path), why)
                return


def _arguments(project: ProjectFiles, runs: tuple[TestRun, ...]) -> Iterator[Finding]:
    """Yield the arguments of each run; one with other settings or variables does not belong to this stage."""
    main = main_run(project)
    if main is None:
        return
    surroundings = _surroundings(project, main)
    same = [run for run in runs if _surroundings(project, run) == surroundings]
    kept = _distinct(project, same)
    source = main.command.source
    if len(kept) > 1:
        yield Found("tests.args", [list(words) for words in kept], f"the test commands in {source}")
    elif kept[0]:
        yield Found("tests.args", list(kept[0]), f"the test command in {source}")
    # A part that the CI runs in one process may fail in several.
    counted = {is_parallel(run.arguments) for run in same if tuple(_kept(project, run)) in kept}
    if len(counted) == 1 and (parallel := counted.pop()) is not None:
        yield Found("tests.parallel", parallel, f"the test command in {source}")


def _distinct(project: ProjectFiles, runs: list[TestRun]) -> list[tuple[str, ...]]:
    """Return the arguments of the runs that choose different tests.

    A run of everything makes the others repetitions, except for tests that pytest's configuration excludes.
    """
    kept: dict[tuple[tuple[str, str], ...], tuple[str, ...]] = {}
    for run in runs:
        words = tuple(_kept(project, run))
        kept.setdefault(find_choice(words), words)
    if () not in kept:
        return list(kept.values())
    excluded = find_exclusions(pytest_config(project).addopts)
    return [
        words for choice, words in kept.items() if not choice or find_inclusions(words) & excluded
    ]


def _surroundings(project: ProjectFiles, run: TestRun) -> tuple[object, ...]:
    """Return what two runs of one stage have in common."""
    env = {name: value for name, value in run.command.env.items() if may_change_tests(name)}
    return env, named_settings(run), run.program, file_of_run(project, run)


def _kept(project: ProjectFiles, run: TestRun) -> Iterator[str]:
    return (_moved(project, run, word) for word in keep(known_arguments(run)))


def _moved(project: ProjectFiles, run: TestRun, word: str) -> str:
    """Return a path of the command's directory as a path of the working directory."""
    path, separator, node = word.partition("::")
    there = locate(path, run.command.directory) if not path.startswith("-") else None
    known = there is not None and (
        there == "." or project.tree.has(there) or project.tree.has_directory(there)
    )
    if known and there is not None:
        path = _relative(project, there)
    return f"{path}{separator}{node}"


def _relative(project: ProjectFiles, path: str) -> str:
    return relative_path(path, project.layout.directory)
