"""Recognise programs that start Django's command line, as manage.py does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from heroci_action.repository.files import RepositoryFiles, join, parent

MAX_DEPTH = 2  # modules that pass the call on
# `execute_from_command_line(sys.argv)`
_STARTS = re.compile(
    r"\bexecute_from_command_line\b|\bManagementUtility\b|\bconfigurations\.management\b"
)


def starts_django(tree: RepositoryFiles, path: str) -> bool:
    """Return whether a file starts Django's command line, itself or through a module of the project."""
    return bool(entry_files(tree, path))


def entry_files(tree: RepositoryFiles, path: str, depth: int = 0) -> tuple[str, ...]:
    """Return the chain of files from a program to the start of Django; empty if there is none."""
    if _STARTS.search(tree.text(path)):
        return (path,)
    for file in _modules(tree, path, depth) if depth < MAX_DEPTH else ():
        if found := entry_files(tree, file, depth + 1):
            return (path, *found)
    return ()


def _modules(tree: RepositoryFiles, path: str, depth: int) -> Iterator[str]:
    """Yield the files of the project's modules that a file imports or runs."""
    # A program imports from its own directory; a module below that is found from the same place.
    root = "/".join(path.split("/")[: -1 - depth]) or "."
    for name in _names(tree.python(path)):
        # `from . import cli` counts from the file's own package.
        level = len(name) - len(name.lstrip("."))
        package = join(parent(path), *[".."] * (level - 1))
        places = (package,) if level else (root, parent(path), join(root, "src"), ".")
        module = name.lstrip(".").replace(".", "/")
        files = (
            join(place, module + end)
            for place in places
            for end in (".py", "/__main__.py", "/__init__.py")
        )
        found = tree.first(*files)
        if found and found != path:
            yield found


def _names(module: ast.Module) -> Iterator[str]:
    """Yield the names of the imported modules, as they are written: `shop.cli`, `.cli`."""
    for node in ast.walk(module):
        match node:
            case ast.ImportFrom(module=name, names=names, level=level):
                base = "." * level + (name or "")
                yield base
                yield from (
                    f"{base}.{alias.name}" if name else f"{base}{alias.name}" for alias in names
                )
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]):
                # As in `runpy.run_module("shop")`.
                if ast.unparse(function).endswith("run_module"):
                    yield name
