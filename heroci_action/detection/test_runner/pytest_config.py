"""Pytest's configuration in the project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from heroci_action.detection.ci.command_line import Options, split_words
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.selection import select
from heroci_action.detection.ci.test_runs import Runner, TestRun
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.pytest_file import find_pytest_options, read_pytest_file
from heroci_action.repository.files import ancestors


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestConfig:
    """The file with pytest's configuration, and its options as text; names are in lower case.

    If the CI gives the file as an argument, it is `given`, and pytest does not look for one.
    """

    file: str | None = None
    given: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def addopts(self) -> tuple[str, ...]:
        """Return the arguments of every run of pytest."""
        return tuple(split_words(self.options.get("addopts", ""), comments=True))

    @property
    def settings(self) -> str | None:
        """The settings module that pytest-django uses."""
        return self.options.get("django_settings_module")


@once
def pytest_config(project: ProjectFiles) -> PytestConfig:
    """Find the nearest configuration of pytest, from the directory of the tests upwards."""
    if named := _named(project):
        options = read_pytest_file(project.tree, named) or {}
        return PytestConfig(file=named, given=True, options=options)
    file, options = find_pytest_options(project.tree, _directories(project))
    return PytestConfig(file=file, options=options)


def file_of_run(project: ProjectFiles, run: TestRun) -> str | None:
    """Return the configuration of a run of pytest: if it names no tests, the nearest one from its own directory."""
    config, directory = pytest_config(project), run.command.directory
    if config.given or run.runner is not Runner.PYTEST or select(run) or directory.startswith("/"):
        return config.file
    return find_pytest_options(project.tree, ancestors(directory))[0]


def _named(project: ProjectFiles) -> str | None:
    """Return the configuration that the CI names: `pytest -c ci/pytest.ini`."""
    for run in project.ci.suite.runs if project.ci.suite else ():
        if run.runner is Runner.PYTEST:
            name = Options.split(run.arguments, _FILE).value(*_FILE)
            path = locate(name, run.command.directory) if name else None
            if path and project.tree.has(path):
                return path
    return None


_FILE = ("-c", "--config-file")


def _directories(project: ProjectFiles) -> tuple[str, ...]:
    """Return where to look: the directory below the project in which the CI runs all tests, else the project's own."""
    runs = project.ci.suite.runs if project.ci.suite else ()
    places = {run.command.directory for run in runs if run.runner is Runner.PYTEST}
    below = ancestors(places.pop()) if len(places) == 1 == len({run.runner for run in runs}) else ()
    return below if project.layout.directory in below else project.layout.directories
