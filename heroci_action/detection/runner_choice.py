"""Which test runner runs the project's tests: Django's own or pytest."""

from __future__ import annotations

import re

from heroci_action.detection.evidence import Command
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.pytest_config import pytest_config
from heroci_action.detection.requirements import distributions
from heroci_action.repository.files import join

DJANGO_TEST = re.compile(
    r"(\S*manage\.py|\bdjango-admin|(?:-m|--module)\s+(?:django|manage))\s+test\b"
)
_PYTEST = re.compile(r"(?:^|\s)(?:pytest|py\.test)(?=\s|$)")
# Whatever runs pytest here must be pytest and nothing else: no installer, no loop, no other project's tests.
PYTEST_ALONE = re.compile(
    r"^(?:\w+=\S+ )*(?:(?:uv|poetry|pdm|pipenv|hatch) run (?:--?\S+ )*)?"
    r"(?:coverage run (?:--?\S+ )*-m )?(?:python3? (?:-\S+ )*-m )?"
    r"(?:coverage run (?:--?\S+ )*-m )?(?:pytest|py\.test)(?: |$)"
)


@once
def choose_runner(project: ProjectFiles) -> tuple[str, str]:
    """`django` or `pytest`, and where that came from in words."""
    for command in project.commands:
        if DJANGO_TEST.search(command.line):
            return "django", f"the test command in {command.source}"
        if (
            _PYTEST.search(command.line)
            and PYTEST_ALONE.search(command.line)
            and is_here(project, command)
        ):
            return "pytest", f"the test command in {command.source}"
    config = pytest_config(project)
    file = config.file
    if config.settings or "--ds" in " ".join(config.addopts):
        return "pytest", f"pytest-django is configured in {file}"
    has_pytest = "pytest-django" in distributions(project)
    if has_pytest and (file or _conftest(project)):
        return "pytest", f"pytest-django is a dependency, and {file or 'a conftest.py'} is there"
    if project.layout.manage is None and ("pytest" in distributions(project) or has_pytest):
        return "pytest", "there is no manage.py, and pytest is a dependency"
    return "django", "nothing asks for pytest"


def is_here(project: ProjectFiles, command: Command) -> bool:
    """Whether the command runs the project's tests, not those of a part with its own pytest configuration."""
    file = pytest_config(project).file
    elsewhere = join(command.directory) not in {".", *project.layout.directories}
    return not elsewhere or (file is not None and join(command.directory) in file)


def _conftest(project: ProjectFiles) -> bool:
    return bool(project.tree.matching(r"(.*/)?conftest\.py", under=project.layout.directory))


def uses_pytest(project: ProjectFiles) -> bool:
    """Return whether pytest runs the tests."""
    return (project.configured("tests.runner") or choose_runner(project)[0]) == "pytest"
