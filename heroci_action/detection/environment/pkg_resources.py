"""The use of pkg_resources, which is a part of old versions of setuptools, in the project's own code."""

from __future__ import annotations

import ast
import re

from heroci_action.detection.project_files import ProjectFiles
from heroci_action.repository.files import RepositoryFiles

# Source: the changelog of setuptools; version 82 has removed pkg_resources.
REQUIREMENT = "setuptools<82"
# Code that runs in another environment than the tests.
_ELSEWHERE = re.compile(r"(.*/)?(setup|noxfile|conf|ez_setup|bootstrap)\.py|(docs?|examples?)/.*")


def importing_file(project: ProjectFiles) -> str | None:
    """Return a file that imports pkg_resources and has no replacement for it."""
    found = project.tree.python_with("pkg_resources")
    used = (path for path in found if not _ELSEWHERE.fullmatch(path))
    return next((path for path in used if _needs_module(project.tree, path)), None)


def _needs_module(tree: RepositoryFiles, path: str) -> bool:
    """Return whether a file imports the module outside of any `try`."""
    pending: list[ast.AST] = [tree.python(path)]
    while pending:
        node = pending.pop()
        match node:
            case ast.Try():
                continue
            case ast.Import(names=names) if any(_is_module(name.name) for name in names):
                return True
            case ast.ImportFrom(module=str(module), level=0) if _is_module(module):
                return True
        pending.extend(ast.iter_child_nodes(node))
    return False


def _is_module(name: str) -> bool:
    return name.partition(".")[0] == "pkg_resources"
