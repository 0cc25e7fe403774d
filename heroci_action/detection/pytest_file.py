"""The file with pytest's configuration, and its options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from heroci_action.repository.files import RepositoryFiles, join, parent

# pytest-env's `D:DEBUG=1`, where D is a default and R is not expanded.
_VARIABLE = re.compile(r"\s*((?:[DR]:)*)\s*(\w+)\s*=\s*(.*?)\s*")
# In the order in which pytest looks for them.
PYTEST_FILES = (
    "pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
)


def find_pytest_options(
    tree: RepositoryFiles, directories: Iterable[str]
) -> tuple[str | None, Mapping[str, str]]:
    """Return the first file with a configuration of pytest, and its options as text; names are in lower case."""
    for path in (join(directory, name) for directory in directories for name in PYTEST_FILES):
        options = read_pytest_file(tree, path) if tree.has(path) else None
        if options is not None:
            return path, options
    return None, {}


def find_python_paths(tree: RepositoryFiles, directories: Iterable[str]) -> Iterator[str]:
    """Yield the directories that pytest adds to the import path."""
    file, options = find_pytest_options(tree, directories)
    # pytest-pythonpath's name of the option, then pytest's own.
    for option in ("python_paths", "pythonpath"):
        yield from (join(parent(file or "."), name) for name in options.get(option, "").split())


def find_pytest_variables(
    tree: RepositoryFiles, directories: Iterable[str]
) -> Iterator[tuple[str, str, str, bool]]:
    """Yield the variables that pytest-env sets: name, value, file, and whether one of the machine counts more.

    Values that refer to other variables are left out. Source: the documentation of pytest-env.
    """
    file, options = find_pytest_options(tree, directories)
    if file is None:
        return
    text = options.get("env", "")
    for entry in shlex.split(text) if file.endswith(".toml") else text.splitlines():
        if (match := _VARIABLE.fullmatch(entry)) and ("R:" in match[1] or "{" not in match[3]):
            yield match[2], match[3], file, "D:" in match[1]
    table = tree.toml(file).get("tool", {}).get("pytest_env", {}) if file.endswith(".toml") else {}
    for name, entry in table.items():
        about = entry if isinstance(entry, Mapping) else {"value": entry}
        if "value" in about and not about.get("transform"):
            yield name, str(about["value"]), file, about.get("skip_if_set", False)


def read_pytest_file(tree: RepositoryFiles, path: str) -> Mapping[str, str] | None:
    """Return the options in a file; None if it is not about pytest."""
    match path.rpartition("/")[2]:
        case "pytest.ini" | ".pytest.ini":
            return tree.ini(path).get("pytest", {})
        case "pytest.toml":
            return _as_text(tree.toml(path).get("pytest", {}))
        case name if name.endswith(".toml"):
            tool = tree.toml(path).get("tool", {}).get("pytest")
            options = tool.get("ini_options", tool) if isinstance(tool, Mapping) else None
            return _as_text(options) if isinstance(options, Mapping) else None
        case "setup.cfg":
            return tree.ini(path).get("tool:pytest")
        case _:
            return tree.ini(path).get("pytest")


def _as_text(options: Mapping[str, Any]) -> dict[str, str]:
    return {
        name.lower(): shlex.join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in options.items()
    }
