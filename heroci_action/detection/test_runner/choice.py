"""Which test runner runs the project's tests: Django's own, pytest or a script of the project."""

from __future__ import annotations

from heroci_action.detection.ci.selection import narrowness, widest
from heroci_action.detection.ci.test_runs import Runner, TestRun
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.requirements.declared import distributions
from heroci_action.detection.test_runner.pytest_config import file_of_run, pytest_config
from heroci_action.repository.files import join


@once
def suite_runs(project: ProjectFiles) -> tuple[TestRun, ...]:
    """Return the runs of the project's tests in the suite's job, those with the runner of the widest one."""
    suite = project.ci.suite
    known = [run for run in suite.runs if run.runner is not Runner.UNITTEST] if suite else []
    here = [run for run in known if _is_here(project, run)]
    return tuple(run for run in here if run.runner is widest(here).runner)


@once
def main_run(project: ProjectFiles) -> TestRun | None:
    """Return the run that selects the least, rather with the project's configuration of pytest than another one."""
    config = pytest_config(project).file
    runs = suite_runs(project)
    return min(
        runs, key=lambda run: (narrowness(run), file_of_run(project, run) != config), default=None
    )


@once
def choose_runner(project: ProjectFiles) -> tuple[str, str]:
    """Return `django` or `pytest`, and the origin of the choice in words."""
    runs = suite_runs(project)
    if runs:
        name = "pytest" if runs[0].runner is Runner.PYTEST else "django"
        return name, f"the test command in {runs[0].command.source}{_tolerance(project)}"
    reason = _why_pytest(project)
    return ("pytest", reason) if reason else ("django", "nothing asks for pytest")


def _tolerance(project: ProjectFiles) -> str:
    """Return that the CI lets the tests fail, which the plan does not; empty if it requires them."""
    suite = project.ci.suite
    if suite is None:
        return ""
    if suite.may_fail:
        return "; the CI passes even if the tests fail, HeroCI does not"
    command = suite.main.command
    goes_on = f"; {command.source} goes on after failed tests, and only its last command decides in the CI"
    return f"{goes_on}; HeroCI requires the tests" if command.passed_over else ""


def _why_pytest(project: ProjectFiles) -> str | None:
    """Return what asks for pytest in a project without a test command."""
    config, known = pytest_config(project), distributions(project)
    if config.settings or "--ds" in " ".join(config.addopts):
        return f"pytest-django is configured in {config.file}"
    if "pytest-django" in known and (config.file or _conftest(project)):
        return f"pytest-django is a dependency, and {config.file or 'a conftest.py'} exists"
    if project.layout.manage is None and known & {"pytest", "pytest-django"}:
        return "there is no manage.py, and pytest is a dependency"
    return None


def _is_here(project: ProjectFiles, run: TestRun) -> bool:
    """Return whether a run is about the project's tests, not the tests of a part with its own pytest configuration."""
    if run.runner is not Runner.PYTEST:
        return True
    file = pytest_config(project).file
    directory = join(run.command.directory)
    if directory.startswith("/") or run.command.call.container is not None:
        return True
    elsewhere = directory not in {".", *project.layout.directories}
    return not elsewhere or (file is not None and directory in file)


def _conftest(project: ProjectFiles) -> bool:
    return bool(project.tree.matching(r"(.*/)?conftest\.py", under=project.layout.directory))


def uses_pytest(project: ProjectFiles) -> bool:
    """Return whether pytest runs the tests."""
    return (project.configured("tests.runner") or choose_runner(project)[0]) == "pytest"
