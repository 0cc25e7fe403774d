"""Choose the paths that lint tools check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

# What tools leave behind themselves, and no linter looks into.
CACHES = frozenset(
    {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".git", ".tox", ".eggs"}
)


PYTHON = frozenset({".py", ".pyi"})


def lint_targets(tracked: Iterable[str], strays: Iterable[str]) -> tuple[str, ...]:
    """The fewest directories (and files) that hold all Python files git tracks and no Python that it does not.

    All paths are relative to the directory where the tools run. `strays` are what `git ls-files --others --directory`
    says: files and whole directories that git does not track, ignored ones included.
    """
    mixed = {parent for stray in strays if _matters(stray) for parent in _parents(stray)}
    python = (path for path in tracked if PurePosixPath(path).suffix in PYTHON)
    targets = dict.fromkeys(_outermost(path, mixed) for path in python)
    return tuple(targets) or (".",)


def _matters(stray: str) -> bool:
    path = PurePosixPath(stray)
    return path.name not in CACHES if stray.endswith("/") else path.suffix in PYTHON


def _parents(path: str) -> Iterator[str]:
    """The directories around a path from the outermost, `.`, to the innermost."""
    return (str(parent) for parent in reversed(PurePosixPath(path).parents))


def _outermost(path: str, mixed: set[str]) -> str:
    return next((parent for parent in _parents(path) if parent not in mixed), path)
