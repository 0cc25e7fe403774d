"""Apps in git submodules that are not checked out."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator

from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.settings_source import settings_source
from heroci_action.repository.files import join


def detect_submodules(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of installed apps that are in a git submodule without files."""
    apps = _apps(project)
    for path in _empty_submodules(project):
        name = path.rpartition("/")[2].replace("-", "_")
        inside = path.replace("/", ".")
        used = [app for app in apps if app.partition(".")[0] == name or app.startswith(inside)]
        if used:
            yield Warn(
                f"the app {used[0]!r} is in the git submodule {path!r}, which is not checked out; "
                "run `git submodule update --init`, on GitHub with `submodules: true` for actions/checkout"
            )


def _empty_submodules(project: ProjectFiles) -> Iterator[str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        # git indents the options of a section.
        parser.read_string(re.sub(r"(?m)^\s+", "", project.tree.text(".gitmodules")))
    except configparser.Error:
        return
    for section in parser.sections():
        path = parser.get(section, "path", fallback="")
        if path and not project.tree.has_directory(path) and not _has_files(project, path):
            yield join(path)


def _has_files(project: ProjectFiles, path: str) -> bool:
    """Return whether a submodule has files on disk, which git does not list as files of the repository."""
    directory = project.tree.root / path
    return directory.is_dir() and any(directory.iterdir())


def _apps(project: ProjectFiles) -> list[str]:
    source = settings_source(project)
    return [
        node.value
        for statement in (source.statements if source else ())
        if "APPS" in _target(statement.node)
        for node in ast.walk(statement.node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _target(node: ast.stmt) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return target.id if isinstance(target, ast.Name) else ""
