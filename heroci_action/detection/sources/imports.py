"""The modules that an import names, and the aliases that `from base import *` brings."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from heroci_action.detection.layout import module_file
from heroci_action.detection.sources.import_aliases import find_aliases
from heroci_action.repository.files import RepositoryFiles, parent


def inherited_aliases(
    tree: RepositoryFiles, roots: tuple[str, ...], file: str, known: dict[str, dict[str, str]]
) -> dict[str, str]:
    """Return the aliases that a module has from the project's modules of which it imports every name.

    `known` are the aliases of the modules so far, and of modules in progress, which may import each other.
    """
    if file in known:
        return known[file]
    found = known[file] = {}
    for node in tree.python(file).body:
        if not isinstance(node, ast.ImportFrom) or node.names[0].name != "*":
            continue
        for name in module_names(node, file, roots):
            inner = module_file(tree, roots, name)
            if inner is not None:
                found |= inherited_aliases(tree, roots, inner, known)
                found |= find_aliases(tree.python(inner))
    return found


def module_names(
    node: ast.Import | ast.ImportFrom, file: str, roots: tuple[str, ...]
) -> Iterator[str]:
    """Yield the modules that an import in a file names, then the names that it imports from one, dotted."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        package = _package(file, roots).split(".")
        kept = package[: len(package) - node.level + 1]
        base = ".".join(part for part in (*kept, base) if part)
    yield base
    yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")


def imported_files(tree: RepositoryFiles, roots: tuple[str, ...], file: str) -> Iterator[str]:
    """Yield the files of the project's modules that a file imports, wherever the import is."""
    for node in ast.walk(tree.python(file)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found = (module_file(tree, roots, name) for name in module_names(node, file, roots))
            yield from filter(None, found)


def _package(file: str, roots: tuple[str, ...]) -> str:
    directory = parent(file)
    for root in roots:
        if root == ".":
            return "" if directory == "." else directory.replace("/", ".")
        if directory == root or directory.startswith(f"{root}/"):
            return directory[len(root) + 1 :].replace("/", ".")
    return ""
