"""Pytest's configuration in the project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from heroci_action.detection.ci.command_line import split_words
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.pytest_file import find_pytest_options


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestConfig:
    """The file with pytest's configuration, and its options as text; names are in lower case."""

    file: str | None = None
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
    """Find the nearest configuration of pytest, from the working directory upwards."""
    file, options = find_pytest_options(project.tree, project.layout.directories)
    return PytestConfig(file=file, options=options)
