"""Pytest's configuration in the project."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from heroci_action.detection.project_files import ProjectFiles, once, words
from heroci_action.repository.files import join

# In the order in which pytest looks for them.
_FILES = ("pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestConfig:
    """The file with pytest's configuration, and its options as text; names are in lower case."""

    file: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def addopts(self) -> tuple[str, ...]:
        """Return the arguments of every run of pytest."""
        return words(self.options.get("addopts", ""))

    @property
    def settings(self) -> str | None:
        """The settings module that pytest-django uses."""
        return self.options.get("django_settings_module")


@once
def pytest_config(project: ProjectFiles) -> PytestConfig:
    """Find the nearest configuration of pytest, from the working directory upwards."""
    for directory in project.layout.directories:
        for name in _FILES:
            path = join(directory, name)
            options = _options(project, path, name) if project.tree.has(path) else None
            if options is not None:
                return PytestConfig(file=path, options=options)
    return PytestConfig()


def _options(project: ProjectFiles, path: str, name: str) -> Mapping[str, str] | None:
    tree = project.tree
    match name:
        case "pytest.ini" | ".pytest.ini":
            return tree.ini(path).get("pytest", {})
        case "pytest.toml":
            return _as_text(tree.toml(path).get("pytest", {}))
        case "pyproject.toml":
            tool = tree.toml(path).get("tool", {}).get("pytest")
            options = tool.get("ini_options", tool) if isinstance(tool, Mapping) else None
            return _as_text(options) if isinstance(options, Mapping) else None
        case _:
            return tree.ini(path).get("tool:pytest" if name == "setup.cfg" else "pytest")


def _as_text(options: Mapping[str, Any]) -> dict[str, str]:
    return {
        name.lower(): shlex.join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in options.items()
    }
