"""The file in a directory that configures a lint tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heroci_action.detection.ci.yaml_file import table
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.readers.format import LintTool
from heroci_action.repository.files import ancestors, join


def find_config(project: ProjectFiles, tool: LintTool, directory: str) -> tuple[str, str] | None:
    """Return the file in a directory that configures a tool, and how it does that."""
    own = project.tree.first(*(join(directory, name) for name in tool.files))
    if own is not None:
        return own, f"{own} exists"
    pyproject = join(directory, "pyproject.toml")
    content: Mapping[str, Any] = project.tree.toml(pyproject)
    if tool.name in (content.get("tool") or {}):
        return pyproject, f"[tool.{tool.name}] in {pyproject}"
    for path in (join(directory, name) for name in ("setup.cfg", "tox.ini")):
        if tool.sections & set(project.tree.ini(path)):
            return path, f"a section in {path}"
    return None


def checks_by_settings(project: ProjectFiles, tool: LintTool, directory: str) -> bool:
    """Return whether the settings of a formatter turn its calls into checks: `check = true` in `[tool.black]`.

    Source: Black, "Usage and Configuration": any long option may be a key of its table. Others have no such key.
    """
    if tool.name != "black" or directory.startswith("/"):
        return False
    tables = (project.tree.toml(join(place, "pyproject.toml")) for place in ancestors(directory))
    # Black reads only the nearest file with its table.
    own = (table(table(each.get("tool")).get(tool.name)) for each in tables)
    value = next(filter(None, own), {}).get("check")
    return str(value).lower() in {"1", "true", "yes", "on", "t", "y"}


def names_files(project: ProjectFiles, tool: LintTool, directory: str) -> bool:
    """Return whether a tool that is called in a directory without a path finds what to check in its settings.

    Source: mypy, "The mypy configuration file", "Import discovery".
    """
    found = find_config(project, tool, directory) if tool.name == "mypy" else None
    if found is None:
        return False
    file = found[0]
    is_toml = file.endswith(".toml")
    tables = project.tree.toml(file).get("tool") if is_toml else project.tree.ini(file)
    return not {"files", "packages", "modules"}.isdisjoint((tables or {}).get("mypy") or {})
