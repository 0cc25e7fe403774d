"""The statements of the settings module that the tests run with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from heroci_action.detection.ci.selection import widest
from heroci_action.detection.ci.test_runs import Runner
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.requirements.declared import distributions
from heroci_action.detection.settings.choice import settings_file
from heroci_action.detection.sources.runner_process import RunnerProcess
from heroci_action.detection.sources.source import SettingsSource
from heroci_action.detection.test_runner.choice import choose_runner, suite_runs
from heroci_action.detection.test_runner.pytest_config import pytest_config

_VARIABLE = "DJANGO_CONFIGURATION"
_TEST_CLASSES = frozenset({"test", "testing", "tests", "ci"})
# `'DJANGO_CONFIGURATION', 'Dev'`
_IN_MANAGE = re.compile(rf"""{_VARIABLE}['"]\s*[,\]]\s*=?\s*['"](\w+)['"]""")


@once
def settings_source(project: ProjectFiles) -> SettingsSource | None:
    """Read the settings module and its imports; None if there is none in the repository."""
    file = settings_file(project)
    if file is None:
        return None
    configuration = choose_configuration(project)[0] or ""
    return SettingsSource.read(
        project.tree, project.roots, file, configuration=configuration, process=_process(project)
    )


def _process(project: ProjectFiles) -> RunnerProcess:
    """Return the process in which the tests load the settings; the effect of a script of the project is not known."""
    env = {name: value for name, (value, _) in project.evidence.env.items()}
    runs = suite_runs(project)
    if runs and runs[0].runner is Runner.SCRIPT:
        return RunnerProcess(env=env)
    given = project.configured("tests.runner")
    arguments = widest(runs).arguments if runs else ()
    runner = str(given or choose_runner(project)[0])
    return RunnerProcess(runner=runner, arguments=arguments, env=env)


def uses_geodjango(project: ProjectFiles) -> bool:
    """Return whether the settings install GeoDjango, which needs GDAL and a spatial database."""
    source = settings_source(project)
    files = source.files if source else ()
    return any("django.contrib.gis" in project.tree.text(file) for file in files)


def choose_configuration(project: ProjectFiles) -> tuple[str | None, str]:
    """Return the class that django-configurations uses for the tests, with its origin in words."""
    if "django-configurations" not in distributions(project):
        return None, ""
    return next(_configurations(project), (None, ""))


def _configurations(project: ProjectFiles) -> Iterator[tuple[str, str]]:
    config = pytest_config(project)
    value, source = project.evidence.env.get(_VARIABLE, ("", ""))
    named = (
        (value, source),
        (project.tox_env.get(_VARIABLE, ""), "tox.ini"),
        (config.options.get(_VARIABLE.lower(), ""), config.file),
    )
    yield from ((name, f"{_VARIABLE} in {place}") for name, place in named if name)
    file = settings_file(project)
    for node in project.tree.python(file).body if file else ():
        if isinstance(node, ast.ClassDef) and node.name.lower() in _TEST_CLASSES:
            yield node.name, f"class {node.name} in {file}"
    manage = project.tree.text(project.layout.manage) if project.layout.manage else ""
    yield from ((match[1], f"{_VARIABLE} in manage.py") for match in _IN_MANAGE.finditer(manage))
